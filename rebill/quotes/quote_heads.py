"""A row a version: for whom it is, how long it holds, what can be had, the least it comes to."""

from __future__ import annotations

import polars as pl

from invoices.schema import CENTS, seal

VERSION = ["quote", "version"]
QUOTES_OUT = pl.Schema(
    {
        "quote": pl.String(),
        "version": pl.Int64(),
        "customer": pl.String(),
        "prospect": pl.String(),
        "name": pl.String(),
        "brand": pl.String(),
        "agent": pl.String(),
        "valid_until": pl.Date(),  # the last day it can be accepted on
        "lines": pl.Int64(),
        "options": pl.Int64(),
        "available": pl.Int64(),  # options that can be had
        "least_monthly_price": CENTS,  # of what has to be taken; null = a line of it has no price
    }
)


def heads(quotes: pl.DataFrame, lines: pl.DataFrame, options: pl.DataFrame) -> pl.DataFrame:
    """Return the versions of quotes (`QUOTES_OUT`), with what their priced options come to.

    What has to be taken are the lines that are neither optional nor an alternative of another.
    """
    taken = ~pl.col("optional").fill_null(False) & pl.col("alternative_of").is_null()
    least = options.group_by(*VERSION, "line").agg(
        least=pl.col("monthly_price").filter("available").min()
    )
    needed = (
        lines.filter(taken)
        .join(least, on=[*VERSION, "line"], how="left")
        .group_by(VERSION)
        .agg(
            least_monthly_price=pl.when(pl.col("least").null_count() == 0).then(
                pl.col("least").sum()
            )
        )
    )
    counted = options.group_by(VERSION).agg(options=pl.len(), available=pl.col("available").sum())
    asked = lines.group_by(VERSION).agg(lines=pl.len())
    whole = quotes
    for part in (asked, counted, needed):
        whole = whole.join(part, on=VERSION, how="left", maintain_order="left")
    return (
        whole.with_columns(pl.col("lines", "options", "available").fill_null(0))
        .pipe(seal, QUOTES_OUT)
        .sort(VERSION)
    )
