"""Credits that were promised and are not on the bill by which they are due.

Two kinds: what a carrier granted on a claim, whose cents are the claim's own, and what it promised
otherwise (an allowance, a letter), which is a claim of its own once it is due. Due is the nth bill
of the account dated after the promise.
"""

from __future__ import annotations

import polars as pl

from invoices.schema import CENTS, FINDINGS, seal
from invoices.text import filled
from reconcile.findings import BY_NAME

GRANTED, PROMISED = "granted", "promised"
"""The causes of `credit_missing` and `credit_short`."""

PROMISES = pl.Schema(
    {
        "name": pl.String(),  # the claim's number, or the promise's own
        "cause": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "since": pl.Date(),  # the day of the answer, or of the promise
        "by_bill": pl.Int64(),  # the nth bill after it
        "promised": CENTS,
        "credited": CENTS,  # so far, on whatever bill
        "usoc": pl.String(),
        "service": pl.String(),
    }
)
"""What was promised; `promised` and `credited` are positive."""


def missing(promises: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """Return a finding for each promise that is due and not kept (`FINDINGS` and claim_no).

    `documents` are loaded and held ones. A promise waits while one of the bills up to the due one
    is held: what it says is not known. `billed` is what was credited, `expected` what was promised,
    both negative; at stake is what is missing. One of a claim names the claim.
    """
    open_now = promises.filter(pl.col("promised") > pl.col("credited"))
    due = _due(open_now, documents)
    nothing = pl.col("credited") == 0
    code = pl.when(nothing).then(pl.lit("credit_missing")).otherwise(pl.lit("credit_short"))
    told = due.with_columns(
        code=code,
        short=pl.col("promised") - pl.col("credited"),
        what=filled("{} ({} {})", "promised", "cause", "name"),
    )
    words = (
        pl.when(nothing)
        .then(filled("the credit of {} is not on the bill of {}", "what", "bill_date"))
        .otherwise(
            filled(
                "of the credit of {} only {} came up to the bill of {}",
                *("what", "credited", "bill_date"),
            )
        )
    )
    of_claim = pl.col("cause") == GRANTED
    named = told.with_columns(
        message=words,
        finding_id=filled("{}:{}:{}", "document_id", "code", "name"),
        severity=pl.lit(BY_NAME["credit_missing"].severity),
        reason=pl.lit(BY_NAME["credit_missing"].reason),
        remedy=pl.when(of_claim)
        .then(pl.lit(BY_NAME["credit_missing"].remedy))
        .otherwise(pl.lit("dispute with the carrier's promise")),
        billed=-pl.col("credited"),
        expected=-pl.col("promised"),
        amount_at_stake="short",
        claim_no=pl.when(of_claim).then("name"),
    )
    findings = named.pipe(seal, FINDINGS)
    return findings.with_columns(named["claim_no"]).sort("finding_id")


def _due(promises: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """Return promises with the bill by which each was due, if that has come and can be read."""
    key = ["carrier", "ban"]
    bills = documents.group_by(*key, "bill_date").agg(
        pl.col("document_id", "source_file", "source_row")
        .sort_by("invoice_no", "document_id")
        .first(),
        held=(pl.col("status") != "loaded").any(),
    )
    after = (
        promises.select("name", *key, "since", "by_bill")
        .join(bills, on=key)
        .filter(pl.col("bill_date") > pl.col("since"))
        .sort("name", "bill_date")
        .with_columns(
            nth=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("name"),
            unknown=pl.col("held").cum_max().over("name", order_by="bill_date"),
        )
    )
    due = after.filter(
        pl.col("nth") == pl.max_horizontal("by_bill", pl.lit(1)), ~pl.col("unknown")
    ).select("name", "bill_date", "document_id", "source_file", "source_row")
    return promises.join(due, on="name")
