"""Whole bank files and what the gate makes of them, side by side in `tests/data/bank`.

Beside each file stands `<name>.expected`. After a wanted change they are written anew by
`REBILL_GOLDEN=write`, and the difference is read like any other.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from checkout import DATA
from golden import beside, table_text

from invoices.bank import BankReading, read

FOLDER = DATA / "bank"
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".expected")


def rendered(reading: BankReading) -> str:
    """Return what a file says as CSV tables, columns without any value left out."""
    tables = {
        "entries": reading.entries,
        "remittances": reading.remittances,
        "faults": reading.faults,
    }
    return f"# {reading.source}\n" + "\n".join(
        f"# {name}\n{table_text(frame)}" for name, frame in tables.items() if frame.height
    )


def test_there_are_golden_files_of_every_kind() -> None:
    assert {path.suffix for path in FILES} == {".ach", ".bai", ".csv"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_bank_file_gives_what_stands_beside_it(file: Path) -> None:
    reading = read(file.read_bytes())
    assert reading is not None
    found = rendered(reading)
    assert found == beside(file, found)
