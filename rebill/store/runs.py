"""The record of runs, and what became of the files of each."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa

from rebill import __version__
from rebill.store.chain import bind
from rebill.store.frames import has_written
from rebill.store.models import Run, RunFile
from rebill.workspace.breakdown import breakdown
from rebill.workspace.settings import NOBODY, Hand

_RUN = "whether a run was begun"
WORDS = 500
"""So many characters of why a run failed are kept."""


def start_run(
    connection: sa.Connection,
    command: str,
    as_of: dt.date | None,
    version: str = __version__,
    started: str | None = None,
    load_id: int | None = None,
    *,
    hand: Hand = NOBODY,
) -> int:
    """Record that a command began, by whose hand and where, and return the run's id."""
    connection.info[_RUN] = True
    values = {"command": command, "as_of": as_of, "version": version, "started": started}
    by = {"who": hand.who, "host": hand.host, "token": uuid.uuid4().hex}
    return int(
        connection.execute(
            sa.insert(Run).values(**values, **by, load_id=load_id).returning(Run.id)
        ).scalar_one()
    )


def finish_run(
    connection: sa.Connection,
    run_id: int,
    outcome: str,
    counts: dict[str, int] | None = None,
    sums: dict[str, Any] | None = None,
    finished: str | None = None,
) -> None:
    """Record how a run ended, and bind it to the run before.

    `sums` are amounts, kept as text so that no digit is lost.
    """
    connection.execute(
        sa.update(Run)
        .where(Run.id == run_id)
        .values(
            outcome=outcome,
            counts=counts or {},
            sums={name: str(amount) for name, amount in (sums or {}).items()},
            finished=finished,
        )
    )
    bind(connection, run_id)


def note_act(connection: sa.Connection, hand: Hand, command: str | None = None) -> None:
    """Record what a transaction changed as a run of its own, unless a run did it."""
    if not has_written(connection) or _RUN in connection.info:
        return
    when = hand.clock() if hand.clock else None
    run_id = start_run(connection, command or hand.command, None, __version__, when, hand=hand)
    finish_run(connection, run_id, "done", finished=when)


def note_failure(
    connection: sa.Connection,
    hand: Hand,
    error: BaseException,
    command: str | None = None,
    as_of: dt.date | None = None,
    *,
    started: str | None = None,
    finished: str | None = None,
) -> None:
    """Record a run that failed, with the first words of why."""
    run_id = start_run(connection, command or hand.command, as_of, started=started, hand=hand)
    finish_run(connection, run_id, "failed", {}, {"error": _why(error)[:WORDS]}, finished)


def _why(error: BaseException) -> str:
    """Return why a run failed; of a database what it said, not the statement with all it held."""
    if isinstance(error, sa.exc.DBAPIError):
        said = str(error.orig).strip()
        known = breakdown(said)
        return known[0] if known else said.partition("\n")[0]
    return str(error) or type(error).__name__


def note_file(
    connection: sa.Connection,
    run_id: int,
    name: str,
    outcome: str,
    *,
    size: int | None = None,
    sha256: str | None = None,
    note: str | None = None,
) -> None:
    """Record a file that a run found and what became of it."""
    connection.execute(
        sa.insert(RunFile).values(
            run_id=run_id, name=name, size=size, sha256=sha256, outcome=outcome, note=note
        )
    )


def known_files(connection: sa.Connection, outcomes: tuple[str, ...]) -> set[str]:
    """Return the SHA-256 of every file that some run left with one of these outcomes."""
    found = connection.scalars(
        sa.select(RunFile.sha256)
        .where(RunFile.outcome.in_(outcomes), RunFile.sha256.is_not(None))
        .distinct()
    )
    return {sha for sha in found if sha is not None}
