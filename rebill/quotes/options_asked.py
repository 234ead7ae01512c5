"""The tables quotes are priced from, gathered from the record, and the kernel called with them."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rebill.pricing.customer_rules import rules_of
from rebill.pricing.quoting.priced_options import priced
from rebill.pricing.quoting.quote_schema import Terms, Wanted
from rebill.reference.current import contracts, table_of
from rebill.store.record import Record


def options_of(
    record: Record, on: dt.date, quote: str | None = None, version: int | None = None
) -> pl.DataFrame:
    """Return the options of quotes on a day (`quote_schema.QUOTE_OPTIONS`), of all or of one."""
    quotes, lines = table_of(record, "quotes"), table_of(record, "quote_lines")
    if quote is not None:
        quotes, lines = quotes.filter(quote=quote), lines.filter(quote=quote)
    if version is not None:
        quotes, lines = quotes.filter(version=version), lines.filter(version=version)
    own = ("offers", "offer_elements", "own_products")
    return priced(
        Wanted(quotes, lines, *(table_of(record, name) for name in own)), terms(record), on
    )


def terms(record: Record) -> Terms:
    """Return what prices quotes, as it is loaded."""
    rules = rules_of(*(table_of(record, name) for name in ("customers", "tiers", "bundles")))
    return Terms(
        table_of(record, "buy_rates").lazy(),
        table_of(record, "usocs").lazy(),
        contracts(record.connection),
        table_of(record, "markups"),
        table_of(record, "retail_rates"),
        rules,
        table_of(record, "cost_to_serve"),
    )
