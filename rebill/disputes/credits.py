"""Credits on carrier bills: which claim each is for, and taking them for it."""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, among, columns_of
from invoices.text import filled
from rebill.disputes.assign import US
from rebill.disputes.claims import (
    closed_around,
    news_of,
    policies_of,
    states,
    under_policies,
    write,
)
from rebill.disputes.credits_on_bills import free_credits
from rebill.disputes.held_by_claims import holds
from rebill.reference.current import current_frame
from rebill.store import insert_frame, models, models_disputes, read_table
from rebill.store.frames import MONTH, one_of
from rebill.store.record import CREDIT_CODES, KEPT_FINDINGS, Record
from rebill.workspace.settings import ConfigError
from reconcile.claims.credit_pool import WAITING, WANTED
from reconcile.claims.crediting import Matched, match
from reconcile.claims.life import NEWS, advance
from reconcile.claims.moves import MOVES
from reconcile.claims.promises import PROMISED

OF_PROMISE = "promise:"
"""What stands before the name of a promise where a claim's number would."""
CREDITABLE = tuple(status for status, moves in MOVES.items() if "credit" in moves)


def match_credits(record: Record) -> pl.DataFrame:
    """Take the credits on record that are for open claims, and return the claims' new events.

    Credits that keep a promise made otherwise are noted too.
    """
    claims = waiting(record)
    promises = _promises(record)
    credits = free_credits(record, claims, promises, certain=True)
    if credits.is_empty():
        return pl.DataFrame(schema=NEWS)
    taken = match(credits, *_waiting_for(record, claims, promises)).taken
    of_promise = pl.col("claim_no").str.starts_with(OF_PROMISE)
    kept = taken.filter(of_promise).join(
        credits.select("credit_id", at="bill_date"), on="credit_id"
    )
    insert_frame(
        record.connection,
        models_disputes.PromiseCredit,
        kept.select(
            *("credit_id", "at", "amount", "matched_by"),
            promise=pl.col("claim_no").str.strip_prefix(OF_PROMISE),
        ),
    )
    return take(record, taken.filter(~of_promise), credits)


def offers(record: Record) -> Matched:
    """Return what would be taken now, and what is only offered to a person."""
    claims, promises = waiting(record), _promises(record)
    credits = free_credits(record, claims, promises)
    return match(credits, *_waiting_for(record, claims, promises))


def _waiting_for(
    record: Record, claims: pl.DataFrame, promises: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the claims that wait for a credit and their lines, with promises among them."""
    lines = wanted(record, claims)
    return (
        pl.concat([claims, promises.select(columns_of(WAITING))]),
        pl.concat([lines, promises.select(columns_of(WANTED))]),
    )


def _promises(record: Record) -> pl.DataFrame:
    """Return promises that are not kept yet, as claims of one line: columns of both.

    One that is a finding already is waited for as a claim.
    """
    table = current_frame(record.workspace, record.connection, "promised_credits").collect()
    findings = KEPT_FINDINGS.to_frame().lazy() if table.is_empty() else record.findings()
    told = findings.filter(pl.col("code").is_in(CREDIT_CODES), pl.col("cause") == PROMISED)
    names = told.select(pl.col("finding_id").str.split(":").list.last()).collect().to_series()
    left = (pl.col("amount") - pl.col("taken").fill_null(0)).cast(CENTS)
    rules = policies_of(record).filter(pl.col("contract").is_null())["credit_tolerance"].item()
    return (
        table.filter(~among("credit", names))
        .join(promises_kept(record), left_on="credit", right_on="promise", how="left")
        .with_columns(room=left)
        .filter(pl.col("room") > 0)
        .with_columns(
            claim_no=filled(f"{OF_PROMISE}{{}}", "credit"),
            finding_id=filled(f"{OF_PROMISE}{{}}", "credit"),
            document_id=pl.lit(""),
            tracking_no="reference",
            filed_on="promised_on",
            bill_date="promised_on",
            left="room",
            open="room",
            promised="room",
            tolerance=pl.lit(rules, dtype=CENTS),
            subject="service",
            starts=pl.lit(None, dtype=pl.Date),
            ends=pl.lit(None, dtype=pl.Date),
        )
    )


def promises_kept(record: Record) -> pl.DataFrame:
    """Return [promise, taken]: what was credited of each promise."""
    rows = read_table(record.connection, models_disputes.PromiseCredit)
    return rows.group_by("promise").agg(taken=pl.col("amount").sum().cast(CENTS))


def waiting(record: Record) -> pl.DataFrame:
    """Return the claims that a credit may be for (`reconcile.claims.credit_pool.WAITING`)."""
    rules = policies_of(record).select("contract", "credit_tolerance")
    gone = pl.col("credited").fill_null(ZERO_CENTS) + pl.col("withdrawn").fill_null(ZERO_CENTS)
    left = pl.col("amount") - gone
    claims = record.claims(models.Claim.status.in_(CREDITABLE))
    return (
        under_policies(claims, rules)
        .with_columns(
            left=left,
            open=left - pl.col("denied").fill_null(ZERO_CENTS),
            promised=pl.col("granted") - pl.col("credited").fill_null(ZERO_CENTS),
            tolerance="credit_tolerance",
        )
        .filter(pl.col("left") > 0)
        .select(columns_of(WAITING))
    )


def wanted(record: Record, claims: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of claims with what of each is not credited (`WANTED`)."""
    lines = holds(record, claims["claim_no"])
    months = lines.select(MONTH).to_series().unique().drop_nulls().to_list()
    printed = (
        record.audited(months)
        .select("line_id", "circuit_key", "wtn", "period_from", "period_until")
        .join(lines.lazy().select("line_id"), on="line_id", how="semi")
        .collect()
    )
    credit = models_disputes.ClaimCredit
    own = one_of(record.connection, credit.claim_no, claims["claim_no"])
    given = read_table(record.connection, credit, own)
    credited = given.group_by("claim_no", "finding_id").agg(done=pl.col("amount").sum().cast(CENTS))
    key = ["claim_no", "finding_id"]
    rooms = (
        lines.join(printed, on="line_id", how="left")
        .join(credited, on=key, how="left")
        .with_columns(room=(pl.col("amount") - pl.col("done").fill_null(ZERO_CENTS)).cast(CENTS))
        .join(claims.select("claim_no", "left"), on="claim_no")
        .sort(key)
    )
    # What a person told of credits names no line: the first lines have it.
    over = pl.col("room").sum().over("claim_no") - pl.col("left")
    before = pl.col("room").cum_sum().over("claim_no") - pl.col("room")
    told = pl.max_horizontal(pl.min_horizontal(over - before, "room"), ZERO_CENTS)
    ends = pl.max_horizontal("period_until", pl.col("period_from") + pl.duration(days=1))
    return rooms.with_columns(
        room=(pl.col("room") - told).cast(CENTS),
        subject=pl.coalesce("service", "circuit_key", "wtn"),
        starts="period_from",
        ends=ends,
    ).select(columns_of(WANTED))


def take(
    record: Record,
    taken: pl.DataFrame,
    credits: pl.DataFrame,
    who: str = US,
    on: dt.date | None = None,
) -> pl.DataFrame:
    """Leave credits (`TAKEN`) on record as events of their claims, one a claim and bill.

    An event has the day of the bill, or that of the last one of its claim if it is later, or `on`.
    Returns the events.
    """
    if taken.is_empty():
        return pl.DataFrame(schema=NEWS)
    state = states(record, taken["claim_no"].unique())
    known = _with_days(taken, credits, state, on)
    events = (
        known.group_by("claim_no", "at", "bill_date", "invoice_no", "carried_by")
        .agg(
            amount=pl.col("amount").sum().cast(CENTS),
            note=filled("matched by {}", pl.col("matched_by").unique().sort().str.join(", ")),
        )
        .sort("claim_no", "bill_date", "carried_by")
        .with_columns(nth=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("claim_no"))
    )
    told = events.select("claim_no", "at", "amount", "note", reference="invoice_no")
    news = news_of([{**row, "who": who, "what": "credit"} for row in told.iter_rows(named=True)])
    outcome = advance(state, news, closed_around(record, news["at"]))
    if outcome.refused.height:
        raise ConfigError("; ".join(outcome.refused["why"]))
    write(record, outcome, _with_event_numbers(record, known, events))
    return news


def _with_days(
    taken: pl.DataFrame, credits: pl.DataFrame, state: pl.DataFrame, on: dt.date | None
) -> pl.DataFrame:
    """Return `taken` with the bill of each credit and `at`, the day it counts for its claim."""
    bills = credits.select("credit_id", "bill_date", "invoice_no", carried_by="document_id")
    known = taken.join(bills, on="credit_id").join(
        state.select("claim_no", "last_on"), on="claim_no", how="left"
    )
    day = pl.max_horizontal("bill_date", "last_on")
    return known.with_columns(at=day if on is None else pl.max_horizontal(day, pl.lit(on)))


def _with_event_numbers(record: Record, known: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Return the credits taken, each with the number of its event among those of its claim."""
    own = one_of(record.connection, models.ClaimEvent.claim_no, known["claim_no"])
    events_so_far = record.claim_events(own).group_by("claim_no")
    counted = events_so_far.agg(so_far=pl.len().cast(pl.Int64))
    rows = known.join(
        events.select("claim_no", "carried_by", "nth"), on=["claim_no", "carried_by"]
    ).join(counted, on="claim_no", how="left")
    return rows.select(
        *("claim_no", "at", "amount", "document_id", "finding_id", "credit_id", "matched_by"),
        event=pl.col("so_far").fill_null(0) + pl.col("nth"),
    ).sort("claim_no", "credit_id", "finding_id")
