"""What would follow from a day that is hardly meant: before the last night, or far ahead.

The clock is the caller's. Nothing is done here but to reckon it.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.calendar import FAR_AHEAD
from rebill.disputes.taken_back import expired_later
from rebill.store.record import Record, reading
from rebill.workspace.settings import Workspace
from reconcile.claims.group import refresh


def doubt(workspace: Workspace, day: dt.date, today: dt.date, *, act: bool) -> str | None:
    """Return what would follow from a day that is hardly meant, in words; else nothing.

    `act`: what happened on a day is recorded, and that may be before the last night; else states
    are reckoned for the day.
    """
    ahead = (day - today).days
    with reading(workspace) as record:
        last = record.last_night()
        if ahead > FAR_AHEAD:
            follows = "it would stand on record as done on a day that has not come"
            follows = follows if act else _ahead(record, day, last)
            return f"{day} is {ahead:,} days after today, {today}: {follows}"
        if act or last is None or day >= last:
            return None
        return f"{day} lies before the last night, {last}: {_back(record, day)}"


def _ahead(record: Record, day: dt.date, last: dt.date | None) -> str:
    """Say what expires by a day, and whose windows close, of what is on record."""
    claims = record.claims()
    over = refresh(claims, day).join(claims, on=["claim_no", "status"], how="anti")
    until = pl.col("dispute_closes_on")
    still_open = pl.lit(True) if last is None else until >= last
    windows = record.debits().filter(until < day, still_open).height
    return (
        f"{_worth(over)} would expire unfiled, the windows of {windows:,} document(s) would close,"
        " and what arrives would count as received then"
    )


def _back(record: Record, day: dt.date) -> str:
    """Say what is taken back by a run for a day before the last night."""
    return (
        f"all states would be reckoned for that day, {_worth(expired_later(record, day))} that"
        " expired since would be open again, and what fell due since would not be told"
    )


def _worth(claims: pl.DataFrame) -> str:
    """Say how many claims there are and for how much."""
    return f"{claims.height:,} claim(s) worth {claims['amount'].sum() or 0:,.2f}"
