"""Whether bulk files are what was written: nothing is read of one that is not.

What is read is held against the record byte for byte, once a command. A file that was written
before digests were kept is held against its rows and its sum until `rebill db upgrade` took them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from rebill.store.bulk.parts import SUMMED, contents
from rebill.store.frames import read_frame, update_rows
from rebill.store.models import BulkFile
from rebill.workspace.own_copy import stamp
from rebill.workspace.settings import Failure, Workspace
from rebill.workspace.text_files import digest


class Damaged(Failure):
    """A file of the record is not what was written; the message names it and what to do."""


@dataclass(frozen=True)
class Damage:
    """What is wrong with a bulk file."""

    path: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path} {self.what}; {self.remedy}"


def sound(workspace: Workspace, files: pl.DataFrame) -> None:
    """Raise `Damaged` where one of the files (rows of `bulk_files`) is not what was written.

    A file that was found right by this command, and was not touched since, is not looked at again.
    """
    # As they are before they are looked at: what changes meanwhile is looked at again.
    stamps = {path: _stamp(workspace.root / path) for path in files["path"]}
    known = workspace.sound
    asked = {path for path, seen in stamps.items() if seen is None or known.get(path) != seen}
    if not asked:
        return
    rows = [row for row in files.iter_rows(named=True) if row["path"] in asked]
    found = list(damages(workspace, rows, thorough=False))
    if found:
        more = f" (and {len(found) - 1} more: `rebill verify` lists them)" if found[1:] else ""
        raise Damaged(f"{found[0]}{more}")
    known.update(stamps)


def mark_sound(workspace: Workspace, files: pl.DataFrame) -> None:
    """Note that files were written as they are now."""
    for path in files["path"]:
        workspace.sound[path] = _stamp(workspace.root / path)


def _stamp(path: Path) -> str | None:
    """Return what changes when a file is written to; null where it is gone."""
    try:
        return stamp(path.stat())
    except OSError:
        return None


def damages(
    workspace: Workspace, files: list[dict[str, Any]], *, thorough: bool
) -> Iterator[Damage]:
    """Yield what is wrong with files (rows of `bulk_files`), in their order.

    Bytes are compared; `thorough`: rows and sums too, as they are where no digest is kept.
    """

    def look(row: dict[str, Any]) -> str | None:
        return _wrong(workspace.root / row["path"], row, thorough)

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for row, what in zip(files, pool.map(look, files), strict=True):
            if what is not None:
                yield Damage(row["path"], what, _remedy(row))


def _wrong(path: Path, row: dict[str, Any], thorough: bool) -> str | None:
    """Return what is wrong with a file; null = nothing."""
    try:
        if path.is_symlink():
            return "is a link, not the file that was written"
        if row["sha256"] is not None:
            size = path.stat().st_size
            if size != row["size"]:
                return f"has {size:,} bytes where {row['size']:,} were written"
            if digest(path)[1] != row["sha256"]:
                return "is not what was written: its SHA-256 is another"
            if not thorough:
                return None
        return _miscounted(path, row)
    except FileNotFoundError:
        return "is gone"
    except OSError as fault:
        return f"cannot be read ({fault.strerror or fault})"


def _miscounted(path: Path, row: dict[str, Any]) -> str | None:
    """Return how rows and sum of a file are not those of the record; null = they are."""
    try:
        rows, amount = contents(path, row["kind"])
    except (pl.exceptions.PolarsError, OSError) as fault:
        return f"is no readable Parquet file ({str(fault).splitlines()[0][:120]})"
    if rows != row["rows"]:
        return f"has {rows:,} rows where {row['rows']:,} were written"
    if row["kind"] in SUMMED and row["amount"] is not None and amount != row["amount"]:
        return f"comes to {amount:,} where {row['amount']:,} was written"
    return None


def _remedy(row: dict[str, Any]) -> str:
    """Return what to do about a file that is not what was written."""
    if row["superseded_by_run"] is not None:
        return "it counts no more: restore it, or let `rebill db prune` take it off"
    again = f" of {row['bill_month']}" if row["bill_month"] else ""
    return (
        "put that very file back from a backup; without one put database and lines/ of an older"
        f" backup back together, and run the nights again from the first whose bills{again} it"
        " lacks"
    )


def take_digests(workspace: Workspace, connection: sa.Connection) -> list[Damage]:
    """Keep size and SHA-256 of the files that were written before digests were kept.

    Only of those whose rows and sum are right; returns what is wrong with others that count.
    """
    lacking = sa.select(BulkFile.__table__).where(
        BulkFile.sha256.is_(None), BulkFile.pruned_by_run.is_(None)
    )
    files = read_frame(connection, lacking.order_by(BulkFile.id)).to_dicts()
    found = {damage.path: damage for damage in damages(workspace, files, thorough=True)}
    taken = [
        (row["id"], *digest(workspace.root / row["path"]))
        for row in files
        if row["path"] not in found
    ]
    if taken:
        frame = pl.DataFrame(taken, schema=["id", "size", "sha256"], orient="row")
        update_rows(connection, BulkFile, frame)
    counting = [row["path"] for row in files if row["superseded_by_run"] is None]
    return [found[path] for path in counting if path in found]
