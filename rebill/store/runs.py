"""The record of runs, and what became of the files of each."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from rebill.store.models import Run, RunFile


def start_run(
    connection: sa.Connection,
    command: str,
    as_of: dt.date | None,
    version: str,
    started: str | None = None,
    load_id: int | None = None,
) -> int:
    """Record that a command began and return the run's id."""
    return int(
        connection.execute(
            sa.insert(Run)
            .values(command=command, as_of=as_of, version=version, started=started, load_id=load_id)
            .returning(Run.id)
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
    """Record how a run ended; `sums` are amounts, kept as text so that no digit is lost."""
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
