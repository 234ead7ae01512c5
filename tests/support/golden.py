"""Whole files in `tests/data` and what is made of each, side by side."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl


def beside(file: Path, found: str) -> str:
    """Return what `<name>.expected` says; `REBILL_GOLDEN=write` writes there what was found."""
    expected = file.with_suffix(".expected")
    if os.environ.get("REBILL_GOLDEN") == "write":
        expected.write_text(found, encoding="utf-8")
    return expected.read_text(encoding="utf-8")


def table_text(frame: pl.DataFrame) -> str:
    """Return a frame as CSV, columns without any value left out."""
    given = [name for name in frame.columns if frame[name].null_count() < frame.height]
    return frame.select(given).write_csv()
