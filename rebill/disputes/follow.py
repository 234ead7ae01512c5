"""What follows a claim: credits on later bills, and those that are missing."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, FINDINGS, seal
from rebill.disputes.claims import claim_steps, policies_of, under_policies
from rebill.disputes.credits import match_credits, promises_kept
from rebill.run.keep import renew_findings
from rebill.run.outcomes import ClaimsFollowed, Outcomes
from rebill.run.run import Run
from rebill.run.stages import FollowClaims
from rebill.store.models import Claim, Document
from rebill.store.record import (
    COUNTED,
    CREDIT_FINDINGS,
    KEPT_FINDINGS,
    Record,
    documents_named,
)
from reconcile.claims.moves import DONE
from reconcile.claims.promises import GRANTED, PROMISED, PROMISES, missing


def follow(run: Run, stage: FollowClaims, so_far: Outcomes) -> ClaimsFollowed:
    """Leave credits on their claims, and a finding for each granted credit that is due and missing.

    Promised credits that are due and missing are findings of this run, to be claimed like others.
    """
    record = run.record
    events = match_credits(record)
    run.count("credits taken", events.height)
    run.total("credited", events["amount"])
    due, promises = _granted(run), _promised(run)
    documents = _bills_since(record, pl.concat([due, promises]))
    granted = seal(missing(due, documents), KEPT_FINDINGS)
    renew_findings(run, granted, CREDIT_FINDINGS)
    promised = missing(promises, documents).select(FINDINGS.names())
    if promised.is_empty():
        return ClaimsFollowed(promised)
    known = record.findings().select("finding_id").collect()
    return ClaimsFollowed(promised.join(known, on="finding_id", how="anti"))


def _bills_since(record: Record, promises: pl.DataFrame) -> pl.DataFrame:
    """Return the loaded and held bills that may have come since the first of the promises."""
    first = promises["since"].min()
    since = sa.false() if first is None else Document.bill_date > first
    return record.documents(Document.status.in_(COUNTED), since)


def _granted(run: Run) -> pl.DataFrame:
    """Return what carriers granted on claims (`PROMISES`), on the account of their first bill."""
    record = run.record
    rules = policies_of(record).select("contract", by_bill="credit_by_bill")
    granted = record.claims(Claim.granted > 0, Claim.status.not_in(DONE))
    claims = under_policies(granted, rules)
    steps = claim_steps(record, claims["claim_no"])
    bans = documents_named(record, steps["document_id"]).select("document_id", account="ban")
    first = steps.join(bans, on="document_id").group_by("claim_no").agg(pl.col("account").min())
    return (
        claims.join(first, on="claim_no", how="left")
        .select(
            name="claim_no",
            cause=pl.lit(GRANTED),
            carrier="carrier",
            ban=pl.coalesce("account", "ban"),
            since="answered_on",
            by_bill="by_bill",
            promised="granted",
            credited=pl.col("credited").fill_null(ZERO_CENTS),
            usoc=pl.lit(None, dtype=pl.String),
            service=pl.lit(None, dtype=pl.String),
        )
        .cast(PROMISES)
    )


def _promised(run: Run) -> pl.DataFrame:
    """Return the credits promised otherwise (`PROMISES`), with what was credited of each."""
    table = run.reference["promised_credits"].collect()
    kept = promises_kept(run.record)
    limits = (
        pl.DataFrame(
            [(c.carrier, c.dispute.credit_by_bill) for c in run.contracts],
            schema={"carrier": pl.String, "agreed": pl.Int64},
            orient="row",
        )
        .group_by("carrier")
        .agg(pl.col("agreed").max())
    )
    known = table.join(kept, left_on="credit", right_on="promise", how="left").join(
        limits, on="carrier", how="left"
    )
    return known.select(
        name="credit",
        cause=pl.lit(PROMISED),
        carrier="carrier",
        ban="ban",
        since="promised_on",
        by_bill=pl.coalesce("by_bill", "agreed", pl.lit(2)),
        promised=pl.col("amount").cast(CENTS),
        credited=pl.col("taken").fill_null(ZERO_CENTS),
        usoc="usoc",
        service="service",
    ).cast(PROMISES)
