"""What a program asks with, before anything is done with it: paths, days, months, words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from invoices.calendar import FIRST_YEAR, LAST_YEAR, is_known
from rebill.workspace.settings import ConfigError

Where: TypeAlias = str | PathLike[str]
"""A path of a file or a folder."""


def each(paths: object) -> list[Path]:
    """Return one path or several as paths; raises `ConfigError` where something is none."""
    # A file that is open gives lines, not paths.
    if isinstance(paths, list | tuple | set | frozenset | Iterator) and not hasattr(paths, "read"):
        return [path for one in paths for path in each(one)]
    if not isinstance(paths, str | PathLike):
        kind = type(paths).__name__
        raise ConfigError(f"{kind} is no path; name a file or a folder, as str or pathlib.Path")
    if not str(paths):
        raise ConfigError("an empty name is no path; name a file or a folder")
    path = Path(paths)
    try:
        path.exists()
    except (OSError, ValueError) as fault:  # too long, not allowed, a NUL in it
        raise ConfigError(f"{path}: it cannot be read: {fault}; check the path") from fault
    if "\0" in str(path):
        raise ConfigError(f"{path}: there is no such file; check the path")
    return [path]


def one(path: object) -> Path:
    """Return a path; raises `ConfigError` where it is none, or several."""
    found = each(path)
    if len(found) != 1:
        raise ConfigError(f"one path is asked for, and {len(found)} are given; name one")
    return found[0]


def day(given: object, name: str = "as_of") -> dt.date | None:
    """Return a day that the calendar knows, or none; raises `ConfigError` for anything else."""
    if given is None:
        return None
    if not isinstance(given, dt.date) or isinstance(given, dt.datetime):
        raise ConfigError(f"{name}={given!r} is no day; give a datetime.date, as date(2026, 3, 31)")
    if not is_known(given):
        years = f"the years {FIRST_YEAR} to {LAST_YEAR}"
        raise ConfigError(f"{name}={given} lies outside {years}: no other days are known")
    return given


def month(given: object) -> str:
    """Return a month as YYYY-MM; raises `ConfigError` where it is none."""
    try:
        first = dt.datetime.strptime(text(given), "%Y-%m").date()
    except ValueError:
        raise ConfigError(f"{given!r} is no month; write it as 2026-03") from None
    day(first, "bill_month")
    return first.strftime("%Y-%m")


def text(given: object) -> str:
    """Return words; raises `ConfigError` where they are none."""
    if not isinstance(given, str):
        raise ConfigError(f"{given!r} is no text; give a str")
    return given
