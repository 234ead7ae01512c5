"""Claims as tables that go out: each as it stands, what happened to it, credits that may be its."""

from __future__ import annotations

import polars as pl

from invoices.periods import month_of
from invoices.schema import CENTS
from rebill.disputes.claims import counted_events
from rebill.disputes.credit_rows import ROWS, credit_rows
from rebill.disputes.held_by_claims import HOLDS, holds, rest_of
from rebill.store.table_out import Asked, TableOut
from reconcile.claims.group import refresh


def _claims(asked: Asked) -> pl.LazyFrame:
    """Return the claims of the months, in the state of the day where one is asked for."""
    claims = asked.record.claims()
    if asked.as_of is not None:
        claims = refresh(claims, asked.as_of)
    claims = claims.join(rest_of(asked.record, claims["claim_no"]), on="claim_no", how="left")
    return asked.of_months(claims, "bill_month")


def _claim_lines(asked: Asked) -> pl.LazyFrame:
    """Return what the claims hold of bills of the months, line by line."""
    rows = holds(asked.record).with_columns(bill_month=month_of("bill_date"))
    return asked.of_months(rows, "bill_month")


def _claim_events(asked: Asked) -> pl.LazyFrame:
    """Return what happened to the claims of the months, the events of each from one on."""
    months = asked.record.claims().select("claim_no", "bill_month")
    events = counted_events(asked.record)
    return asked.of_months(events.join(months, on="claim_no", how="left"), "bill_month")


def _credits(asked: Asked) -> pl.LazyFrame:
    """Return what the bills of the months gave back."""
    months = None if asked.months is None else list(asked.months)
    return credit_rows(asked.record, months).lazy()


CLAIMS = TableOut(
    "claims",
    "what is disputed or could be, and until when",
    ("claim_no",),
    pl.Schema(
        {
            "claim_no": pl.String(),
            "carrier": pl.String(),
            "ban": pl.String(),
            "reason": pl.String(),
            "bill_month": pl.String(),
            "status": pl.String(),
            "amount": CENTS,
            "filed_on": pl.Date(),
            "file_by": pl.Date(),
            "dispute_closes_on": pl.Date(),
            "credited": CENTS,
            "denied": CENTS,
            "findings": pl.Int64(),
            "withdrawn": CENTS,
            "granted": CENTS,
            "level": pl.Int64(),
            "sent": pl.Int64(),
            "answered_on": pl.Date(),
            "tracking_no": pl.String(),
            "group_key": pl.String(),
            "contract": pl.String(),
            "form": pl.String(),
            "rest_of": pl.String(),
        }
    ),
    _claims,
)

CLAIM_LINES = TableOut(
    "claim_lines",
    "what each claim holds of which finding: as filed, or as found so far; they add up to it",
    ("claim_no", "finding_id"),
    HOLDS,
    _claim_lines,
)

CLAIM_EVENTS = TableOut(
    "claim_events",
    "everything that happened to claims, in order; the last three are of the claim in all",
    ("claim_no", "event"),
    pl.Schema(
        {
            "claim_no": pl.String(),
            "event": pl.Int64(),
            "at": pl.Date(),
            "who": pl.String(),
            "what": pl.String(),
            "reference": pl.String(),
            "amount": CENTS,
            "note": pl.String(),
            "status": pl.String(),
            "level": pl.Int64(),
            "credited": CENTS,
            "denied": CENTS,
            "withdrawn": CENTS,
        }
    ),
    _claim_events,
)

CREDITS = TableOut(
    "credits",
    "what bills gave back by adjustments, and which claims it is for or could be for",
    ("credit_id",),
    ROWS,
    _credits,
)

TABLES = (CLAIMS, CLAIM_LINES, CLAIM_EVENTS, CREDITS)
