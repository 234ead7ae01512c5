"""What customers owe, as tables that go out."""

from __future__ import annotations

import polars as pl

from invoices.periods import month_of
from rebill.receivables.balances import BALANCES, balances
from rebill.receivables.debits import SHOWN, shown
from rebill.receivables.reminders import REMINDERS, reminders
from rebill.store.table_out import TableOut, on_a_day

AGING = pl.Schema({"as_of": pl.Date(), **BALANCES})

TABLES = (
    TableOut(
        "aging",
        "what each customer owes on a day, by how many days it is past due",
        ("customer",),
        AGING,
        on_a_day(
            AGING, lambda asked, day: balances(asked.record, day).with_columns(as_of=pl.lit(day))
        ),
    ),
    TableOut(
        "customer_debits",
        "what was debited of customers by ACH, and what the bank said of it",
        ("trace",),
        SHOWN,
        on_a_day(
            SHOWN,
            lambda asked, day: asked.of_months(
                shown(asked.record, day), month_of("settles_on")
            ).collect(),
        ),
    ),
    TableOut(
        "reminders",
        "which customer was reminded of which invoice, when and by which letter",
        ("number", "invoice_no"),
        REMINDERS,
        lambda asked: asked.of_months(reminders(asked.record), month_of("sent_on")),
    ),
)
"""In the order in which they are listed."""
