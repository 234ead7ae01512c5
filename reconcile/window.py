"""When the carrier pulls, and how long a dispute of the bill is in time.

All functions work on frames of documents (one row a bill). The days come from the document's
contract: `debit_on` from its terms, `dispute_closes_on` from its dispute window. Nothing here asks
what day it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Set
from typing import Literal

import polars as pl

from invoices.bill_dates import doubtful, known
from invoices.calendar import closed_weekdays
from invoices.periods import add_days, add_months
from reconcile.contracts import Contract, settings
from reconcile.policies import LIMITS, limits

NO_CLOSINGS: frozenset[dt.date] = frozenset()
_TERMS = ("debit_anchor", "debit_days", "debit_unit", "debit_roll")
_ANCHORS = ("bill_date", "due_date", "received_on")
_ROLLS_AND_HOLIDAYS = 40
"""Twice the days counted and so many more are never passed by counting in banking days."""


def deadlines(
    documents: pl.DataFrame, contracts: list[Contract], closings: Set[dt.date] = NO_CLOSINGS
) -> pl.DataFrame:
    """Return the documents with the day of the pull and the last days to dispute them.

    `documents` needs bill_date, due_date, received_on and contract (the id of the document's
    contract, or null); rows and their order stay. Added are

    - `debit_on`: the banking day the pull settles: the terms' anchor plus days in their unit, then
      rolled. Without a contract the banking day on or after `due_date`, null where there is none.
    - `dispute_closes_on`: the last day a dispute is in time, the earliest of the limits its
      contract names (`reconcile.policies.LIMITS`): anchor plus days, or plus months clipped to
      the month's end; never rolled. Null without a contract: nothing says when.
    - `file_by`: the last banking day on or before it; warnings go by that.

    An anchor that is not there, or outside the years of the calendar, falls back to `bill_date`.
    `closings` are days on which the banks
    are closed besides those of the Federal Reserve.
    """
    wanted = settings(contracts).select("contract", *_TERMS)
    frame = documents.join(wanted, on="contract", how="left", maintain_order="left")
    frame = frame.with_columns(known(name).alias(name) for name in _ANCHORS)
    closed = _closed(frame, _ANCHORS, closings)
    frame = frame.with_columns(_debit_on(closed).alias("debit_on"))
    frame = frame.with_columns(
        limit_days(frame, contracts).min_horizontal().alias("dispute_closes_on")
    )
    closed = _closed(frame, ("dispute_closes_on",), closings)
    file_by = roll(pl.col("dispute_closes_on"), "previous", closed)
    said = [documents[name] for name in _ANCHORS]
    return frame.with_columns(file_by.alias("file_by"), *said).drop(*_TERMS)


def known_deadlines(
    documents: pl.DataFrame,
    contracts: list[Contract],
    came: pl.Expr,
    closings: Set[dt.date] = NO_CLOSINGS,
) -> pl.DataFrame:
    """Return documents with their deadlines; of one that is held for its date nobody knows them.

    `came` is the day a document came in.
    """
    known_day = ~((pl.col("status") == "held") & doubtful(came))
    return deadlines(documents, contracts, closings).with_columns(
        pl.when(known_day).then(name).alias(name)
        for name in ("debit_on", "dispute_closes_on", "file_by")
    )


def limit_days(documents: pl.DataFrame, contracts: list[Contract]) -> pl.DataFrame:
    """Return the last day under each of the `LIMITS`, row by row; null where it does not apply.

    `documents` needs contract, bill_date, due_date, received_on and debit_on. The earliest of a row
    is the day a dispute of the bill closes on; a month of a recurring error has its own bill.
    """
    wanted = limits({contract.id: contract.dispute for contract in contracts})
    frame = documents.select("contract", "bill_date", "due_date", "received_on", "debit_on").join(
        wanted, on="contract", how="left", maintain_order="left"
    )
    named = {name for contract in contracts for name in contract.dispute.limits()}
    never = pl.lit(None, dtype=pl.Date)
    days = {name: _last_day(name) if name in named else never for name in LIMITS}
    return frame.select("contract", **days).drop("contract")


def roll(day: pl.Expr, direction: Literal["next", "previous"], closed: list[dt.date]) -> pl.Expr:
    """Return `day` where it is a banking day, else the `next` or `previous` one.

    `closed` are the weekdays that are no banking days (`invoices.calendar.closed_weekdays`).
    """
    if direction == "next":
        return day.dt.add_business_days(0, holidays=closed, roll="forward")
    return day.dt.add_business_days(0, holidays=closed, roll="backward")


def _anchor(column: str) -> pl.Expr:
    """Return the date the contract counts from, or `bill_date` where it is not there.

    It is null without a contract.
    """
    anchors = ["due_date", "received_on"] + ["debit_on"] * column.endswith(":anchor")
    named: pl.Expr = pl.lit(None, dtype=pl.Date)
    for name in anchors:
        named = pl.when(pl.col(column) == name).then(pl.col(name)).otherwise(named)
    return pl.when(pl.col(column).is_not_null()).then(pl.coalesce(named, pl.col("bill_date")))


def _debit_on(closed: list[dt.date]) -> pl.Expr:
    anchor, days = _anchor("debit_anchor"), pl.col("debit_days")
    # Banking days are counted from the last one on or before the anchor, so that the first of them
    # is the next banking day also where the anchor is none. Zero of them is the anchor, rolled.
    counted = anchor.dt.add_business_days(
        days.fill_null(0).cast(pl.Int32), holidays=closed, roll="backward"
    )
    day = (
        pl.when(pl.col("debit_anchor").is_null())
        .then(pl.col("due_date"))
        .when((pl.col("debit_unit") == "banking") & (days > 0))
        .then(counted)
        .otherwise(add_days(anchor, days))
    )
    back, on = roll(day, "previous", closed), roll(day, "next", closed)
    return pl.when(pl.col("debit_roll") == "previous").then(back).otherwise(on)


def _last_day(limit: str) -> pl.Expr:
    """Return the last day under a limit: its anchor plus days, or plus months."""
    anchor, days = _anchor(f"{limit}:anchor"), pl.col(f"{limit}:days")
    in_months = add_months(anchor, pl.col(f"{limit}:months"))
    return pl.when(days.is_not_null()).then(add_days(anchor, days)).otherwise(in_months)


def _closed(frame: pl.DataFrame, columns: tuple[str, ...], closings: Set[dt.date]) -> list[dt.date]:
    """Return the weekdays without banking in the span that counting from `columns` can reach."""
    dates = frame.select(columns)
    known = [day for day in (*dates.min().row(0), *dates.max().row(0)) if day is not None]
    if not known:
        return []
    slack = _ROLLS_AND_HOLIDAYS + 2 * len(closings)
    most: int = frame.get_column("debit_days").max() or 0  # type: ignore[assignment]
    first, last = min(known) - dt.timedelta(slack), max(known) + dt.timedelta(2 * most + slack)
    return closed_weekdays(first, last, closings)


def closed_before(as_of: dt.date) -> pl.Expr:
    """Say whether the window of a claim closed before a day; one without a window never closes."""
    return (pl.col("dispute_closes_on") < as_of).fill_null(False)
