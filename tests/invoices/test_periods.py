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
from invoices.periods import (
    add_days,
    add_months,
    month_of,
    period_end,
    with_day_parts,
    with_fraction,
)
from invoices.schema import CENTS, RATE

DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2029, 12, 31))


CONVENTIONS = ("thirty_day_month", "actual_days")
ASKED = {"a": pl.Date, "b": pl.Date, "bill_day": pl.Int64, "proration": pl.String,
         "cut": pl.Boolean}  # fmt: skip


def fractions(rows: list[tuple[dt.date, dt.date, int, str, bool]]) -> list[int]:
    """Return the parts of a month of periods: from, until, bill day, convention, cut or not."""
    frame = pl.LazyFrame(rows, schema=ASKED, orient="row")
    return with_fraction(frame, "a", "b", "f", pl.col("cut")).collect()["f"].to_list()


def parts(start: dt.date, end: dt.date, bill_day: int, proration: str) -> Fraction:
    return Fraction(fractions([(start, end, bill_day, proration, False)])[0], MONTH_PARTS)


def last_of(day: dt.date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def plus(day: dt.date, months: int, bill_day: int = 0) -> dt.date:
    """Go so many months on; a bill day that a short month clipped comes back."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    meant = max(day.day, bill_day) if day.day == last_of(day) else day.day
    return dt.date(year, month + 1, min(meant, last_of(dt.date(year, month + 1, 1))))


def slow(start: dt.date, end: dt.date, bill_day: int, proration: str) -> Fraction:
    """Count months while they fit, then single days."""
    months = 0
    while plus(start, months + 1, bill_day) <= end:
        months += 1
    apart = (end.year - start.year) * 12 + end.month - start.month
    if plus(start, months, bill_day) == end:
        return Fraction(months)
    both_last = start.day == last_of(start) and end.day == last_of(end)
    if plus(start, apart) == end or both_last:
        return Fraction(apart)
    if proration == "thirty_day_month":

        def count(day: dt.date) -> int:
            meant = max(day.day, bill_day) if day.day == last_of(day) else day.day
            return 360 * day.year + 30 * day.month + min(meant, 30)

        return Fraction(count(end) - count(start), 30)
    total = Fraction(months)
    day = plus(start, months, bill_day)
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


def test_a_day_by_itself_is_what_is_left_of_its_period_without_all_others():
    days = pl.date_range(dt.date(2023, 12, 1), dt.date(2025, 3, 2), eager=True)
    made = pl.DataFrame({"day": days}).join(pl.DataFrame({"bill_day": range(1, 32)}), how="cross")
    made = made.join(pl.DataFrame({"proration": ["thirty_day_month", "actual_days"]}), how="cross")
    made = made.with_columns(after=add_days(pl.col("day"), 1))
    cut = with_fraction(made.lazy(), "day", "after", "cut", pl.lit(True))
    told = with_day_parts(cut, "day", "parts").collect()
    assert told.height == made.height == 458 * 62
    assert told.filter(pl.col("parts").ne_missing(pl.col("cut"))).is_empty()


@given(DAYS, st.integers(0, 500), st.integers(1, 31), st.booleans())
def test_a_fraction_is_what_counting_months_and_days_one_by_one_gives(start, days, day, actual):
    proration = "actual_days" if actual else "thirty_day_month"
    end = start + dt.timedelta(days)
    assert parts(start, end, day, proration) == slow(start, end, day, proration)


def billed(bill_day: int) -> list[tuple[dt.date, dt.date]]:
    """Return the bill periods of five years, a leap February among them."""
    first = dt.date(2023, 1, bill_day)
    days = [plus(first, n) for n in range(61)]
    return list(zip(days, days[1:], strict=False))


@pytest.mark.parametrize("proration", CONVENTIONS)
def test_every_bill_period_of_five_years_is_one_month_and_so_are_its_parts(proration):
    whole, halves = [], []
    for day in range(1, 32):
        for start, end in billed(day):
            whole.append((start, end, day, proration, False))
            for n in range(1, (end - start).days):
                cut = start + dt.timedelta(n)
                halves += [(start, cut, day, proration, True), (cut, end, day, proration, True)]
    month = fractions(whole)
    assert set(month) == {MONTH_PARTS} and len(month) == 31 * 60
    shares = fractions(halves)
    # A thirty-first day is worth nothing where months have thirty.
    none = 1 if proration == "actual_days" else 0
    assert none <= min(shares) and max(shares) <= MONTH_PARTS - none
    together = [a + b for a, b in zip(shares[::2], shares[1::2], strict=True)]
    assert set(together) == {MONTH_PARTS}


@pytest.mark.parametrize(
    ("bill_day", "start", "end", "thirty", "actual"),
    [  # a month from the clipped bill day to the next bill day
        (29, "2027-02-28", "2027-03-29", "1", "1"),
        (30, "2027-02-28", "2027-03-30", "1", "1"),
        (31, "2027-02-28", "2027-03-31", "1", "1"),
        (30, "2028-02-29", "2028-03-30", "1", "1"),
        (31, "2027-04-30", "2027-05-31", "1", "1"),
        (30, "2027-02-28", "2027-05-30", "3", "3"),
        (30, "2026-11-30", "2027-02-28", "3", "3"),
        # what is more or less than that is days
        (28, "2027-02-28", "2027-03-30", "32/30", "1+2/31"),
        (5, "2027-02-28", "2027-03-30", "32/30", "1+2/31"),
        (30, "2027-02-28", "2027-03-29", "29/30", "29/30"),
        (29, "2027-02-28", "2027-03-30", "31/30", "1+1/31"),
        (30, "2027-02-28", "2027-04-10", "40/30", "1+11/31"),
        # parts of a month beside a clipped bill day
        (30, "2027-02-28", "2027-03-10", "10/30", "10/30"),
        (30, "2027-03-10", "2027-03-30", "20/30", "20/30"),
        (30, "2027-02-10", "2027-02-28", "20/30", "18/29"),
        (29, "2027-02-28", "2027-03-10", "11/30", "10/29"),
        (31, "2027-04-30", "2027-05-10", "10/30", "10/31"),
        (10, "2027-02-28", "2027-03-10", "12/30", "10/28"),
        (28, "2027-02-28", "2027-03-10", "12/30", "10/28"),
        # day to day is a month wherever it lies
        (30, "2027-02-28", "2027-03-28", "1", "1"),
        (15, "2027-01-30", "2027-02-28", "1", "1"),
    ],
)
def test_a_month_begins_and_ends_on_the_bill_day_as_each_month_has_it(
    bill_day, start, end, thirty, actual
):
    first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
    for proration, told in zip(CONVENTIONS, (thirty, actual), strict=True):
        right = sum((Fraction(part) for part in told.split("+")), Fraction(0))
        assert parts(first, last, bill_day, proration) == right, proration


def test_what_is_left_of_a_period_is_no_month_by_a_clipped_end():
    left = [("2027-02-28", "2027-03-28", 30), ("2027-01-30", "2027-02-28", 28)]
    for start, end, bill_day in left:
        days = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
        for proration in CONVENTIONS:
            whole, cut = fractions([(*days, bill_day, proration, own) for own in (False, True)])
            assert whole == MONTH_PARTS and cut < whole


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


@pytest.mark.parametrize(
    ("end", "after"),
    [
        ("2026-03-09", "2026-03-11"),  # printed the wrong way round
        ("2026-03-10", "2026-03-11"),  # a point in time is that one day
        ("2026-03-11", "2026-03-11"),
        ("2026-03-12", "2026-03-12"),
    ],
)
def test_a_period_ends_on_the_day_after_its_last(end: str, after: str) -> None:
    days = pl.DataFrame({"start": [dt.date(2026, 3, 10)], "end": [dt.date.fromisoformat(end)]})
    found = days.select(period_end(pl.col("start"), pl.col("end"))).item()
    assert found == dt.date.fromisoformat(after)
