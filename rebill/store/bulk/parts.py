"""Parquet files of bulk facts as they come to lie on disk: by carrier and bill month, whole."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote, unquote

import polars as pl

from invoices.periods import month_of
from rebill.workspace.text_files import digest
from rebill.workspace.write import sync

TOKEN_LENGTH = 12
_NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"

SUMMED = {
    **dict.fromkeys(("lines", "held_lines", "void_lines", "audited", "commissions"), "amount"),
    **dict.fromkeys(
        ("findings", "month_findings", "bill_findings", "credit_findings"), "amount_at_stake"
    ),
    **dict.fromkeys(("customer_lines", "made_lines", "issued_lines"), "price"),
    "credit_parts": "given",
}
"""The column of a kind of bulk facts whose sum is kept beside its rows; other kinds have none."""


@dataclass(frozen=True)
class Place:
    """Where a run leaves its files: in whose name, and where they are while they are not whole."""

    lines: Path
    token: str
    """The word of the database, which tells its files from those of any other."""
    run_token: str
    """The word of the run, by which what it leaves when it is killed is known."""

    @property
    def workplace(self) -> Path:
        """Where the run works: there as long as it is not known whether it is kept."""
        return self.lines / WORKPLACES / self.run_token

    @property
    def prefix(self) -> str:
        """How the names of the run's files begin."""
        return f"{self.token[:TOKEN_LENGTH]}-{self.run_token[:TOKEN_LENGTH]}"


WORKPLACES = ".runs"


@dataclass(frozen=True)
class BulkPart:
    """A Parquet file of bulk facts as it lies on disk."""

    path: Path
    carrier: str | None
    bill_month: str | None
    rows: int
    amount: Decimal | None
    size: int
    sha256: str


def write_parts(
    place: Place,
    kind: str,
    frame: pl.LazyFrame | pl.DataFrame,
    *,
    month: pl.Expr | None = None,
) -> list[BulkPart]:
    """Leave the rows of `frame` as Parquet files below `lines/<kind>/`, by carrier and month.

    The frame has `carrier` and, unless `month` says otherwise, `bill_date`. The files keep all its
    columns. Rows of a partition keep no order that a reader may rely on.
    """
    folder = place.workplace / uuid.uuid4().hex
    folder.mkdir(parents=True)
    keys = {
        "_carrier": pl.col("carrier"),
        "_month": month_of("bill_date") if month is None else month,
    }
    try:
        frame.lazy().sink_parquet(
            pl.PartitionBy(folder, key=keys, include_key=False), compression="lz4", mkdir=True
        )
        return [_settle(path, place, kind) for path in sorted(folder.rglob("*.parquet"))]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settle(path: Path, place: Place, kind: str) -> BulkPart:
    """Move a partition file to its place and say what is in it."""
    carrier, month = (
        None if value == _NULL_FOLDER else unquote(value)
        for value in (part.partition("=")[2] for part in path.parts[-3:-1])
    )
    sync(path)
    rows, total = contents(path, kind)
    size, sha256 = digest(path)
    target = place.lines / kind / f"carrier={quote(carrier or '', safe='')}"
    target /= f"bill_month={month or ''}"
    target.mkdir(parents=True, exist_ok=True)
    final = target / f"{place.prefix}-{uuid.uuid4().hex}.parquet"
    path.rename(final)
    sync(target)
    return BulkPart(final, carrier, month, rows, total, size, sha256)


def contents(path: Path, kind: str) -> tuple[int, Decimal | None]:
    """Return how many rows a file has, and what its kind's column of money comes to."""
    summed = SUMMED.get(kind)
    facts = pl.scan_parquet(path, hive_partitioning=False, glob=False).select(
        rows=pl.len(), amount=pl.col(summed).sum() if summed else pl.lit(None)
    )
    rows, total = facts.collect().row(0)
    return int(rows), total


def end_run(lines: Path) -> None:
    """Let what the run under way wrote be no killed run's: its transaction is kept."""
    shutil.rmtree(lines / WORKPLACES, ignore_errors=True)
