"""A table that goes out: what it holds, its key, its promised columns, and its rows.

Each is declared once, in the room that knows its rows; `rebill.inquiry.tables` lists them all.
`rebill.store.columns.TableIn` is its counterpart, a reference table that comes in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass

import polars as pl

from invoices.periods import month_of
from rebill.store.record import Record


@dataclass(frozen=True)
class Asked:
    """What is asked of a table: of which record, of which bill months, as of which day."""

    record: Record
    months: Collection[str] | None = None  # without them it is all
    as_of: dt.date | None = None  # without one all is as the last run left it

    @property
    def day(self) -> dt.date | None:
        """The day that is asked for, else that of the last night; none where nothing is known."""
        return self.as_of or self.record.last_as_of()

    def of_months(
        self, rows: pl.DataFrame | pl.LazyFrame, month: str | pl.Expr = "month"
    ) -> pl.LazyFrame:
        """Return the rows whose month, a column of YYYY-MM or an expression, is asked for."""
        if self.months is None:
            return rows.lazy()
        own = pl.col(month) if isinstance(month, str) else month
        return rows.lazy().filter(own.is_in(list(self.months)))

    def of_bills(self, rows: pl.DataFrame | pl.LazyFrame) -> pl.LazyFrame:
        """Return the rows whose `bill_date` lies in a month that is asked for."""
        return self.of_months(rows, month_of("bill_date"))


Rows = Callable[[Asked], pl.LazyFrame]


@dataclass(frozen=True)
class TableOut:
    """A table that goes out; its rows may come in any order, with further columns."""

    name: str
    holds: str
    key: tuple[str, ...]
    columns: pl.Schema
    rows: Rows


def on_a_day(columns: pl.Schema, rows: Callable[[Asked, dt.date], pl.DataFrame]) -> Rows:
    """Return the rows of a table that holds what is so on a day: without any day, none."""

    def of_the_day(asked: Asked) -> pl.LazyFrame:
        day = asked.day
        return columns.to_frame().lazy() if day is None else rows(asked, day).lazy()

    return of_the_day
