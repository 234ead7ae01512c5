"""Which papers were left is known by a table: a folder that was not touched is not looked into."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import nights
import pytest
import sqlalchemy as sa
from nights import USUAL, bill, copied, night, outbox, put

from rebill.night import batch
from rebill.outbox import shelf, whole
from rebill.outbox.deliver import missing_months
from rebill.store import transaction
from rebill.store.models import PaperFolder
from rebill.store.record import Record, reading
from rebill.workspace.settings import Workspace

DAY = "2026-04-10"
FOLDERS = ["claims/2026-02", "claims/2026-03", "invoices/2026-02", "invoices/2026-03"]


def two_months(root: Path) -> None:
    workspace = nights.small(root)
    put(workspace, [(f"{month}.csv", bill(month, USUAL)) for month in (2, 3)])
    night(workspace, DAY)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return copied_whole(tmp_path / "w")


def copied_whole(root: Path) -> Workspace:
    """Return a copy of a workspace whose folders were looked at where they lie now."""
    workspace = copied(root, two_months)
    with transaction(workspace) as connection:
        whole.note_whole(Record(workspace, connection))
    return workspace


def known(workspace: Workspace) -> list[str]:
    with transaction(workspace) as connection:
        return sorted(connection.scalars(sa.select(PaperFolder.folder)))


def looked_into(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[str], list[str]]:
    """Return the bill months with a lost paper, and the folders that had to be listed."""
    listed: list[str] = []
    monkeypatch.setattr(
        whole, "names_in", lambda path: listed.append(path.name) or shelf.names_in(path)
    )
    with reading(workspace) as record:
        months = missing_months(record)
    return months, sorted(listed)


def test_a_folder_as_it_was_left_is_not_looked_into(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert known(workspace) == FOLDERS
    assert looked_into(workspace, monkeypatch) == ([], [])


@pytest.mark.parametrize("paper", ["claims/2026-03/D-000003.csv", "invoices/2026-03/"])
def test_a_lost_paper_is_made_again_and_only_its_folder_looked_into(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, paper: str
) -> None:
    before = outbox(workspace)
    (lost,) = [name for name in before if name.startswith(paper)][:1]
    (workspace.outbox / lost).unlink()
    assert looked_into(workspace, monkeypatch) == (["2026-03"], ["2026-03"])
    monkeypatch.undo()
    assert night(workspace, DAY).plan
    assert outbox(workspace) == before
    assert looked_into(workspace, monkeypatch) == ([], [])


def test_a_lost_folder_and_a_lost_outbox_are_made_again(workspace: Workspace) -> None:
    before = outbox(workspace)
    shutil.rmtree(workspace.outbox / "invoices" / "2026-02")
    night(workspace, DAY)
    assert outbox(workspace) == before
    shutil.rmtree(workspace.outbox)
    workspace.outbox.mkdir()
    night(workspace, DAY)
    assert outbox(workspace) == before and known(workspace) == FOLDERS


def test_a_paper_put_back_or_a_stranger_costs_one_look_and_no_paper(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = workspace.outbox / "claims" / "2026-03" / "D-000003.csv"
    paper.rename(paper.with_name("elsewhere"))
    paper.with_name("elsewhere").rename(paper)
    paper.with_name("notes.txt").write_text("mine")
    assert looked_into(workspace, monkeypatch) == ([], ["2026-03"])
    monkeypatch.undo()
    assert not night(workspace, DAY).plan
    assert paper.with_name("notes.txt").read_text() == "mine"


def test_a_paper_swapped_for_another_at_the_same_time_is_noticed(workspace: Workspace) -> None:
    folder = workspace.outbox / "claims" / "2026-03"
    before, dated = outbox(workspace), folder.stat()
    (folder / "D-000003.csv").unlink()
    (folder / "stranger.csv").write_text("as many as before")
    # Not even a clock that stands still hides it: the folder had been dated back.
    assert folder.stat().st_mtime_ns != dated.st_mtime_ns
    night(workspace, DAY)
    assert before.items() <= outbox(workspace).items()


def test_a_workspace_that_was_copied_is_looked_at_once(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Workspace(tmp_path / "copy", workspace.settings)
    shutil.copytree(workspace.root, copy.root)
    months, listed = looked_into(copy, monkeypatch)
    assert (months, len(listed)) == ([], len(FOLDERS))
    monkeypatch.undo()
    (copy.outbox / "digest.csv").unlink()
    night(copy, DAY)
    assert looked_into(copy, monkeypatch) == ([], [])


@pytest.mark.parametrize("kind", ["claims", "invoices"])
def test_papers_that_fail_in_the_middle_are_finished_by_the_next_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    calm = copied(tmp_path / "calm", two_months)
    workspace = nights.small(tmp_path / "w")
    put(workspace, [(f"{month}.csv", bill(month, USUAL)) for month in (2, 3)])
    put_down = shelf.Shelf._put
    left: list[str] = []

    def full(self: shelf.Shelf, path: str, content: bytes) -> None:
        if f"/{kind}/" in path and left:
            raise OSError(28, "No space left on device")
        left.append(path)
        put_down(self, path, content)

    monkeypatch.setattr(shelf.Shelf, "_put", full)
    night(workspace, DAY)
    assert outbox(workspace) != outbox(calm)
    assert not known(workspace), "what was not delivered whole is not known as such"
    monkeypatch.undo()
    assert batch.explain(workspace, nights.job(workspace, DAY))
    night(workspace, DAY)
    assert outbox(workspace) == outbox(calm) and known(workspace) == FOLDERS
    assert not batch.explain(workspace, nights.job(workspace, DAY))


def test_a_folder_that_may_not_be_dated_is_looked_into_every_night(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace.outbox / "claims" / "2026-03" / "D-000003.csv").unlink()

    utime = os.utime

    def not_mine(path: Any, **times: Any) -> None:
        if isinstance(path, Path) and workspace.outbox in path.parents:
            raise PermissionError(1, "Operation not permitted")
        utime(path, **times)

    monkeypatch.setattr(os, "utime", not_mine)
    before = outbox(workspace)
    night(workspace, DAY)
    assert len(outbox(workspace)) == len(before) + 1
    assert looked_into(workspace, monkeypatch) == ([], ["2026-03"])
