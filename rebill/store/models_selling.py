"""What selling keeps besides invoices: answers of tax engines, debits of customers, reminders."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from rebill.store.models import Base
from rebill.store.types import ROW_ID, Money


class TaxResult(Base):
    """A tax that an outside engine reckoned for a request; a request is answered once."""

    __tablename__ = "tax_results"
    __table_args__ = (sa.Index(None, "request"),)
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    request: Mapped[str]
    jurisdiction: Mapped[str]
    tax: Mapped[str]
    description: Mapped[str | None]
    tax_base: Mapped[Decimal]
    rate: Mapped[Decimal | None] = mapped_column(Money(6))
    amount: Mapped[Decimal]


class DebitFile(Base):
    """A Nacha file of debits of customers, kept as it was made: the bank gets it once."""

    __tablename__ = "debit_files"
    __table_args__ = (sa.UniqueConstraint("name"),)
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    name: Mapped[str]  # its day and its modifier: 2026-04-10-A
    made_on: Mapped[dt.date]
    settles_on: Mapped[dt.date]
    entries: Mapped[int]  # prenotes counted
    amount: Mapped[Decimal]
    content: Mapped[str]
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("runs.id"))


class CustomerDebit(Base):
    """An entry of such a file; what the bank said of it since is among its own entries."""

    __tablename__ = "customer_debits"
    __table_args__ = (sa.Index(None, "invoice_no"),)
    trace: Mapped[str] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("debit_files.id"))
    customer: Mapped[str]
    invoice_no: Mapped[str | None]  # null = a prenote
    amount: Mapped[Decimal]
    settles_on: Mapped[dt.date]
    last_digits: Mapped[str]  # of the account
    mark: Mapped[str]  # tells whether routing, account and so on are the same as then


class Reminder(Base):
    """A letter that reminds a customer of an invoice; each is sent once."""

    __tablename__ = "reminders"
    invoice_no: Mapped[str] = mapped_column(primary_key=True)
    letter: Mapped[str] = mapped_column(primary_key=True)  # the step's name in the settings
    number: Mapped[str]  # of the letter it stood in
    customer: Mapped[str]
    sent_on: Mapped[dt.date]
    who: Mapped[str | None]
    due_date: Mapped[dt.date]
    open: Mapped[Decimal]  # what was open of it then
    title: Mapped[str | None]  # what the letter said; null = before that was kept
    words: Mapped[str | None]  # each line is a paragraph
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("runs.id"))
