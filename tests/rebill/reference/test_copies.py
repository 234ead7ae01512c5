"""Copies of reference tables: used only while they are what was written, and of today's shape."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from reference_files import frame, world

from rebill import store
from rebill.reference import current, load
from rebill.workspace.settings import Workspace


@pytest.fixture
def copy(workspace: Workspace, tmp_path: Path) -> Path:
    """The copy of the services, as the first reader left it."""
    load.load(workspace, [world(tmp_path / "reference")])
    frame(workspace, "services")
    (path,) = (workspace.lines / "reference" / "services").iterdir()
    return path


def test_a_copy_with_one_bit_turned_is_never_used_and_made_again(
    workspace: Workspace, copy: Path
) -> None:
    before, right = frame(workspace, "services"), copy.read_bytes()
    for place in (len(right) // 5, len(right) // 2, len(right) - 20):
        wrong = bytearray(right)
        wrong[place] ^= 1
        copy.write_bytes(wrong)
        assert frame(workspace, "services").equals(before)
        assert copy.read_bytes() == right


@pytest.mark.parametrize("wrong", [b"", b"PAR1", b"PAR1" * 100])
def test_a_copy_that_is_cut_short_is_made_again(
    workspace: Workspace, copy: Path, wrong: bytes
) -> None:
    before = frame(workspace, "services")
    copy.write_bytes(wrong)
    assert frame(workspace, "services").equals(before)


def test_a_copy_of_another_shape_is_left_alone_and_swept_by_the_night(
    workspace: Workspace, copy: Path
) -> None:
    before = frame(workspace, "services")
    number, token, _, digest = copy.stem.split("-")
    # As a version wrote them whose services had other columns, and as the first versions did.
    others = [f"{number}-{token}-00000000-{digest}.parquet", f"{number}-{token}.parquet"]
    for name in others:
        shutil.copy(next((copy.parents[1] / "usocs").iterdir()), copy.with_name(name))
    copy.unlink()
    assert frame(workspace, "services").equals(before)
    assert sorted(path.name for path in copy.parent.iterdir()) == sorted([copy.name, *others])
    with store.transaction(workspace) as connection:
        current.sweep_copies(workspace, connection)
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_a_copy_is_looked_at_once_in_a_transaction(
    workspace: Workspace, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []

    def look(path: Path) -> bool:
        looked.append(path)
        return True

    monkeypatch.setattr(current, "_is_as_named", look)
    for times in (1, 2):
        with store.transaction(workspace) as connection:
            for _ in range(3):
                current.current_frame(workspace, connection, "services").collect()
        assert looked == [copy] * times


def test_the_last_loads_of_all_tables_are_asked_for_at_once(
    workspace: Workspace, copy: Path
) -> None:
    asked = []
    with store.transaction(workspace) as connection:
        sa.event.listen(
            connection.engine, "before_cursor_execute", lambda *told: asked.append(told[2])
        )
        current.reference_frames(workspace, connection)
        assert sum("load_tables" in question for question in asked) == 1
