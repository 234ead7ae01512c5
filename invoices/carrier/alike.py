"""Rows set aside for one cause are told once, with their number; each of them stays as it is."""

from __future__ import annotations

import polars as pl

from invoices.text import filled

SHOWN = 5
"""So many rows a cause names."""
CAUSES = pl.Schema(
    {
        "source_file": pl.String(),
        "source_row": pl.Int64(),  # the first
        "rows": pl.Int64(),  # how many
        "reason": pl.String(),  # as it is said of the first
        "told": pl.String(),  # the reason, and which rows more
    }
)
_QUOTED = "`[^`]*`"
_IN_QUOTES = "`([^`;]*); ([^`]*)`"


def causes(quarantine: pl.DataFrame) -> pl.DataFrame:
    """Return why rows of `QUARANTINE` are set aside, each cause of a file once (`CAUSES`), in the
    order of their first rows.

    A row may have several causes. Two are alike where nothing but the cells they quote, the cells
    they name and their numbers differ.
    """
    reason = pl.col("reason")
    return (
        quarantine.select("source_file", "source_row", "reason")
        .with_columns(reason.str.replace_all(_IN_QUOTES, "`$1;$2`").str.split("; "))
        .explode("reason")
        .with_columns(
            cause=reason.str.replace_all(_QUOTED, "``")
            .str.replace_all(r"\b[A-Z]{1,3}[0-9]{1,7}\b", "@")
            .str.replace_all("[0-9]+", "0")
        )
        .unique(["source_file", "source_row", "cause"], keep="first", maintain_order=True)
        .group_by("source_file", "cause", maintain_order=True)
        .agg(
            pl.col("source_row").first(),
            rows=pl.len().cast(pl.Int64),
            reason=reason.first(),
            more=pl.col("source_row").slice(1, SHOWN),
        )
        .sort("source_file", "source_row", maintain_order=True)
        .with_columns(told=_told())
        .select(CAUSES.names())
        .cast(CAUSES)
    )


def _told() -> pl.Expr:
    count, more = pl.col("rows"), pl.col("more").cast(pl.List(pl.String)).list.join(", ")
    rest = pl.when(count > SHOWN + 1).then(pl.lit(", ...")).otherwise(pl.lit(""))
    others = filled(" (and in {} rows more: {}{})", count - 1, more, rest)
    one = filled(" (and in row {})", more)
    ending = pl.when(count > 2).then(others).when(count == 2).then(one).otherwise(pl.lit(""))
    return pl.col("reason") + ending
