"""Dates in the formats a feed declares; a day is never guessed.

A format is written with `%Y` (four digits), `%y` (two), `%m`, `%d`, `%b` (`Jan`), `%B` (`January`),
and, for times that are read over, `%H`, `%I`, `%M`, `%S`, `%p`; everything else stands for itself.
Days and months may lack their leading zero unless digits follow directly. A format without a year
(`%m-%d`) says the day nearest to the bill date.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cache

import polars as pl

from invoices.carrier.cells import FIRST_YEAR, LAST_YEAR

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_NUMBERS = {name: f"{number:02}" for number, name in enumerate(_MONTHS, 1)}
_NUMBERS |= {name[:3]: number for name, number in _NUMBERS.items()} | {"sept": "09"}
_WORDS = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_TOKENS = {
    "Y": "(?P<year>[0-9]{4})",
    "y": "(?P<short>[0-9]{2})",
    "m": "(?P<month>[0-9]{2})",
    "d": "(?P<day>[0-9]{2})",
    "b": f"(?P<word>{_WORDS})",
    "B": f"(?P<word>{_WORDS})",
    "H": "[0-9]{1,2}",
    "I": "[0-9]{1,2}",
    "M": "[0-9]{2}",
    "S": "[0-9]{2}(?:[.][0-9]+)?",
    "p": "[ap][.]?m[.]?",
}
SHORT_YEAR_FROM = 90
"""Two digits from here on are of the last century."""


@cache
def date_pattern(text: str) -> str:
    """Return the regular expression of a date format; raises `ValueError` where it is none."""
    parts = re.split(r"(%.)", text)
    found = []
    for place, part in enumerate(parts):
        if not part.startswith("%"):
            found.append(re.escape(part).replace(r"\ ", r"\s+"))
            continue
        if part[1:] not in _TOKENS:
            raise ValueError(f"date format `{text}`: `{part}` is none of %{' %'.join(_TOKENS)}")
        token = _TOKENS[part[1:]]
        beside = [*parts[place - 1 : place], *parts[place + 1 : place + 2]]
        glued = any(near == "" for near in beside) and len([p for p in parts if p]) > 1
        apart = not (glued and _touches(parts, place))
        loose = part in ("%m", "%d") and apart
        found.append(token.replace("{2}", "{1,2}") if loose else token)
    pattern = "(?i)^" + "".join(found) + "$"
    for name, either in (("year", "short"), ("month", "word"), ("day", "day")):
        there = pattern.count(f"<{name}>") + (name != either) * pattern.count(f"<{either}>")
        if there != 1 and (name, there) != ("year", 0):
            raise ValueError(f"date format `{text}` needs one {name}")
    return pattern


def readable_formats(formats: tuple[str, ...]) -> tuple[str, ...]:
    """Return date formats of a profile that can be read; raises `ValueError` where one cannot."""
    for text in formats:
        date_pattern(text)
    return formats


def has_year(text: str) -> bool:
    """Whether a date format says the year."""
    return "%Y" in text or "%y" in text


def _touches(parts: list[str], place: int) -> bool:
    """Whether a token stands directly beside another token."""
    before = place >= 2 and parts[place - 1] == ""
    after = place + 2 < len(parts) and parts[place + 1] == "" and parts[place + 2] != ""
    return before or after


def to_date(cell: pl.Expr, formats: tuple[str, ...], near: pl.Expr | None = None) -> pl.Expr:
    """Return the day a text says in the first format it fits; null where it fits none.

    A format without a year needs `near`: of the years around that day the one that brings it
    nearest counts.
    """
    found = [_in_format(cell, text) for text in formats if has_year(text)]
    found += [
        _nearest(cell, text, near) for text in formats if near is not None and not has_year(text)
    ]
    return pl.coalesce(found or [pl.lit(None, pl.Date)])


def _nearest(cell: pl.Expr, text: str, near: pl.Expr) -> pl.Expr:
    """Return a day without a year as the one nearest to `near`; of two as near the earlier."""
    years = [near.dt.year() + step for step in (-1, 0, 1)]
    days = [_in_format(cell, text, year.cast(pl.String)) for year in years]
    far = [(day - near).dt.total_days().abs() for day in days]
    least = pl.min_horizontal(far)
    return pl.coalesce(pl.when(one == least).then(day) for day, one in zip(days, far, strict=True))


def _in_format(cell: pl.Expr, text: str, in_year: pl.Expr | None = None) -> pl.Expr:
    pattern = date_pattern(text)
    found = cell.str.extract_groups(pattern).struct
    year = (
        in_year
        if in_year is not None
        else found.field("year")
        if "<year>" in pattern
        else pl.when(found.field("short").cast(pl.Int32, strict=False) >= SHORT_YEAR_FROM)
        .then(pl.lit("19") + found.field("short"))
        .otherwise(pl.lit("20") + found.field("short"))
    )
    month = (
        found.field("month").str.zfill(2)
        if "<month>" in pattern
        else found.field("word").str.to_lowercase().replace_strict(_NUMBERS, default=None)
    )
    day = (year + "-" + month + "-" + found.field("day").str.zfill(2)).str.to_date(
        "%Y-%m-%d", strict=False
    )
    return pl.when(day.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).then(day)


def clocked(cell: pl.Expr, clock: str) -> pl.Expr:
    """Return a duration in minutes, of up to six decimals; null where it is none.

    `h:m:s` 00:12:30 -> 12.5; `m:s` 90:06 -> 90.1. Only the first part may have more digits than
    two.
    """
    parts = clock.split(":")
    pattern = "^" + ":".join(
        "([0-9]{1,6})" if place == 0 else "([0-5]?[0-9])" for place in range(len(parts))
    )
    found = cell.str.extract_groups(pattern + "$").struct
    seconds = {"h": 3600, "m": 60, "s": 1}
    total = pl.sum_horizontal(
        found.field(str(place)).cast(pl.Int64) * seconds[part]
        for place, part in enumerate(parts, 1)
    )
    whole = found.field("1").is_not_null()
    minutes = total.cast(pl.Decimal(38, 12)) / pl.lit("60").cast(pl.Decimal(38, 12))
    return pl.when(whole).then(minutes.round(6, mode="half_away_from_zero"))


def serial_day(cell: pl.Expr, since_1904: bool = False) -> pl.Expr:
    """Return the day that a spreadsheet counts as the number in a cell, null where it is none.

    It is only to be told: a number says nothing of itself, and no day is guessed.
    """
    zero = dt.date(1904, 1, 1) if since_1904 else dt.date(1899, 12, 30)
    number = cell.str.extract(r"^([2-7][0-9]{4})(?:\.[0-9]+)?$").cast(pl.Int64)
    day = pl.lit(zero) + pl.duration(days=number)
    return pl.when(day.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).then(day)
