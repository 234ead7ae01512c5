"""The tables of the record as CSV, Parquet or JSON, for the people who script the product.

Columns are promised: those a table names (`TableOut.columns`), in their order and no others. Rows
are sorted by key as text, so that the same record gives the same bytes. What is money has two
places, a rate is written as it is, nothing ever passes through a float. Large tables are written
bucket by bucket of their key, so that memory does not grow with the table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from typing import BinaryIO, Literal

import polars as pl

from invoices.schema import seal
from rebill.inquiry.tables import TABLES
from rebill.paper.text import as_text
from rebill.store.record import Record
from rebill.store.table_out import Asked, TableOut

Format = Literal["csv", "parquet", "json"]

AT_ONCE = 400_000
"""Rows that are sorted and written in one piece."""


def table_frame(
    record: Record, name: str, months: Collection[str] | None = None, as_of: dt.date | None = None
) -> pl.LazyFrame:
    """Return the rows of a table from the record: all, or those of the bill months.

    Exposure is reckoned for `as_of`, and claims have the state of that day; without it both are as
    the last night left them.
    """
    return TABLES[name].rows(Asked(record, months, as_of))


def shaped(table: TableOut, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Return the promised columns of a table, absent ones null, money with two places."""
    return frame.pipe(seal, table.columns)


def pieces(table: TableOut, frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
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


def write(table: TableOut, frame: pl.LazyFrame, form: Format, out: BinaryIO) -> int:
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
