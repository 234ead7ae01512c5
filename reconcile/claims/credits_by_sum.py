"""Which claim a credit is for by its sum: one credit, or several of a bill, that are all of it."""

from __future__ import annotations

import polars as pl

from invoices.schema import CENTS
from reconcile.claims.credit_pool import IN_TIME, PERIODS_MEET, Pass, Pool, known_first, parted

_SPAN = [
    pl.col("filed_on").first(),
    pl.col("bill_date").max().alias("claimed_on"),
    pl.col("starts").min().alias("starts_line"),
    pl.col("ends").max().alias("ends_line"),
]
"""What is said of several lines at once."""
_SUM_OF_CLAIM = ("claim_no", "carrier", "ban", "filed_on", "claimed_on", "starts_line", "ends_line")
_NOBODY = [pl.lit(None, pl.String).alias(name) for name in ("subject", "usoc")]


def _sums(pool: Pool) -> pl.DataFrame:
    """Return what is waited for, by claim, and by service and code of a claim.

    [claim_no, carrier, ban, filed_on, claimed_on, starts_line, ends_line, subject, usoc, wanted];
    subject and code null = all of the claim on the account.

    N1 waits for 5.00 of service S and 3.00 of T, and was promised 6.00::

        claim_no  subject  usoc  wanted
        N1        null     null  8.00
        N1        null     null  6.00
        N1        S        null  5.00
        N1        T        null  3.00
    """
    lines = pool.lines.filter("waits")
    whole = (
        lines.group_by("claim_no", "carrier", "ban")
        .agg(_SPAN)
        .join(pool.claims.select("claim_no", "open", "promised"), on="claim_no")
    )
    totals = [
        whole.select(*_SUM_OF_CLAIM, *_NOBODY, wanted=pl.col(name)) for name in ("open", "promised")
    ]
    parts = [
        part.select(totals[0].columns)
        for keys in (["subject"], ["subject", "usoc"])
        for part in _sums_by(lines, keys, pool.claims)
    ]
    return pl.concat([*totals, *parts]).unique(maintain_order=True)


def _sums_by(
    lines: pl.DataFrame, keys: list[str], claims: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what is waited for of each claim by `keys`, and what was promised where it fits."""
    grouped = (
        lines.filter(pl.all_horizontal(pl.col(keys).is_not_null()))
        .group_by("claim_no", "carrier", "ban", *keys)
        .agg(*_SPAN, wanted=pl.col("room").sum().cast(CENTS))
    )
    missing = [
        pl.lit(None, pl.String).alias(name) for name in ("subject", "usoc") if name not in keys
    ]
    named = grouped.with_columns(missing)
    # What was granted of a claim may be credited as that of one service, where it has the room.
    granted = named.join(claims.select("claim_no", "promised"), on="claim_no")
    fits = granted.filter(pl.col("promised") <= pl.col("wanted"))
    return named, fits.with_columns(wanted="promised")


def by_sum(pool: Pool) -> Pass:
    """Credits that are all that is waited for of a claim, or of a service of it.

    N1 waits for 8.00, of it 5.00 of service S::

        credit  service  amount
        C1      null     8.00     -> N1
        C2      S        5.00     -> N1
        C3      T        5.00     -> nothing: it is not of S
    """
    sums = _sums(pool).with_columns(exact="wanted")
    credits = pool.credits.with_columns(exact=pl.col("amount"))
    found = credits.join(
        sums, on=["carrier", "ban", "exact"], suffix="_line", maintain_order="left"
    ).filter(
        pl.col("bill_date") > pl.col("claimed_on"),
        PERIODS_MEET.fill_null(True),
        # What is said of the credit must be true of what it is taken for.
        pl.col("subject").is_null() | (pl.col("subject") == pl.col("subject_line")),
        pl.col("usoc").is_null()
        | pl.col("usoc_line").is_null()
        | (pl.col("usoc") == pl.col("usoc_line")),
    )
    found = (
        found.with_columns(room="wanted", in_time=IN_TIME)
        .unique(["credit_id", "claim_no"], keep="first", maintain_order=True)
        .pipe(known_first)
    )
    one_claim = pl.len().over("credit_id") == 1
    one_credit = pl.col("credit_id").n_unique().over("claim_no") == 1
    return parted(found, one_claim & one_credit & pl.col("in_time"))


def by_bill(pool: Pool) -> Pass:
    """Several credits of one bill that together are all that is waited for of a claim.

    N1 waits for 8.00; bill D has::

        credit  service  amount
        C1      S        5.00
        C2      T        3.00     -> C1 and C2 for N1, or neither
    """
    certain = pool.credits.filter("certain")
    sums = _sums(pool).filter(pl.col("subject").is_null())
    sums = sums.select(*_SUM_OF_CLAIM, exact="wanted").unique(maintain_order=True)
    subjects = pool.lines.select("claim_no", "subject").unique().with_columns(known=True)
    rows = [
        _together(certain, keys, sums, subjects)
        for keys in ([], ["usoc"], ["subject"], ["starts", "ends"])
    ]
    found = pl.concat(rows).unique(["credit_id", "claim_no"], keep="first", maintain_order=True)
    found = found.pipe(known_first)
    one_claim = pl.col("claim_no").n_unique().over("credit_id") == 1
    one_bill = pl.col("document_id").n_unique().over("claim_no") == 1
    # All credits that are a sum together, or none of them.
    found = found.with_columns(room="amount", sure=one_claim & one_bill & pl.col("in_time"))
    return parted(found, pl.col("sure").fill_null(False).all().over("claim_no"))


def _together(
    certain: pl.DataFrame, keys: list[str], sums: pl.DataFrame, subjects: pl.DataFrame
) -> pl.DataFrame:
    """Return the credits of a bill that share `keys` and come to what is waited for of a claim."""
    together = ["document_id", *keys, "claim_no"]
    return (
        certain.filter(pl.all_horizontal(pl.col(keys).is_not_null()) if keys else pl.lit(True))
        .with_columns(several=pl.len().over("document_id", *keys))
        .filter(pl.col("several") > 1)
        .with_columns(exact=pl.col("amount").sum().over("document_id", *keys).cast(CENTS))
        .join(sums, on=["carrier", "ban", "exact"], maintain_order="left")
        .filter(pl.col("bill_date") > pl.col("claimed_on"))
        .join(subjects, on=["claim_no", "subject"], how="left", maintain_order="left")
        # What is said of each must be true of the claim they are taken for.
        .filter(
            PERIODS_MEET.fill_null(True).all().over(together),
            (pl.col("subject").is_null() | pl.col("known").is_not_null()).all().over(together),
        )
        .select("credit_id", "claim_no", "amount", "document_id", in_time=IN_TIME)
    )


def by_whole_bill(pool: Pool) -> Pass:
    """As `by_bill`, of bills no credit of which is all of a claim by itself.

    That several credits together are a claim says more than that one of them is like a service.
    """
    sums = _sums(pool).filter(pl.col("subject").is_null())
    whole = sums.select("carrier", "ban", amount="wanted").unique()
    alone = pool.credits.join(whole, on=["carrier", "ban", "amount"], how="semi")
    rest = pool.credits.join(alone, on="document_id", how="anti", maintain_order="left")
    found = by_bill(pool._replace(credits=rest))
    return Pass(found.pairs, found.offers.clear())
