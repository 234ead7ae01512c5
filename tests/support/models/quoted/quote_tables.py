"""Quotes as tables an analyst can read: offers, rates and lines in, priced options out."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import polars as pl
from reference_files import csv_of

from rebill.pricing.customer_rules import rules_of
from rebill.pricing.quoting.priced_options import priced
from rebill.pricing.quoting.quote_schema import Terms, Wanted
from rebill.reference.current import schema_of
from rebill.store.shapes import TABLES
from reconcile.contracts import Contract

ON = dt.date(2026, 4, 1)


def stored(name: str, text: str = "", rows: list[dict[str, Any]] | None = None) -> pl.DataFrame:
    """Return an aligned text table, or rows of text, as a reference table is stored."""
    made = []
    for number, row in enumerate(
        csv.DictReader(io.StringIO(csv_of(text))) if rows is None and text else rows or [], 1
    ):
        own = {c.name: c.default for c in TABLES[name].columns if c.default is not None}
        own |= {key: value for key, value in row.items() if value not in ("", None)}
        made.append({"row_id": number, **own})
    schema = schema_of(name)
    texts = pl.DataFrame(
        [{key: str(row[key]) if key in row else None for key in schema} for row in made],
        schema=dict.fromkeys(schema, pl.String),
    )
    flags = [key for key, dtype in schema.items() if dtype == pl.Boolean]
    days = [key for key, dtype in schema.items() if dtype == pl.Date]
    dated = texts.with_columns(pl.col(flags) == "true", pl.col(days).str.to_date())
    return dated.cast({key: d for key, d in schema.items() if key not in (*flags, *days)})


def options(
    tables: dict[str, str], contracts: list[Contract] | None = None, on: dt.date = ON
) -> pl.DataFrame:
    """Return the options of the quotes in text tables."""
    return of_frames({name: stored(name, text) for name, text in tables.items()}, contracts, on)


def of_frames(
    given: dict[str, pl.DataFrame], contracts: list[Contract] | None = None, on: dt.date = ON
) -> pl.DataFrame:
    """Return the options of the quotes in tables as they are stored; what lacks has no rows."""

    def table(name: str) -> pl.DataFrame:
        return given.get(name, pl.DataFrame(schema=schema_of(name)))

    wanted = ("quotes", "quote_lines", "offers", "offer_elements", "own_products")
    terms = Terms(
        table("buy_rates").lazy(),
        table("usocs").lazy(),
        contracts or [],
        table("markups"),
        table("retail_rates"),
        rules_of(*(table(name) for name in ("customers", "tiers", "bundles"))),
        table("cost_to_serve"),
    )
    return priced(Wanted(*(table(name) for name in wanted)), terms, on)


def as_text(rows: pl.DataFrame, columns: str) -> list[list[str]]:
    """Return the columns of rows as the words of a text table, `-` for null."""
    names = columns.split()
    cast = rows.select(pl.col(names).cast(pl.String).fill_null("-"))
    return [[word.replace(" ", "~") for word in row] for row in cast.iter_rows()]
