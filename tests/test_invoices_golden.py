"""Whole files and what the gate makes of them, side by side in `tests/data/usoc-lines`.

Beside each `<name>.csv` stands `<name>.expected`. After a wanted change the files are written anew
by `REBILL_GOLDEN=write`, and the difference is read like any other.
"""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest
from gate import Gate, through

FOLDER = Path(__file__).parent / "data" / "usoc-lines"
FILES = sorted(FOLDER.glob("*.csv"))
HIDDEN = ("source_file", "cause", "reason", "service", "usoc", "line_id", "carrier", "bill_date")


def rendered(gate: Gate) -> str:
    """Return what passed the gate as CSV tables, columns without any value left out."""
    tables = {
        "documents": gate.documents.drop("source_file"),
        "lines": gate.lines.drop("document_id", "source_file", "carrier", "ban", "bill_date"),
        "quarantine": gate.quarantine.drop("source_file"),
        "findings": gate.findings.drop(HIDDEN),
    }
    return "\n".join(f"# {name}\n{_table(frame)}" for name, frame in tables.items())


def _table(frame: pl.DataFrame) -> str:
    given = [name for name in frame.columns if frame[name].null_count() < frame.height]
    return frame.select(given).write_csv()


def test_there_are_golden_files() -> None:
    assert len(FILES) >= 3


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_gives_what_stands_beside_it(file: Path) -> None:
    expected = file.with_suffix(".expected")
    found = rendered(through(file.read_text(encoding="utf-8"), file.name))
    if os.environ.get("REBILL_GOLDEN") == "write":
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")
