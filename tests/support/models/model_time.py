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


def add_months(day: dt.date, months: int) -> dt.date:
    """Return the same day so many months later, clipped to the month's end."""
    return clipped(day.year, day.month + months, day.day)


def month_end(day: dt.date) -> bool:
    """Say whether `day` is the last day of its month."""
    return (day + DAY).day == 1


def days30(start: dt.date, end: dt.date) -> int:
    """Count days as if every month had thirty."""
    years, months = end.year - start.year, end.month - start.month
    return 360 * years + 30 * months + min(end.day, 30) - min(start.day, 30)


def billing_days(day: dt.date, bill_day: int) -> int:
    """Return the length of the billing period that holds `day`."""
    start = clipped(day.year, day.month, bill_day)
    if start > day:
        start = clipped(day.year, day.month - 1, bill_day)
    return (clipped(start.year, start.month + 1, bill_day) - start).days


def fraction(start: dt.date, end: dt.date, proration: str, bill_day: int) -> Fraction:
    """Return how many months `[start, end)` is under a convention."""
    months = 12 * (end.year - start.year) + end.month - start.month
    if end == add_months(start, months) or (month_end(start) and month_end(end)):
        return Fraction(months)
    if all(day == clipped(day.year, day.month, bill_day) for day in (start, end)):
        return Fraction(months)  # "from clipped bill day to the next bill day"
    if proration == "thirty_day_month":
        return Fraction(days30(start, end), 30)
    whole = months if add_months(start, months) <= end else months - 1
    rest = days_of(add_months(start, whole), end)
    return whole + sum((Fraction(1, billing_days(day, bill_day)) for day in rest), Fraction(0))


def days_of(start: dt.date, end: dt.date) -> list[dt.date]:
    """Return the days of `[start, end)`."""
    return [start + i * DAY for i in range((end - start).days)]


def holds(row: Row, day: dt.date, start: str, end: str) -> bool:
    """Say whether the row's half-open validity holds `day`; an empty end is open."""
    return (row[start] is None or row[start] <= day) and (row[end] is None or day < row[end])


def period_of(line: Row) -> Period | None:
    """Return the period a line is audited for; equal dates are a point in time."""
    start, end = line["service_from"], line["service_until"]
    if line["charge_class"] == "recurring":
        if start is None and end is None:
            start = line["bill_date"]
        if start is None:
            return add_months(end, -1), end
        return (start, add_months(start, 1)) if end is None or end == start else (start, end)
    if start is None and end is None:
        return None
    return (start or end, end or start)


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
