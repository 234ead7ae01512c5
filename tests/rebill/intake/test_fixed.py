"""A workspace's layout reads a fixed-width bill through the night; cells can be looked at."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from nights import night, small, table
from tapes import EXAMPLE, Bill, Line, records_of, written

from rebill.intake.profiles import cells
from rebill.workspace.settings import ConfigError, Workspace

BILL = Bill("305R010001", "I1", (Line("1FB", 1, 20_00), Line("TTB", 1, 5_00)))


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    workspace = small(tmp_path / "w")
    (workspace.root / "profiles").mkdir(exist_ok=True)
    (workspace.root / "profiles" / "example-fixed.toml").write_text(EXAMPLE)
    return workspace


def test_a_tape_goes_through_the_night(place: Workspace) -> None:
    content = written(records_of([BILL]))
    (place.inbox / "tape.dat").write_bytes(content)
    (place.inbox / "cut.dat").write_bytes(content[:-80])
    night(place, "2026-11-20")
    documents = table(place, "documents").sort("source_file")
    assert documents.select("source_file", "status", "total_due").rows() == [
        ("cut.dat", "refused", None),
        ("tape.dat", "loaded", "25.00"),
    ]
    lines = table(place, "lines").select("usoc", "amount", "source_row").rows()
    assert lines == [("1FB", "20.00", "2"), ("TTB", "5.00", "3")]


def test_cells_of_a_file_are_shown_and_nothing_is_stored(place: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "tape.dat"
    path.write_bytes(written(records_of([BILL])))
    found = cells(place.root, path, None)
    assert found["kind"].to_list() == ["head", "charges", "charges", "balance", "tail"]
    assert [Decimal(amount) for amount in found["amount"].drop_nulls()] == [20, 5]
    assert table(place, "documents").is_empty()


def test_a_file_that_has_no_cells_is_an_error_in_words(place: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "tape.dat"
    path.write_bytes(written(records_of([BILL]))[:-80])
    with pytest.raises(ConfigError, match="there is no tail record"):
        cells(place.root, path, None)
    path.write_text("record,carrier\n")
    with pytest.raises(ConfigError, match="tape.dat"):
        cells(place.root, path, None)
