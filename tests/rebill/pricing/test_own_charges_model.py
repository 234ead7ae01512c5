"""Own charges and minimums are those that a slow model reckons."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_DOWN
from decimal import Decimal as D
from fractions import Fraction
from random import Random
from typing import Any

import model_time
import polars as pl
from hypothesis import given, settings
from model_time import rounded
from pricing_tables import CHARGES
from taxed_worlds import NOT_OURS, SEEDS, Rows, Taxed

from invoices.schema import CENTS, RATE
from rebill.pricing import own_charges
from rebill.pricing.minimums import minimum_lines
from rebill.pricing.own_charges import ITEMS

MARCH, APRIL = dt.date(2026, 3, 1), dt.date(2026, 4, 1)


def ours(random: Random) -> Rows:
    """Return charges of our own, monthly and once, in force for some days around March."""
    pick = random.choice
    days = [None, *(dt.date(2026, 2, 20) + dt.timedelta(days=n) for n in range(0, 50, 3))]
    charges = []
    for n in range(8):
        start, end = pick(days), pick(days)
        if end is not None and start is not None and end <= start:
            end = None
        once = start is not None and pick([True, False])
        amount = D(random.randint(-3000, 9000)).scaleb(-2)
        charges.append(
            {"row_id": n, "customer": f"C{n % 4}", "charge": f"X{n}", "service": None,
             "description": None, "charge_class": "recurring",
             "frequency": "once" if once else "monthly",
             "amount": amount if n % 2 else None, "percent": None if n % 2 else D("-0.0725"),
             "quantity": pick([D(1), D("2.5"), D(7)]), "cost": pick([D(0), D("1.25")]),
             "effective_from": start, "effective_until": end}
        )  # fmt: skip
    return charges


def months_of(row: dict[str, Any], convention: str) -> Fraction | None:
    """Return the months of March for which a charge is due; none where it is not due at all."""
    start = max(row["effective_from"] or MARCH, MARCH)
    end = min(row["effective_until"] or APRIL, APRIL)
    if row["frequency"] == "once":
        return Fraction(1) if MARCH <= row["effective_from"] < APRIL else None
    if start >= end:
        return None
    whole = convention == "none"
    return Fraction(1) if whole else model_time.fraction(start, end, convention, 1)


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_own_charges_and_minimums_are_those_of_the_slow_model(seed: int) -> None:
    world, charges = Taxed(seed), ours(Random(seed))
    inventory = pl.DataFrame(
        schema={n: pl.String for n in ("service", "product", "wtn", "circuit_id")}
    )
    customers = world.tables().customers
    items = pl.DataFrame(world.items, schema=ITEMS)
    due = own_charges.in_months(pl.DataFrame(charges, schema=CHARGES), ["2026-03"], customers)
    own = own_charges.charge_lines(due, inventory)
    shares = own_charges.discount_lines(due, items, inventory)
    got = {row["rule"]: (row["price"], row["cost"]) for row in pl.concat([own, shares]).to_dicts()}

    conventions = {c["customer"]: c["proration"] for c in world.customers}
    wanted = {}
    for row in charges:
        months = months_of(row, conventions[row["customer"]] or "thirty_day_month")
        if months is None:
            continue
        base = sum(
            (i["price"] for i in world.items
             if i["customer"] == row["customer"] and i["charge_class"] not in NOT_OURS), D(0)
        )  # fmt: skip
        units = Fraction(row["quantity"]) * months
        if row["amount"] is not None:
            told = (
                rounded(Fraction(row["amount"]) * units),
                rounded(Fraction(row["cost"]) * units),
            )
        elif base:
            told = (rounded(Fraction(base) * Fraction(row["percent"]) * months), D("0.00"))
        else:
            continue
        wanted[f"customer_charges row {row['row_id']}"] = told
    assert got == wanted


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_a_minimum_brings_what_counts_up_to_the_commitment(seed: int) -> None:
    world = Taxed(seed)
    random = Random(seed)
    kinds = ("charges", "recurring", "usage", "charges")
    rows = [
        {"row_id": n, "customer": f"C{n}", "amount": D(random.randint(1, 40000)).scaleb(-2),
         "counts": kinds[n], "description": None, "effective_from": None, "effective_until": None}
        for n in range(4)
    ]  # fmt: skip
    schema = {
        "row_id": pl.Int64, "customer": pl.String, "amount": RATE, "counts": pl.String,
        "description": pl.String, "product": pl.String, "effective_from": pl.Date,
        "effective_until": pl.Date,
    }  # fmt: skip
    before = [{"customer": "C0", "bill_month": "2026-03", "price": D("5.00")}]
    made = minimum_lines(
        pl.DataFrame(rows, schema=schema),
        pl.DataFrame(world.items, schema=ITEMS),
        pl.DataFrame(before, schema_overrides={"price": CENTS}),
        world.days,
    )
    wanted = {}
    for row in rows:
        counted = D(0)
        for item in world.items:
            kind = item["charge_class"]
            counts = {
                "charges": kind not in NOT_OURS,
                "recurring": kind in ("recurring", "prorated"),
                "usage": kind == "usage",
            }[row["counts"]]
            counted += item["price"] if item["customer"] == row["customer"] and counts else 0
        issued = D("5.00") if row["customer"] == "C0" else D(0)
        missing = max(row["amount"] - counted, D(0)) - issued
        if missing:
            wanted[row["customer"]] = missing.quantize(D("0.01"), ROUND_DOWN)
    assert dict(made.select("customer", "price").iter_rows()) == wanted
