"""Which line belongs to which document, decided on row numbers alone.

Rows are narrow here (a row number and the number of a key), so that a file of ten million lines
takes some hundred megabytes; what comes out is smaller still: stretches of consecutive rows that
belong to one document.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

NO_KEY = -1
"""The key of a row that names no document: it belongs to the document row above it."""


def stretches(rows: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """Return the stretches of rows that belong to one document each.

    `rows` has `row` (ascending), `key` (`NO_KEY`, or null where no document has the key named) and
    `plain`, which is the same in all rows of a stretch;
    `documents` has `document` (a number), `row` (of the document row, ascending) and `key` (null
    where it cannot be read). The answer has `first` and `last` row, `length`, `plain`, `document`
    and `before`, how many lines of the document stand above; `document` is null where none fits.

    A key leads to the nearest document row of that key above the line, else to the first below it.
    A key that no document has belongs to the document row above only where that one's own key
    cannot be read.
    """
    key, starts = pl.col("key"), _starts(rows)
    keyed = documents.filter(pl.col("key").is_not_null()).select("document", "key", first="row")
    above = documents.select(above="document", broken=pl.col("key").is_null(), first="row")
    return (
        starts.join_asof(above, on="first", check_sortedness=False)
        .pipe(_nearest, keyed, "backward", "named_above")
        .pipe(_nearest, keyed, "forward", "named_below")
        .with_columns(
            document=pl.when(key == NO_KEY)
            .then(pl.col("above"))
            .when(key.is_null())
            .then(pl.when(pl.col("broken")).then(pl.col("above")))
            .otherwise(pl.coalesce("named_above", "named_below"))
        )
        .sort("first")
        .with_columns(
            before=pl.col("length").cum_sum().over("document") - pl.col("length"),
        )
        .select("first", "last", "length", "document", "before", "plain")
    )


def _starts(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the stretches of consecutive rows of one key, equally plain: `first` to `last`."""
    key, row, plain = pl.col("key"), pl.col("row"), pl.col("plain")
    begins = (
        (row != row.shift(fill_value=-1) + 1)
        | key.ne_missing(key.shift())
        | (plain != plain.shift())
        | (pl.col("position") == 0)
    )
    until = pl.col("position").shift(-1, fill_value=rows.height).cast(pl.Int64)
    return (
        rows.with_row_index("position")
        .filter(begins)
        .with_columns(length=until - pl.col("position").cast(pl.Int64))
        .select(
            first="row", last=row + pl.col("length") - 1, length="length", key="key", plain="plain"
        )
    )


def _nearest(
    frame: pl.DataFrame, keyed: pl.DataFrame, strategy: Literal["backward", "forward"], name: str
) -> pl.DataFrame:
    """Add the nearest document of the same key, above (`backward`) or below (`forward`)."""
    found = keyed.select("first", "key", pl.col("document").alias(name)).sort("first")
    return frame.join_asof(found, on="first", by="key", strategy=strategy, check_sortedness=False)
