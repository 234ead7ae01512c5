"""What follows a claim: credits on later bills, credits that are missing, late charges on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from invoices.schema import CENTS, FINDINGS
from rebill.auditing import Pass
from rebill.bank_tables import actual_pulls
from rebill.claim_credits import match_credits, promises_kept
from rebill.claimbook import claim_steps, closed_around, policies_of
from rebill.ingest import corrected
from rebill.keeping import keep_findings
from rebill.night import Night
from rebill.plan import FollowClaims
from rebill.record import CREDIT_FINDINGS, KEPT_FINDINGS
from rebill.scheduling import papers, unpaid
from rebill.store import live_bulk, supersede
from reconcile import late_charges
from reconcile.debits import DEBITS, debits
from reconcile.life import DONE
from reconcile.promises import GRANTED, PROMISED, PROMISES, missing
from reconcile.window import roll


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


def judge_late_charges(night: Night, passes: Sequence[Pass]) -> list[Pass]:
    """Return audited lines and findings with the late charges that are not due."""
    found = _verdicts(night)
    if found.is_empty():
        return list(passes)
    return [
        replace(
            one,
            lines=late_charges.judged(one.lines, found),
            findings=pl.concat([one.findings, late_charges.findings(one.lines, found)]),
        )
        for one in passes
    ]


def _verdicts(night: Night) -> pl.DataFrame:
    """Return what is to be said of late charges on the documents of this run."""
    record = night.record
    late = record.totals().filter(pl.col("charge_class") == "late_charge")
    counted = record.counted()
    bills = counted.filter(pl.col("document_id").is_in(night.audited)).join(
        late, on="document_id", how="semi"
    )
    if bills.is_empty():
        return late_charges.VERDICTS.to_frame()
    accounts = counted.join(bills, on=["carrier", "ban"], how="semi")
    pulls = record.debits()
    dated = papers(night, accounts, pulls)
    reckoned = debits(dated, night.contracts, unpaid(pulls)).join(
        pulls, on="document_id", how="anti"
    )
    known = pl.concat([pulls.select(DEBITS.names()), reckoned.select(DEBITS.names())])
    settled = (
        actual_pulls(record)
        .filter(pl.col("amount") > 0)
        .group_by("document_id")
        .agg(pl.col("settled_on").max())
    )
    disputed = (
        claim_steps(record)
        .filter(pl.col("step") == pl.col("step").max().over("claim_no", "document_id"))
        .group_by("document_id")
        .agg(disputed=pl.col("open").sum().cast(CENTS))
    )
    closed = closed_around(record, accounts["due_date"], accounts["bill_date"])
    # A bill that was held and came again corrected was pulled as corrected.
    standing = accounts.filter(~pl.col("document_id").is_in(corrected(accounts)))
    facts = (
        standing.select("document_id", due_on=roll(pl.col("due_date"), "next", closed))
        .join(known, on="document_id")
        .join(settled, on="document_id", how="left")
        .join(disputed, on="document_id", how="left")
        .with_columns(pl.col("disputed").fill_null(pl.lit(0, dtype=CENTS)))
    )
    sealed = facts.select(pl.col(n).cast(d) for n, d in late_charges.PULLED.items())
    return late_charges.verdicts(bills, sealed)
