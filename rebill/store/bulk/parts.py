"""Parquet files of bulk facts as they come to lie on disk: by carrier and bill month, whole."""

from __future__ import annotations

import datetime as dt
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote

import polars as pl

from invoices.distinct import begins_run
from rebill.workspace.text_files import digest
from rebill.workspace.write import sync

TOKEN_LENGTH = 12
_KEYS = {"carrier": "_carrier", "month": "_month"}
_MOST_SLICES = 1_000
_NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"

PACKED: Literal["zstd"] = "zstd"
"""What is kept is packed so, at its quickest: half the size of lz4 for hardly more work."""
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
    columns. Rows of a partition keep no order that a reader may rely on. A frame at hand is split
    and written as it is; a query is streamed, which takes twice the work.
    """
    folder = place.workplace / uuid.uuid4().hex
    folder.mkdir(parents=True)
    day = pl.col("bill_date").dt.truncate("1mo") if month is None else month
    try:
        if isinstance(frame, pl.DataFrame):
            written = _write_held(folder, frame, day)
        else:
            written = _stream(folder, frame, day)
        return [_settle(file, place, kind) for file in written]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Written(NamedTuple):
    """A file that is whole, and of whom and when its rows are."""

    path: Path
    carrier: str | None
    bill_month: str | None


def _write_held(folder: Path, frame: pl.DataFrame, month: pl.Expr) -> list[_Written]:
    """Write the rows of a frame, a file for each carrier and month."""
    if frame.is_empty():
        return []
    written = []
    for number, ((carrier, first), part) in enumerate(_parted(frame, month)):
        path = folder / f"{number}.parquet"
        part.write_parquet(path, compression=PACKED, compression_level=1, statistics=False)
        written.append(_Written(path, carrier, _named(first)))
    return written


def _parted(
    frame: pl.DataFrame, month: pl.Expr
) -> Iterator[tuple[tuple[str | None, dt.date | str | None], pl.DataFrame]]:
    """Yield the rows of each carrier and month, in the order in which they first come.

    Rows mostly come month by month, file by file: then a part is made of slices, which are free.
    """
    keys = frame.select(carrier="carrier", month=month)
    runs = (
        keys.with_row_index("start")
        .filter(begins_run(keys))
        .with_columns(end=pl.col("start").shift(-1, fill_value=frame.height))
    )
    if runs.height > _MOST_SLICES:
        parts = frame.hstack(keys.rename(_KEYS)).partition_by(
            list(_KEYS.values()), include_key=False, as_dict=True, maintain_order=True
        )
        yield from (((key[0], key[1]), part) for key, part in parts.items())
        return
    for key, some in runs.group_by("carrier", "month", maintain_order=True):
        slices = [frame[start:end] for start, end in some.select("start", "end").iter_rows()]
        yield (key[0], key[1]), pl.concat(slices, rechunk=False)


def _stream(folder: Path, frame: pl.LazyFrame, month: pl.Expr) -> list[_Written]:
    """Write the rows of a query, a file for each carrier and month."""
    keys = {"_carrier": pl.col("carrier"), "_month": month}
    frame.sink_parquet(
        pl.PartitionBy(folder, key=keys, include_key=False),
        compression=PACKED,
        compression_level=1,
        statistics=False,
        mkdir=True,
    )
    written = []
    for path in sorted(folder.rglob("*.parquet")):
        values = (part.partition("=")[2] for part in path.parts[-3:-1])
        carrier, first = (None if each == _NULL_FOLDER else unquote(each) for each in values)
        written.append(_Written(path, carrier, _named(first)))
    return written


def _named(month: dt.date | str | None) -> str | None:
    """Return a month, its first day or its name, as YYYY-MM."""
    return None if month is None else str(month)[:7]


def _settle(file: _Written, place: Place, kind: str) -> BulkPart:
    """Move a file to its place and say what is in it."""
    path, carrier, month = file
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
