"""Claims in the record: what each one is, where its money stands, and letting things happen to it.

Everything that changes a claim goes through `happen`: the events are added, the claim is as they
left it, its lines are kept as filed, and where its money stands is checked to the cent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Set
from typing import Any

import polars as pl

from invoices.calendar import closed_weekdays
from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, among, columns_of
from rebill.disputes.held_by_claims import freeze, holds
from rebill.reference import current
from rebill.store import insert_frame, models, models_disputes, read_table, update_rows
from rebill.store.frames import one_of
from rebill.store.record import Record, Wanted, documents_named
from reconcile.cash.exposure import DISPUTED
from reconcile.claims.life import HAPPENED, NEWS, STATE, Advanced, advance
from reconcile.claims.moves import OURS, UNFILED
from reconcile.claims.places import CLAIM_PLACES, CREDIT_PARTS, PARTS, TOTALS, faults, steps
from reconcile.policies import policies

_MONEY = ("credited", "denied", "withdrawn")


def policies_of(record: Record) -> pl.DataFrame:
    """Return how the claims of each contract are worked, by the tables loaded last."""
    contracts = current.contracts(record.connection)
    return policies({contract.id: contract.dispute for contract in contracts})


def under_policies(claims: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return claims with the columns of `known` policies that are those of their contracts.

    A claim of no contract that is known goes by the policy of none; its contract is null then.
    """
    under = among("contract", known["contract"].drop_nulls())
    return claims.with_columns(contract=pl.when(under).then("contract")).join(
        known, on="contract", how="left", nulls_equal=True
    )


def named(record: Record, column: Any, claim_nos: pl.Series | None) -> tuple[Wanted, ...]:
    """Return the condition that a column names one of the claims; none where all are asked for."""
    return () if claim_nos is None else (one_of(record.connection, column, claim_nos),)


def states(record: Record, claim_nos: pl.Series | None = None) -> pl.DataFrame:
    """Return claims as they stand (`STATE`), with the settings their events are judged by.

    `claim_nos` are the claims that are asked for; without them it is all.
    """
    claims = record.claims(*named(record, models.Claim.claim_no, claim_nos))
    last = (
        record.claim_events(*named(record, models.ClaimEvent.claim_no, claim_nos))
        .filter(~pl.col("what").is_in(OURS))
        .group_by("claim_no")
        .agg(last_on=pl.col("at").max())
    )
    return (
        under_policies(claims, policies_of(record).drop("form"))
        .join(last, on="claim_no", how="left")
        .with_columns(
            pl.col(_MONEY).fill_null(ZERO_CENTS),
            pl.col("level").fill_null(1),
            pl.col("sent").fill_null(pl.col("filed_on").is_not_null().cast(pl.Int64)),
        )
        .with_columns(known_from=pl.lit(None, dtype=pl.Date))
        .select(columns_of(STATE))
        .sort("claim_no")
    )


def parts(record: Record, claim_nos: pl.Series | None = None) -> pl.DataFrame:
    """Return what of each claim stands on which document (`PARTS`): as filed, or as found so far.

    `claim_nos` are the claims that are asked for; without them it is all.
    """
    summed = (
        holds(record, claim_nos)
        .group_by("claim_no", "document_id")
        .agg(pl.col("amount").sum().cast(CENTS))
    )
    return summed.select(columns_of(PARTS))


def claim_steps(record: Record, claim_nos: pl.Series | None = None) -> pl.DataFrame:
    """Return where the money of claims stood from which day on (`places.STEPS`)."""
    claims = record.claims(*named(record, models.Claim.claim_no, claim_nos))
    return _steps(record, claims, parts(record, claim_nos), claim_nos)


def _steps(
    record: Record, claims: pl.DataFrame, own: pl.DataFrame, claim_nos: pl.Series | None
) -> pl.DataFrame:
    credit = models_disputes.ClaimCredit
    given = read_table(record.connection, credit, *named(record, credit.claim_no, claim_nos))
    totals = counted_events(record, claim_nos).select(TOTALS.names())
    return steps(claims, own, totals, given.select(CREDIT_PARTS.names()))


def disputed(steps: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """Return claims split by document as they stand in the end (`exposure.DISPUTED`)."""
    last = pl.col("step") == pl.col("step").max().over("claim_no", "document_id")
    return (
        steps.filter(last)
        .with_columns(amount=pl.sum_horizontal(CLAIM_PLACES))
        .join(
            claims.select("claim_no", "status", "filed_on", "dispute_closes_on", "resolved_on"),
            on="claim_no",
        )
        .select(columns_of(DISPUTED))
        .sort("claim_no", "document_id")
    )


def counted_events(record: Record, claim_nos: pl.Series | None = None) -> pl.DataFrame:
    """Return everything that happened to claims, with `event`, those of each from one on."""
    number = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("claim_no")
    of_claims = named(record, models.ClaimEvent.claim_no, claim_nos)
    return record.claim_events(*of_claims).with_columns(event=number)


def happen(record: Record, news: pl.DataFrame, credits: pl.DataFrame | None = None) -> Advanced:
    """Let events (`NEWS`) happen to claims on record, and return what became of them.

    What is refused is left out; the caller decides whether the transaction is kept. `credits` say
    what credits are for: a row of `claim_credits` without `event`, for the credit event of its
    claim and `at`.
    """
    state = states(record, news["claim_no"].unique())
    own = parts(record, state["claim_no"])
    # Whatever happens to a claim happens after its last bill was dated, or taken in before that.
    bills = documents_named(record, own["document_id"]).select(
        "document_id", there=pl.min_horizontal("bill_date", "received_on")
    )
    there = own.join(bills, on="document_id")
    first = there.group_by("claim_no").agg(known_from=pl.col("there").max())
    state = state.drop("known_from").join(first, on="claim_no", how="left")
    outcome = advance(state, news, closed_around(record, news["at"], state["answered_on"]))
    write(record, outcome, credits)
    return outcome


def closed_around(record: Record, *days: pl.Series) -> list[dt.date]:
    """Return the weekdays without banking that counting from any of these days can meet."""
    return closed_near(record.workspace.settings.closings, *days)


def closed_near(closings: Set[dt.date], *days: pl.Series) -> list[dt.date]:
    """Return the same for a house that knows of these closings beside the Federal Reserve's."""
    known = pl.concat([day.drop_nulls().cast(pl.Date).rename("day") for day in days])
    first, last = known.min(), known.max()
    if not isinstance(first, dt.date) or not isinstance(last, dt.date):
        return []
    span = dt.timedelta(days=2 * 366)
    return closed_weekdays(first - span, last + span, closings)


def write(record: Record, outcome: Advanced, credits: pl.DataFrame | None = None) -> None:
    """Leave on record what became of claims, and check where their money stands."""
    changed = outcome.claims
    before = record.claims(*named(record, models.Claim.claim_no, changed["claim_no"]))
    before = before.select("claim_no", was="status")
    left = changed.join(before, on="claim_no").filter(
        pl.col("was").is_in(UNFILED), ~pl.col("status").is_in(UNFILED)
    )
    columns = [name for name in STATE.names() if name not in _NOT_KEPT]
    update_rows(record.connection, models.Claim, changed.select(columns))
    insert_frame(record.connection, models.ClaimEvent, outcome.events.select(HAPPENED.names()))
    if credits is not None and credits.height:
        insert_frame(record.connection, models_disputes.ClaimCredit, credits)
    freeze(record, left["claim_no"])
    check(record, outcome.events["claim_no"].unique())


_NOT_KEPT = (
    *("amount", "dispute_closes_on", "last_on", "known_from"),
    *("levels", "escalate_banking_days", "waiver_if_late"),
)


def check(record: Record, claim_nos: pl.Series) -> None:
    """Raise where the money of claims does not add up: a fault of the program, nothing is kept."""
    if claim_nos.is_empty():
        return
    claims = record.claims(*named(record, models.Claim.claim_no, claim_nos))
    own = parts(record, claim_nos)
    wrong = faults(_steps(record, claims, own, claim_nos), claims, own)
    if wrong:
        raise RuntimeError("; ".join(wrong[:5]))


def news_of(rows: Collection[dict[str, object]]) -> pl.DataFrame:
    """Return events to happen (`NEWS`); what a row does not say is null, or not late."""
    named = [dict.fromkeys(NEWS.names()) | {"late": False} | row for row in rows]
    return pl.DataFrame(named, schema=NEWS)
