"""The tables of what is earned, owed and booked that go out."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from invoices.schema import CENTS
from rebill.books.closing import books
from rebill.books.journal import POSTINGS
from rebill.books.margin_report import MARGINS, earned, margins
from rebill.books.statements import STATED, statement_rows, statements
from rebill.store.record import Record

JOURNAL = pl.Schema({"entry" if name == "key" else name: d for name, d in POSTINGS.items()})
"""`POSTINGS` as they go out."""

TABLES: tuple[tuple[str, str, str, pl.Schema], ...] = (
    (
        "margins",
        "cost, price, margin, markup and reach to retail, by customer, service, product and so on",
        "by of",
        MARGINS,
    ),
    (
        "commission_statements",
        "what each payee earns in a month",
        "month payee",
        pl.Schema(
            {
                "month": pl.String(),
                "payee": pl.String(),
                "amount": CENTS,
                "lines": pl.Int64(),
                "status": pl.String(),
            }
        ),
    ),
    (
        "commission_lines",
        "the lines of statements of commissions",
        "month payee deal method invoice_no line_id made_key service",
        STATED,
    ),
    ("journal", "the postings of the books", "on entry account", JOURNAL),
)
"""Name, what it holds, key and columns of each table."""


def earning_frame(record: Record, name: str, months: Collection[str] | None = None) -> pl.LazyFrame:
    """Return the rows of one of `TABLES`: of all months, or of some."""
    if name == "margins":
        return margins(earned(record, months)).lazy()
    own = pl.lit(True) if months is None else pl.col("month").is_in(list(months))
    if name == "commission_statements":
        return statements(record).lazy().filter(own)
    if name == "commission_lines":
        return statement_rows(record).filter(own)
    day = pl.col("on").dt.strftime("%Y-%m")
    postings = books(record).lazy().rename({"key": "entry"})
    return postings.filter(True if months is None else day.is_in(list(months)))
