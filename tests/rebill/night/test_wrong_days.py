"""Days that are hardly meant: asked for, and taken back; bills whose dates nobody believes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import nights
import pytest
from nights import USUAL, bill, put, small

from rebill.night import batch
from rebill.night.job import Job
from rebill.run import plan
from rebill.store.record import reading
from rebill.workspace.settings import Workspace

DONE = 0


def back(workspace: Workspace, day: str) -> batch.Outcome:
    """Run `rebill reconcile` for a day."""
    job = Job("reconcile", plan.plan, dt.date.fromisoformat(day))
    return batch.run(workspace, job, nights.QUIET, nights.now)


def told(workspace: Workspace, claim: str) -> list[tuple[str, str]]:
    """What happened to a claim, and what was noted of it."""
    with reading(workspace) as record:
        events = record.claim_events().filter(claim_no=claim)
    return [(what, note) for what, note in events.select("what", "note").iter_rows()]


@pytest.mark.parametrize("late", ["2026-03-20", "2099-03-31"], ids=["nothing new", "with a bill"])
def test_what_a_wrong_night_did_is_taken_back_by_reconcile(tmp_path: Path, late: str) -> None:
    bills = [(f"{month}.csv", bill(month, USUAL)) for month in (2, 3)]
    right, wrong = small(tmp_path / "right"), small(tmp_path / "wrong")
    for workspace in (right, wrong):
        put(workspace, bills[:1])
        nights.night(workspace, "2026-02-10")
    put(right, bills[1:])
    put(wrong, bills[1:])
    nights.night(right, "2026-03-20")
    if late == "2026-03-20":
        nights.night(wrong, late)
    before = nights.exported(right)
    nights.night(wrong, "2099-03-31")
    assert {row[0] for row in nights.by(wrong, "claims", "status")} == {"expired"}
    assert back(wrong, "2026-03-20").counts["claims open again"]
    after = nights.exported(wrong)
    assert [name for name in before if before[name] != after[name]] == ["claim_events"]
    assert nights.outbox(right).keys() == nights.outbox(wrong).keys()
    story = [row for row in told(wrong, "D-000001") if row[0] in ("expire", "take_back")]
    assert story == [
        ("expire", "expired for 2.00"),
        ("take_back", "the expiry of 2099-03-31 is taken back: ready"),
    ]
    nights.night(wrong, "2026-05-07")
    assert dict(nights.by(wrong, "claims", "claim_no", "status"))["D-000001"] == "expired"
