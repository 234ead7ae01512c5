"""How the days of a feed are written, and whether the end of a service is its last day."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from invoices.carrier.draft.looks import fitting
from invoices.carrier.draft.told_columns import Table
from invoices.carrier.flat.dates import to_date

TYPED = ("%Y-%m-%d %H:%M:%S",)
"""Days of a workbook, which need no format."""


@dataclass(frozen=True)
class Days:
    """In which formats the days of a feed are read."""

    formats: tuple[str, ...]
    rivals: tuple[str, ...] = ()
    """The other format that reads every day too, and makes another day of some."""
    shown: str = ""
    """A day that the two read otherwise."""
    unread: tuple[str, ...] = ()
    """Days that no one format reads."""


def days_of(columns: Iterable[list[str]]) -> Days:
    """Return the formats of columns of days; columns of one look are taken to be of one format."""
    formats: list[str] = []
    rivals: list[str] = []
    shown, unread = "", []
    kinds: dict[str, list[str]] = {}
    for values in columns:
        given = [value for value in values if value]
        if given:
            kinds.setdefault(_shape(given[0]), []).extend(given)
    for values in kinds.values():
        fits = fitting(values)
        if not fits:
            more = _several(values)
            formats += [form for form in more if form not in formats]
            unread += [] if more else values[:1]
            continue
        first = fits[0]
        other = next((form for form in fits[1:] if _differs(values, first, form)), None)
        formats += [first] if first not in formats else []
        if other:
            rivals.append(other)
            shown = _differs(values, first, other)
    return Days(tuple(formats), tuple(rivals), shown, tuple(unread))


def _shape(value: str) -> str:
    return "".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in value)[:1] + "".join(
        sorted({c for c in value if not c.isalnum() and c != " "})
    )


def _several(values: list[str]) -> list[str]:
    """Return formats that read the days between them, where no one format reads them all."""
    left = sorted(set(values))
    found: list[str] = []
    while left:
        best = max(
            ((sum(bool(fitting([v]) and f in fitting([v])) for v in left[:50]), f)
             for f in {f for v in left[:50] for f in fitting([v])}),
            default=(0, ""),
        )  # fmt: skip
        if not best[0] or len(found) == 3:
            return []
        found.append(best[1])
        left = [v for v, day in zip(left, _read(left, best[1]), strict=True) if day is None]
    return found


def _read(values: list[str], form: str) -> list[dt.date | None]:
    frame = pl.DataFrame({"text": values}, schema={"text": pl.String})
    return frame.select(day=to_date(pl.col("text"), (form,)))["day"].to_list()


def _differs(values: list[str], one: str, other: str) -> str:
    """Return a value of which two formats make two days; empty where they agree."""
    pairs = zip(values, _read(values, one), _read(values, other), strict=True)
    return next((value for value, a, b in pairs if a != b), "")


def end_of_service(table: Table, formats: tuple[str, ...]) -> str | None:
    """Return the field that the end of a service is, told by its days: `service_through` (billed
    still) or `service_until` (no longer); null where they do not say, or say both."""
    start, end = table.fields.get("service_from"), table.fields.get("service_to")
    if start is None or end is None:
        return None
    forms = (*formats, *TYPED, "%Y-%m-%d")
    starts, ends = ([_first(table.column(p), forms)] for p in (start, end))
    pairs = [(a, b) for a, b in zip(starts[0], ends[0], strict=True) if a and b]
    begun = {a for a, _ in pairs}
    through = until = False
    for a, b in pairs:
        after = b + dt.timedelta(1)
        monthly = a.day == 1 and b > a
        through |= a == b or (monthly and b.day == calendar.monthrange(b.year, b.month)[1])
        through |= (after.day == a.day and after > a) or (after in begun and after > a)
        until |= (b.day == a.day and b > a) or (b in begun and b > a) or (monthly and b.day == 1)
    return None if through == until else "service_through" if through else "service_until"


def _first(values: list[str], forms: tuple[str, ...]) -> list[dt.date | None]:
    frame = pl.DataFrame({"text": values}, schema={"text": pl.String})
    return frame.select(day=to_date(pl.col("text"), forms))["day"].to_list()
