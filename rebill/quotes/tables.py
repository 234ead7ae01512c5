"""Quotes and their options, as tables that go out."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rebill.pricing.quoting.quote_schema import QUOTE_OPTIONS
from rebill.quotes.options_asked import options_of
from rebill.quotes.quote_heads import QUOTES_OUT, heads
from rebill.reference.current import table_of
from rebill.store.record import Record
from rebill.store.table_out import TableOut, on_a_day


def quotes_on(record: Record, day: dt.date) -> pl.DataFrame:
    """Return every version of every quote as it is priced on a day (`QUOTES_OUT`)."""
    lines = table_of(record, "quote_lines")
    return heads(table_of(record, "quotes"), lines, options_of(record, day))


TABLES = (
    TableOut(
        "quotes",
        "what customers and prospects asked for, a row a version, and the least it comes to",
        ("quote", "version"),
        QUOTES_OUT,
        on_a_day(QUOTES_OUT, lambda asked, day: quotes_on(asked.record, day)),
    ),
    TableOut(
        "quote_options",
        "the carriers and terms that each line of a quote can be had from, priced",
        ("quote", "version", "option"),
        QUOTE_OPTIONS,
        on_a_day(QUOTE_OPTIONS, lambda asked, day: options_of(asked.record, day)),
    ),
)
"""In the order in which they are listed."""
