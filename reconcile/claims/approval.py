"""A second name for claims over an amount: who approved what, and which claims lack it."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

import polars as pl

from invoices.schema import CENTS, among, columns_of


def lacking(
    claims: pl.DataFrame,
    approvals: pl.DataFrame,
    over: Decimal | None,
    who: str | None,
    names: Collection[str] = (),
    login: str | None = None,
) -> pl.DataFrame:
    """Return the claims that `who` may not file yet, with `why`; sorted by number.

    `claims` have claim_no and amount, `approvals` claim_no, who and amount: how much the claim was
    when it was approved. A claim of more than `over` needs the approval of another person, and
    again when it has grown since. Names are compared without case and blanks around them.

    With `names`, approvals have `login` and `signed` too. Whose an approval is, is then said by the
    login it was made from, or by the key that signed it, and it has to be one of `names`; who files
    is said by `login`.
    """
    schema = pl.Schema({"claim_no": pl.String(), "amount": CENTS, "why": pl.String()})
    if over is None:
        return pl.DataFrame(schema=schema)
    filer = (login if names else who) or ""
    given = _by_names(approvals, names) if names else _by_word(approvals)
    own = pl.col("by").is_in([_plain(filer)])
    if names:  # whoever signed is not to be named as the one who files either
        own |= pl.col("signed") & pl.col("by").is_in([_plain(who or "")])
    others = given.filter(~own).group_by("claim_no").agg(pl.col("amount").max())
    large = claims.filter(pl.col("amount") > pl.lit(over)).join(
        others.rename({"amount": "approved"}), on="claim_no", how="left"
    )
    by_filer = among("claim_no", given.filter(own)["claim_no"])
    nobody = "say who files it with --who"
    second = "a second person has to approve it: rebill disputes approve"
    if names:
        nobody = "nothing says from which login it is filed"
        listed = ", ".join(sorted(names))
        second = f"{second}, from another login of [approval] names ({listed}) or signed by one"
    why = (
        pl.when(pl.lit(not _plain(filer)))
        .then(pl.lit(nobody))
        .when(pl.col("approved").is_null() & by_filer)
        .then(pl.lit("whoever approved it may not file it too"))
        .when(pl.col("approved").is_null())
        .then(pl.lit(second))
        .when(pl.col("approved") < pl.col("amount"))
        .then(pl.lit("it has grown since it was approved: it needs approval again"))
    )
    found = large.with_columns(why=why).filter(pl.col("why").is_not_null())
    return found.select(columns_of(schema)).sort("claim_no")


def _plain(name: str) -> str:
    return name.strip().casefold()


def _by_word(approvals: pl.DataFrame) -> pl.DataFrame:
    """Return approvals with `by`: who they say they are of."""
    return approvals.with_columns(by=pl.col("who").str.strip_chars().str.to_lowercase())


def _by_names(approvals: pl.DataFrame, names: Collection[str]) -> pl.DataFrame:
    """Return the approvals of `names` with `by`: whose login or whose key they are of."""
    whose = pl.when("signed").then("who").otherwise("login").str.strip_chars().str.to_lowercase()
    known = sorted({_plain(name) for name in names})
    return approvals.with_columns(by=whose).filter(pl.col("by").is_in(known))
