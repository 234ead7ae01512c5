"""Papers are left whole, in a folder that is there or not; what stopped in the middle is swept."""

from __future__ import annotations

import os
from pathlib import Path

import kept_world
import nights
import pytest
from nights import night, outbox, put
from reference_files import write

from rebill.disputes import lines
from rebill.outbox import made_of, shelf
from rebill.outbox.shelf import ASIDE, Shelf, names_in, remove, sweep

PAPERS = {f"D-{n:06}.csv": b"x" * n for n in range(20)}


def left(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def leave(folder: Path, papers: dict[str, bytes]) -> int:
    with Shelf(folder) as made:
        for name, content in papers.items():
            made.leave(name, content)
    return made.changed


def test_a_new_folder_stands_whole_and_later_only_what_changed_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "AT_ONCE", 30)
    folder = tmp_path / "claims" / "2026-03"
    assert leave(folder, {}) == 0 and not folder.exists()
    with Shelf(folder) as made:
        for name, content in PAPERS.items():
            made.leave(name, content)
        assert not folder.exists()
    assert made.changed == len(PAPERS) and left(folder) == PAPERS
    stood = {name: os.stat(folder / name).st_ino for name in PAPERS}
    (folder / "D-000004.csv").unlink()
    (folder / "D-000005.csv").write_text("by hand")
    assert leave(folder, PAPERS) == 2 and left(folder) == PAPERS
    same = [name for name, file in stood.items() if os.stat(folder / name).st_ino == file]
    assert set(PAPERS) - set(same) <= {"D-000004.csv", "D-000005.csv"}
    assert names_in(folder.parent) == {"2026-03"}
    assert remove(folder, ["D-000001.csv", "gone.csv"]) == 1
    assert "D-000001.csv" not in left(folder)


@pytest.mark.parametrize("there", [True, False])
def test_a_paper_that_fails_leaves_no_half_and_those_before_it_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    monkeypatch.setattr(shelf, "AT_ONCE", 1)
    folder = tmp_path / "claims" / "2026-03"
    if there:
        folder.mkdir(parents=True)
    with pytest.raises(OSError, match=r"2026-03|papers-") as raised, Shelf(folder) as made:
        made.leave("a.csv", b"a")
        made.leave("no/such.csv", b"b")
        made.leave("c.csv", b"c")
    assert left(folder) == {"a.csv": b"a"} and raised.value.filename
    assert names_in(folder.parent) == {"2026-03"}


def test_what_a_killed_night_had_begun_is_swept(tmp_path: Path) -> None:
    (tmp_path / f"{ASIDE}1").mkdir()
    (tmp_path / f"{ASIDE}1" / "a.csv").write_text("half")
    (tmp_path / ".tmp-2").write_text("half")
    (tmp_path / "kept").mkdir()
    sweep(tmp_path)
    sweep(tmp_path / "gone")
    assert names_in(tmp_path) == {"kept"}


def test_papers_are_the_same_in_however_many_portions_they_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for at_once in (200_000, 1):
        monkeypatch.setattr(made_of, "AT_ONCE", at_once)
        monkeypatch.setattr(lines, "AT_ONCE", at_once)
        workspace = nights.make(tmp_path / str(at_once))
        tables = {**kept_world.TABLES, **kept_world.LATER}
        folder = write(tmp_path / f"tables {at_once}", contracts=kept_world.CONTRACTS, **tables)
        nights.loaded(workspace, folder)
        put(workspace, [*kept_world.bills(1).items(), *kept_world.bills(2).items()])
        night(workspace, "2026-02-20")
        made.append(outbox(workspace))
    assert made[0] == made[1] and len(made[0]) > 10
