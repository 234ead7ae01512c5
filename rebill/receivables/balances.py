"""What customers owe on a day and for how long, from the record.

An invoice counts from its bill date on, and not before it was issued: so what all customers owe is
what the books say of them (`Assets:Receivable:Customers` without drafts).
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.customer import account
from invoices.customer.account import AGED, OPEN
from invoices.schema import CENTS, columns_of
from rebill.receivables.payments import received
from rebill.reference import current
from rebill.store.record import Record

BALANCES = pl.Schema(
    {
        "customer": pl.String(),
        "name": pl.String(),
        **dict.fromkeys(AGED, CENTS),  # not yet due; so many days past due and less; more
        "unapplied": CENTS,  # what is paid above all invoices, without a sign
        "total": CENTS,  # the balance: the ages less what is unapplied
        "oldest_due_on": pl.Date(),  # the due date of the oldest open invoice
    }
)
ITEMS = pl.Schema({"customer": pl.String(), **{n: d for n, d in OPEN.items() if n != "account"}})


def items(record: Record, as_of: dt.date, payments: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return what is open on a day (`ITEMS`), oldest first: invoices, and what pays none.

    `payments` (`rebill.receivables.payments.PAYMENTS`) are others than those on record.
    """
    dated = record.customer_invoices().filter(pl.col("bill_date") <= as_of)
    known = received(record) if payments is None else payments
    bills, paid = account.known_on(dated, known, as_of)
    return account.open_items(bills, paid).rename({"account": "customer"}).select(ITEMS.names())


def balances(record: Record, as_of: dt.date) -> pl.DataFrame:
    """Return what customers owe by how long it is past due (`BALANCES`), by customer.

    A customer of whom nothing is open, and who has nothing to the good, has no row.
    """
    own = items(record, as_of)
    oldest = own.filter(pl.col("open") > 0).group_by("customer").agg(oldest_due_on=_OLDEST)
    return (
        account.balances(own.rename({"customer": "account"}))
        .rename({"account": "customer", "balance": "total"})
        .pipe(named, record)
        .join(oldest, on="customer", how="left")
        .select(columns_of(BALANCES))
        .sort("customer")
    )


_OLDEST = pl.col("due_date").min()


def open_items(record: Record, as_of: dt.date) -> pl.DataFrame:
    """Return what is open on a day (`ITEMS`) with the customer's name, oldest first."""
    own = items(record, as_of).pipe(named, record)
    return own.sort("customer", "due_date", "invoice_no", nulls_last=True)


def named(rows: pl.DataFrame, record: Record) -> pl.DataFrame:
    """Return rows with `name`: how customers are called now.

    One without a name, and one that the table does not have any more, is called by its id.
    """
    table = current.current_frame(record.workspace, record.connection, "customers")
    called = rows.join(table.select("customer", "name").collect(), on="customer", how="left")
    return called.with_columns(pl.coalesce("name", "customer").alias("name"))
