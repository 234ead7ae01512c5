"""When a batch settles, and which of the days that bank paper names is believed.

A year has two digits on bank paper, a day of the year has none, and banks fill fields with zeros
that others leave blank. So a day is held against the day the file was made: what lies absurdly far
from it was not meant.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Set

from invoices.calendar import NONE, add_banking_days, roll

_CENTURY = 2000
BEFORE, AFTER = 300, 60
"""So many days before and after the day a file was made another day of it is believed: a return may
bear the date of an old entry, a slip of the year is never believed."""
_AGREE = 7
"""A day of the year and an effective entry date so near to it speak for each other."""


def date_of(text: str) -> dt.date | None:
    """Return the day that YYMMDD names, null where the calendar has none."""
    if not re.fullmatch("[0-9]{6}", text):
        return None
    try:
        return dt.date(_CENTURY + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None


def says(text: str) -> bool:
    """Whether a field says something: zeros say as little as blanks."""
    return text.strip(" 0") != ""


def believed(day: dt.date | None, near: dt.date) -> bool:
    """Whether a day can be meant on paper that was made on the day `near`."""
    return day is not None and -BEFORE <= (day - near).days <= AFTER


def settlement(
    created: dt.date, effective: str, julian: str, closings: Set[dt.date] = NONE
) -> dt.date | None:
    """Return the day a batch settles, null where the nearest year has no such day.

    The operator's day of the year says it, in the year in which it lies nearest to the day the file
    was made (or to an effective entry date that all but names it); else the effective entry date,
    rolled to a banking day; else the banking day after the file was made. Of 29 March 2026::

        effective  day    settles
        260326     085    2026-03-26
        000101     085    2026-03-26   (nobody means the year 2000)
        000000     366    -            (2026 has 365 days)
        000101            2026-03-30   (the banking day after the file was made)
    """
    wished = date_of(effective) if says(effective) else None
    wished = wished if believed(wished, created) else None
    if says(julian):
        return _day_of_year(created, wished, int(julian))
    return roll(wished, "next", closings) if wished else add_banking_days(created, 1, closings)


def _day_of_year(created: dt.date, wished: dt.date | None, number: int) -> dt.date | None:
    """Return the day of that number in the year that is meant, null where it has none such."""
    years = (created.year - 1, created.year, created.year + 1)
    days = {year: dt.date(year, 1, 1) + dt.timedelta(days=number - 1) for year in years}
    near = created
    if wished and any(abs((day - wished).days) <= _AGREE for day in days.values()):
        near = wished
    year = min(years, key=lambda year: abs(days[year] - near))
    return days[year] if number <= 365 + calendar.isleap(year) else None
