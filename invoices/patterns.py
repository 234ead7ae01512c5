"""Patterns that others write: their time is linear in the text, whatever they say.

Regular expressions run on the engine of polars, which knows no look-around and no reference back
and so never tries a text over and over.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import polars as pl


def readable(pattern: str) -> str:
    """Return a pattern that can be used; raises `ValueError` where it cannot."""
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError as fault:
        said = re.search(r"\nerror: (.+)", str(fault))
        why = f": {said[1]}" if said else ""
        raise ValueError(f"`{pattern}` is no regular expression that is read{why}") from fault
    return pattern


def found_in(text: str, pattern: str) -> bool:
    """Whether a pattern is found in a text."""
    return bool(pl.Series([text]).str.contains(pattern).item())


def fits(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern in which `*` alone stands for any text; many do not hang."""
    if "*" not in pattern:
        return text == pattern
    return fnmatchcase(text, pattern.replace("[", "[[]").replace("?", "[?]"))


def groups(pattern: str) -> int:
    """Return how many groups a pattern has."""
    return len(pl.Series([""]).str.extract_groups(pattern).struct.fields)


def group_in(text: str, pattern: str) -> str | None:
    """Return what the first group of a pattern is in a text, null where it is not found."""
    found = pl.Series([text]).str.extract(pattern, 1).item()
    return None if found is None else str(found)
