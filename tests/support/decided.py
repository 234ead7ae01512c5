"""What a person decides, carried out as the commands do."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import nights
import polars as pl

from rebill.night import batch
from rebill.night.job import Job, pick
from rebill.run import plan
from rebill.run.acts import Act, Compare
from rebill.workspace.settings import Workspace

MARCH = "2026-03-31"


def after_march(root: Path) -> None:
    """Make a workspace with a night of March."""
    workspace = nights.small(root)
    nights.put(workspace, [("march.csv", nights.bill(3, nights.USUAL))])
    nights.night(workspace, MARCH)


def act(day: str = MARCH, who: str = "ana", reason: str = "she said so") -> Act:
    return Act(who, dt.date.fromisoformat(day), reason)


def decide(
    workspace: Workspace,
    *acts: object,
    day: str = MARCH,
    lines: bool = True,
    compare: Compare | None = None,
    file: Path | None = None,
) -> batch.Outcome:
    seen, where = pick(workspace, [file] if file else [])
    planner = plan.plan_decision(acts, lines=lines, compare=compare)  # type: ignore[arg-type]
    job = Job("decide", planner, dt.date.fromisoformat(day), seen, where)
    return batch.run(workspace, job, nights.QUIET, nights.now)


def rows(workspace: Workspace, name: str, **where: str) -> list[dict[str, str]]:
    frame = nights.table(workspace, name)
    return frame.filter(*(pl.col(key) == value for key, value in where.items())).to_dicts()


def only(workspace: Workspace, name: str) -> dict[str, str]:
    (row,) = nights.table(workspace, name).to_dicts()
    return row


def finding(workspace: Workspace, code: str) -> dict[str, str]:
    (row,) = rows(workspace, "findings", code=code)
    return row
