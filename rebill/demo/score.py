"""How the planted errors were found: precision and recall by code, by count and by dollars."""

from __future__ import annotations

import polars as pl

from invoices.periods import month_of
from invoices.schema import CENTS

TOTAL = "total"
"""The name of the last row, which sums up all codes."""

SCORE = pl.Schema(
    {
        "code": pl.String(),
        "planted": pl.Int64(),
        "found": pl.Int64(),
        "right": pl.Int64(),  # found where planted, with the planted cause
        "precision": pl.Float64(),  # right of found; null = nothing found
        "recall": pl.Float64(),  # right of planted; null = nothing planted
        "planted_dollars": CENTS,
        "found_dollars": CENTS,
        "right_dollars": CENTS,  # the smaller of the two amounts wherever both stand
        "dollar_precision": pl.Float64(),
        "dollar_recall": pl.Float64(),
    }
)


def score(truth: pl.DataFrame, findings: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return one row a code, most planted dollars first, and a last row for all together.

    `truth` has the columns of `truth.TRUTH`, `findings` and `lines` those of the exported tables.
    """
    paired = compare(truth, findings, lines)
    rows = [
        paired.group_by("code").agg(_counts()),
        paired.select(pl.lit(TOTAL).alias("code"), *_counts()),
    ]
    counted = pl.concat(rows).with_columns(
        pl.col("planted_dollars", "found_dollars", "right_dollars").cast(CENTS)
    )
    return (
        counted.with_columns(
            precision=_ratio("right", "found"),
            recall=_ratio("right", "planted"),
            dollar_precision=_ratio("right_dollars", "found_dollars"),
            dollar_recall=_ratio("right_dollars", "planted_dollars"),
        )
        .sort(
            pl.col("code") == TOTAL,
            "planted_dollars",
            "planted",
            "code",
            descending=[False, True, True, False],
        )
        .select(SCORE.names())
    )


def compare(truth: pl.DataFrame, findings: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return what was planted beside what was found: one row a pair, or one of the two alone.

    A finding on a line is the planted one of the same code on the same document and line; one
    without a line is told by code, account, month, service and USOC. `missed` and `false_alarm`
    say which side stands alone.
    """
    numbers = lines.select("line_id", "invoice_no", "line_no")
    found = findings.join(numbers, on="line_id", how="left").select(
        "code",
        "cause",
        "line_id",
        "message",
        bill_month=month_of("bill_date"),
        found_stake="amount_at_stake",
        key=_key(month_of("bill_date")),
    )
    planted = truth.select(
        "code",
        "note",
        "invoice_no",
        "line_no",
        planted_cause="cause",
        planted_stake="amount_at_stake",
        key=_key(pl.col("bill_month")),
    )
    again = pl.int_range(pl.len()).over("key").alias("again")
    return (
        planted.with_columns(again)
        .join(found.with_columns(again), on=["code", "key", "again"], how="full", coalesce=True)
        .with_columns(
            missed=pl.col("found_stake").is_null(), false_alarm=pl.col("planted_stake").is_null()
        )
        .sort("key", "again")
    )


def _key(month: pl.Expr) -> pl.Expr:
    """Return what tells one finding from another of the same code."""
    number = pl.col("line_no").cast(pl.String)
    line = pl.concat_str("ban", "invoice_no", number, "code", separator="|")
    other = pl.concat_str("ban", month, "service", "usoc", "code", separator="|", ignore_nulls=True)
    return pl.when(pl.col("line_no").is_not_null()).then(line).otherwise(other)


def _counts() -> list[pl.Expr]:
    planted, found = pl.col("planted_stake"), pl.col("found_stake")
    both = ~pl.col("missed") & ~pl.col("false_alarm")
    same_cause = pl.col("planted_cause").is_null() | (pl.col("planted_cause") == pl.col("cause"))
    smaller = pl.when(both).then(pl.min_horizontal(planted, found))
    return [
        (~pl.col("false_alarm")).sum().cast(pl.Int64).alias("planted"),
        (~pl.col("missed")).sum().cast(pl.Int64).alias("found"),
        (both & same_cause.fill_null(False)).sum().cast(pl.Int64).alias("right"),
        planted.sum().alias("planted_dollars"),
        found.sum().alias("found_dollars"),
        smaller.sum().alias("right_dollars"),
    ]


def _ratio(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(
        pl.col(part).cast(pl.Float64) / pl.col(whole).cast(pl.Float64)
    )
