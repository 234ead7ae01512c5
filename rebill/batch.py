"""Carries a plan out: one transaction for the record, then the papers, under one lock.

Killed before the transaction is kept, nothing happened: the Parquet files written so far are swept
by the next run, which does the same again. Killed after, the next run delivers what is missing.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from rebill import __version__, answering, arrivals, files, outbox, reference
from rebill.acts import Decision
from rebill.again import Undone
from rebill.banking import REFUSED, WAITING, is_bank_file
from rebill.difference import Difference
from rebill.ingest import STAGED
from rebill.log import Log
from rebill.night import Night
from rebill.outbox import Delivery, deliver
from rebill.plan import Deliver, Facts, Plan, ReadBank, ReadFile, Seen
from rebill.record import Record
from rebill.settings import ConfigError, Workspace
from rebill.stages import carry_out
from rebill.store import (
    finish_run,
    known_files,
    models_bank,
    models_decisions,
    note_file,
    start_run,
    sweep_orphans,
    transaction,
)
from rebill.store.models import ClaimEvent, Document, Run

TAKEN = ("ingested", "refused", "repeated")
"""What became of a file that was read: it is known from then on."""

Planner = Callable[[Facts], Plan]


@dataclass(frozen=True)
class Job:
    """What a command asks for."""

    command: str
    planner: Planner
    as_of: dt.date | None = None
    files: tuple[Seen, ...] = ()
    paths: dict[str, Path] = field(default_factory=dict)
    profile: str | None = None


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


def look(workspace: Workspace) -> tuple[tuple[Seen, ...], dict[str, Path]]:
    """Return what lies in the inbox, looked at twice, and where."""
    arrived, skipped = files.look(workspace.inbox, workspace.settings.inbox.settle_seconds)
    seen = [
        Seen(file.name, file.size, file.sha256, bank=is_bank_file(workspace.settings, file.path))
        for file in arrived
    ]
    seen += [Seen(file.name, left=file.reason) for file in skipped]
    return tuple(seen), {file.name: file.path for file in arrived}


def pick(
    workspace: Workspace, paths: Sequence[Path], *, told: bool = False
) -> tuple[tuple[Seen, ...], dict[str, Path]]:
    """Return the named files, and those of the named folders; a path that is not there is wrong.

    Two files of one name are told apart by their paths. `told`: a profile says what they are, so
    that none is taken for a bank's.
    """
    found: dict[str, Path] = {}
    left = []
    for path in paths:
        if path.is_dir():
            arrived, skipped = files.look(path, workspace.settings.inbox.settle_seconds)
            inside = [file.path for file in arrived]
            left += [Seen(file.name, left=file.reason) for file in skipped]
        elif path.is_file():
            inside = [path]
        else:
            raise ConfigError(f"{path}: there is no such file; check the path")
        for file in inside:
            found[file.name if file.name not in found else file.as_posix()] = file
    seen = [
        Seen(
            name,
            *files.digest(path.resolve()),
            bank=not told and is_bank_file(workspace.settings, path.resolve()),
        )
        for name, path in found.items()
    ]
    return (*seen, *left), {name: path.resolve() for name, path in found.items()}


def facts(record: Record, job: Job) -> Facts:
    """Return the facts a plan is made from, read from the record and the outbox."""
    connection = record.connection
    waiting = connection.scalar(
        sa.select(sa.func.count())
        .select_from(Document)
        .where(Document.status == "loaded", Document.audited_load.is_(None))
    )
    said = (record.fact("night.undelivered") or "").split(",")
    undelivered = {month for month in said if month} | set(outbox.missing_months(record))
    undelivered |= {answering.ANSWERS} if answering.waiting(record) else set()
    return Facts(
        as_of=job.as_of,
        files=job.files,
        known=frozenset(known_files(connection, TAKEN)),
        waiting=waiting or 0,
        mark_before=record.fact("night.mark"),
        mark_now=mark(record, job.as_of),
        undelivered=tuple(sorted(undelivered)),
        profile=job.profile,
        waiting_banks=frozenset(known_files(connection, (WAITING,))),
        banked=connection.scalar(sa.select(models_bank.BankFile.id).limit(1)) is not None,
    )


def mark(record: Record, as_of: dt.date | None) -> str:
    """Return a word for everything a night depends on besides files and waiting documents."""
    last = record.connection.execute(
        sa.select(
            sa.select(sa.func.max(ClaimEvent.id)).scalar_subquery(),
            sa.select(sa.func.max(Document.run_id)).scalar_subquery(),
            sa.select(sa.func.max(models_decisions.Decision.id)).scalar_subquery(),
        )
    ).one()
    load = reference.load_version(record.connection)
    return "/".join(str(part) for part in (as_of, load, *last))


def explain(workspace: Workspace, job: Job) -> Plan:
    """Return the plan a run of the job would carry out; nothing is done."""
    with (
        transaction(workspace) as connection,
        tempfile.TemporaryDirectory(prefix="rebill-") as scratch,
    ):
        record = Record(workspace, connection)
        return job.planner(facts(record, _arrived(record, job, Path(scratch))))


def _arrived(record: Record, job: Job, scratch: Path) -> Job:
    """Return the job with new archives opened, and with the files that wait for theirs."""
    workspace, connection = record.workspace, record.connection
    waiting = arrivals.waiting(workspace, connection)
    known = known_files(connection, TAKEN)
    found = arrivals.opened(
        workspace,
        arrivals.Arrivals(job.files, job.paths),
        known,
        scratch,
        lambda path: job.profile is None and is_bank_file(workspace.settings, path),
    )
    if not job.files:
        return job
    files, paths = list(found.files), dict(found.paths)
    for seen in waiting.files:
        name = seen.name if seen.name not in paths else f"{seen.name}~{(seen.sha256 or '')[:8]}"
        files.append(replace(seen, name=name))
        paths[name] = waiting.paths[seen.name]
    return replace(job, files=tuple(files), paths=paths)


def run(
    workspace: Workspace,
    job: Job,
    log: Log,
    now: Callable[[], str],
    hook: Callable[[str], None] = lambda boundary: None,
) -> Outcome:
    """Carry out the job's plan and return what was done; `now` gives the time for the record.

    Raises what went wrong, with nothing half done: the run that failed is on record, no more. A
    trial leaves nothing but its outcome.
    """
    nights: list[Night] = []
    with files.locked(workspace):
        started = now()
        try:
            with transaction(workspace) as connection:
                record = Record(workspace, connection)
                outcome, delivery = _keep(record, job, log, hook, now, nights)
            hook("kept")
        except ConfigError:
            raise
        except Undone:
            with transaction(workspace) as connection:
                sweep_orphans(workspace, connection)
            return _told(nights[0])
        except BaseException as error:  # a panic of polars is no Exception
            _note_failure(workspace, job, started, now(), error)
            raise
        finally:
            shutil.rmtree(workspace.lines / STAGED, ignore_errors=True)
        with transaction(workspace) as connection:
            written = answering.hand_over(Record(workspace, connection))
        outcome = replace(outcome, written=written)
        if delivery is None:
            return outcome
        return _deliver(workspace, outcome, delivery, log, hook)


def _told(night: Night) -> Outcome:
    return Outcome(night.plan, night.counts, night.sums, night.became, difference=night.difference)


def _keep(
    record: Record,
    job: Job,
    log: Log,
    hook: Callable[[str], None],
    now: Callable[[], str],
    nights: list[Night],
) -> tuple[Outcome, Delivery | None]:
    """Carry out every stage that changes the record, in the open transaction.

    The run under way is put into `nights`.
    """
    connection = record.connection
    for path in sweep_orphans(record.workspace, connection):
        log.event("orphan removed", file=path.name)
    reference.sweep_copies(record.workspace, connection)
    waiting = arrivals.waiting(record.workspace, connection)
    arrivals.sweep(record.workspace, {seen.sha256 or "" for seen in waiting.files})
    job = _arrived(record, job, record.workspace.lines / STAGED / "unpacked")
    plan = job.planner(facts(record, job))
    load = reference.load_version(connection) or None
    run_id = start_run(connection, job.command, job.as_of, __version__, now(), load)
    night = Night(record, plan, job.as_of, log, run_id, job.paths, hook)
    nights.append(night)
    for stage in plan.stages:
        if not isinstance(stage, Deliver):
            with log.stage(type(stage).__name__, stage.words()):
                carry_out(night, stage)
            hook(type(stage).__name__)
    _note_files(night, job)
    answering.promise(night)
    delivery = _promise(night, job)
    finish_run(connection, run_id, "done", night.counts, night.sums, now())
    return _told(night), delivery


def _note_files(night: Night, job: Job) -> None:
    """Record every file that was found, and what became of it."""
    connection, plan = night.record.connection, night.plan
    for stage in plan.stages:
        if isinstance(stage, ReadFile):
            became = night.became.get(stage.name, "nothing")
            words = {word.split()[-1] for word in became.split(", ")}
            outcome = (
                arrivals.WAITING
                if stage.name in night.waiting
                else "repeated"
                if words == {"repeated"}
                else "refused"
                if words == {"refused"}
                else "ingested"
            )
            note_file(
                connection,
                night.run_id,
                stage.name,
                outcome,
                size=stage.size,
                sha256=stage.sha256,
                note=became,
            )
        if isinstance(stage, ReadBank):
            note_file(
                connection,
                night.run_id,
                stage.name,
                night.bank_became.get(stage.name, REFUSED),
                size=stage.size,
                sha256=stage.sha256,
                note=night.became.get(stage.name),
            )
    for seen in plan.passed_over:
        if seen.left not in ("known", arrivals.OPENED):
            night.log.warning("passed over", file=seen.name, reason=seen.left)
        outcome = seen.left if seen.left in ("known", "growing", WAITING) else "skipped"
        outcome = "ingested" if seen.left == arrivals.OPENED else outcome
        note_file(
            connection,
            night.run_id,
            seen.name,
            outcome,
            size=seen.size or None,
            sha256=seen.sha256,
            note=seen.left,
        )


def _promise(night: Night, job: Job) -> Delivery | None:
    """Keep in the record what is to be delivered, and the news of the night for its digest."""
    stages = [stage for stage in night.plan.stages if isinstance(stage, Deliver)]
    if not stages:
        return None
    record = night.record
    claims = record.claims().filter(pl.col("claim_no").is_in(night.claims))
    bills = record.customer_invoices().filter(pl.col("invoice_no").is_in(night.invoices))
    months = set(claims["bill_month"]) | set(bills["bill_month"]) | set(stages[0].months)
    record.say("night.undelivered", ",".join(sorted(months | {outbox.DIGEST})))
    if night.plan.stages != (stages[0],):
        record.say("night.mark", mark(record, job.as_of))
        # The morning's news are the night's, whatever people decide in the course of the day.
        if not any(isinstance(stage, Decision) for stage in night.plan.stages):
            record.say("night.news", json.dumps(_news(night), default=str))
        if job.as_of is not None:
            record.say("night.as_of", job.as_of.isoformat())
    return Delivery(night.claims, night.invoices, stages[0].months)


def _news(night: Night) -> dict[str, list[dict[str, Any]]]:
    """Return what came this night and the money it put at stake, as plain data."""
    read: list[ReadFile | ReadBank] = [*night.intake.reads]
    read += [one.stage for one in night.bank_reads]
    findings = night.kept.filter(
        ~pl.col("document_id").is_in(night.touched), pl.col("amount_at_stake") > 0
    )
    sums = {"count": pl.len().cast(pl.Int64), "amount": pl.col("amount_at_stake").sum()}
    unclaimed = pl.col("claim_no").is_null() & pl.col("reason").is_not_null()
    unclaimed &= ~pl.col("finding_id").is_in(night.waived)
    return {
        "came": [
            {
                "name": stage.name,
                "size": stage.size,
                "sha256": stage.sha256,
                "became": night.became.get(stage.name, ""),
            }
            for stage in read
        ]
        + [
            {"name": seen.name, "size": seen.size, "sha256": None, "became": f"left: {seen.why()}"}
            for seen in night.plan.passed_over
            if seen.left != "known"
        ],
        "stakes": findings.group_by("code").agg(**sums).sort("code").to_dicts(),
        "small": findings.filter(unclaimed)
        .group_by("code", "cause")
        .agg(**sums)
        .sort("code", "cause")
        .to_dicts(),
    }


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
            written = deliver(record, delivery, lambda words: log.warning(words))
            hook("Deliver")
    return replace(outcome, written=outcome.written + written)


def standing(workspace: Workspace) -> tuple[int, int, int]:
    """Return how many documents are held or refused, claims near their end, debits to return."""
    with transaction(workspace) as connection:
        digest = outbox.read_digest(Record(workspace, connection))
    return digest.held.height, digest.deadlines.height, digest.returns.height


@contextmanager
def reading(workspace: Workspace) -> Iterator[Record]:
    """Give the record to read from; nothing is changed."""
    with transaction(workspace) as connection:
        yield Record(workspace, connection)


def _note_failure(
    workspace: Workspace, job: Job, started: str, finished: str, error: BaseException
) -> None:
    """Record that a run failed; a database that cannot be reached keeps its silence."""
    try:
        with transaction(workspace) as connection:
            run_id = start_run(connection, job.command, job.as_of, __version__, started)
            connection.execute(
                sa.update(Run)
                .where(Run.id == run_id)
                .values(outcome="failed", finished=finished, sums={"error": str(error)[:500]})
            )
    except (sa.exc.SQLAlchemyError, ConfigError):
        return
