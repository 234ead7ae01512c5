"""What the bank said, as frames and as tables that go out, and the pulls to come."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from invoices.bank.schema import ENTRIES
from invoices.periods import month_of
from rebill.receivables.debits import hidden
from rebill.reference import current
from rebill.store import models_bank, read_table
from rebill.store.record import Record
from rebill.store.table_out import Asked, TableOut, on_a_day
from reconcile.pulls.schema import PULL_EVENTS, SETTLEMENTS
from reconcile.pulls.upcoming import UPCOMING, Ahead, upcoming

BANK_ENTRIES = pl.Schema(
    {
        **{name: dtype for name, dtype in ENTRIES.items() if name != "addenda"},
        "matched": pl.Decimal(18, 2),  # what of it invoices explain
        "documents": pl.Int64(),  # how many
        "source_file": pl.String(),
    }
)

DAYS_AHEAD = 90


def bank_entries(record: Record) -> pl.DataFrame:
    """Return every bank entry with what of it is matched (`BANK_ENTRIES`)."""
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
        .with_columns(
            pl.col("matched").fill_null(0),
            pl.col("documents").fill_null(0),
            # What a change corrects may be a whole account number.
            pl.when(pl.col("kind") == "change")
            .then(hidden(pl.col("code_text")))
            .otherwise("code_text")
            .alias("code_text"),
        )
        .sort("entry_id")
    )


def pull_events(record: Record) -> pl.DataFrame:
    """Return what is not in order with the debits that happened (`PULL_EVENTS`)."""
    return read_table(record.connection, models_bank.PULL_EVENTS_KEPT)


def actual_pulls(record: Record) -> pl.DataFrame:
    """Return [document_id, settled_on, amount]: what the bank moved, returns negative."""
    back = pl.col("kind") == "return"
    return record.settlements().select(
        "document_id",
        "settled_on",
        amount=pl.when(back).then(-pl.col("amount")).otherwise("amount"),
    )


def returnable(record: Record, as_of: dt.date | None) -> pl.DataFrame:
    """Return the events of debits that nobody authorised and that may still be sent back.

    They are sorted by the day until which they may; without a day none is.
    """
    events = pull_events(record)
    in_time = (pl.col("send_by") >= pl.lit(as_of, dtype=pl.Date)).fill_null(False)
    return events.filter(in_time).sort("send_by", "event_id")


def to_come(
    record: Record, as_of: dt.date, days: int = DAYS_AHEAD, cash: Decimal | None = None
) -> pl.DataFrame:
    """Return the pulls of the next `days` days; the workspace says what cash is at hand."""
    contracts = current.contracts(record.connection)
    services = current.current_stays(record.workspace, record.connection)
    entries = read_table(record.connection, models_bank.BANK_ENTRIES)
    settings = record.workspace.settings
    wrong = (
        record.findings().group_by("document_id").agg(known_wrong=pl.col("amount_at_stake").sum())
    )
    pulls = record.debits()
    dated = record.with_deadlines(record.counted(), contracts)
    last: dt.date | None = entries["settled_on"].max()  # type: ignore[assignment]
    return upcoming(
        Ahead(
            documents=dated,
            debits=pulls.join(dated, on="document_id", how="semi"),
            wrong=wrong.drop_nulls().collect(),
            services=services.select("carrier", "ban", "disconnected_on").collect(),
            contracts=contracts,
            as_of=as_of,
            days=days,
            cash=settings.cash.at_hand if cash is None else cash,
            audit_days=settings.cash.audit_days,
            banked_until=last,
            closings=settings.closings,
        )
    )


def _pulls_to_come(asked: Asked, day: dt.date) -> pl.DataFrame:
    """Return the pulls to come that fall in the months."""
    return asked.of_months(to_come(asked.record, day), month_of("debit_on")).collect()


SETTLED_IN = month_of("settled_on")

TABLES = (
    TableOut(
        "bank_entries",
        "what the bank says moved on our account, and how much of it invoices explain",
        ("entry_id",),
        BANK_ENTRIES,
        lambda asked: asked.of_months(bank_entries(asked.record), SETTLED_IN),
    ),
    TableOut(
        "debit_settlements",
        "which bank entry paid, or gave back, how much of which document",
        ("entry_id", "document_id"),
        SETTLEMENTS,
        lambda asked: asked.of_months(asked.record.settlements(), SETTLED_IN),
    ),
    TableOut(
        "pull_events",
        "what is not in order with the debits that happened, and which may be returned until when",
        ("event_id",),
        PULL_EVENTS,
        lambda asked: asked.of_months(pull_events(asked.record), SETTLED_IN),
    ),
    TableOut(
        "pulls_to_come",
        "the pulls of the next ninety days: of bills that are here, and estimates of those to come",
        ("debit_on", "carrier", "ban", "bill_date", "document_id"),
        UPCOMING,
        on_a_day(UPCOMING, _pulls_to_come),
    ),
)
"""In the order in which they are listed."""
