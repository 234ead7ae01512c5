"""Whether the record is what was recorded: its files, what foots in it, the chain of its runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import sqlalchemy as sa

from invoices.periods import month_of
from invoices.schema import CENTS
from rebill.store.bulk.integrity import damages
from rebill.store.chain import breaks
from rebill.store.frames import read_frame
from rebill.store.models import BulkFile, Run
from rebill.store.record import COUNTED, Record

FAULTS = pl.Schema(dict.fromkeys(("what", "where", "wrong", "remedy"), pl.String()))
RESTORE = "put database and lines/ of the last good backup back together, and run what came after"


@dataclass
class Verified:
    """What was looked at, and what is wrong with it (`FAULTS`)."""

    counts: dict[str, int] = field(default_factory=dict)
    faults: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FAULTS))


def verify(record: Record, month: str | None = None) -> Verified:
    """Return whether all that is kept, or what is kept of a bill month, is what was recorded.

    Every Parquet file is held against its SHA-256, rows and sum; documents and invoices against
    their lines, where the files are whole; the chain of runs against what it is over.
    """
    done = Verified()
    found = list(_of_files(record, month, done.counts))
    if not found:
        found += _of_documents(record, month, done.counts)
        found += _of_invoices(record, month, done.counts)
    found += _of_runs(record, done.counts)
    found += _of_database(record)
    done.faults = pl.DataFrame(found, schema=FAULTS, orient="row")
    return done


def _of_files(
    record: Record, month: str | None, counts: dict[str, int]
) -> Iterator[tuple[str, str, str, str]]:
    """Yield what is wrong with files; those that were pruned are not looked for."""
    asked = sa.select(BulkFile.__table__).where(BulkFile.pruned_by_run.is_(None))
    if month is not None:
        asked = asked.where(BulkFile.bill_month == month)
    files = read_frame(record.connection, asked.order_by(BulkFile.path))
    counts["files"] = files.height
    counts["rows"] = int(files["rows"].sum())
    counts["bytes"] = int(files["size"].sum())
    counts["files without a digest"] = files["sha256"].null_count()
    for damage in damages(record.workspace, files.to_dicts(), thorough=True):
        yield "file", damage.path, damage.what, damage.remedy


def _of_documents(
    record: Record, month: str | None, counts: dict[str, int]
) -> list[tuple[str, str, str, str]]:
    """Return the loaded and held documents that do not have the lines they had."""
    documents = record.documents().filter(pl.col("status").is_in(COUNTED))
    if month is not None:
        documents = documents.filter(month_of("bill_date") == month)
    counts["documents"] = documents.height
    months = None if month is None else [month]
    lines = pl.concat(
        [
            frame.select("document_id", "amount")
            for frame in (record.audited(months), record.waiting(months), record.held())
        ]
    )
    said = documents.select("document_id", said="line_sum", count="lines")
    return [
        ("document", name, words, RESTORE)
        for name, words in _off(said, lines, "document_id", "amount")
    ]


def _of_invoices(
    record: Record, month: str | None, counts: dict[str, int]
) -> list[tuple[str, str, str, str]]:
    """Return the invoices and credit notes that do not come to what their lines do."""
    invoices = record.customer_invoices().filter(pl.col("status").is_in(("draft", "issued")))
    if month is not None:
        invoices = invoices.filter(bill_month=month)
    counts["invoices"] = invoices.height
    lines = record.customer_lines(None if month is None else [month])
    said = invoices.select("invoice_no", said="total", count="lines")
    return [
        ("invoice", name, words, RESTORE)
        for name, words in _off(said, lines, "invoice_no", "price")
    ]


def _off(
    said: pl.DataFrame, lines: pl.LazyFrame, key: str, amount: str
) -> Iterator[tuple[str, str]]:
    """Yield what does not have the lines it says (key, said, count), and how."""
    sums = lines.group_by(key).agg(found=pl.col(amount).sum().cast(CENTS), rows=pl.len())
    both = said.join(sums.collect(), on=key, how="left").with_columns(
        pl.col("found").fill_null(0), pl.col("rows").fill_null(0)
    )
    off = both.filter(
        pl.col("said").is_not_null(),
        (pl.col("said") != pl.col("found")) | (pl.col("count") != pl.col("rows")),
    )
    for row in off.sort(key).iter_rows(named=True):
        yield (
            row[key],
            f"says {row['said']:,} on {row['count']:,} lines; its lines come to"
            f" {row['found']:,} on {row['rows']:,}",
        )


def _of_runs(record: Record, counts: dict[str, int]) -> list[tuple[str, str, str, str]]:
    """Return where the chain of runs breaks."""
    bound = sa.select(sa.func.count()).select_from(Run).where(Run.chain.is_not(None))
    counts["runs"] = record.connection.scalar(bound) or 0
    return [("runs", "the database", words, RESTORE) for words in breaks(record.connection)]


def _of_database(record: Record) -> list[tuple[str, str, str, str]]:
    """Return what SQLite finds wrong with its file; a PostgreSQL looks after its own."""
    if record.connection.dialect.name != "sqlite":
        return []
    said: list[Any] = list(record.connection.scalars(sa.text("PRAGMA quick_check")))
    return [("database", "the database", str(words), RESTORE) for words in said if words != "ok"]
