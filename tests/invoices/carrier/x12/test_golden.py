"""Whole interchanges and what the gate makes of them, side by side in `tests/data/x12-811`.

Beside each `<name>.x12` stands `<name>.expected`. After a wanted change the files are written anew
by `REBILL_GOLDEN=write`, and the difference is read like any other.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from checkout import DATA
from gate import rendered
from golden import beside
from x12_paper import through_bytes

FOLDER = DATA / "x12-811"
FILES = sorted(FOLDER.glob("*.x12"))


def test_there_are_golden_interchanges() -> None:
    assert len(FILES) >= 3


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_interchange_gives_what_stands_beside_it(file: Path) -> None:
    found = rendered(through_bytes(file.read_bytes(), file.name))
    assert found == beside(file, found)
