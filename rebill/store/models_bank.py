"""What the bank said, and what became of it: files, entries, what they paid, what is not in order.

Entries and remittances are as the gate read them (`invoices.bank.schema`) and never change.
Settlements and events are made anew from all of them by each run that has news.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import polars as pl
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from invoices.bank.schema import ENTRIES, REMITTANCES
from rebill.store.models import Base, sql_type
from rebill.store.types import ROW_ID
from reconcile.pulls.schema import PULL_EVENTS, SETTLEMENTS


class BankFile(Base):
    """A bank file that was booked."""

    __tablename__ = "bank_files"
    __table_args__ = (sa.UniqueConstraint("content_key"),)
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    content_key: Mapped[str]  # SHA-256 of what it says, whatever its line ends
    sha256: Mapped[str]
    name: Mapped[str]
    source: Mapped[str]  # nacha, bai2, csv
    entries: Mapped[int]  # those that were new
    debits: Mapped[Decimal]
    credits: Mapped[Decimal]
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("runs.id"))


def _facts(
    name: str, schema: pl.Schema, key: Sequence[str], *more: sa.Column[int], index: str = ""
) -> sa.Table:
    """Return a table with the columns of a schema; those of its key are never null."""
    columns: list[sa.Column[object]] = [
        sa.Column(column, sql_type(dtype), primary_key=column in key)
        for column, dtype in schema.items()
    ]
    indices = [sa.Index(None, index)] if index else []
    return sa.Table(name, Base.metadata, *columns, *more, *indices)


BANK_ENTRIES = _facts(
    "bank_entries",
    ENTRIES,
    ("entry_id",),
    sa.Column("file_id", sa.BigInteger(), sa.ForeignKey("bank_files.id"), nullable=False),
    index="trace",
)
BANK_REMITTANCES = _facts("bank_remittances", REMITTANCES, ("entry_id", "item"))
DEBIT_SETTLEMENTS = _facts("debit_settlements", SETTLEMENTS, ("entry_id", "document_id"))
PULL_EVENTS_KEPT = _facts("pull_events", PULL_EVENTS, ("event_id",))
