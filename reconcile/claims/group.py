"""From findings to claims: one carrier, account, reason and bill month each, and their life.

A finding says what is wrong and what it is worth; a claim is what we write to the carrier about it.
Numbers are given by the caller, in the order in which `group` returns the claims.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Set
from typing import NamedTuple

import polars as pl

from invoices.calendar import add_banking_days
from invoices.money import ZERO_CENTS
from invoices.periods import month_of
from invoices.schema import CENTS, seal
from reconcile.claims.forms import FormProfile, form_names, with_keys
from reconcile.claims.moves import UNFILED
from reconcile.claims.small_months import SCOPE, join_small_months
from reconcile.contracts import Contract, settings
from reconcile.window import NO_CLOSINGS, closed_before

KEY = ("carrier", "ban", "reason", "bill_month")
"""What a claim says it is about, in the order in which claims are told."""
GROUP = (*SCOPE, "bill_month")
"""What tells claims apart; no two unfiled claims have the same."""
ORDER = ("bill_month", "carrier", "ban", "reason", "group_key")
"""The order in which claims are numbered."""

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
        "group_key": pl.String(),  # the keys of its form, but the month
        "form": pl.String(),  # the form profile it was put together by
    }
)


class Grouped(NamedTuple):
    """Findings with their deadlines, and the claims they make up."""

    findings: pl.DataFrame
    claims: pl.DataFrame


def group(
    findings: pl.DataFrame,
    documents: pl.DataFrame,
    contracts: list[Contract],
    as_of: dt.date,
    services: pl.DataFrame | None = None,
    forms: Mapping[str, FormProfile] | None = None,
) -> Grouped:
    """Return the findings with their claim's key, and the claims sorted by month and key.

    `findings` have the columns of `invoices.schema.FINDINGS`, those of filed claims left out;
    `documents` document_id, contract, dispute_closes_on and file_by; `services` say state and
    product of each service, `forms` how each carrier wants claims put together (by name). The
    findings keep their order and gain bill_month, dispute_closes_on and file_by of their document,
    `claimed`: whether the finding is part of a claim, and then `group_key` and `claim_month`, which
    say of which. It is if it has a reason and its stake is above 0 and not below the `minimum_line`
    of the contract. Where findings have a `rest`, that much of each is claimed and not all of it:
    other claims hold the other cents.

    Claims (columns of `CLAIMS`) come by bill month, carrier, account and reason. One is `expired`
    when its window closed before `as_of`, else `draft` below the contract's `minimum_claim`, else
    `ready`. The earliest window among its documents is the claim's. Months that are too small are
    joined, the oldest first, as soon as together they are not; a claim says its oldest month.
    """
    whole = () if "rest" in findings.columns else (pl.col("amount_at_stake").alias("rest"),)
    known = _claimed(findings.with_columns(*whole), documents, contracts)
    known = known.pipe(_keyed, contracts, services, forms)
    months = _months(known).pipe(join_small_months, as_of)
    told = known.join(
        months.select(*GROUP, "claim_month"), on=list(GROUP), how="left", maintain_order="left"
    ).with_columns(claim_month=pl.when("claimed").then("claim_month"))
    return Grouped(
        told.drop("contract", "minimum_line", "minimum_claim", "form", "monthly", "claim_ban").drop(
            "rest" if whole else ()
        ),
        _claims(months, as_of),
    )


def _months(known: pl.DataFrame) -> pl.DataFrame:
    """Return what is claimed of each key and bill month, before months are joined."""
    return (
        known.filter("claimed")
        .group_by(*GROUP)
        .agg(
            pl.col("rest").sum().cast(CENTS).alias("amount"),
            pl.len().alias("findings"),
            pl.col("dispute_closes_on", "file_by").min(),
            pl.col("minimum_claim").min().fill_null(ZERO_CENTS),
            pl.col("contract", "form", "monthly", "claim_ban")
            .sort_by("bill_date", "document_id")
            .first(),
        )
    )


def _claims(months: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return the claims (`CLAIMS`) that months with a `claim_month` make up, with their states."""
    status = (
        pl.when(closed_before(as_of))
        .then(pl.lit("expired"))
        .when(pl.col("amount") < pl.col("minimum_claim"))
        .then(pl.lit("draft"))
        .otherwise(pl.lit("ready"))
    )
    return (
        months.sort(*GROUP)
        .group_by(*SCOPE, bill_month="claim_month", maintain_order=True)
        .agg(
            pl.col("amount", "findings").sum(),
            pl.col("dispute_closes_on", "file_by", "minimum_claim").min(),
            pl.col("contract", "form").first(),
            ban=pl.col("claim_ban").first(),
        )
        .with_columns(
            status.alias("status"),
            ZERO_CENTS.alias("credited"),
            ZERO_CENTS.alias("denied"),
        )
        .pipe(seal, CLAIMS)
        .sort(*ORDER)
    )


def _claimed(
    findings: pl.DataFrame, documents: pl.DataFrame, contracts: list[Contract]
) -> pl.DataFrame:
    """Return findings with the days and minima of their documents, and whether each is claimed."""
    minima = settings(contracts).select("contract", "minimum_line", "minimum_claim")
    papers = documents.select("document_id", "contract", "dispute_closes_on", "file_by")
    papers = papers.join(minima, on="contract", how="left")
    stake = pl.col("amount_at_stake")
    claimed = (
        pl.col("reason").is_not_null()
        & (pl.col("rest") > 0)
        & (stake >= pl.col("minimum_line").fill_null(ZERO_CENTS))
    )
    return findings.join(papers, on="document_id", how="left", maintain_order="left").with_columns(
        bill_month=month_of("bill_date"), claimed=claimed.fill_null(False)
    )


def _keyed(
    known: pl.DataFrame,
    contracts: list[Contract],
    services: pl.DataFrame | None,
    forms: Mapping[str, FormProfile] | None,
) -> pl.DataFrame:
    """Return findings with the form of their contract and what it groups by."""
    profiles = forms or {}
    agreed = {c.id: (c.carrier, c.dispute.form) for c in contracts}
    names = form_names(agreed, profiles)
    form = pl.DataFrame(
        list(names.items()), schema={"contract": pl.String, "form": pl.String}, orient="row"
    )
    facts = (
        pl.DataFrame(schema={"service": pl.String, "state": pl.String, "product": pl.String})
        if services is None
        else services.select("service", "state", "product").unique("service")
    )
    return (
        known.join(form, on="contract", how="left", maintain_order="left")
        .join(facts, on="service", how="left", maintain_order="left")
        .pipe(with_keys, profiles)
        .drop("state", "product")
    )


def with_claim_no(findings: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """Return the findings of `group` with `claim_no`: that of their claim, null where not claimed.

    `claims` are the claims of `group` with their numbers: GROUP and claim_no.
    """
    numbers = claims.select(
        "carrier", "reason", "group_key", "claim_no", claim_month="bill_month"
    ).with_columns(claimed=pl.lit(True))
    key = ["carrier", "reason", "group_key", "claim_month", "claimed"]
    return findings.join(numbers, on=key, how="left", maintain_order="left")


def refresh(claims: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return the claims with the states that follow the day.

    An unfiled claim is `expired` from the day after its window closed. No day brings one back by
    itself: a run for a day before that of the last night takes it back and says so.
    """
    over = pl.col("status").is_in(UNFILED) & closed_before(as_of)
    status = pl.when(over).then(pl.lit("expired")).otherwise(pl.col("status"))
    return claims.with_columns(status.alias("status"))


def due(
    claims: pl.DataFrame,
    as_of: dt.date,
    within: int,
    closings: Set[dt.date] = NO_CLOSINGS,
) -> pl.DataFrame:
    """Return the claims to file within so many banking days, the most urgent first.

    A draft is offered too: below the minimum it can be filed all the same, or it expires. One whose
    last banking day is over stays on the list until its window closes. Of one day the claim with
    the most money comes first.
    """
    last = add_banking_days(as_of, within, closings)
    return claims.filter(
        pl.col("status").is_in(UNFILED), pl.col("file_by") <= last, ~closed_before(as_of)
    ).sort("file_by", "amount", *KEY, descending=[False, True, *[False] * len(KEY)])
