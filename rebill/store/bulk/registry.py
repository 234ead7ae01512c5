"""The registry of bulk facts: a Parquet file counts only while a row here names it."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

import polars as pl
import sqlalchemy as sa

from rebill.store.bulk.integrity import mark_sound, sound
from rebill.store.bulk.parts import Place, write_parts
from rebill.store.engine import store_token
from rebill.store.frames import insert_frame, once, read_frame
from rebill.store.models import BulkFile, Run
from rebill.store.types import Money
from rebill.workspace.settings import Workspace

REGISTERED = pl.Schema(
    {
        "kind": pl.String(),
        "carrier": pl.String(),
        "bill_month": pl.String(),
        "path": pl.String(),
        "rows": pl.Int64(),
        "amount": pl.Decimal(18, 2),
        "run_id": pl.Int64(),
        "size": pl.Int64(),
        "sha256": pl.String(),
    }
)


def write_bulk(
    workspace: Workspace,
    connection: sa.Connection,
    kind: str,
    frame: pl.LazyFrame | pl.DataFrame,
    run_id: int,
    *,
    month: pl.Expr | None = None,
) -> pl.DataFrame:
    """Keep the rows of `frame` as Parquet below `lines/<kind>/` and name the files in the record.

    Files are split by carrier and by bill month (`month`: an expression; by default the month of
    `bill_date`). Rows, the sum of the kind's money (`parts.SUMMED`), bytes and SHA-256 of each are
    recorded. Returns the rows of `bulk_files` without ids. Until the transaction is kept the files
    are orphans.
    """
    left = leave_bulk(workspace, connection, kind, frame, run_id, month=month)
    name_bulk(connection, left)
    return left


def leave_bulk(
    workspace: Workspace,
    connection: sa.Connection,
    kind: str,
    frame: pl.LazyFrame | pl.DataFrame,
    run_id: int,
    *,
    month: pl.Expr | None = None,
) -> pl.DataFrame:
    """Write rows as `write_bulk` does, and return the rows of `bulk_files` that will name them."""
    written = write_parts(_place(workspace, connection, run_id), kind, frame, month=month)
    left = pl.DataFrame(
        [
            {
                "kind": kind,
                "carrier": file.carrier,
                "bill_month": file.bill_month,
                "path": file.path.relative_to(workspace.root).as_posix(),
                "rows": file.rows,
                "amount": _recorded(file.amount),
                "run_id": run_id,
                "size": file.size,
                "sha256": file.sha256,
            }
            for file in written
        ],
        schema=REGISTERED,
    )
    mark_sound(workspace, left)
    return left


def name_bulk(connection: sa.Connection, left: pl.DataFrame) -> None:
    """Let files that were left count from now on."""
    insert_frame(connection, BulkFile, left)


def _place(workspace: Workspace, connection: sa.Connection, run_id: int) -> Place:
    """Return where the files of a run are left."""
    run_token = connection.scalar(sa.select(Run.token).where(Run.id == run_id))
    if run_token is None:
        raise ValueError(f"run {run_id} has no token: it was not begun by `start_run`")
    return Place(workspace.lines, store_token(connection), run_token)


def _recorded(amount: Decimal | None) -> Decimal | None:
    """Return a sum, but for one that no honest bills come to: that of lines that are held."""
    return amount if amount is not None and abs(amount) < 10**12 else None


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
    question, table = ("live files", *asked), BulkFile.__tablename__
    return once(connection, question, lambda: read_frame(connection, select), table)


def scan_bulk(
    workspace: Workspace,
    connection: sa.Connection,
    kind: str,
    schema: pl.Schema,
    carriers: Collection[str] | None = None,
    months: Collection[str] | None = None,
) -> pl.LazyFrame:
    """Return the rows of the files of a kind that count; empty with `schema` where none do."""
    return scan_files(workspace, live_bulk(connection, kind, carriers, months), schema)


def scan_files(workspace: Workspace, files: pl.DataFrame, schema: pl.Schema) -> pl.LazyFrame:
    """Return the rows of bulk files (rows of `bulk_files`) with the given columns.

    A column that an older file lacks is null. Raises `Damaged` where a file is not what was
    written: nothing of it is used.
    """
    if files.is_empty():
        return pl.LazyFrame(schema=schema)
    sound(workspace, files)
    return pl.scan_parquet(
        [workspace.root / path for path in files["path"]],
        hive_partitioning=False,
        glob=False,
        schema=schema,
        missing_columns="insert",
        extra_columns="ignore",
    )


def supersede(connection: sa.Connection, ids: Collection[int], run_id: int) -> None:
    """Let the files with these ids count no more; they stay on disk as history for a while."""
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
