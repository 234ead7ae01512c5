"""From findings to claims: one carrier, account, reason and bill month each, and their life.

A finding says what is wrong and what it is worth; a claim is what we write to the carrier about it.
Numbers are given by the caller, in the order in which `group` returns the claims.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Set
from typing import NamedTuple

import polars as pl

from invoices.calendar import add_banking_days
from invoices.schema import CENTS
from reconcile.contracts import Contract, settings
from reconcile.life import UNFILED
from reconcile.window import NO_CLOSINGS

__all__ = [
    "CLAIMS",
    "KEY",
    "UNFILED",
    "Grouped",
    "due",
    "group",
    "refresh",
    "with_claim_no",
]

KEY = ("carrier", "ban", "reason", "bill_month")
"""What a claim is about; no two unfiled claims have the same."""

CLAIMS = pl.Schema(
    {
        "carrier": pl.String(),
        "ban": pl.String(),
        "reason": pl.String(),  # RATE, DISC, DUP ... : the reason of its findings' codes
        "bill_month": pl.String(),  # YYYY-MM of the bill dates
        "status": pl.String(),  # a key of MOVES
        "amount": CENTS,  # the stakes of its findings, summed
        "findings": pl.Int64(),
        "filed_on": pl.Date(),
        "file_by": pl.Date(),  # the earliest of its documents
        "dispute_closes_on": pl.Date(),  # the earliest of its documents; null = no window is known
        "credited": CENTS,
        "denied": CENTS,
        "contract": pl.String(),  # of its first document
    }
)


class Grouped(NamedTuple):
    """Findings with their deadlines, and the claims they make up."""

    findings: pl.DataFrame
    claims: pl.DataFrame


def group(
    findings: pl.DataFrame, documents: pl.DataFrame, contracts: list[Contract], as_of: dt.date
) -> Grouped:
    """Return the findings with their claim's key, and the claims sorted by month and key.

    `findings` have the columns of `invoices.schema.FINDINGS`, those of filed claims left out;
    `documents` document_id, contract, dispute_closes_on and file_by. The findings keep their order
    and gain bill_month, dispute_closes_on and file_by of their document, and `claimed`: whether the
    finding is part of the claim of its key. It is if it has a reason and its stake is above 0 and
    not below the `minimum_line` of the contract.

    Claims (columns of `CLAIMS`) come by bill month, carrier, account and reason. One is `expired`
    when its window closed before `as_of`, else `draft` below the contract's `minimum_claim`, else
    `ready`. The earliest window among its documents is the claim's.
    """
    minima = settings(contracts).select("contract", "minimum_line", "minimum_claim")
    papers = documents.select("document_id", "contract", "dispute_closes_on", "file_by")
    papers = papers.join(minima, on="contract", how="left")
    stake, nothing = pl.col("amount_at_stake"), pl.lit(0, dtype=CENTS)
    claimed = (
        pl.col("reason").is_not_null()
        & (stake > 0)
        & (stake >= pl.col("minimum_line").fill_null(nothing))
    )
    known = findings.join(papers, on="document_id", how="left", maintain_order="left").with_columns(
        bill_month=pl.col("bill_date").dt.strftime("%Y-%m"), claimed=claimed.fill_null(False)
    )
    claims = (
        known.filter("claimed")
        .group_by(KEY)
        .agg(
            pl.col("amount_at_stake").sum().alias("amount"),
            pl.len().alias("findings"),
            pl.col("dispute_closes_on", "file_by").min(),
            pl.col("minimum_claim").min().fill_null(nothing),
            pl.col("contract").sort_by("bill_date", "document_id").first(),
        )
        .with_columns(
            pl.when(_closed(as_of))
            .then(pl.lit("expired"))
            .when(pl.col("amount") < pl.col("minimum_claim"))
            .then(pl.lit("draft"))
            .otherwise(pl.lit("ready"))
            .alias("status"),
            pl.lit(None).alias("filed_on"),
            nothing.alias("credited"),
            nothing.alias("denied"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in CLAIMS.items())
        .sort("bill_month", "carrier", "ban", "reason")
    )
    return Grouped(known.drop("contract", "minimum_line", "minimum_claim"), claims)


def with_claim_no(findings: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """Return the findings of `group` with `claim_no`: that of their claim, null where not claimed.

    `claims` are the claims of `group` with their numbers: KEY and claim_no.
    """
    numbers = claims.select(*KEY, "claim_no").with_columns(claimed=pl.lit(True))
    return findings.join(numbers, on=[*KEY, "claimed"], how="left", maintain_order="left")


def refresh(claims: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return the claims with the states that follow the day.

    An unfiled claim is `expired` from the day after its window closed; no day brings one back.
    """
    over = pl.col("status").is_in(UNFILED) & _closed(as_of)
    status = pl.when(over).then(pl.lit("expired")).otherwise(pl.col("status"))
    return claims.with_columns(status.alias("status"))


def due(
    claims: pl.DataFrame,
    as_of: dt.date,
    within: int,
    closings: Set[dt.date] = NO_CLOSINGS,
) -> pl.DataFrame:
    """Return the ready claims to file within so many banking days, the most urgent first.

    One whose last banking day is over stays on the list until its window closes. Of one day the
    claim with the most money comes first.
    """
    last = add_banking_days(as_of, within, closings)
    return claims.filter(
        pl.col("status") == "ready", pl.col("file_by") <= last, ~_closed(as_of)
    ).sort("file_by", "amount", *KEY, descending=[False, True, *[False] * len(KEY)])


def _closed(as_of: dt.date) -> pl.Expr:
    return (pl.col("dispute_closes_on") < as_of).fill_null(False)
