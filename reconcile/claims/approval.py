"""A second name for claims over an amount: who approved what, and which claims lack it."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from invoices.schema import CENTS, among, columns_of


def lacking(
    claims: pl.DataFrame, approvals: pl.DataFrame, over: Decimal | None, who: str | None
) -> pl.DataFrame:
    """Return the claims that `who` may not file yet, with `why`; sorted by number.

    `claims` have claim_no and amount, `approvals` claim_no, who and amount: how much the claim was
    when it was approved. A claim of more than `over` needs the approval of another person, and
    again when it has grown since. Names are compared without case and blanks around them.
    """
    schema = pl.Schema({"claim_no": pl.String(), "amount": CENTS, "why": pl.String()})
    if over is None:
        return pl.DataFrame(schema=schema)
    name = (who or "").strip().casefold()
    given = approvals.with_columns(by=pl.col("who").str.strip_chars().str.to_lowercase())
    others = given.filter(pl.col("by") != name).group_by("claim_no").agg(pl.col("amount").max())
    large = claims.filter(pl.col("amount") > pl.lit(over)).join(
        others.rename({"amount": "approved"}), on="claim_no", how="left"
    )
    own = among("claim_no", given.filter(pl.col("by") == name)["claim_no"])
    why = (
        pl.when(pl.lit(not name))
        .then(pl.lit("say who files it with --who"))
        .when(pl.col("approved").is_null() & own)
        .then(pl.lit("whoever approved it may not file it too"))
        .when(pl.col("approved").is_null())
        .then(pl.lit("a second person has to approve it: rebill disputes approve"))
        .when(pl.col("approved") < pl.col("amount"))
        .then(pl.lit("it has grown since it was approved: it needs approval again"))
    )
    found = large.with_columns(why=why).filter(pl.col("why").is_not_null())
    return found.select(columns_of(schema)).sort("claim_no")
