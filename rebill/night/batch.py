"""Carries a plan out: one transaction for the record, then the papers, under one lock.

Killed before the transaction is kept, nothing happened: the Parquet files written so far are swept
by the next run, which does the same again. Killed after, the next run delivers what is missing.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rebill import __version__
from rebill.intake import arrivals
from rebill.night import seen
from rebill.night.job import Job, arrived, facts
from rebill.night.news import note_files, promise
from rebill.night.stages import carry_out
from rebill.outbox import answers, undelivered
from rebill.outbox.deliver import Delivery, deliver
from rebill.outbox.to_do import Desk
from rebill.receivables.reminders import write_waiting
from rebill.reference import current
from rebill.run.acts import Compare
from rebill.run.difference import Difference
from rebill.run.few_files import join_small
from rebill.run.outcomes import FileRead, LinesPriced, Outcomes, RunCompared
from rebill.run.run import Run
from rebill.run.stages import Deliver, Plan
from rebill.store import finish_run, start_run, sweep_orphans, transaction
from rebill.store.bulk.sweep import kept_since, prune, remove_pruned
from rebill.store.engine import alone, fence
from rebill.store.record import Record, failures_noted
from rebill.workspace.log import Log
from rebill.workspace.profiles import unfinished_at
from rebill.workspace.settings import Workspace
from rebill.workspace.write import STAGED

READ = ("ingest", "nightly")
"""Commands that read files by profiles."""


@dataclass(frozen=True)
class Outcome:
    """What a run did."""

    plan: Plan
    counts: dict[str, int]
    sums: dict[str, Any]
    became: dict[str, str]
    written: int = 0
    """Papers written or removed."""
    difference: Difference | None = None
    """What documents audited again changed, or would change."""
    invoices: tuple[str, ...] = ()
    """Customer invoices that are new or changed."""
    desk: Desk | None = None
    """What the readers of its papers find; none where it wrote none."""


def explain(workspace: Workspace, job: Job) -> Plan:
    """Return the plan a run of the job would carry out; nothing is done."""
    with (
        transaction(workspace) as connection,
        tempfile.TemporaryDirectory(prefix="rebill-") as scratch,
    ):
        record = Record(workspace, connection)
        return job.planner(facts(record, arrived(record, job, Path(scratch))))


def run(
    workspace: Workspace,
    job: Job,
    log: Log,
    now: Callable[[], str],
    hook: Callable[[str], None] = lambda boundary: None,
) -> Outcome:
    """Carry out the job's plan and return what was done; `now` gives the time for the record.

    Raises what went wrong, with nothing half done: the run that failed is on record, no more. A
    trial leaves nothing but its outcome. Papers that cannot be written after all is kept wait for
    the next night (`rebill.outbox.undelivered`).
    """
    workspace = replace(workspace, sound={})
    if job.command in READ:
        for draft in unfinished_at(workspace.root):
            lines = [asked.line for asked in draft.questions]
            log.warning("unfinished draft left aside", file=draft.path.name, unanswered_lines=lines)
    with alone(workspace), log.progress():
        try:
            with failures_noted(workspace, job.command, job.as_of, now):
                try:
                    with transaction(workspace) as connection:
                        record = Record(workspace, connection)
                        outcome, delivery = _keep(record, job, log, hook, now)
                    hook("kept")
                except Undone as trial:
                    with transaction(workspace) as connection:
                        sweep_orphans(workspace, connection)
                    return trial.outcome
        finally:
            shutil.rmtree(workspace.lines / STAGED, ignore_errors=True)
        try:
            outcome = _hand_over(workspace, outcome, delivery, log, hook)
        except Exception as error:
            undelivered.note(error)
        _clear_away(workspace, log, now)
        return outcome


def _hand_over(
    workspace: Workspace,
    outcome: Outcome,
    delivery: Delivery | None,
    log: Log,
    hook: Callable[[str], None],
) -> Outcome:
    """Leave what senders expect back in the outbox, and the papers that were promised."""
    with transaction(workspace) as connection:
        record = Record(workspace, connection)
        letters, lacking = write_waiting(record)
        written = answers.hand_over(record) + len(letters)
    for number, why in lacking.items():
        log.warning("reminder lacking", number=number, reason=why)
    outcome = replace(outcome, written=written)
    return outcome if delivery is None else _deliver(workspace, outcome, delivery, log, hook)


def _clear_away(workspace: Workspace, log: Log, now: Callable[[], str]) -> None:
    """Take pruned files off the disk; nothing depends on it, and the next night tries again."""
    try:
        with transaction(workspace) as connection:
            remove_pruned(workspace, connection, _grace(workspace, now))
    except Exception as error:
        log.warning("files that count no more are still there", reason=str(error))


class Undone(Exception):
    """The run was a trial: nothing of it is kept but what it would have done."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def _told(run: Run, so_far: Outcomes) -> Outcome:
    """Return what the stages of a run did so far."""
    compared = so_far.last(RunCompared)
    difference = None if compared is None else compared.difference
    invoices = tuple(number for one in so_far.every(LinesPriced) for number in one.invoices)
    became = so_far.became
    return Outcome(run.plan, run.counts, run.sums, became, difference=difference, invoices=invoices)


def _keep(
    record: Record,
    job: Job,
    log: Log,
    hook: Callable[[str], None],
    now: Callable[[], str],
) -> tuple[Outcome, Delivery | None]:
    """Carry out every stage that changes the record, in the open transaction.

    Raises Undone where nothing of it is to be kept.
    """
    connection = record.connection
    fence(connection)
    for path in sweep_orphans(record.workspace, connection):
        log.event("orphan removed", file=path.name)
    current.sweep_copies(record.workspace, connection)
    waiting = arrivals.waiting(record.workspace, connection)
    arrivals.sweep(record.workspace, {file.sha256 or "" for file in waiting.files})
    if job.command == "nightly":
        seen.keep(connection, job.files)
    job = arrived(record, job, record.workspace.lines / STAGED / "unpacked")
    plan = job.planner(facts(record, job))
    load = current.load_version(connection) or None
    hand = record.workspace.hand
    run_id = start_run(connection, job.command, job.as_of, __version__, now(), load, hand=hand)
    under_way = Run(record, plan, job.as_of, log, run_id, job.paths)
    so_far = Outcomes()
    log.expect(type(stage).__name__ for stage in plan.stages)
    for stage in plan.stages:
        if not isinstance(stage, Deliver):
            with log.stage(type(stage).__name__, stage.words()):
                so_far = carry_out(under_way, stage, so_far)
            if isinstance(stage, Compare) and not stage.keep:
                raise Undone(_told(under_way, so_far))
            hook(type(stage).__name__)
    note_files(under_way, so_far)
    answers.promise(record, [one for read in so_far.every(FileRead) for one in read.answers])
    delivery = promise(under_way, so_far)
    if plan.stages:
        join_small(under_way)
    prune(connection, run_id, _grace(record.workspace, now))
    finish_run(connection, run_id, "done", under_way.counts, under_way.sums, now())
    return _told(under_way, so_far), delivery


def _grace(workspace: Workspace, now: Callable[[], str]) -> dt.datetime:
    """Return the time since when what counts no more is kept."""
    return kept_since(now(), workspace.settings.storage.keep_days)


def _deliver(
    workspace: Workspace,
    outcome: Outcome,
    delivery: Delivery,
    log: Log,
    hook: Callable[[str], None],
) -> Outcome:
    """Write the papers that were promised."""
    with transaction(workspace) as connection:
        record = Record(workspace, connection)
        with log.stage("Deliver", "write packets, invoices and the digest to the outbox"):
            written, desk = deliver(record, delivery, lambda words: log.warning(words))
            hook("Deliver")
    return replace(outcome, written=outcome.written + written, desk=desk)
