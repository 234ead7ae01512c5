"""What credits give to claims, laid on the lines of the claims, never beyond what is left."""

from __future__ import annotations

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, columns_of
from reconcile.claims.credit_pool import TAKEN, Pool

_LINE = ["claim_no", "finding_id"]


def spread_on_lines(pairs: pl.DataFrame, pool: Pool, name: str) -> pl.DataFrame:
    """Lay what credits give to claims on the lines of the claims (`TAKEN`).

    A pair that names a line fills that line; another fills the lines of its subject and code first,
    then the others, in their order. Nothing is laid beyond what is left of a claim.

    N1 has F1 of service S with room for 5.00 and F2 of another with room for 9.00::

        credit  claim  subject  amount      credit  finding  amount
        C1      N1     S        8.00    ->  C1      F1       5.00
                                            C1      F2       3.00
    """
    lines = pool.lines.select(*_LINE, "document_id", "subject", "usoc", "room")
    straight = _straight(pairs, lines)
    asked = _asked(pairs, pool)
    own = _laid(asked, lines, ["claim_no", "subject", "usoc"])
    others = _laid(_rest(asked, own), _roomy(lines, own), ["claim_no"])
    parts = [
        frame.select("credit_id", *_LINE, "document_id", "amount")
        for frame in (straight, own, others)
    ]
    return (
        pl.concat(parts)
        .group_by("credit_id", *_LINE, "document_id")
        .agg(pl.col("amount").sum())
        .with_columns(matched_by=pl.lit(name))
        .select(columns_of(TAKEN))
    )


def _straight(pairs: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return pairs that name a line with what the line has room for."""
    named = pairs.filter(pl.col("finding_id").is_not_null()).join(
        lines.select(*_LINE, "document_id", "room"), on=_LINE
    )
    return named.with_columns(amount=pl.min_horizontal("amount", "room").cast(CENTS))


def _asked(pairs: pl.DataFrame, pool: Pool) -> pl.DataFrame:
    """Return pairs that name no line with what is left of their claim, and what their credit says.

    Of several credits of one claim the first take what is left; 6.00 are left of N1::

        credit  claim  amount      amount
        C1      N1     4.00    ->  4.00
        C2      N1     4.00    ->  2.00
    """
    loose = pairs.filter(pl.col("finding_id").is_null())
    before = pl.col("amount").cum_sum().over("claim_no") - pl.col("amount")
    reach = pl.min_horizontal(pl.col("left") - before, "amount")
    return (
        loose.join(pool.claims.select("claim_no", "left"), on="claim_no", maintain_order="left")
        .with_columns(amount=pl.max_horizontal(reach, ZERO_CENTS).cast(CENTS))
        .join(
            pool.credits.select("credit_id", "subject", "usoc"),
            on="credit_id",
            maintain_order="left",
        )
    )


def _roomy(lines: pl.DataFrame, laid: pl.DataFrame) -> pl.DataFrame:
    """Return the lines with the room that is left on each."""
    used = laid.group_by(_LINE).agg(used=pl.col("amount").sum().cast(CENTS))
    return lines.join(used, on=_LINE, how="left").with_columns(
        room=(pl.col("room") - pl.col("used").fill_null(ZERO_CENTS)).cast(CENTS)
    )


def _rest(asked: pl.DataFrame, laid: pl.DataFrame) -> pl.DataFrame:
    """Return what of each pair is not laid on a line yet, in their order."""
    done = laid.group_by("credit_id", "claim_no").agg(done=pl.col("amount").sum().cast(CENTS))
    return (
        asked.join(done, on=["credit_id", "claim_no"], how="left", maintain_order="left")
        .with_columns(amount=(pl.col("amount") - pl.col("done").fill_null(ZERO_CENTS)).cast(CENTS))
        .drop("done")
    )


def _laid(asked: pl.DataFrame, lines: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Return how amounts fill the lines of the same `by`, both in their order.

    Both are laid end to end; where a credit and a line meet, the credit is for the line. C1 gives
    8.00, C2 2.00; F1 has room for 5.00, F2 for 9.00::

        at      0 ........ 5 ..... 8 .. 10 .... 14
        credit  C1 C1 C1 C1 C1 C1 C1 C2 C2             C1 F1 5.00
        line    F1 F1 F1 F1 F2 F2 F2 F2 F2 F2 F2   ->  C1 F2 3.00
                                                       C2 F2 2.00
    """
    end = pl.col("amount").cum_sum().over(by)
    gives = asked.select(*by, "credit_id", at=end, finding_id=pl.lit(None, pl.String))
    takes = lines.sort("finding_id").select(
        *by,
        pl.lit(None, pl.String).alias("credit_id"),
        "finding_id",
        at=pl.col("room").cum_sum().over(by),
    )
    known = pl.all_horizontal(pl.col(by).is_not_null())
    marks = (
        pl.concat(
            [
                frame.filter(known).select(
                    *by, "credit_id", "finding_id", pl.col("at").cast(pl.Decimal(38, 2))
                )
                for frame in (gives, takes)
            ]
        )
        .sort(*by, "at", maintain_order=True)
        .with_columns(
            pl.col("credit_id", "finding_id").backward_fill().over(by),
            amount=pl.col("at") - pl.col("at").shift(1).over(by).fill_null(0),
        )
        # Where two ends meet, and where a credit or a line is of 0.00, nothing lies between.
        .filter(pl.col("amount") > 0)
        .drop_nulls(["credit_id", "finding_id"])
    )
    return marks.join(
        lines.select("claim_no", "finding_id", "document_id"), on=["claim_no", "finding_id"]
    ).with_columns(pl.col("amount").cast(CENTS))
