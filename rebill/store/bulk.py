"""The registry of bulk facts: a Parquet file counts only while a row here names it."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote, unquote

import polars as pl
import sqlalchemy as sa

from invoices.periods import month_of
from rebill.store.engine import store_token
from rebill.store.frames import insert_frame, once, read_frame
from rebill.store.models import BulkFile
from rebill.store.types import Money
from rebill.workspace import write
from rebill.workspace.settings import Workspace
from rebill.workspace.write import TEMPORARY, sync


def write_bulk(
    workspace: Workspace,
    connection: sa.Connection,
    kind: str,
    frame: pl.LazyFrame | pl.DataFrame,
    run_id: int,
    *,
    amount: str | None = None,
    month: pl.Expr | None = None,
) -> pl.DataFrame:
    """Keep the rows of `frame` as Parquet below `lines/<kind>/` and name the files in the record.

    Files are split by carrier and by bill month (`month`: an expression; by default the month of
    `bill_date`). `amount` names the column whose sum is recorded. Returns the rows of
    `bulk_files` without ids. Until the transaction is kept the files are orphans.
    """
    written = write_parts(
        workspace.lines, kind, store_token(connection), frame, amount=amount, month=month
    )
    rows = pl.DataFrame(
        [
            {
                "kind": kind,
                "carrier": file.carrier,
                "bill_month": file.bill_month,
                "path": file.path.relative_to(workspace.root).as_posix(),
                "rows": file.rows,
                "amount": _recorded(file.amount),
                "run_id": run_id,
            }
            for file in written
        ],
        schema=REGISTERED,
    )
    insert_frame(connection, BulkFile, rows)
    return rows


def _recorded(amount: Decimal | None) -> Decimal | None:
    """Return a sum, but for one that no honest bills come to: that of lines that are held."""
    return amount if amount is not None and abs(amount) < 10**12 else None


REGISTERED = pl.Schema(
    {
        "kind": pl.String(),
        "carrier": pl.String(),
        "bill_month": pl.String(),
        "path": pl.String(),
        "rows": pl.Int64(),
        "amount": pl.Decimal(18, 2),
        "run_id": pl.Int64(),
    }
)


def live_bulk(
    connection: sa.Connection,
    kind: str,
    carriers: Collection[str] | None = None,
    months: Collection[str] | None = None,
) -> pl.DataFrame:
    """Return the files of a kind that count (columns of `bulk_files`), sorted by id."""
    select = (
        sa.select(BulkFile.__table__)
        .where(BulkFile.kind == kind, BulkFile.superseded_by_run.is_(None))
        .order_by(BulkFile.id)
    )
    if carriers is not None:
        select = select.where(BulkFile.carrier.in_(carriers))
    if months is not None:
        select = select.where(BulkFile.bill_month.in_(months))
    asked = [kind, *(None if some is None else tuple(some) for some in (carriers, months))]
    return once(connection, ("live files", *asked), lambda: read_frame(connection, select))


def scan_bulk(
    workspace: Workspace,
    connection: sa.Connection,
    kind: str,
    schema: pl.Schema,
    carriers: Collection[str] | None = None,
    months: Collection[str] | None = None,
) -> pl.LazyFrame:
    """Return the rows of the files of a kind that count; empty with `schema` where none do."""
    live = live_bulk(connection, kind, carriers, months)
    return scan_files(workspace, live.get_column("path").to_list(), schema)


def scan_files(workspace: Workspace, paths: Sequence[str], schema: pl.Schema) -> pl.LazyFrame:
    """Return the rows of bulk files, named as the registry names them, with the given columns.

    A column that an older file lacks is null.
    """
    if not paths:
        return pl.LazyFrame(schema=schema)
    return pl.scan_parquet(
        [workspace.root / path for path in paths],
        hive_partitioning=False,
        glob=False,
        schema=schema,
        missing_columns="insert",
        extra_columns="ignore",
    )


def supersede(connection: sa.Connection, ids: Collection[int], run_id: int) -> None:
    """Let the files with these ids count no more; they stay on disk as history."""
    if ids:
        connection.execute(
            sa.update(BulkFile).where(BulkFile.id.in_(ids)).values(superseded_by_run=run_id)
        )


def bulk_amount(connection: sa.Connection, kind: str) -> pl.DataFrame:
    """Return rows and amount of a kind by carrier and bill month, as registered."""
    total = sa.func.sum(BulkFile.amount, type_=Money(2)).label("amount")
    rows = sa.func.sum(BulkFile.rows, type_=sa.BigInteger()).label("rows")
    return read_frame(
        connection,
        sa.select(BulkFile.carrier, BulkFile.bill_month, rows, total)
        .where(BulkFile.kind == kind, BulkFile.superseded_by_run.is_(None))
        .group_by(BulkFile.carrier, BulkFile.bill_month)
        .order_by(BulkFile.carrier, BulkFile.bill_month),
    )


def sweep_orphans(workspace: Workspace, connection: sa.Connection) -> list[Path]:
    """Remove what a killed run left below `lines/`, and return what was removed.

    Only temporary files and files of this very database (its token is in their names) that no row
    names are removed: after a change of database the old one's files stay. The caller holds the
    workspace's lock.
    """
    named = set(connection.scalars(sa.select(BulkFile.path)))
    token = store_token(connection)
    removed = []
    for path in write.walk(workspace.lines):
        ours = path.name.startswith(token[:TOKEN_LENGTH])
        known = path.relative_to(workspace.root).as_posix() in named
        if write.is_temporary(path, workspace.lines) or (ours and not known):
            path.unlink()
            removed.append(path)
    write.remove_empty_folders(workspace.lines)
    return removed


TOKEN_LENGTH = 12
_NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class BulkPart:
    """A Parquet file of bulk facts as it lies on disk."""

    path: Path
    carrier: str | None
    bill_month: str | None
    rows: int
    amount: Decimal | None


def write_parts(
    lines: Path,
    kind: str,
    token: str,
    frame: pl.LazyFrame | pl.DataFrame,
    *,
    amount: str | None = None,
    month: pl.Expr | None = None,
) -> list[BulkPart]:
    """Leave the rows of `frame` as Parquet files below `lines/<kind>/`, by carrier and month.

    The frame has `carrier` and, unless `month` says otherwise, `bill_date`. The files keep all its
    columns. Their names begin with the database's token, so that an orphan knows whose it is.
    Rows of a partition keep no order that a reader may rely on.
    """
    workplace = lines / f"{TEMPORARY}{uuid.uuid4().hex}"
    workplace.mkdir(parents=True)
    keys = {
        "_carrier": pl.col("carrier"),
        "_month": month_of("bill_date") if month is None else month,
    }
    try:
        frame.lazy().sink_parquet(
            pl.PartitionBy(workplace, key=keys, include_key=False), compression="lz4", mkdir=True
        )
        parts = [
            _settle(path, lines / kind, token, amount)
            for path in sorted(workplace.rglob("*.parquet"))
        ]
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
    return parts


def _settle(path: Path, folder: Path, token: str, amount: str | None) -> BulkPart:
    """Move a partition file to its place and say what is in it."""
    carrier, month = (
        None if value == _NULL_FOLDER else unquote(value)
        for value in (part.partition("=")[2] for part in path.parts[-3:-1])
    )
    sync(path)
    facts = pl.scan_parquet(path, hive_partitioning=False, glob=False).select(
        rows=pl.len(), amount=pl.col(amount).sum() if amount else pl.lit(None)
    )
    rows, total = facts.collect().row(0)
    target = folder / f"carrier={quote(carrier or '', safe='')}" / f"bill_month={month or ''}"
    target.mkdir(parents=True, exist_ok=True)
    place = target / f"{token[:TOKEN_LENGTH]}-{uuid.uuid4().hex}.parquet"
    path.rename(place)
    sync(target)
    return BulkPart(place, carrier, month, int(rows), total)
