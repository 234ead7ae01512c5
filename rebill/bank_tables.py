"""What the bank said as tables that go out, and what of the record the matching asks for."""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.bank.schema import ENTRIES
from rebill.record import Record
from rebill.store import models_bank, read_table
from reconcile.pull_events import PULL_EVENTS
from reconcile.pulls import SETTLEMENTS

BANK_ENTRIES = pl.Schema(
    {
        **{name: dtype for name, dtype in ENTRIES.items() if name != "addenda"},
        "matched": pl.Decimal(18, 2),  # what of it invoices explain
        "documents": pl.Int64(),  # how many
        "source_file": pl.String(),
    }
)

TABLES: tuple[tuple[str, str, str, pl.Schema], ...] = (
    (
        "bank_entries",
        "what the bank says moved on our account, and how much of it invoices explain",
        "entry_id",
        BANK_ENTRIES,
    ),
    (
        "debit_settlements",
        "which bank entry paid, or gave back, how much of which document",
        "entry_id document_id",
        SETTLEMENTS,
    ),
    (
        "pull_events",
        "what is not in order with the debits that happened, and which may be returned until when",
        "event_id",
        PULL_EVENTS,
    ),
)
"""Name, what it holds, key and columns of each table."""


def bank_frame(record: Record, name: str) -> pl.DataFrame:
    """Return the rows of one of `TABLES`."""
    if name == "bank_entries":
        return _entries(record)
    if name == "debit_settlements":
        return record.settlements()
    return read_table(record.connection, models_bank.PULL_EVENTS_KEPT)


def _entries(record: Record) -> pl.DataFrame:
    """Return every bank entry with what of it is matched."""
    files = read_table(record.connection, models_bank.BankFile)
    paid = (
        record.settlements()
        .group_by("entry_id")
        .agg(matched=pl.col("amount").sum(), documents=pl.len().cast(pl.Int64))
    )
    return (
        read_table(record.connection, models_bank.BANK_ENTRIES)
        .join(files.select(file_id="id", source_file="name"), on="file_id", how="left")
        .join(paid, on="entry_id", how="left")
        .with_columns(pl.col("matched").fill_null(0), pl.col("documents").fill_null(0))
        .sort("entry_id")
    )


def actual_pulls(record: Record) -> pl.DataFrame:
    """Return [document_id, settled_on, amount]: what the bank moved, returns negative."""
    back = pl.col("kind") == "return"
    return record.settlements().select(
        "document_id",
        "settled_on",
        amount=pl.when(back).then(-pl.col("amount")).otherwise("amount"),
    )


def returnable(record: Record, as_of: dt.date) -> pl.DataFrame:
    """Return the events of debits that nobody authorised and that may still be sent back."""
    events = read_table(record.connection, models_bank.PULL_EVENTS_KEPT)
    return events.filter(pl.col("suggested_return").is_not_null(), pl.col("send_by") >= as_of)
