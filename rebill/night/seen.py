"""What the record knows of files: which were taken in, and which lie in the inbox as they lay."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from rebill.intake.arrivals import PARTS, REPEATED, WAITING
from rebill.run.stages import Seen
from rebill.store import known_files
from rebill.store.models import Document, RunFile, SeenFile
from rebill.store.record import KEY
from rebill.workspace.inbox import Stamped

TAKEN = ("ingested", "refused", "repeated")
"""What became of a file that was read: it is known from then on."""
AGAIN = "; tried again with anything but "
"""Stands in the note of a file that could not be read, before the terms it failed under."""


def again(connection: sa.Connection, terms: str) -> frozenset[str]:
    """Return the SHA-256 of every file whose reader failed under other terms than these: it is
    worth another try."""
    failed = (
        sa.select(RunFile.sha256)
        .where(RunFile.outcome.in_(TAKEN), RunFile.sha256.is_not(None))
        .where(RunFile.note.contains(AGAIN, autoescape=True))
    )
    became = connection.execute(
        sa.select(RunFile.sha256, RunFile.note)
        .where(RunFile.outcome.in_(TAKEN), RunFile.sha256.in_(failed))
        .order_by(RunFile.id)
    )
    last = {str(sha256): note or "" for sha256, note in became}
    return frozenset(
        sha256
        for sha256, note in last.items()
        if AGAIN in note and note.rpartition(AGAIN)[2] != terms
    )


def taken(connection: sa.Connection, terms: str) -> frozenset[str]:
    """Return the SHA-256 of every file that was taken in and is not to be tried again."""
    return frozenset(known_files(connection, TAKEN)) - again(connection, terms)


def void(connection: sa.Connection) -> frozenset[str]:
    """Return the SHA-256 of the files of which something void may come in again.

    These are the files of a document that is void and in whose place nothing stands, all that had
    a part of bills in the run that took it in, the archive it lay in, and what was a repeat: of
    what is not on record.
    """
    other = aliased(Document)
    stands = sa.select(other.document_id).where(
        other.status.in_(("loaded", "held")),
        *(getattr(other, name) == getattr(Document, name) for name in KEY),
    )
    gone = connection.execute(
        sa.select(Document.run_id, Document.source_file, Document.carrier).where(
            Document.status == "void", ~stands.exists()
        )
    ).all()
    if not gone:
        return frozenset()
    files = connection.execute(
        sa.select(RunFile.run_id, RunFile.name, RunFile.sha256, RunFile.note)
        .where(RunFile.outcome.in_((*TAKEN, WAITING)), RunFile.sha256.is_not(None))
        .order_by(RunFile.id)
    ).all()
    last = {sha256: run_id for run_id, _, sha256, _ in files}
    found = {sha256 for _, _, sha256, note in files if REPEATED in (note or "")}
    by_run: dict[int, list[tuple[str, bool]]] = {}
    for run_id, name, carrier in gone:
        by_run.setdefault(run_id, []).append((name, carrier is not None))
    for run_id, name, sha256, note in files:
        parted = note in (None, "nothing") or PARTS in str(note)
        found |= {
            sha256
            for of, is_read in by_run.get(run_id, ())
            # What could not be read has no key: what came of its file since stands in its place.
            if (is_read or last[sha256] == run_id)
            and (of == name or of.startswith(f"{name}!") or parted)
        }
    return frozenset(map(str, found))


def lay(connection: sa.Connection) -> dict[str, Stamped]:
    """Return the files that lay in the inbox when it was last looked into, by name."""
    columns = (SeenFile.name, SeenFile.stamp, SeenFile.size, SeenFile.sha256)
    rows = connection.execute(sa.select(*columns))
    return {name: Stamped(stamp, size, sha256) for name, stamp, size, sha256 in rows}


def keep(connection: sa.Connection, files: Sequence[Seen]) -> None:
    """Leave the files of an inbox on record, as far as their stamps say what is in them."""
    before = lay(connection)
    now = {
        seen.name: Stamped(seen.stamp, seen.size, seen.sha256)
        for seen in files
        if seen.stamp and seen.sha256
    }
    gone = [name for name, stamped in before.items() if now.get(name) != stamped]
    new = [
        {"name": name, "stamp": one.stamp, "size": one.size, "sha256": one.sha256}
        for name, one in now.items()
        if before.get(name) != one
    ]
    if gone:
        is_one = SeenFile.name == sa.bindparam("gone")
        connection.execute(sa.delete(SeenFile).where(is_one), [{"gone": name} for name in gone])
    if new:
        connection.execute(sa.insert(SeenFile), new)
