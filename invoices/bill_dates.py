"""Bill dates that nobody believes: far after the day the bill came in, or long before it.

A bill is held for its date until a person accepts it: its window, its pull and its price hang on
that day. Catching up on last year's bills is no reason for doubt.
"""

from __future__ import annotations

import polars as pl

from invoices.calendar import FAR_AHEAD, FIRST_YEAR, LAST_YEAR
from invoices.carrier.reading import findings_of
from invoices.schema import DOCUMENTS, FINDINGS
from invoices.text import filled

LONG_AGO = 10
"""Years: of a bill older than that nothing can be disputed, and hardly anything is kept."""
_REMEDY = (
    "compare the date with the paper: `rebill documents accept {} --reason TEXT` lets it count as"
    " it is; else have the bill corrected and `rebill documents void {} --reason TEXT`"
)


def known(day: str | pl.Expr) -> pl.Expr:
    """Return a day, or null where it lies outside the years for which days are reckoned."""
    column = pl.col(day) if isinstance(day, str) else day
    return pl.when(column.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).then(column)


def doubtful(came: pl.Expr) -> pl.Expr:
    """Say whether `bill_date` is not to be believed of a bill that came in on a day.

    Where no day is known only dates outside the years of the calendar are doubtful.
    """
    bill_date = pl.col("bill_date")
    outside = known("bill_date").is_null() & bill_date.is_not_null()
    ahead = bill_date > came + pl.duration(days=FAR_AHEAD)
    long_ago = bill_date < came.dt.offset_by(f"-{LONG_AGO}y")
    return outside | ahead.fill_null(False) | long_ago.fill_null(False)


def hold_doubtful(documents: pl.DataFrame, came: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the documents, those of doubtful date held, and a finding (`FINDINGS`) for each.

    `documents` have the columns of `DOCUMENTS` and whatever else; refused ones stay so.
    """
    wrong = doubtful(came) & (pl.col("status") != "refused")
    if documents.filter(wrong).is_empty():
        return documents, pl.DataFrame(schema=FINDINGS)
    found = documents.filter(wrong).with_columns(day=came).pipe(_told)
    status = pl.when(wrong).then(pl.lit("held")).otherwise("status")
    return documents.with_columns(status=status), found


def _told(documents: pl.DataFrame) -> pl.DataFrame:
    """Return the finding of each document of doubtful date; `day` is the day it came in."""
    days = pl.col("bill_date") - pl.col("day")
    far = days.dt.total_days().abs()
    ahead = filled(
        "the bill date {} is {} days after {}, the day it came in", "bill_date", far, "day"
    )
    ago = filled(
        "the bill date {} is {} days before {}, the day it came in", "bill_date", far, "day"
    )
    outside = filled(
        f"the bill date {{}} is not of the years {FIRST_YEAR} to {LAST_YEAR}", "bill_date"
    )
    message = pl.when(days > pl.duration(days=0)).then(ahead).otherwise(ago)
    return (
        documents.select(*DOCUMENTS, "day")
        .with_columns(
            finding_id=pl.col("document_id") + ":document_doubtful",
            billed="total_due",
            message=pl.when(pl.col("day").is_null() | known("bill_date").is_null())
            .then(outside)
            .otherwise(message),
            remedy=filled(_REMEDY, "document_id", "document_id"),
        )
        .pipe(findings_of, "document_doubtful", "error")
    )
