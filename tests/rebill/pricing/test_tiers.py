"""Bands of a tier in tables: on the first unit of a band, in one month, by line and by customer."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D

import polars as pl
import pytest

from invoices.money import MONTH_PARTS
from invoices.schema import CENTS, RATE
from rebill.pricing.tiers import TIERS, with_tiers

DAY = dt.date(2026, 2, 10)
LINES = {
    "line_id": pl.String, "customer": pl.String, "tier": pl.String, "bill_date": pl.Date,
    "charge_class": pl.String, "charged_quantity": RATE, "units": pl.Int128,
    "unit_parts": pl.Int128, "value": RATE, "cost": CENTS,
}  # fmt: skip
Line = tuple[str, str, dt.date, str]  # customer, class, bill date, units


def told(mode: str, per: str, *lines: Line) -> list[tuple[D | None, D | None, D | None]]:
    """Return value, value x units, value x units x months of each line at a whole month.

    The tier has bands from 0 at 3.00, from 10 at 2.00, from 20 at 1.00.
    """
    bands = [
        {"tier": "T", "mode": mode, "per": per, "from_units": D(start), "value": D(value)}
        for start, value in ((10, 2), (0, 3), (20, 1))
    ]
    rows = []
    for n, (customer, kind, day, units) in enumerate(lines):
        # usage counts once where no tier says else
        counted = 10**6 if kind == "usage" else int(D(units) * 10**6)
        rows.append(
            {"line_id": f"D-{n}", "customer": customer, "tier": "T", "bill_date": day,
             "charge_class": kind, "charged_quantity": D(units), "units": counted,
             "unit_parts": counted * MONTH_PARTS}
        )  # fmt: skip
    frame = pl.LazyFrame([*rows, {"line_id": "free", "value": D(9)}], schema=LINES)
    made = with_tiers(frame, pl.DataFrame(bands, schema=TIERS)).collect().to_dicts()
    assert made.pop()["value"] == D(9), "a line without a tier is left alone"
    return [
        (
            row["value"],
            None if row["tier_units"] is None else D(row["tier_units"]) / 10**12,
            None if row["tier_parts"] is None else D(row["tier_parts"]) / 10**12 / MONTH_PARTS,
        )
        for row in made
    ]


@pytest.mark.parametrize(
    ("units", "value", "graduated"),
    [
        ("1", 3, 3),
        ("9.99", 3, "29.97"),
        ("10", 2, 30),
        ("10.01", 2, "30.02"),
        ("12", 2, 34),
        ("20", 1, 50),
        ("25", 1, 55),
    ],
)
@pytest.mark.parametrize("kind", ["recurring", "usage"])
def test_a_band_begins_with_its_first_unit(
    kind: str, units: str, value: int, graduated: str
) -> None:
    line = ("acme", kind, DAY, units)
    assert told("all_units", "line", line) == [(D(value), None, None)]
    assert told("graduated", "line", line) == [(None, D(graduated), D(graduated))]


def test_no_units_have_the_first_band_and_come_to_nothing() -> None:
    line = ("acme", "recurring", DAY, "0")
    assert told("all_units", "line", line) == [(D(3), None, None)]
    assert told("graduated", "line", line) == [(None, None, None)]


def test_lines_of_a_customers_month_fill_the_bands_one_after_the_other() -> None:
    lines = [
        ("acme", "recurring", DAY, "4"),
        ("acme", "recurring", dt.date(2026, 2, 1), "8"),  # it comes first
        ("acme", "usage", dt.date(2026, 2, 28), "9"),
        ("acme", "recurring", dt.date(2026, 3, 1), "1"),  # another month
        ("bolt", "recurring", DAY, "1"),
    ]
    assert [value for value, *_ in told("all_units", "customer", *lines)] == [1, 1, 1, 3, 3]
    assert [value for value, *_ in told("all_units", "line", *lines)] == [3, 3, 3, 3, 3]
    by_unit = [units for _, units, _ in told("graduated", "customer", *lines)]
    assert by_unit == [2 * 3 + 2 * 2, 8 * 3, 8 * 2 + 1, 3, 3]
    assert [units for _, units, _ in told("graduated", "line", *lines)] == [12, 24, 27, 3, 3]
