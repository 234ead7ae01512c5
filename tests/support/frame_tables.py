"""Small frames as aligned tables, for the kernels that take and give frames."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from polars.datatypes import DataType, DataTypeClass

Type = DataType | DataTypeClass
DECIMAL = pl.Decimal(38, 6)


def few(count: int, all_of: int) -> list[Any]:
    """Return so many seeds for the suite, and the others up to `all_of` for its long form."""
    later = (pytest.param(seed, marks=pytest.mark.soak) for seed in range(count, all_of))
    return [*range(count), *later]


def frame(text: str, **types: Type) -> pl.DataFrame:
    """Read an aligned table: a dot is an empty cell, `06-01` a day of 2026, `yes` a truth.

    Whole numbers are Int64 and others decimals where `types` names no other type.
    """
    header, *rows = [line.split() for line in text.strip().splitlines()]
    cells = [[cell(value) for value in row] for row in rows]
    columns = {name: [row[n] for row in cells] for n, name in enumerate(header)}
    return pl.DataFrame(
        [
            pl.Series(name, values, dtype=types.get(name) or type_of(name, values), strict=False)
            for name, values in columns.items()
        ]
    )


def cell(text: str) -> Any:
    """Return what one cell says."""
    if text == ".":
        return None
    if text in ("yes", "no"):
        return text == "yes"
    if re.fullmatch(r"(\d{4}-)?\d\d-\d\d", text):
        return dt.date.fromisoformat(text if len(text) > 5 else f"2026-{text}")
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    return Decimal(text) if re.fullmatch(r"-?\d+\.\d+", text) else text


def type_of(name: str, values: list[Any]) -> Type:
    """Return the type of a column by its first cell that is not empty; empty ones by their name."""
    of = {dt.date: pl.Date(), bool: pl.Boolean(), int: pl.Int64(), Decimal: DECIMAL}
    dated = name.endswith(("_from", "_until", "_on", "_date"))
    first = next((value for value in values if value is not None), dt.date.min if dated else "")
    return of.get(type(first), pl.String())


def rows(told: pl.DataFrame | pl.LazyFrame, *columns: str) -> list[str]:
    """Return rows of a frame as texts that an aligned table can say."""
    shown = told.lazy().select(columns).collect()
    return [" ".join(map(shown_cell, row)) for row in shown.iter_rows()]


def shown_cell(value: Any) -> str:
    """Return a cell as a table has it."""
    if value is None:
        return "."
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.date) and value.year == 2026:
        return value.isoformat()[5:]
    return str(value)
