"""Carrier bills a person has to approve before they are pulled, and how far that has come.

An approval is of an amount: it holds for a pull of as much or less. One that was given after the
day of the pull is told and changes nothing.

    pull    limit   approved            day before the pull   after it
    500.00  1000    -                   not_needed            not_needed
    1500.00 1000    -                   waiting               unapproved
    1500.00 1000    1500.00             approved              approved
    1500.00 1000    1400.00             changed               changed
    1500.00 1000    1500.00, too late   -                     unapproved
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, columns_of

STATES = ("none", "approved", "changed", "waiting", "unapproved", "not_needed")
ASKED = ("waiting", "changed")
"""What a person is asked to look at, as long as the pull has not come."""

APPROVALS = pl.Schema(
    {
        "document_id": pl.String(),
        "decided_on": pl.Date(),
        "who": pl.String(),
        "amount": CENTS,  # of the pull, when it was approved
    }
)
JUDGED = pl.Schema(
    {
        "state": pl.String(),  # one of STATES
        "approved_on": pl.Date(),
        "approved_by": pl.String(),
        "approved_amount": CENTS,
    }
)


def judged(
    debits: pl.DataFrame, approvals: pl.DataFrame, over: Decimal | None, day: dt.date
) -> pl.DataFrame:
    """Return pulls (document_id, debit_on, amount, ...) with `JUDGED`, as of the end of a day.

    `approvals` (`APPROVALS`) stand in the order in which they were given; the last one up to the
    day and to that of the pull counts. Without `over` nothing needs one.
    """
    known = approvals.filter(pl.col("decided_on") <= day)
    known = known.join(debits.select("document_id", "debit_on"), on="document_id")
    late = (pl.col("decided_on") > pl.col("debit_on")).fill_null(False).alias("late")
    last = (
        known.select(*APPROVALS, late)
        .sort("late", descending=True, maintain_order=True)
        .group_by("document_id", maintain_order=True)
        .last()
        .rename({"decided_on": "approved_on", "who": "approved_by", "amount": "approved_amount"})
    )
    needed = pl.lit(False) if over is None else pl.col("amount") > pl.lit(over)
    in_time = pl.when(~pl.col("late")).then("approved_amount")
    state = (
        pl.when(pl.col("amount").fill_null(ZERO_CENTS) <= 0)
        .then(pl.lit("none"))
        .when(in_time >= pl.col("amount"))
        .then(pl.lit("approved"))
        .when(needed & in_time.is_not_null())
        .then(pl.lit("changed"))
        .when(needed & (pl.col("debit_on") < day))
        .then(pl.lit("unapproved"))
        .when(needed)
        .then(pl.lit("waiting"))
        .otherwise(pl.lit("not_needed"))
    )
    joined = debits.join(last, on="document_id", how="left", maintain_order="left")
    return joined.with_columns(state=state).select(*debits.columns, *columns_of(JUDGED))
