"""Whole files and what the gate makes of them, side by side in `tests/data/usoc-lines`.

Beside each `<name>.csv` stands `<name>.expected`. After a wanted change the files are written anew
by `REBILL_GOLDEN=write`, and the difference is read like any other.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from checkout import DATA
from gate import rendered, through
from golden import beside

FOLDER = DATA / "usoc-lines"
FILES = sorted(FOLDER.glob("*.csv"))


def test_there_are_golden_files() -> None:
    assert len(FILES) >= 3


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_gives_what_stands_beside_it(file: Path) -> None:
    found = rendered(through(file.read_text(encoding="utf-8"), file.name))
    assert found == beside(file, found)
