"""Dates in the formats a feed declares; a day is never guessed.

A format is written with `%Y` (four digits), `%y` (two), `%m`, `%d`, `%b` (`Jan`), `%B` (`January`),
and, for times that are read over, `%H`, `%I`, `%M`, `%S`, `%p`; everything else stands for itself.
Days and months may lack their leading zero unless digits follow directly.
"""

from __future__ import annotations

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
        if pattern.count(f"<{name}>") + (name != either) * pattern.count(f"<{either}>") != 1:
            raise ValueError(f"date format `{text}` needs one {name}")
    return pattern


def _touches(parts: list[str], place: int) -> bool:
    """Whether a token stands directly beside another token."""
    before = place >= 2 and parts[place - 1] == ""
    after = place + 2 < len(parts) and parts[place + 1] == "" and parts[place + 2] != ""
    return before or after


def to_date(cell: pl.Expr, formats: tuple[str, ...]) -> pl.Expr:
    """Return the day a text says in the first format it fits; null where it fits none."""
    return pl.coalesce(_in_format(cell, text) for text in formats)


def _in_format(cell: pl.Expr, text: str) -> pl.Expr:
    pattern = date_pattern(text)
    found = cell.str.extract_groups(pattern).struct
    year = (
        found.field("year")
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
