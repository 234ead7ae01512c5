"""Banking days of the Federal Reserve, by rule.

The Reserve Banks close on weekends and on the eleven federal holidays. A holiday that falls on a
Sunday closes the Monday after it; one that falls on a Saturday closes nothing, the Friday before
stays a banking day (Board of Governors, K.8). Juneteenth counts from 2022. ACH settles exactly on
banking days. `closings` are days on which the banks are closed besides.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Set
from functools import cache
from types import MappingProxyType
from typing import Literal

NONE: frozenset[dt.date] = frozenset()
FIRST_YEAR, LAST_YEAR = 1990, 2199
"""The years for which days are reckoned: no paper is older, and no contract reaches so far."""
FAR_AHEAD = 40
"""A day so many days ahead and more is doubtful: nobody works, and no bill is dated, so early."""
_DAY = dt.timedelta(days=1)
_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6
_LAST = -1


def _on_weekday(year: int, month: int, weekday: int, nth: int) -> dt.date:
    """Return the nth such weekday of a month; `_LAST` counts from its end."""
    if nth == _LAST:
        end = dt.date(year + month // 12, month % 12 + 1, 1) - _DAY
        return end - ((end.weekday() - weekday) % 7) * _DAY
    first = dt.date(year, month, 1)
    return first + ((weekday - first.weekday()) % 7 + 7 * (nth - 1)) * _DAY


@cache
def holidays(year: int) -> Mapping[dt.date, str]:
    """Return the weekdays of a year on which a holiday closes the Reserve Banks, with its name.

    A holiday on a Sunday stands on its Monday; one on a Saturday is left out.
    """
    days = {
        dt.date(year, 1, 1): "New Year's Day",
        _on_weekday(year, 1, _MONDAY, 3): "Birthday of Martin Luther King, Jr.",
        _on_weekday(year, 2, _MONDAY, 3): "Washington's Birthday",
        _on_weekday(year, 5, _MONDAY, _LAST): "Memorial Day",
        dt.date(year, 6, 19): "Juneteenth",
        dt.date(year, 7, 4): "Independence Day",
        _on_weekday(year, 9, _MONDAY, 1): "Labor Day",
        _on_weekday(year, 10, _MONDAY, 2): "Columbus Day",
        dt.date(year, 11, 11): "Veterans Day",
        _on_weekday(year, 11, _THURSDAY, 4): "Thanksgiving Day",
        dt.date(year, 12, 25): "Christmas Day",
    }
    if year < 2022:
        del days[dt.date(year, 6, 19)]
    return MappingProxyType(
        {
            day + _DAY if day.weekday() == _SUNDAY else day: name
            for day, name in days.items()
            if day.weekday() != _SATURDAY
        }
    )


def is_known(day: dt.date) -> bool:
    """Say whether a day lies in the years for which days are reckoned."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


def is_banking_day(day: dt.date, closings: Set[dt.date] = NONE) -> bool:
    """Say whether the Reserve Banks are open on `day`, so that ACH settles."""
    return day.weekday() < _SATURDAY and day not in holidays(day.year) and day not in closings


def roll(
    day: dt.date,
    direction: Literal["next", "previous"] = "next",
    closings: Set[dt.date] = NONE,
) -> dt.date:
    """Return `day` if it is a banking day, else the nearest one after (`next`) or before it."""
    if direction not in ("next", "previous"):
        raise ValueError(f"roll {direction!r}: it is `next` or `previous`")
    step = _DAY if direction == "next" else -_DAY
    while not is_banking_day(day, closings):
        day += step
    return day


def add_banking_days(day: dt.date, n: int, closings: Set[dt.date] = NONE) -> dt.date:
    """Return the nth banking day after `day` (before it, where n is negative).

    `day` itself is never counted and n = 0 leaves it as it is, a banking day or not, so that the
    result grows strictly with n.
    """
    step = _DAY if n > 0 else -_DAY
    for _ in range(abs(n)):
        day = roll(day + step, "next" if n > 0 else "previous", closings)
    return day


def banking_days_between(start: dt.date, end: dt.date, closings: Set[dt.date] = NONE) -> int:
    """Count the banking days after `start` up to and including `end`; backwards it is negative.

    It undoes `add_banking_days`: adding n banking days and counting them gives n.
    """
    sign = 1 if end >= start else -1
    days = (start + sign * n * _DAY for n in range(1, abs((end - start).days) + 1))
    return sign * sum(is_banking_day(day, closings) for day in days)


def closed_weekdays(first: dt.date, last: dt.date, closings: Set[dt.date] = NONE) -> list[dt.date]:
    """Return the weekdays from `first` to `last`, both included, that are no banking days.

    It is what `Expr.dt.add_business_days(n, holidays=...)` asks for, where a frame is rolled.
    """
    named = {day for year in range(first.year, last.year + 1) for day in holidays(year)}
    return sorted(
        day for day in named | closings if first <= day <= last and day.weekday() < _SATURDAY
    )
