"""What part of a month a period is: the golden values and a slow model."""

from __future__ import annotations

import calendar
import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.money import MICROS, MONTH_PARTS, ZERO_CENTS, exact, to_cents
from invoices.periods import add_months, month_of, with_fraction
from invoices.schema import CENTS, RATE

DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2029, 12, 31))


def parts(start: dt.date, end: dt.date, bill_day: int, proration: str) -> Fraction:
    frame = pl.DataFrame(
        {"a": [start], "b": [end], "bill_day": [bill_day], "proration": [proration]},
        schema={"a": pl.Date, "b": pl.Date, "bill_day": pl.Int64, "proration": pl.String},
    )
    value = with_fraction(frame.lazy(), "a", "b", "f").collect()["f"].item()
    return Fraction(value, MONTH_PARTS)


def plus(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))


def slow(start: dt.date, end: dt.date, bill_day: int, proration: str) -> Fraction:
    """Count months while they fit, then single days."""
    months = 0
    while plus(start, months + 1) <= end:
        months += 1
    if plus(start, months) == end:
        return Fraction(months)
    if (start + dt.timedelta(1)).day == 1 and (end + dt.timedelta(1)).day == 1:
        return Fraction((end.year - start.year) * 12 + end.month - start.month)
    if proration == "thirty_day_month":

        def count(day: dt.date) -> int:
            return 360 * day.year + 30 * day.month + min(day.day, 30)

        return Fraction(count(end) - count(start), 30)
    total = Fraction(months)
    day = plus(start, months)
    while day < end:
        first = dt.date(day.year, day.month, 1)
        begin = first.replace(day=min(bill_day, calendar.monthrange(day.year, day.month)[1]))
        if day < begin:
            first = plus(first, -1)
            begin = first.replace(
                day=min(bill_day, calendar.monthrange(first.year, first.month)[1])
            )
        after = plus(first, 1)
        finish = after.replace(day=min(bill_day, calendar.monthrange(after.year, after.month)[1]))
        total += Fraction(1, (finish - begin).days)
        day += dt.timedelta(1)
    return total


@pytest.mark.parametrize(
    ("rate", "start", "end", "thirty", "actual"),
    [
        ("100.00", "2026-05-25", "2026-06-10", "50.00", "51.61"),
        ("100.00", "2026-02-06", "2026-03-01", "83.33", "82.14"),
        ("100.00", "2026-03-01", "2026-03-24", "76.67", "74.19"),
        ("42.37", "2026-01-31", "2026-02-10", "14.12", None),
        ("42.37", "2026-02-28", "2026-03-10", "16.95", "15.13"),
        ("59.99", "2026-01-15", "2026-02-01", "31.99", "32.90"),
    ],
)
def test_prorations_of_the_trade_come_out_to_the_cent(rate, start, end, thirty, actual):
    first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
    bill_day = 1 if first.day == 1 else last.day
    for proration, golden in (("thirty_day_month", thirty), ("actual_days", actual)):
        if golden is None:
            continue
        units = int(parts(first, last, bill_day, proration) * MONTH_PARTS) * MICROS
        frame = pl.DataFrame(
            {"r": [Decimal(rate)], "u": [units]}, schema={"r": RATE, "u": pl.Int128}
        )
        assert frame.select(to_cents(exact(pl.col("r"), pl.col("u")))).item() == Decimal(golden)


@given(DAYS, st.integers(0, 500), st.integers(1, 31), st.booleans())
def test_a_fraction_is_what_counting_months_and_days_one_by_one_gives(start, days, day, actual):
    proration = "actual_days" if actual else "thirty_day_month"
    end = start + dt.timedelta(days)
    assert parts(start, end, day, proration) == slow(start, end, day, proration)


@given(DAYS, st.integers(-40, 40))
def test_adding_months_keeps_the_day_or_takes_the_last_one(day, months):
    frame = pl.DataFrame({"d": [day]}, schema={"d": pl.Date})
    assert frame.select(add_months(pl.col("d"), months)).item() == plus(day, months)


@given(st.decimals("0", "9999", places=6), st.integers(1, 10**9), st.integers(1, 31))
def test_a_charge_rounds_once_and_away_from_zero(rate, micro_units, days):
    units = micro_units * (MONTH_PARTS // 31) * days
    frame = pl.DataFrame({"r": [rate], "u": [units]}, schema={"r": RATE, "u": pl.Int128})
    whole = Fraction(rate) * Fraction(micro_units, MICROS) * Fraction(days, 31)
    cents = (whole * 100 * 2 + 1) // 2
    got = frame.select(to_cents(exact(pl.col("r"), pl.col("u")))).item()
    assert got == Decimal(int(cents)) / 100
    assert got == got.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_the_month_of_a_date_is_text():
    days = pl.DataFrame({"day": [dt.date(2026, 3, 31), None]})
    assert days.select(month_of("day"))["day"].to_list() == ["2026-03", None]
    assert days.select(month_of(pl.col("day")))["day"].to_list() == ["2026-03", None]


def test_no_money_is_a_number_of_cents():
    nothing = pl.select(nothing=ZERO_CENTS)["nothing"]
    assert nothing.dtype == CENTS and nothing.item() == Decimal("0.00")
