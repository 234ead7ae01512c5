"""The document rows of a file: their values, their ids, and how many lines each has."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from invoices.carrier import cells as c
from invoices.carrier import checks as ck
from invoices.carrier.header import Header
from invoices.carrier.reading import document_id, short_id
from invoices.carrier.usoc_lines.columns import DOCUMENT_CELLS, KEY, RECORD, document_checks
from invoices.identifiers import odd_row
from invoices.text import filled


def likely_documents(body: pl.LazyFrame) -> pl.DataFrame:
    """Return the rows that say the word `document` anywhere: few, though not all of them are."""
    return body.filter(pl.col("text").str.contains("(?i)document")).collect()


def read_documents(likely: pl.DataFrame, header: Header, origin: str) -> pl.DataFrame:
    """Return each document row: its number, its values, `key`, `status`, and what is wrong.

    `likely` has `row` and `text` of every row that may be one, in any order.

    `key` numbers the distinct keys; it is null where the row is not whole, since its cells may be
    shifted or cut, or where a part of the key is empty.
    """
    odd = bool(likely.select(odd_row(pl.col("text"), ",").any()).item())
    header = replace(header, odd=odd)
    checks = document_checks(header)
    seen = (
        header.read_cells(likely.lazy(), ("record", *DOCUMENT_CELLS, "currency"))
        .filter(RECORD == "document")
        .with_columns(fails=ck.any_fails(checks))
        .collect()
    )
    # Words are made only where something is wrong: that is dearer than to look.
    right = dict.fromkeys(("message", "remedy"), pl.lit(""))
    found = seen.select(
        "row",
        *(pl.when("whole").then(header.value(name)).alias(name) for name in DOCUMENT_CELLS),
        **ck.reasons(checks) if seen["fails"].any() else right,
    ).sort("row")
    named = pl.all_horizontal(pl.col(name).is_not_null() for name in KEY)
    readable = pl.col("message") == ""
    return found.with_row_index("document").with_columns(
        pl.col("document").cast(pl.Int64),
        key=pl.when(named).then(pl.struct(KEY).rank("dense")).cast(pl.Int32),
        status=pl.when(readable).then(pl.lit("loaded")).otherwise(pl.lit("refused")),
        document_id=pl.Series(_ids(found, origin), dtype=pl.String),
    )


def _ids(found: pl.DataFrame, origin: str) -> list[str]:
    """Return an id for each document row; a refused one leaves its key's own id to the next."""
    ids: list[str] = []
    taken: set[str] = set()
    for row, message, *key in found.select("row", "message", *KEY).iter_rows():
        if message:
            ids.append(short_id("refused", origin, str(row)))
            continue
        first = document_id(*key)
        ids.append(document_id(*key, origin, str(row)) if first in taken else first)
        taken.add(first)
    return ids


def count_lines(documents: pl.DataFrame, good: pl.DataFrame, bad: pl.DataFrame) -> pl.DataFrame:
    """Add `lines`, those that are read, and `left`, those of a document that is not loaded."""
    read = good.group_by("document").agg(lines=pl.col("length").sum())
    unread = bad.group_by("document").agg(left=pl.col("length").sum())
    refused = pl.col("status") == "refused"
    return (
        documents.join(read, on="document", how="left")
        .join(unread, on="document", how="left")
        .sort("row")
        .with_columns(pl.col("lines", "left").fill_null(0))
        .with_columns(
            lines=pl.when(refused).then(0).otherwise("lines"),
            left=pl.when(refused).then(pl.col("lines") + pl.col("left")).otherwise("left"),
        )
    )


def refused_documents(documents: pl.DataFrame) -> pl.DataFrame:
    """Return the document rows that cannot be read, saying what is not loaded with them."""
    return documents.filter(pl.col("status") == "refused").with_columns(
        message=filled(
            "the document row of {} cannot be read: {}; its {} line rows are not loaded",
            pl.concat_str([c.shown(pl.col(name)) for name in KEY], separator=" / "),
            "message",
            "left",
        )
    )
