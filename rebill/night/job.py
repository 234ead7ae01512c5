"""What a command asks for, and the facts its plan is made from."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa

from rebill.cash.bank_files import WAITING
from rebill.cash.bank_paper import is_bank_file
from rebill.intake import arrivals
from rebill.night.seen import again, lay, taken, void
from rebill.outbox import answers
from rebill.outbox.deliver import missing_months
from rebill.outbox.undelivered import months
from rebill.reference import current
from rebill.run.plan import Facts
from rebill.run.stages import Plan, Seen
from rebill.store import known_files, models_bank, models_decisions, transaction
from rebill.store.models import ClaimEvent, Document
from rebill.store.record import Record
from rebill.workspace import apart, inbox, text_files
from rebill.workspace.settings import ConfigError, Settings, Workspace

TAKES_AGAIN = "ingest"
"""The command that takes in what is void again: whoever names a file wants what it says."""
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
    """Return what lies in the inbox, looked at twice, and where.

    What the record knows of it is not read again.
    """
    settings = workspace.settings
    with transaction(workspace) as connection:
        before, known = lay(connection), taken(connection, apart.terms(settings.limits))
    pause = settings.inbox.settle_seconds
    arrived, skipped = inbox.look(
        workspace.inbox, pause, before, lambda path, size: _too_large(settings, path, size)
    )
    seen = []
    for file in arrived:
        if file.sha256 is None:
            seen.append(_unread(settings, file.name, file.path))
            continue
        bank = file.sha256 not in known and is_bank_file(settings, file.path)
        stamped = "" if file.stamped is None else file.stamp
        seen.append(Seen(file.name, file.size, file.sha256, bank=bank, stamp=stamped))
    seen += [Seen(file.name, left=file.reason) for file in skipped]
    return tuple(seen), {file.name: file.path for file in arrived}


def _too_large(settings: Settings, path: Path, size: int) -> bool:
    """Whether a file is above the limit for files of its kind."""
    carriers, banks = settings.inbox.max_file_bytes, settings.bank.max_file_bytes
    if size <= min(carriers, banks):
        return False
    return size > (banks if is_bank_file(settings, path) else carriers)


def _unread(settings: Settings, name: str, path: Path) -> Seen:
    """Return a file that is too large to be read: it is known by its name, size and time."""
    status = path.stat()
    size = status.st_size
    place = f"{name}\x1f{size}\x1f{status.st_mtime_ns}".encode()
    sha256 = hashlib.sha256(place).hexdigest()
    if is_bank_file(settings, path):
        return Seen(name, size, sha256, bank=True)
    fault = text_files.size_fault(size, settings.inbox.max_file_bytes)
    return Seen(name, size, sha256, fault=None if fault is None else (fault.what, fault.remedy))


def pick(
    workspace: Workspace, paths: Sequence[Path], *, told: bool = False
) -> tuple[tuple[Seen, ...], dict[str, Path]]:
    """Return the named files, and those of the named folders; a path that is not there is wrong.

    Two files of one name are told apart by their paths. `told`: a profile says what they are, so
    that none is taken for a bank's.
    """
    settings = workspace.settings
    found: dict[str, Path] = {}
    left = []
    for path in paths:
        if _is_folder(path):
            pause = settings.inbox.settle_seconds
            arrived, skipped = inbox.look(path, pause, is_too_large=lambda path, size: True)
            inside = [file.path for file in arrived]
            left += [Seen(file.name, left=file.reason) for file in skipped]
        elif path.is_file():
            inside = [path]
        else:
            raise ConfigError(f"{path}: there is no such file; check the path")
        for file in inside:
            found[file.name if file.name not in found else file.as_posix()] = file
    seen = [_picked(settings, name, path.resolve(), told) for name, path in found.items()]
    return (*seen, *left), {name: path.resolve() for name, path in found.items()}


def _is_folder(path: Path) -> bool:
    """Whether a path that was named is a folder; raises `ConfigError` where nobody can tell."""
    try:
        return path.is_dir()
    except OSError as fault:
        raise ConfigError(f"{path}: it cannot be read: {fault.strerror or fault}") from fault


def _picked(settings: Settings, name: str, path: Path, told: bool) -> Seen:
    """Return a file that was named; raises `ConfigError` where it cannot be opened."""
    try:
        if _too_large(settings, path, path.stat().st_size):
            return _unread(settings, name, path)
        return Seen(
            name,
            *text_files.digest(path),
            bank=not told and is_bank_file(settings, path),
        )
    except OSError as fault:
        raise ConfigError(f"{path}: it cannot be read: {fault.strerror or fault}") from fault


def facts(record: Record, job: Job) -> Facts:
    """Return the facts a plan is made from, read from the record and the outbox."""
    connection, terms = record.connection, apart.terms(record.workspace.settings.limits)
    waiting = connection.scalar(
        sa.select(sa.func.count())
        .select_from(Document)
        .where(Document.status == "loaded", Document.audited_load.is_(None))
    )
    undelivered = months(record) | set(missing_months(record))
    undelivered |= {answers.ANSWERS} if answers.waiting(record) else set()
    dunning = record.workspace.settings.dunning
    return Facts(
        as_of=job.as_of,
        last=record.last_night(),
        files=job.files,
        known=taken(connection, terms),
        again=again(connection, terms),
        void=void(connection) if job.command == TAKES_AGAIN else frozenset(),
        waiting=waiting or 0,
        mark_before=record.fact("night.mark"),
        mark_now=mark(record, job.as_of),
        undelivered=tuple(sorted(undelivered)),
        profile=job.profile,
        waiting_banks=frozenset(known_files(connection, (WAITING,))),
        reminds=dunning.automatic if dunning.step and job.command == "nightly" else None,
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
    known = taken(connection, apart.terms(workspace.settings.limits))
    if job.command == TAKES_AGAIN:
        known -= void(connection)
    waiting = arrivals.waiting(workspace, connection)
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
