"""What follows a claim: credits on later bills, credits that are missing, late charges on it."""

from __future__ import annotations

import polars as pl

from invoices.schema import CENTS, FINDINGS
from rebill.disputes.claims import claim_steps, policies_of
from rebill.disputes.credits import match_credits, promises_kept
from rebill.run.keep import keep_findings
from rebill.run.night import Night
from rebill.run.stages import FollowClaims
from rebill.store import live_bulk, supersede
from rebill.store.record import CREDIT_FINDINGS, KEPT_FINDINGS
from reconcile.claims.life import DONE
from reconcile.claims.promises import GRANTED, PROMISED, PROMISES, missing


def follow(night: Night, stage: FollowClaims) -> None:
    """Leave credits on their claims, and a finding for each granted credit that is due and missing.

    Promised credits that are due and missing are findings of this run, to be claimed like others.
    """
    record = night.record
    events = match_credits(record)
    night.count("credits taken", events.height)
    night.followed = events["claim_no"].unique().to_list()
    night.total("credited", events["amount"])
    documents = record.counted()
    granted = missing(_granted(night), documents)
    live = live_bulk(record.connection, CREDIT_FINDINGS)
    columns = KEPT_FINDINGS.names()
    stored = record.scan(CREDIT_FINDINGS, KEPT_FINDINGS).select(columns).collect()
    if not stored.sort("finding_id").equals(granted.select(columns)):
        supersede(record.connection, live["id"].to_list(), night.run_id)
        keep_findings(night, granted, CREDIT_FINDINGS)
    promised = missing(_promised(night), documents).select(FINDINGS.names())
    known = record.findings().select("finding_id").collect()
    new = promised.join(known, on="finding_id", how="anti")
    night.found = pl.concat([night.found, new])


def _granted(night: Night) -> pl.DataFrame:
    """Return what carriers granted on claims (`PROMISES`), on the account of their first bill."""
    record = night.record
    rules = policies_of(record).select("contract", by_bill="credit_by_bill")
    under = pl.col("contract").is_in(rules["contract"].drop_nulls().implode())
    claims = (
        record.claims()
        .filter(pl.col("granted") > 0, ~pl.col("status").is_in(DONE))
        .with_columns(contract=pl.when(under).then("contract"))
        .join(rules, on="contract", how="left", nulls_equal=True)
    )
    bans = record.documents().select("document_id", account="ban")
    first = (
        claim_steps(record, claims["claim_no"])
        .join(bans, on="document_id")
        .group_by("claim_no")
        .agg(pl.col("account").min())
    )
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
            credited=pl.col("credited").fill_null(pl.lit(0, dtype=CENTS)),
            usoc=pl.lit(None, dtype=pl.String),
            service=pl.lit(None, dtype=pl.String),
        )
        .cast(PROMISES)
    )


def _promised(night: Night) -> pl.DataFrame:
    """Return the credits promised otherwise (`PROMISES`), with what was credited of each."""
    table = night.reference["promised_credits"].collect()
    kept = promises_kept(night.record)
    limits = (
        pl.DataFrame(
            [(c.carrier, c.dispute.credit_by_bill) for c in night.contracts],
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
        credited=pl.col("taken").fill_null(pl.lit(0, dtype=CENTS)),
        usoc="usoc",
        service="service",
    ).cast(PROMISES)
