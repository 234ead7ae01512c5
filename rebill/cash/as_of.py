"""What the record knows that questions about cash are asked of: pulls, claims on them, win rates.

`standing` gathers it once; the kernels of `reconcile` do the reckoning.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS
from rebill.disputes.claims import claim_steps, disputed
from rebill.disputes.held_by_claims import holds
from rebill.reference import current
from rebill.store.frames import MONTH
from rebill.store.record import Record
from reconcile.cash.exposure import as_pulled
from reconcile.cash.position import POSITION, position
from reconcile.cash.recovery import RECOVERY, Prior, last_day_of_bills, recovery, win_rates
from reconcile.contracts import Contract
from reconcile.pulls.settle import standing_pulls


@dataclass(frozen=True)
class Standing:
    """The facts of a day."""

    as_of: dt.date
    documents: pl.DataFrame
    """Loaded and held documents with contract, bill_day of their account, and
    `debit_on`: the bank's day where it has spoken."""
    debits: pl.DataFrame
    """Their pulls, with `audited`: whether the audit looked at the document."""
    claims: pl.DataFrame
    disputed: pl.DataFrame
    """Claims split by document, with carrier, ban, reason, granted, file_by, customer_exposure."""
    steps: pl.DataFrame
    """Where their money stood from which day on (`reconcile.claims.places.STEPS`)."""
    pulled: pl.DataFrame
    """What the bank took and did not give back (`reconcile.pulls.settle.PULLED`)."""
    rates: pl.DataFrame
    contracts: list[Contract]
    closings: frozenset[dt.date]

    def recovery(self) -> pl.DataFrame:
        """Return what is waited for, claim by claim (`reconcile.cash.recovery.RECOVERY`)."""
        if self.disputed.is_empty():
            return RECOVERY.to_frame()
        return recovery(
            self.disputed, self.documents, self.rates, self.contracts, self.as_of, self.closings
        )

    def position(self) -> pl.DataFrame:
        """Return the position of each carrier and day (`reconcile.cash.position.POSITION`)."""
        if self.debits.is_empty():
            return POSITION.to_frame()
        return position(
            self.debits,
            self.disputed,
            self.rates,
            self.contracts,
            self.as_of,
            self.steps,
            self.pulled,
        )


def standing(record: Record, as_of: dt.date, months: Collection[str] | None = None) -> Standing:
    """Return what is known of all bills, or of those of some bill months; win rates are of all."""
    claims = record.claims()
    settings = record.workspace.settings
    wanted = settings.recovery
    prior = Prior(wanted.prior_win_rate, wanted.prior_claims, wanted.band)
    documents = record.counted()
    debits = record.debits()
    if months is not None:
        debits = debits.filter(MONTH.is_in(list(months)))
    days = last_day_of_bills(documents)
    papers = (
        documents.join(as_pulled(debits).select("document_id", "debit_on"), on="document_id")
        .join(days, on=["carrier", "ban"], how="left")
        .with_columns(audited=pl.col("audited_load").is_not_null())
    )
    audited = papers.select("document_id", "audited")
    steps = claim_steps(record)
    return Standing(
        as_of,
        papers,
        debits.join(audited, on="document_id", how="left").with_columns(
            pl.col("audited").fill_null(True)
        ),
        claims,
        _disputed(record, claims, steps, months),
        steps,
        standing_pulls(record.settlements()),
        win_rates(claims, prior, as_of),
        current.contracts(record.connection),
        settings.closings,
    )


def _disputed(
    record: Record, claims: pl.DataFrame, steps: pl.DataFrame, months: Collection[str] | None
) -> pl.DataFrame:
    """Return claims split by document, with what the kernels of recovery and position ask."""
    lines = holds(record)
    if months is not None:
        lines = lines.filter(MONTH.is_in(list(months)))
    facts = claims.select("claim_no", "carrier", "ban", "reason", "granted", "file_by")
    passed = passed_on(lines, record.audited(months), record.scan("customer_lines", PASSED, months))
    # What was granted before it was escalated is in question again.
    answer = pl.when(pl.col("status") != "escalated").then("granted")
    return (
        disputed(steps, claims)
        .join(facts, on="claim_no")
        .with_columns(granted=answer)
        .join(passed, on=["document_id", "claim_no"], how="left")
        .with_columns(pl.col("customer_exposure").fill_null(ZERO_CENTS))
    )


PASSED = pl.Schema({"line_id": pl.String(), "cost": CENTS})


def passed_on(
    held: pl.DataFrame, audited: pl.LazyFrame, customer_lines: pl.LazyFrame
) -> pl.DataFrame:
    """Return [document_id, claim_no, customer_exposure]: what of claims customers were billed.

    A customer line carries so much of a dispute as its cost is above what the carrier line should
    have cost: nothing where the customer's cost is what was expected, all where it is what was
    billed. `held` is what claims hold (line_id, finding_id, claim_no, document_id, amount); of one
    line it is filled in order of findings, then of claims.
    """
    asked = held.lazy().select("line_id").drop_nulls().unique()
    cost = (
        customer_lines.join(asked, on="line_id", how="semi")
        .group_by("line_id")
        .agg(pl.col("cost").sum())
    )
    lines = (
        audited.join(asked, on="line_id", how="semi")
        .select("line_id", "amount", "at_stake")
        .join(cost, on="line_id")
        .with_columns(passed=pl.col("cost") - (pl.col("amount") - pl.col("at_stake")))
        .select("line_id", pl.col("passed").clip(ZERO_CENTS, pl.col("at_stake")))
        .collect()
    )
    before = pl.col("amount").cum_sum().over("line_id") - pl.col("amount")
    within = pl.max_horizontal(
        pl.min_horizontal(pl.col("passed") - before, pl.col("amount")), ZERO_CENTS
    )
    return (
        held.join(lines, on="line_id")
        .sort("line_id", "finding_id", "claim_no")
        .with_columns(within=within)
        .group_by("document_id", "claim_no")
        .agg(customer_exposure=pl.col("within").sum().cast(CENTS))
    )
