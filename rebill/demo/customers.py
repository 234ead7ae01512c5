"""The rebiller's invented customers and markups: every method, most levels of precedence."""

from __future__ import annotations

import polars as pl

from rebill.demo.offer import IN_FORCE_FROM, PACKAGE
from rebill.demo.world import Settings, customer_count, customer_id, text

FIRST = (
    *("Blue Heron", "Cedar Gate", "Stonebridge", "Lakeview", "Maple Row", "Northfield"),
    *("Orchard Hill", "Quarry Park", "Riverbend", "Silver Birch", "Tamarack", "Willow Creek"),
)
SECOND = ("Dental", "Hardware", "Logistics", "Law Offices", "Bakery", "Credit Union", "Printing")
BRANDS = ("Northline", "Clearwater Voice", "Prairie Connect")


def customers(settings: Settings) -> pl.DataFrame:
    """Return the reference table `customers`."""
    n = pl.col("n")
    names = [f"{FIRST[i % 12]} {SECOND[i % 7]}" for i in range(84)]
    name = (n % 84).replace_strict(dict(enumerate(names)), return_dtype=pl.String)
    again = pl.when(n >= 84).then(text(" ", n // 84 + 1)).otherwise(pl.lit(""))
    return pl.DataFrame({"n": range(customer_count(settings))}).select(
        customer=customer_id(n),
        name=name + again,
        brand=(n % 3).replace_strict(dict(enumerate(BRANDS)), return_dtype=pl.String),
        bill_day=n % 4 * 9 + 1,
        due_days=pl.when(n % 2 == 0).then(20).otherwise(30),
        cost_basis=pl.when(n % 6 == 4).then(pl.lit("billed")).otherwise(pl.lit("expected")),
        tax_exempt=n % 7 == 3,
        email=text("billing", n, "@example.com"),
        address=text(100 + n, " Harbor Street, Springfield"),
    )


_MARKUPS = pl.Schema(
    {
        "customer": pl.String(),
        "service": pl.String(),
        "usoc": pl.String(),
        "package": pl.String(),
        "product": pl.String(),
        "charge_class": pl.String(),
        "method": pl.String(),
        "value": pl.String(),
        "minimum": pl.String(),
        "floor": pl.String(),
        "cap": pl.String(),
        "effective_from": pl.Date(),
        "effective_until": pl.Date(),
    }
)

_ROWS: tuple[tuple[str, str, str, str], ...] = (
    # scope, method, value, bounds ("floor=", "cap=", "minimum=")
    ("customer=C00000", "percent", "0.25", ""),
    ("customer=C00001", "percent", "0.15", ""),
    ("customer=C00001 charge_class=recurring", "adder", "1.50", "cap=400.00"),
    ("customer=C00002", "percent_with_minimum", "0.10", "minimum=0.50"),
    ("customer=C00002 usoc=1FB", "flat", "34.00", ""),
    (f"customer=C00003 package={PACKAGE}", "percent", "0.30", "floor=4.00"),
    ("customer=C00003 product=ds1", "adder", "12.00", ""),
    ("customer=C00004", "pass_through", "", ""),
    ("customer=C00005 product=pilot-line", "retail_discount", "0.15", ""),
    ("customer=C00006 usoc=1FB", "retail_discount", "0.05", ""),
    ("customer=C00007 charge_class=one_time", "flat", "60.00", ""),
    ("customer=C00008 charge_class=tax", "percent", "0.02", ""),
    ("usoc=NSD", "adder", "0.75", "cap=4.00"),
    ("usoc=ESM", "percent", "1.50", "cap=retail"),
    (f"package={PACKAGE}", "percent", "0.22", ""),
    ("product=centrex", "percent_with_minimum", "0.12", "minimum=1.10"),
    ("charge_class=usage", "percent", "0.40", ""),
    ("charge_class=one_time", "pass_through", "", ""),
    ("", "percent", "0.18", ""),
)


def markups(settings: Settings, services: pl.DataFrame) -> pl.DataFrame:
    """Return the reference table `markups`, with prices of its own for two steady services."""
    steady = services.filter(pl.col("kind") == "line", ~pl.col("pilot"), ~pl.col("zombie"))
    own = [*steady.get_column("service").head(2), *("S0000000",) * 2][:2]
    rows = [
        (f"service={own[0]} usoc=1FB", "flat", "29.90", ""),
        (f"service={own[1]}", "percent", "0.12", ""),
        *_ROWS,
    ]
    table = [
        {"method": method, "value": value or None}
        | dict(pair.split("=") for pair in f"{scope} {bounds}".split())
        | {"effective_from": IN_FORCE_FROM}
        for scope, method, value, bounds in rows
    ]
    # The general markup rises with the second month: inside a scope the latest row counts.
    table.append({"method": "percent", "value": "0.19", "effective_from": settings.rate_change_on})
    return pl.DataFrame(table, schema=_MARKUPS)
