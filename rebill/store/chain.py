"""Runs form a chain: each is bound to the one before by a digest over both.

The digest of a run covers its row, the files it wrote and took off, and the decisions made in it.
So a run that is changed, taken out or put in later breaks the chain from there on; the last word of
it stands among the facts, so that the last run cannot be taken off unseen. Runs before revision
0014 stand before the chain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from rebill.store.models import BulkFile, Fact, Run
from rebill.store.models_decisions import Decision

HEAD = "runs.chain"
"""The fact that holds the last word of the chain."""
BEGINNING = "the first run"


def bind(connection: sa.Connection, run_id: int) -> None:
    """Give a run that has ended its place at the end of the chain."""
    before = _head(connection)
    word = _word(before or BEGINNING, next(_told(connection, run_id)))
    connection.execute(sa.update(Run).where(Run.id == run_id).values(chain=word))
    if before is None:
        connection.execute(sa.insert(Fact).values(name=HEAD, value=word))
    else:
        connection.execute(sa.update(Fact).where(Fact.name == HEAD).values(value=word))


def breaks(connection: sa.Connection) -> list[str]:
    """Return where the chain of runs does not hold, in words; empty where it does."""
    before, found = BEGINNING, []
    for run_id, chain, told in _bound(connection):
        if chain != _word(before, told):
            found.append(f"run {run_id} is not what was recorded, or a run before it is missing")
        before = chain
    head = _head(connection)
    if head is not None and head != before:
        found.append("the last runs are missing: the chain ends before its last word")
    return found


def _head(connection: sa.Connection) -> str | None:
    return connection.scalar(sa.select(Fact.value).where(Fact.name == HEAD))


def _word(before: str, told: str) -> str:
    return hashlib.sha256(f"{before}\n{told}".encode()).hexdigest()


def _bound(connection: sa.Connection) -> Iterator[tuple[int, str, str]]:
    """Yield the runs of the chain in order: id, word, and what the word is over."""
    ids = connection.execute(
        sa.select(Run.id, Run.chain).where(Run.chain.is_not(None)).order_by(Run.id)
    ).all()
    told = _told(connection, None)
    for run_id, chain in ids:
        yield run_id, chain or "", next(told)


def _told(connection: sa.Connection, run_id: int | None) -> Iterator[str]:
    """Yield what the word of each run is over, in order of runs; of one, or of all bound ones."""
    table = Run.__table__
    asked = Run.chain.is_not(None) if run_id is None else Run.id == run_id
    columns = [table.c[name] for name in _OF_RUNS]
    runs = connection.execute(sa.select(*columns).where(asked).order_by(Run.id)).mappings().all()
    own = sa.literal(True) if run_id is None else BulkFile.run_id == run_id
    gone = sa.literal(True) if run_id is None else BulkFile.superseded_by_run == run_id
    made = sa.literal(True) if run_id is None else Decision.run_id == run_id
    written = _by_run(connection, BulkFile.run_id, own, _OF_FILES)
    taken = _by_run(connection, BulkFile.superseded_by_run, gone, (BulkFile.path,))
    decided = _by_run(connection, Decision.run_id, made, _OF_DECISIONS)
    for run in runs:
        parts = [written.get(run["id"], []), taken.get(run["id"], []), decided.get(run["id"], [])]
        yield json.dumps([dict(run), *parts], default=str, sort_keys=True)


_OF_RUNS = (
    *("id", "command", "as_of", "version", "load_id", "started", "finished", "outcome"),
    *("counts", "sums", "who", "host", "token"),
)
_OF_FILES = (BulkFile.path, BulkFile.rows, BulkFile.amount, BulkFile.size, BulkFile.sha256)
_OF_DECISIONS = (
    *(Decision.id, Decision.decided_on, Decision.who, Decision.act, Decision.subject),
    *(Decision.other, Decision.reason, Decision.amount, Decision.ends),
)


def _by_run(
    connection: sa.Connection, run: Any, asked: Any, columns: tuple[Any, ...]
) -> dict[int, list[list[Any]]]:
    """Return the values of columns for each run they belong to, in no database's order."""
    found: dict[int, list[list[Any]]] = {}
    for run_id, *values in connection.execute(
        sa.select(run, *columns).where(asked, run.is_not(None))
    ):
        found.setdefault(run_id, []).append([None if v is None else str(v) for v in values])
    for rows in found.values():
        rows.sort(key=json.dumps)
    return found
