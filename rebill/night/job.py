"""What a command asks for, and the facts its plan is made from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa

from rebill.cash.bank_files import WAITING, is_bank_file
from rebill.intake import arrivals
from rebill.outbox import answers
from rebill.outbox.deliver import missing_months
from rebill.reference import current
from rebill.run.plan import Facts
from rebill.run.stages import Plan, Seen
from rebill.store import known_files, models_bank, models_decisions
from rebill.store.models import ClaimEvent, Document
from rebill.store.record import Record
from rebill.workspace import inbox, text_files
from rebill.workspace.settings import ConfigError, Workspace

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


def look(workspace: Workspace) -> tuple[tuple[Seen, ...], dict[str, Path]]:
    """Return what lies in the inbox, looked at twice, and where."""
    arrived, skipped = inbox.look(workspace.inbox, workspace.settings.inbox.settle_seconds)
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
            arrived, skipped = inbox.look(path, workspace.settings.inbox.settle_seconds)
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
            *text_files.digest(path.resolve()),
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
    undelivered = {month for month in said if month} | set(missing_months(record))
    undelivered |= {answers.ANSWERS} if answers.waiting(record) else set()
    return Facts(
        as_of=job.as_of,
        last=record.last_night(),
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
    load = current.load_version(record.connection)
    return "/".join(str(part) for part in (as_of, load, *last))


def arrived(record: Record, job: Job, scratch: Path) -> Job:
    """Return the job with new archives opened, and with the files that wait for theirs."""
    if not job.files:
        return job
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
    files, paths = list(found.files), dict(found.paths)
    for seen in waiting.files:
        name = seen.name if seen.name not in paths else f"{seen.name}~{(seen.sha256 or '')[:8]}"
        files.append(replace(seen, name=name))
        paths[name] = waiting.paths[seen.name]
    return replace(job, files=tuple(files), paths=paths)
