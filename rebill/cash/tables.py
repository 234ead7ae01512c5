"""Pulls and what of them is in dispute, promised or waited for, as tables that go out."""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.schema import CENTS
from rebill.cash.as_of import standing
from rebill.cash.bill_approvals import BILL_APPROVALS, bill_approvals
from rebill.cash.forecast.gaps import GAPS, gaps
from rebill.cash.pledges import commitments_of, security_of
from rebill.disputes.claims import claim_steps
from rebill.reference import current
from rebill.store.table_out import Asked, TableOut, on_a_day
from reconcile.cash.commitments import COMMITMENTS
from reconcile.cash.exposure import EXPOSURE, by_bill, exposure
from reconcile.cash.position import POSITION
from reconcile.cash.recovery import RECOVERY, WIN_RATES
from reconcile.cash.securities import SECURITY
from reconcile.pulls.settle import standing_pulls

_BILL_EXPOSURE = pl.Schema(
    {
        "on": pl.Date(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "invoice_no": pl.String(),
        "bill_date": pl.Date(),
        "debited": CENTS,
        "undisputed": CENTS,
        "unfiled": CENTS,
        "open": CENTS,
        "credited": CENTS,
        "denied": CENTS,
        "withdrawn": CENTS,
        "expired": CENTS,
        "document_id": pl.String(),
    }
)


def _debits(asked: Asked) -> pl.LazyFrame:
    """Return the pulls of the bills of the months."""
    return asked.of_bills(asked.record.debits())


def _exposure(asked: Asked, day: dt.date) -> pl.DataFrame:
    """Return the exposure of the bills of the months."""
    debits = asked.of_bills(asked.record.debits()).collect()
    if debits.is_empty():
        return EXPOSURE.to_frame()
    pulled = standing_pulls(asked.record.settlements())
    return exposure(debits, claim_steps(asked.record), day, pulled)


def _bill_exposure(asked: Asked, day: dt.date) -> pl.DataFrame:
    """Return where the money of each bill of the months stands."""
    record = asked.record
    pulled = standing_pulls(record.settlements())
    found = by_bill(record.debits(), claim_steps(record), day, pulled)
    return asked.of_bills(found.with_columns(on=pl.lit(day))).collect()


def _position(asked: Asked, day: dt.date) -> pl.DataFrame:
    """Return the position of each carrier, of the bills of the months."""
    return standing(asked.record, day, asked.months).position()


def _recovery(asked: Asked, day: dt.date) -> pl.DataFrame:
    """Return what is waited for, of the bills of the months."""
    return standing(asked.record, day, asked.months).recovery()


def _win_rates(asked: Asked, day: dt.date) -> pl.DataFrame:
    """Return the win rates; they are of all months, whatever month is asked for."""
    return standing(asked.record, day, asked.months).rates


def _pull_gaps(asked: Asked, day: dt.date) -> pl.DataFrame:
    """Return how long the pulls of the bills of the months wait for the customers."""
    return asked.of_bills(gaps(asked.record, day)).collect()


def _security(asked: Asked, day: dt.date) -> pl.DataFrame:
    """Return what secures carriers; it is of all months, whatever month is asked for."""
    return security_of(asked.record, current.contracts(asked.record.connection), day)


def _commitments(asked: Asked, day: dt.date) -> pl.DataFrame:
    """Return what was promised carriers; it is of all months, whatever month is asked for."""
    return commitments_of(asked.record, current.contracts(asked.record.connection), day)


DEBITS = TableOut(
    "debits",
    "what each document lets the carrier pull, and when",
    ("carrier", "ban", "invoice_no", "bill_date"),
    pl.Schema(
        {
            "carrier": pl.String(),
            "contract": pl.String(),
            "ban": pl.String(),
            "invoice_no": pl.String(),
            "bill_date": pl.Date(),
            "debit_on": pl.Date(),
            "amount": CENTS,
            "status": pl.String(),
            "dispute_closes_on": pl.Date(),
            "document_id": pl.String(),
            "pulled": CENTS,
            "pulled_on": pl.Date(),
            "returned": CENTS,
            "returned_on": pl.Date(),
        }
    ),
    _debits,
)

TABLES = (
    DEBITS,
    TableOut(
        "bill_approvals",
        "what is pulled for each bill, and whether a person has looked at it before that",
        ("carrier", "ban", "invoice_no", "bill_date"),
        BILL_APPROVALS,
        on_a_day(BILL_APPROVALS, bill_approvals),
    ),
    TableOut(
        "exposure",
        "by carrier and day: what was pulled, and what of it is in which state of dispute",
        ("on", "carrier"),
        EXPOSURE,
        on_a_day(EXPOSURE, _exposure),
    ),
    TableOut(
        "bill_exposure",
        "by bill: what was pulled, and what of it is in which state of dispute on a day",
        ("carrier", "ban", "bill_date", "invoice_no"),
        _BILL_EXPOSURE,
        on_a_day(_BILL_EXPOSURE, _bill_exposure),
    ),
    TableOut(
        "exposure_detail",
        "by carrier and day: what is pending, the days left to file, what is expected and its cost",
        ("on", "carrier"),
        POSITION,
        on_a_day(POSITION, _position),
    ),
    TableOut(
        "recovery",
        "what is waited for, by claim and bill: what is likely to come back, when, and the cost",
        ("claim_no", "document_id"),
        RECOVERY,
        on_a_day(RECOVERY, _recovery),
    ),
    TableOut(
        "win_rates",
        "the share each carrier grants of claims of a reason: own history and a prior, with a band",
        ("carrier", "reason"),
        WIN_RATES,
        on_a_day(WIN_RATES, _win_rates),
    ),
    TableOut(
        "pull_gaps",
        "by bill: how long its pull waits for the customers, and what that costs",
        ("document_id",),
        GAPS,
        on_a_day(GAPS, _pull_gaps),
    ),
    TableOut(
        "security",
        "by contract: what secures the carrier, required and held, its headroom and cost a year",
        ("contract",),
        SECURITY,
        on_a_day(SECURITY, _security),
    ),
    TableOut(
        "commitments",
        "by contract: what was promised for the year, bought, projected, and what will be short",
        ("contract",),
        COMMITMENTS,
        on_a_day(COMMITMENTS, _commitments),
    ),
)
"""In the order in which they are listed."""
