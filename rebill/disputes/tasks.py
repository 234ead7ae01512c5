"""What is to be done about the claims on record, and the days of a single one."""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import among, columns_of
from rebill.disputes.claims import closed_around, parts, policies_of, under_policies
from rebill.disputes.credits import offers
from rebill.disputes.held_by_claims import grown
from rebill.reference import current
from rebill.store.record import Record
from reconcile.claims.timers import TASKS, TIMED, TIMERS, tasks, timers
from reconcile.policies import LIMITS
from reconcile.window import limit_days


def tasks_of(record: Record, as_of: dt.date) -> pl.DataFrame:
    """Return what is to be done about claims on a day (`reconcile.claims.timers.TASKS`)."""
    claims = timed_claims(record)
    if claims.is_empty():
        return TASKS.to_frame()
    settings = record.workspace.settings
    return tasks(
        claims,
        as_of,
        settings.warnings.deadline_days,
        closed_around(record, claims["filed_on"], pl.Series([as_of])),
        settings.closings,
    )


def timed_claims(record: Record) -> pl.DataFrame:
    """Return every claim with what its timers are made of (`TIMED`)."""
    claims = record.claims()
    sent = (
        record.claim_events()
        .filter(pl.col("what") == "submit")
        .group_by("claim_no")
        .agg(sent_on=pl.col("at").max())
    )
    gone = [pl.col(name).fill_null(ZERO_CENTS) for name in ("credited", "denied", "withdrawn")]
    offered = offers(record).offered["claim_no"].unique()
    return (
        under_policies(claims, policies_of(record).drop("form"))
        .join(sent, on="claim_no", how="left")
        .join(_last_bills(record, claims), on="claim_no", how="left")
        .with_columns(
            to_win=pl.col("amount") - gone[0] - gone[2],
            denied=gone[1],
            level=pl.col("level").fill_null(1),
            credit_offered=among("claim_no", offered),
            grown=among("claim_no", grown(record)["claim_no"]),
        )
        .select(columns_of(TIMED))
    )


def _last_bills(record: Record, claims: pl.DataFrame) -> pl.DataFrame:
    """Return [claim_no, last_bill_on, bill_day]: the last bill of a claim's account up to its
    answer, and the latest day of a month that the account was ever billed on.
    """
    bills = record.counted().select("carrier", "ban", "bill_date").unique()
    bills = bills.with_columns(
        bill_day=pl.col("bill_date").dt.day().max().over("carrier", "ban").cast(pl.Int64)
    )
    return (
        claims.select("claim_no", "carrier", "ban", "answered_on")
        .drop_nulls("answered_on")
        .join(bills, on=["carrier", "ban"])
        .filter(pl.col("bill_date") <= pl.col("answered_on"))
        .group_by("claim_no")
        .agg(last_bill_on=pl.col("bill_date").max(), bill_day=pl.col("bill_day").max())
    )


LIMIT_ROWS = pl.Schema(
    {"limit": pl.String(), "last_day": pl.Date(), "applies": pl.Boolean(), "source": pl.String()}
)


def days_of(record: Record, claim_no: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the timers of a claim that run, and the limits of its window with their sources."""
    claims = timed_claims(record).filter(pl.col("claim_no") == claim_no)
    timed = timers(claims, closed_around(record, claims["filed_on"], claims["answered_on"]))
    running = [name for name in TIMERS if timed[name].null_count() < timed.height]
    own = parts(record, pl.Series([claim_no])).select("document_id")
    days = record.debits().select("document_id", "debit_on")
    papers = record.documents().join(own, on="document_id", how="semi")
    papers = papers.join(days, on="document_id", how="left")
    contracts = current.contracts(record.connection)
    earliest = limit_days(papers, contracts).min()
    named = papers["contract"].drop_nulls().unique()
    agreed = {c.id: c.dispute for c in contracts if c.id in set(named)}
    rows = []
    for limit in LIMITS:
        last = earliest[limit].item() if papers.height else None
        if last is not None:
            said = [words for one in agreed.values() for words in one.sources(limit)]
            source = "; ".join(dict.fromkeys(said)) or None
            rows.append({"limit": limit, "last_day": last, "source": source})
    first = min((row["last_day"] for row in rows), default=None)
    shown = [{**row, "applies": row["last_day"] == first} for row in rows]
    return timed.select("claim_no", *running), pl.DataFrame(shown, schema=LIMIT_ROWS)
