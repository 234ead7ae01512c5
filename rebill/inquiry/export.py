"""The tables of the record as CSV, Parquet or JSON, for the people who script the product.

Columns are promised: the ones named here come first and in this order, others follow. Rows are
sorted by key as text, so that the same record gives the same bytes. What is money has two places,
a rate is written as it is, nothing ever passes through a float. Large tables are written bucket by
bucket of their key, so that memory does not grow with the table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO, Literal

import polars as pl

from rebill.books.tables import TABLES as EARNING
from rebill.books.tables import earning_frame
from rebill.cash.bank_tables import TABLES as BANK
from rebill.cash.bank_tables import bank_frame
from rebill.cash.tables import TABLES as CASH
from rebill.cash.tables import cash_frame
from rebill.disputes.claims import claim_steps
from rebill.disputes.credits import credit_rows
from rebill.inquiry.tables import TABLES, Table
from rebill.paper.text import as_text
from rebill.store.decisions import decisions, waivers
from rebill.store.record import Record
from reconcile.audit.waivers import waived
from reconcile.cash.exposure import by_bill, exposure
from reconcile.claims.group import refresh
from reconcile.pulls.settle import standing_pulls

Format = Literal["csv", "parquet", "json"]

MONTH = pl.col("bill_date").dt.strftime("%Y-%m")
AT_ONCE = 400_000
"""Rows that are sorted and written in one piece."""


def table_frame(
    record: Record, name: str, months: Collection[str] | None = None, as_of: dt.date | None = None
) -> pl.LazyFrame:
    """Return the rows of a table from the record: all, or those of the bill months.

    Exposure is reckoned for `as_of`, and claims have the state of that day; without it both are as
    the last night left them.
    """
    if name == "lines":
        return record.lines(months)
    if name == "customer_lines":
        return record.customer_lines(months)
    if name == "findings":
        days = record.debits().select("document_id", "dispute_closes_on")
        held = waivers(record, as_of or record.last_as_of())
        found = waived(record.findings(months), held).with_columns(
            waived=pl.col("waived_by").is_not_null()
        )
        return found.join(days.lazy(), on="document_id", how="left")
    if name == "decisions":
        acts = decisions(record)
        if months is not None:
            month_decided = pl.col("decided_on").dt.strftime("%Y-%m")
            acts = acts.filter(month_decided.is_in(list(months)))
        return acts.lazy()
    if name == "exposure":
        return _exposure(record, months, as_of or record.last_as_of()).lazy()
    if name in {table for table, *_ in EARNING}:
        return earning_frame(record, name, months)
    if name in {table for table, *_ in CASH}:
        return cash_frame(record, name, months, as_of or record.last_as_of()).lazy()
    if name in {table for table, *_ in BANK}:
        day = "debit_on" if name == "pulls_to_come" else "settled_on"
        settled = pl.col(day).dt.strftime("%Y-%m")
        moved = bank_frame(record, name, as_of or record.last_as_of()).lazy()
        return moved if months is None else moved.filter(settled.is_in(list(months)))
    if name == "credits":
        return credit_rows(record, None if months is None else list(months)).lazy()
    if name == "bill_exposure":
        return _bill_exposure(record, months, as_of or record.last_as_of()).lazy()
    rows = {
        "claim_events": record.claim_events,
        "documents": record.documents,
        "claims": record.claims,
        "customer_invoices": record.customer_invoices,
        "debits": record.debits,
    }[name]()
    if name == "claims" and as_of is not None:
        rows = refresh(rows, as_of)
    if name == "claim_events":
        number = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("claim_no")
        months_of = record.claims().select("claim_no", "bill_month")
        rows = rows.with_columns(event=number).join(months_of, on="claim_no", how="left")
    if months is None:
        return rows.lazy()
    month = "bill_month" if "bill_month" in rows.columns else MONTH
    own = pl.col(month) if isinstance(month, str) else month
    return rows.filter(own.is_in(list(months))).lazy()


def _exposure(
    record: Record, months: Collection[str] | None, as_of: dt.date | None
) -> pl.DataFrame:
    """Return the exposure of the bills of some months, or of all."""
    debits = record.debits()
    if months is not None:
        debits = debits.filter(MONTH.is_in(list(months)))
    if debits.is_empty() or as_of is None:
        return pl.DataFrame(schema=TABLES["exposure"].columns)
    pulled = standing_pulls(record.settlements())
    return exposure(debits, claim_steps(record), as_of, pulled)


def _bill_exposure(
    record: Record, months: Collection[str] | None, as_of: dt.date | None
) -> pl.DataFrame:
    """Return where the money of each bill of some months stands on a day."""
    if as_of is None:
        return pl.DataFrame(schema=TABLES["bill_exposure"].columns)
    pulled = standing_pulls(record.settlements())
    found = by_bill(record.debits(), claim_steps(record), as_of, pulled)
    rows = found.with_columns(on=pl.lit(as_of))
    return rows if months is None else rows.filter(MONTH.is_in(list(months)))


def shaped(table: Table, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Return `frame` with the promised columns first, absent ones null, money with two places."""
    present = frame.collect_schema()
    promised = [
        (pl.col(name) if name in present else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in table.columns.items()
    ]
    return frame.select(promised)


def pieces(table: Table, frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Yield the rows of `frame` in order of its key; the first piece may be empty.

    A large table comes in buckets: all keys of one beginning sort before all of the next.
    """
    if frame.select(pl.len()).collect().item() <= AT_ONCE:
        yield frame.collect().sort(table.key, nulls_last=False)
        return
    start = pl.col(table.key[0]).cast(pl.String).str.head(2)
    starts = frame.select(start.unique().sort()).collect().to_series().to_list()
    for value in starts:
        yield frame.filter(start.eq_missing(pl.lit(value))).collect().sort(table.key)


def write(table: Table, frame: pl.LazyFrame, form: Format, out: BinaryIO) -> int:
    """Write the rows of `frame` to `out` in the given form and return how many there were."""
    rows = 0
    opened = False
    if form == "parquet":
        whole = pl.concat(list(pieces(table, shaped(table, frame))))
        whole.write_parquet(out)
        return whole.height
    for piece in pieces(table, shaped(table, frame)):
        text = as_text(piece)
        if form == "csv":
            text.write_csv(out, include_header=not opened)
        else:
            _json_rows(text, out, first=rows == 0)
        opened = True
        rows += piece.height
    if form == "json":
        out.write(b"\n]\n" if rows else b"[]\n")
    return rows


def _json_rows(frame: pl.DataFrame, out: BinaryIO, *, first: bool) -> None:
    """Write rows as JSON objects, one a line, behind an opening bracket or a comma."""
    if frame.is_empty():
        return
    body = frame.write_ndjson().rstrip("\n").replace("\n", ",\n")
    out.write(("[\n" if first else ",\n").encode())
    out.write(body.encode())


def export_to(path: Path, table: Table, frame: pl.LazyFrame, form: Format) -> int:
    """Write a table to the file `path`, which is complete or as it was before; return its rows."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as out:
            rows = write(table, frame, form, out)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return rows
