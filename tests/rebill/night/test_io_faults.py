"""A disk that fails at any one place: nothing is lost, and the next night leaves the same."""

from __future__ import annotations

from collections.abc import Iterator

import io_faults
import nights
import pytest
from io_faults import Disk, Spot, standing_before
from nights import bill, copied, night, put

from rebill.workspace import apart
from rebill.workspace.settings import Workspace

DAY = "2026-04-10"
WRITING = {"fsync", "replace", "rename", "open", "write", "sink"}
"""Calls by which content comes to a disk; folders made and removed are failed in the long form."""
RECORDED = ("documents", "findings", "claims", "customer_lines", "customer_invoices", "debits")
"""Tables of which everything else that goes out is made."""


def march_has_come(root) -> None:
    """A first night is done, and one bill and a file that is none have come in since."""
    workspace = nights.small(root)
    put(workspace, [("february.csv", bill(2, nights.USUAL))])
    night(workspace, "2026-02-10")
    put(workspace, [("march.csv", bill(3, nights.USUAL)), ("bad.csv", "x\n")])


def left_by(workspace: Workspace) -> tuple[object, ...]:
    files = sorted(path.parent.name for path in workspace.lines.rglob("*.parquet"))
    return nights.exported(workspace, *RECORDED), nights.outbox(workspace), files


@pytest.fixture(scope="module", autouse=True)
def one_process() -> Iterator[None]:
    """What a child does for a file is done here, where its disk can fail."""
    with pytest.MonkeyPatch.context() as here:
        here.setattr(apart, "done_apart", lambda budget, work, *given: work(*given))
        yield


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, list[Spot]]:
    """What a night leaves when nothing fails, and every place where it changes a file."""
    workspace = copied(tmp_path_factory.mktemp("calm") / "w", march_has_come)
    disk = Disk()
    with standing_before(disk):
        night(workspace, DAY)
    return left_by(workspace), disk.spots()


def fail_at(spot: Spot, root) -> Workspace:
    """Return a workspace after a night whose disk failed at a place, and the one after it."""
    workspace = copied(root, march_has_come)
    disk = Disk(spot)
    try:
        with standing_before(disk):
            night(workspace, DAY)
    except OSError:
        pass
    assert disk.failed, f"{spot} was not come by"
    night(workspace, DAY)
    return workspace


def test_a_night_whose_disk_fails_once_at_any_place_is_finished_by_the_next(calm, tmp_path):
    expected, spots = calm
    # One of each call, at the place it is come by last: all places, the first time and the last,
    # take long.
    writing = [spot for spot in spots if spot[0] in WRITING]
    once = {call: (call, place, n) for call, place, n in writing}.values()
    assert {call for call, *_ in once} == WRITING
    for number, spot in enumerate(once):
        assert left_by(fail_at(spot, tmp_path / str(number))) == expected, spot


@pytest.mark.soak
def test_it_is_so_too_at_the_first_and_the_last_time_of_each_place(calm, tmp_path):
    expected, spots = calm
    for number, spot in enumerate(spots):
        assert left_by(fail_at(spot, tmp_path / str(number))) == expected, spot


def test_the_disk_that_fails_is_noticed_by_what_it_fails(tmp_path):
    spot = ("write", "workspace/write.py:0", 1)
    with standing_before(Disk(spot)):
        (tmp_path / "x").write_text("written")
    assert (tmp_path / "x").read_text() == "written", "a place outside of the product is left alone"
    assert io_faults.ERRORS["write"]
