"""What is earned, owed and booked, as tables that go out."""

from __future__ import annotations

import polars as pl

from invoices.periods import month_of
from invoices.schema import CENTS
from rebill.books.closing import books
from rebill.books.journal import POSTINGS
from rebill.books.margin_report import MARGINS, earned, margins
from rebill.books.statements import STATED, statement_rows, statements
from rebill.store.table_out import Asked, TableOut


def _margins(asked: Asked) -> pl.LazyFrame:
    """Return the margins of the months."""
    return margins(earned(asked.record, asked.months)).lazy()


def _statements(asked: Asked) -> pl.LazyFrame:
    """Return the statements of the months."""
    return asked.of_months(statements(asked.record))


def _statement_lines(asked: Asked) -> pl.LazyFrame:
    """Return the lines of the statements of the months."""
    return asked.of_months(statement_rows(asked.record))


def _postings(asked: Asked) -> pl.LazyFrame:
    """Return the postings of days of the months."""
    return asked.of_months(books(asked.record).rename({"key": "entry"}), month_of("on"))


TABLES = (
    TableOut(
        "margins",
        "cost, price, margin, markup and reach to retail, by customer, service, product and so on",
        ("by", "of"),
        MARGINS,
        _margins,
    ),
    TableOut(
        "commission_statements",
        "what each payee earns in a month",
        ("month", "payee"),
        pl.Schema(
            {
                "month": pl.String(),
                "payee": pl.String(),
                "amount": CENTS,
                "lines": pl.Int64(),
                "status": pl.String(),
            }
        ),
        _statements,
    ),
    TableOut(
        "commission_lines",
        "the lines of statements of commissions",
        ("month", "payee", "deal", "method", "invoice_no", "line_id", "made_key", "service"),
        STATED,
        _statement_lines,
    ),
    TableOut(
        "journal",
        "the postings of the books",
        ("on", "entry", "account"),
        pl.Schema({"entry" if name == "key" else name: d for name, d in POSTINGS.items()}),
        _postings,
    ),
)
"""In the order in which they are listed."""
