"""Periods, shares of a month and money as the slow model counts them: day by day, exactly."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

Row = dict[str, Any]
Period = tuple[dt.date, dt.date]
DAY = dt.timedelta(days=1)


# ---------------------------------------------------------------------------------------- time


def clipped(year: int, month: int, day: int) -> dt.date:
    """Return that day of that month, or the month's last day where it has no such day."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    following = dt.date(year + month // 12, month % 12 + 1, 1)
    return min(dt.date(year, month, 1) + dt.timedelta(days=day - 1), following - DAY)


def add_months(day: dt.date, months: int, bill_day: int = 0) -> dt.date:
    """Return the same day so many months later, clipped to the month's end.

    A bill day that a short month clipped comes back.
    """
    return clipped(day.year, day.month + months, stands_for(day, bill_day))


def stands_for(day: dt.date, bill_day: int) -> int:
    """Return the day of the month a date stands for: 02-28 is the 30th of a bill day of 30."""
    return bill_day if day == clipped(day.year, day.month, bill_day) else day.day


def month_end(day: dt.date) -> bool:
    """Say whether `day` is the last day of its month."""
    return (day + DAY).day == 1


def days30(start: dt.date, end: dt.date, bill_day: int) -> int:
    """Count days as if every month had thirty, a clipped bill day being the bill day."""
    years, months = end.year - start.year, end.month - start.month
    first, last = (min(stands_for(day, bill_day), 30) for day in (start, end))
    return 360 * years + 30 * months + last - first


def billing_days(day: dt.date, bill_day: int) -> int:
    """Return the length of the billing period that holds `day`."""
    start = clipped(day.year, day.month, bill_day)
    if start > day:
        start = clipped(day.year, day.month - 1, bill_day)
    return (clipped(start.year, start.month + 1, bill_day) - start).days


def fraction(
    start: dt.date, end: dt.date, proration: str, bill_day: int, *, cut: bool = False
) -> Fraction:
    """Return how many months `[start, end)` is under a convention.

    Of what is `cut` out of a longer period a clipped end makes no whole month.
    """
    months = 12 * (end.year - start.year) + end.month - start.month
    first, last = stands_for(start, bill_day), stands_for(end, bill_day)
    clipped_end = end == add_months(start, months) or (month_end(start) and month_end(end))
    if first == last or (clipped_end and not cut):
        return Fraction(months)
    if proration == "thirty_day_month":
        return Fraction(days30(start, end, bill_day), 30)
    fits = first <= last if cut else add_months(start, months, bill_day) <= end
    whole = months if fits else months - 1
    rest = days_of(add_months(start, whole, bill_day), end)
    return whole + sum((Fraction(1, billing_days(day, bill_day)) for day in rest), Fraction(0))


def days_of(start: dt.date, end: dt.date) -> list[dt.date]:
    """Return the days of `[start, end)`."""
    return [start + i * DAY for i in range((end - start).days)]


def holds(row: Row, day: dt.date, start: str, end: str) -> bool:
    """Say whether the row's half-open validity holds `day`; an empty end is open."""
    return (row[start] is None or row[start] <= day) and (row[end] is None or day < row[end])


def period_of(line: Row, bill_day: int) -> Period | None:
    """Return the period a line is audited for; equal dates are a point in time."""
    start, end = line["service_from"], line["service_until"]
    if line["charge_class"] == "recurring":
        if start is None and end is None:
            start = line["bill_date"]
        if start is None:
            return add_months(end, -1, bill_day), end
        if end is None or end == start:
            end = add_months(start, 1, bill_day)
        return start, end
    if start is None and end is None:
        return None
    return (start or end, end or start)


def account_day(line: Row, lines: list[Row]) -> int:
    """Return the day of the month the account of a line bills on.

    A bill dated on the last day of a month of less than 31 leaves it open: its recurring lines say
    it, and the last bill that shows a day; the smaller of the two, its own date where none does.
    """
    date: dt.date = line["bill_date"]
    if not month_end(date) or date.day == 31:
        return date.day
    own = [row for row in lines if (row["carrier"], row["ban"]) == (line["carrier"], line["ban"])]
    told: list[int] = []
    for row in own:
        start, end = row["service_from"], row["service_until"]
        if row["bill_date"] == date and row["charge_class"] == "recurring" and start and end:
            day = max(start.day, end.day)
            if start < end and stands_for(start, day) == stands_for(end, day) == day >= date.day:
                told.append(day)
    before = [row["bill_date"] for row in own if date.day <= row["bill_date"].day]
    shown = [day for day in before if day < date and (day.day == 31 or not month_end(day))]
    said = [max(set(told), key=lambda day: (told.count(day), -day))] if told else []
    if shown:
        said.append(max(shown).day)
    return min(said, default=date.day)


def days_touched(period: Period) -> list[dt.date]:
    """Return the days of a period, the one day of a point in time."""
    return days_of(*period) or [period[0]]


def overlap(a: Period | None, b: Period | None) -> bool:
    """Say whether two periods share a day."""
    if a is None or b is None:
        return False
    return bool(set(days_touched(a)) & set(days_touched(b)))


# --------------------------------------------------------------------------------------- money


def rounded(value: Fraction | Decimal, places: int = 2) -> Decimal:
    """Round half away from zero."""
    scaled = Fraction(value) * 10**places
    whole = int(abs(scaled) + Fraction(1, 2))
    return Decimal(whole if scaled >= 0 else -whole).scaleb(-places)


def extension(rate: Fraction | Decimal, months: Fraction, units: Decimal, rounding: str) -> Decimal:
    """Return rate x unit-months in cents, as the carrier rounds: the line once, or each unit."""
    if rounding == "unit" and units:
        return rounded(rounded(Fraction(rate) * months / Fraction(units)) * units)
    return rounded(Fraction(rate) * months)
