"""What goes from `lines/`: what a killed run left at once, what counts no more after a while.

A run works in a folder of its own until it is known to be kept, and its word is in the names of its
files: so what it leaves when it is killed is told from the files of a newer or older database that
may be put beside them some day. Those, like files that were superseded, stay for a time of grace.
"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import sqlalchemy as sa

from rebill.store.bulk.parts import TOKEN_LENGTH, WORKPLACES
from rebill.store.engine import store_token
from rebill.store.models import BulkFile, Run
from rebill.workspace import write
from rebill.workspace.settings import Workspace

A_DAY = 86_400
"""Seconds after which no reader is still writing a copy of a reference table."""


def sweep_orphans(workspace: Workspace, connection: sa.Connection) -> list[Path]:
    """Remove what killed runs left below `lines/`, and return what was removed.

    The caller holds the workspace alone, so that no run is under way whose folder is there.
    """
    workplaces = workspace.lines / WORKPLACES
    killed = [place for place in _folders(workplaces) if not _is_kept(connection, place.name)]
    ours = tuple(
        f"{store_token(connection)[:TOKEN_LENGTH]}-{place.name[:TOKEN_LENGTH]}-" for place in killed
    )
    removed = []
    for path in write.walk(workspace.lines):
        unfinished = write.is_temporary(path, workspace.lines) and _is_old(workspace, path)
        if workplaces in path.parents or unfinished or (ours and path.name.startswith(ours)):
            path.unlink()
            removed.append(path)
    shutil.rmtree(workplaces, ignore_errors=True)
    write.remove_empty_folders(workspace.lines)
    return removed


def _folders(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []


def _is_kept(connection: sa.Connection, run_token: str) -> bool:
    """Whether the run of the word is on record."""
    return connection.scalar(sa.select(Run.id).where(Run.token == run_token)) is not None


def _is_old(workspace: Workspace, path: Path) -> bool:
    """Whether a file was last written to more than a day before the workspace was taken alone."""
    return path.stat().st_mtime < workspace.lock.stat().st_mtime - A_DAY


def kept_since(now: str, days: int) -> dt.datetime:
    """Return the time since when what counts no more stays, so many days before `now` (ISO)."""
    return dt.datetime.fromisoformat(now) - dt.timedelta(days=days)


def prune(connection: sa.Connection, run_id: int, before: dt.datetime) -> int:
    """Mark the files that were superseded before a time as pruned; return how many they are.

    `remove_pruned` takes them off the disk once the transaction is kept.
    """
    since = sa.select(Run.id).where(Run.finished < before.isoformat(timespec="seconds"))
    marked = connection.execute(
        sa.update(BulkFile)
        .where(BulkFile.superseded_by_run.in_(since), BulkFile.pruned_by_run.is_(None))
        .values(pruned_by_run=run_id)
    )
    return int(marked.rowcount)


def remove_pruned(
    workspace: Workspace, connection: sa.Connection, before: dt.datetime
) -> list[Path]:
    """Take pruned files off the disk, and return what was removed.

    So too files of this database that no row of it names, where they were written before the time:
    those of a newer state of it, which may have been put aside.
    """
    named = dict(
        (path, run)
        for path, run in connection.execute(sa.select(BulkFile.path, BulkFile.pruned_by_run))
    )
    token = store_token(connection)[:TOKEN_LENGTH]
    removed = []
    for path in write.walk(workspace.lines):
        name = path.relative_to(workspace.root).as_posix()
        unknown = name not in named and path.name.startswith(f"{token}-")
        if (name in named and named[name] is not None) or (
            unknown and path.stat().st_mtime < before.timestamp()
        ):
            path.unlink()
            removed.append(path)
    write.remove_empty_folders(workspace.lines)
    return removed
