"""Bill months that are too small for a claim of their own, joined until together they are not."""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS
from reconcile.window import closed_before

SCOPE = ["carrier", "reason", "group_key"]
"""What the months of one claim share."""


def join_small_months(months: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return the months of each key with `claim_month`, the month of the claim they are part of.

    Where bill months are kept apart, months below the minimum that are in time are joined, the
    oldest first, until they are not below it; those that stay below it stay apart. Elsewhere all
    months are one claim, but those whose window closed are no part of one that can still be filed.
    """
    over = closed_before(as_of)
    wide = pl.col("bill_month").min().over(*SCOPE, over)
    months = months.with_columns(
        claim_month=pl.when("monthly").then("bill_month").otherwise(wide),
        small=pl.col("monthly") & ~over & (pl.col("amount") < pl.col("minimum_claim")),
    )
    small = months.filter("small")
    spans = _spans(small)
    if spans is None:
        return months.drop("small")
    joined = (
        small.join(spans, on=SCOPE)
        .filter(pl.col("bill_month").is_between(pl.col("begun"), pl.col("end")))
        .select(*SCOPE, "bill_month", "begun")
    )
    return (
        months.join(joined, on=[*SCOPE, "bill_month"], how="left")
        .with_columns(claim_month=pl.coalesce("begun", "claim_month"))
        .drop("small", "begun")
    )


def _spans(small: pl.DataFrame) -> pl.DataFrame | None:
    """Return from which month to which small ones together reach the minimum; null where none do.

    [carrier, reason, group_key, begun, end]. A minimum of 10.00::

        bill_month  amount      so_far      begun    end
        2026-01     4.00        4.00
        2026-02     3.00        7.00
        2026-03     5.00    ->  12.00   ->  2026-01  2026-03
        2026-04     6.00        6.00        (stays apart)
    """
    small = small.with_columns(turn=pl.col("bill_month").rank("ordinal").over(SCOPE))
    running = (
        small.select(*SCOPE)
        .unique()
        .with_columns(begun=pl.lit(None, dtype=pl.String), so_far=ZERO_CENTS)
    )
    ends = []
    # A key has one month in each turn: it goes on with what the one before left.
    for _, turn in sorted(small.group_by("turn"), key=lambda item: item[0]):
        now = turn.join(running, on=SCOPE).with_columns(
            begun=pl.coalesce("begun", "bill_month"),
            so_far=(pl.col("so_far") + pl.col("amount")).cast(CENTS),
        )
        enough = pl.col("so_far") >= pl.col("minimum_claim")
        ends.append(now.filter(enough).select(*SCOPE, "begun", end="bill_month"))
        left = now.select(
            *SCOPE,
            begun=pl.when(~enough).then("begun"),
            so_far=pl.when(enough).then(ZERO_CENTS).otherwise("so_far"),
        )
        running = running.update(left, on=SCOPE, how="left", include_nulls=True)
    return pl.concat(ends) if ends else None
