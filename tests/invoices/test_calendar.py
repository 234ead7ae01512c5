"""Banking days: the Federal Reserve's own table, an independent library, and laws of counting."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import holidays as oracle
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.calendar import (
    add_banking_days,
    banking_days_between,
    closed_weekdays,
    holidays,
    is_banking_day,
    roll,
)

day = dt.date.fromisoformat
DAYS = st.dates(dt.date(2018, 1, 1), dt.date(2035, 12, 31))
CLOSINGS = st.frozensets(st.dates(dt.date(2024, 1, 1), dt.date(2024, 3, 31)), max_size=8)
COUNTS = st.integers(-60, 60)

# Board of Governors, K.8. `*` falls on a Saturday and closes nothing; `**` on a Sunday, closed the
# Monday after.
TABLE = """
               2024    2025    2026    2027     2028    2029     2030
New Year       Jan 1   Jan 1   Jan 1   Jan 1    Jan 1*  Jan 1    Jan 1
M. L. King     Jan 15  Jan 20  Jan 19  Jan 18   Jan 17  Jan 15   Jan 21
Washington     Feb 19  Feb 17  Feb 16  Feb 15   Feb 21  Feb 19   Feb 18
Memorial       May 27  May 26  May 25  May 31   May 29  May 28   May 27
Juneteenth     Jun 19  Jun 19  Jun 19  Jun 19*  Jun 19  Jun 19   Jun 19
Independence   Jul 4   Jul 4   Jul 4*  Jul 4**  Jul 4   Jul 4    Jul 4
Labor          Sep 2   Sep 1   Sep 7   Sep 6    Sep 4   Sep 3    Sep 2
Columbus       Oct 14  Oct 13  Oct 12  Oct 11   Oct 9   Oct 8    Oct 14
Veterans       Nov 11  Nov 11  Nov 11  Nov 11   Nov 11* Nov 11** Nov 11
Thanksgiving   Nov 28  Nov 27  Nov 26  Nov 25   Nov 23  Nov 22   Nov 28
Christmas      Dec 25  Dec 25  Dec 25  Dec 25*  Dec 25  Dec 25   Dec 25
"""
WEEKDAY_CLOSINGS = {2024: 11, 2025: 11, 2026: 10, 2027: 9, 2028: 9, 2029: 11, 2030: 11}
BANKING_DAYS = {2024: 251, 2025: 250, 2026: 251, 2027: 252, 2028: 251, 2029: 250, 2030: 250}


def closings_of_the_table() -> dict[int, set[dt.date]]:
    head, *rows = TABLE.strip().splitlines()
    years = [int(year) for year in head.split()]
    closed: dict[int, set[dt.date]] = {year: set() for year in years}
    for row in rows:
        cells = row[15:].split()
        for year, month, number in zip(years, cells[::2], cells[1::2], strict=True):
            stars = number.count("*")
            date = dt.datetime.strptime(f"{year} {month} {number.strip('*')}", "%Y %b %d").date()
            if stars != 1:
                closed[year].add(date + dt.timedelta(days=1 if stars == 2 else 0))
    return closed


def days_of(year: int) -> list[dt.date]:
    first = dt.date(year, 1, 1)
    return [first + dt.timedelta(days=n) for n in range((dt.date(year + 1, 1, 1) - first).days)]


@pytest.mark.parametrize("year", WEEKDAY_CLOSINGS)
def test_a_year_closes_as_the_boards_table_says(year: int) -> None:
    assert set(holidays(year)) == closings_of_the_table()[year]
    assert len(holidays(year)) == WEEKDAY_CLOSINGS[year]
    assert sum(map(is_banking_day, days_of(year))) == BANKING_DAYS[year]


@pytest.mark.parametrize("year", range(2018, 2036))
def test_every_weekday_agrees_with_an_independent_calendar(year: int) -> None:
    closed = oracle.financial_holidays("XFED", years=[year - 1, year, year + 1])
    for date in days_of(year):
        if date.weekday() < 5:
            assert is_banking_day(date) == (date not in closed), date


@pytest.mark.parametrize(
    "friday", ["2026-07-03", "2027-06-18", "2027-12-24", "2027-12-31", "2028-11-10"]
)
def test_the_friday_before_a_saturday_holiday_is_open(friday: str) -> None:
    assert day(friday).weekday() == 4
    assert is_banking_day(day(friday))


def test_juneteenth_closes_the_banks_from_2022() -> None:
    assert is_banking_day(day("2020-06-19"))
    assert not is_banking_day(day("2022-06-20"))
    assert not is_banking_day(day("2023-06-19"))


@pytest.mark.parametrize(
    ("bill_date", "days", "debit_on"),
    [
        ("2026-10-26", 30, "2026-11-25"),
        ("2026-10-26", 31, "2026-11-27"),  # Thanksgiving
        ("2026-12-10", 15, "2026-12-28"),  # Christmas, then a weekend
        ("2027-06-04", 30, "2027-07-06"),  # Sunday 4 July closes the Monday
        ("2026-11-10", 15, "2026-11-25"),
    ],
)
def test_a_pull_settles_on_the_next_banking_day(bill_date: str, days: int, debit_on: str) -> None:
    assert roll(day(bill_date) + dt.timedelta(days=days), "next") == day(debit_on)


def test_a_roll_knows_two_directions() -> None:
    assert roll(day("2026-11-26"), "previous") == day("2026-11-25")
    with pytest.raises(ValueError, match="`next` or `previous`"):
        roll(day("2026-11-26"), "sideways")  # type: ignore[arg-type]


def test_a_closing_of_our_own_moves_the_pull() -> None:
    closed = frozenset({day("2026-11-25"), day("2026-11-27")})
    assert not is_banking_day(day("2026-11-25"), closed)
    assert roll(day("2026-11-25"), "next", closed) == day("2026-11-30")


def test_banking_days_are_counted_from_the_first_one_after_the_day() -> None:
    saturday = day("2026-11-21")
    assert add_banking_days(saturday, 0) == saturday
    assert add_banking_days(saturday, 1) == day("2026-11-23")
    assert add_banking_days(day("2026-11-25"), 1) == day("2026-11-27")
    assert add_banking_days(day("2026-11-27"), -1) == day("2026-11-25")


@given(DAYS, st.sampled_from(["next", "previous"]), CLOSINGS)
def test_rolling_twice_is_rolling_once(
    date: dt.date, direction: Literal["next", "previous"], closings: frozenset[dt.date]
) -> None:
    rolled = roll(date, direction, closings)
    assert is_banking_day(rolled, closings)
    assert roll(rolled, direction, closings) == rolled
    assert (rolled >= date) == (direction == "next" or rolled == date)


@given(DAYS, COUNTS, CLOSINGS)
def test_one_banking_day_more_is_later(date: dt.date, n: int, closings: frozenset[dt.date]) -> None:
    assert add_banking_days(date, n, closings) < add_banking_days(date, n + 1, closings)


@given(DAYS, COUNTS, CLOSINGS)
def test_counting_undoes_adding(date: dt.date, n: int, closings: frozenset[dt.date]) -> None:
    there = add_banking_days(date, n, closings)
    assert banking_days_between(date, there, closings) == n
    if is_banking_day(date, closings):
        assert add_banking_days(there, -n, closings) == date


@given(DAYS, COUNTS, COUNTS, CLOSINGS)
def test_two_steps_one_way_are_one(
    date: dt.date, n: int, m: int, closings: frozenset[dt.date]
) -> None:
    if (n >= 0) == (m >= 0):
        twice = add_banking_days(add_banking_days(date, n, closings), m, closings)
        assert twice == add_banking_days(date, n + m, closings)


@given(DAYS, DAYS, DAYS, CLOSINGS)
def test_banking_days_of_a_span_are_those_of_its_parts(
    a: dt.date, b: dt.date, c: dt.date, closings: frozenset[dt.date]
) -> None:
    first, middle, last = sorted((a, b, c))
    whole = banking_days_between(first, last, closings)
    parts = banking_days_between(first, middle, closings)
    assert whole == parts + banking_days_between(middle, last, closings)
    assert banking_days_between(last, first, closings) <= 0


def test_a_frame_rolls_by_the_closed_weekdays() -> None:
    first, last = dt.date(2026, 1, 1), dt.date(2027, 12, 31)
    dates = pl.date_range(first, dt.date(2027, 12, 20), eager=True)
    rolled = dates.dt.add_business_days(0, holidays=closed_weekdays(first, last), roll="forward")
    assert rolled.to_list() == [roll(date) for date in dates.to_list()]
