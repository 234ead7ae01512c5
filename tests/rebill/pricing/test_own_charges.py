"""Own charges as tables: in which months they are due, for what part of them, and how they read."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import polars as pl
import pytest
from pricing_tables import CHARGES

from invoices.money import MONTH_PARTS
from invoices.schema import CENTS, RATE
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.pricing.minimums import minimum_lines
from rebill.pricing.own_charges import (
    ITEMS,
    Told,
    charge_lines,
    discount_lines,
    in_months,
    items_of,
    row_of,
)

CHARGE = {
    "row_id": 7, "customer": "C1", "charge": "router", "charge_class": "recurring",
    "frequency": "monthly", "quantity": D(1), "cost": D(0),
}  # fmt: skip
SERVICES = pl.DataFrame(
    schema=dict.fromkeys(("service", "product", "wtn", "circuit_id"), pl.String)
)


def due(proration: str | None = None, **given: Any) -> pl.DataFrame:
    """Return a charge as far as it is due in March 2026."""
    charge = pl.DataFrame([{**CHARGE, **given}], schema=CHARGES)
    known = {"customer": pl.String, "proration": pl.String}
    customers = pl.DataFrame({"customer": ["C1"], "proration": [proration]}, schema=known)
    return in_months(charge, ["2026-03"], customers)


IN_MARCH = """
frequency from       until      proration        days
monthly   -          -          -                30/30
monthly   2026-03-01 -          -                30/30
monthly   2026-03-31 -          -                1/30
monthly   2026-03-31 -          actual_days      1/31
monthly   2026-03-31 -          thirty_day_month 1/30
monthly   2026-03-31 -          none             30/30
monthly   2026-04-01 -          -                -
monthly   -          2026-03-01 -                -
monthly   -          2026-03-02 -                1/30
monthly   -          2026-04-01 none             30/30
once      2026-02-28 -          -                -
once      2026-03-01 -          actual_days      30/30
once      2026-03-31 -          actual_days      30/30
once      2026-04-01 -          -                -
once      -          -          -                -
"""


@pytest.mark.parametrize("case", IN_MARCH.strip().splitlines()[1:])
def test_a_charge_is_due_for_the_days_on_which_it_is_in_force_one_of_once_whole(case: str) -> None:
    frequency, since, until, proration, days = (None if c == "-" else c for c in case.split())
    made = due(
        proration,
        frequency=frequency,
        effective_from=dt.date.fromisoformat(since) if since else None,
        effective_until=dt.date.fromisoformat(until) if until else None,
    )
    top, bottom = map(int, (days or "0/30").split("/"))
    assert made["parts"].to_list() == ([MONTH_PARTS * top // bottom] if days else [])


@pytest.mark.parametrize(
    ("frequency", "kind", "shown"),
    [
        ("monthly", "recurring", "recurring"),
        ("once", "recurring", "one_time"),
        ("once", "usage", "usage"),
        ("monthly", "usage", "usage"),
    ],
)
def test_a_charge_reads_as_its_row_says(frequency: str, kind: str, shown: str) -> None:
    start = dt.date(2026, 3, 1)
    rows = due(
        frequency=frequency, charge_class=kind, amount=D("9.99"), cost=D("4.005"),
        quantity=D(2), effective_from=start,
    )  # fmt: skip
    (row,) = charge_lines(rows, SERVICES).to_dicts()
    assert [row[name] for name in ("price", "cost", "margin")] == [
        *(D("19.98"), D("8.01"), D("11.97"))
    ]
    assert (row["charge_class"], row["rule"]) == (shown, "customer_charges row 7")
    assert row["made_key"] == "charge:router::2026-03-01"
    rule = pl.DataFrame({"rule": [row["rule"], "markups row 7"]})
    assert rule.select(row_of(pl.col("rule"))).to_series().to_list() == [7, None]


def items(*rows: tuple[str | None, str, str]) -> pl.DataFrame:
    """Return what stands on the invoice of March: service, class, price."""
    return pl.DataFrame(
        [
            {"customer": "C1", "bill_month": "2026-03", "service": service, "charge_class": kind,
             "price": D(price)}
            for service, kind, price in rows
        ],
        schema=ITEMS,
    )  # fmt: skip


def test_a_discount_is_a_share_of_all_charges_or_of_those_of_its_service_and_of_no_taxes() -> None:
    rows = items(
        ("S1", "recurring", "100.00"), ("S2", "usage", "50.00"), ("S1", "tax", "9.00"),
        ("S1", "surcharge", "9.00"), ("S1", "late_charge", "9.00"),
    )  # fmt: skip
    share = {"percent": D("-0.10")}
    assert discount_lines(due(**share), rows, SERVICES)["price"].to_list() == [D("-15.00")]
    of_one = due(**share, service="S2")
    assert discount_lines(of_one, rows, SERVICES)["price"].to_list() == [D("-5.00")]
    assert discount_lines(due(**share, service="S3"), rows, SERVICES).is_empty()
    even = items(("S1", "recurring", "5.00"), ("S1", "usage", "-5.00"))
    assert discount_lines(due(**share), even, SERVICES).is_empty()


def test_items_are_told_apart_as_far_as_rules_name_them() -> None:
    rows = [
        {"customer": who, "bill_month": "2026-03", "service": service, "usoc": usoc,
         "charge_class": "recurring", "kind": "charge", "price": D("1.00"),
         "bill_date": dt.date(2026, 3, day)}
        for who, service, usoc, day in [
            ("C1", "S1", "1FB", 1), ("C1", "S2", "1FB", 9), ("C1", "S3", "ESX", 5),
            ("C2", "S4", "1FB", 1), ("C2", "S4", "ESX", 1),
        ]
    ]  # fmt: skip
    states = pl.LazyFrame({"service": ["S1", "S2", "S3", "S4"], "state": ["OH"] * 4})
    none = pl.Series([], dtype=pl.String)
    told = Told(none, pl.Series(["ESX"]), none, pl.Series(["C2"]))
    made = items_of(pl.LazyFrame(rows, schema=CUSTOMER_LINES), states, told)
    names = ["customer", "service", "usoc", "price", "latest"]
    assert sorted(made.select(names).rows(), key=str) == [
        ("C1", None, "ESX", D("1.00"), dt.date(2026, 3, 5)),
        ("C1", None, None, D("2.00"), dt.date(2026, 3, 9)),
        ("C2", "S4", "1FB", D("1.00"), dt.date(2026, 3, 1)),
        ("C2", "S4", "ESX", D("1.00"), dt.date(2026, 3, 1)),
    ]
    assert set(made.columns) == {*ITEMS.names(), "refers", "latest"}


@pytest.mark.parametrize(
    ("committed", "before", "missing"),
    [
        ("100.00", None, []),
        ("100.01", None, ["0.01"]),
        ("100.01", "0.01", []),
        ("100.01", "5.00", ["-4.99"]),
        ("99.99", None, []),
        ("99.99", "5.00", ["-5.00"]),
    ],
)
def test_a_minimum_is_what_is_missing_less_what_was_charged_as_one(
    committed: str, before: str | None, missing: list[str]
) -> None:
    """Charges of 100.00 and 9.00 of taxes stand on the invoice."""
    row = {"row_id": 3, "customer": "C1", "amount": D(committed), "counts": "charges"}
    month = {"customer": "C1", "bill_month": "2026-03"}
    said = [{**month, "price": D(before)}] if before else []
    money = {"customer": pl.String, "bill_month": pl.String, "price": CENTS}
    schema = {
        "row_id": pl.Int64, "customer": pl.String, "amount": RATE, "counts": pl.String,
        "description": pl.String, "effective_from": pl.Date, "effective_until": pl.Date,
    }  # fmt: skip
    made = minimum_lines(
        pl.DataFrame([row], schema=schema),
        items(("S1", "recurring", "100.00"), (None, "tax", "9.00")),
        pl.DataFrame(said, schema=money),
        pl.DataFrame([{**month, "bill_date": dt.date(2026, 3, 31)}]),
    )
    assert made["price"].to_list() == [D(price) for price in missing]
    assert set(made["rule"]) <= {"commitments row 3"}
