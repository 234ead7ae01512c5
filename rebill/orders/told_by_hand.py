"""An event of an order that a person tells: a row of `order_events` like any other."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rebill.reference.faults import Faults
from rebill.reference.load import Files, LoadResult, take
from rebill.store.record import Record
from rebill.store.shapes import TABLES
from rebill.workspace.settings import ConfigError

EVENTS_TABLE = TABLES["order_events"]


def tell(
    record: Record, order_no: str, at: dt.date, event: str, given: str | None, **said: object
) -> LoadResult:
    """Add an event of an order, and return what the load did; the same again changes nothing.

    `said` are other columns of `order_events`, null where they say nothing. Raises ConfigError for
    a text that cannot be printed.
    """
    for name, text in said.items():
        if isinstance(text, str) and not text.isprintable():
            raise ConfigError(f"{name} has a character that cannot be printed: leave it out")
    row = {**said, "order_no": order_no, "at": at, "event": event}
    rows = pl.DataFrame([row], schema=EVENTS_TABLE.schema).with_columns(
        pl.lit("rebill orders event").alias("_file"),
        pl.lit(1, dtype=pl.Int64).alias("_row"),
        pl.lit(True).alias("_ok"),
    )
    return take(record, Files({}, {EVENTS_TABLE.name: rows}, set(), Faults()), given=given)
