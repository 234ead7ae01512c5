"""The record as tables: what came in, what was decided, and the run that did it.

Dates are half-open where they are periods; money is signed, positive is a charge to whoever the
document is addressed to. Times are text that the caller supplies: the record has no clock.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from rebill.store.columns import TableIn
from rebill.store.shapes import TABLES
from rebill.store.types import ROW_ID, Money

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The tables of the record."""

    metadata = sa.MetaData(naming_convention=NAMES)
    type_annotation_map = {
        Decimal: Money(2),
        int: sa.BigInteger(),
        dict[str, Any]: sa.JSON(),
    }


class Fact(Base):
    """Something said once about the database itself, such as its token."""

    __tablename__ = "facts"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Sequence(Base):
    """The last number given under a name."""

    __tablename__ = "sequences"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


class Load(Base):
    """A load of reference tables that changed something."""

    __tablename__ = "loads"
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    token: Mapped[str]  # unlike that of any other load of any database
    kind: Mapped[str]  # files, starter
    given: Mapped[str | None]  # when, as the caller says it
    added: Mapped[int]
    changed: Mapped[int]
    removed: Mapped[int]


class LoadTable(Base):
    """What a load did to one table."""

    __tablename__ = "load_tables"
    load_id: Mapped[int] = mapped_column(sa.ForeignKey("loads.id"), primary_key=True)
    table_name: Mapped[str] = mapped_column(primary_key=True)
    rows: Mapped[int]
    added: Mapped[int]
    changed: Mapped[int]
    removed: Mapped[int]


class LoadFile(Base):
    """A file that a load read."""

    __tablename__ = "load_files"
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    load_id: Mapped[int] = mapped_column(sa.ForeignKey("loads.id"))
    name: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]


class Run(Base):
    """A command that took something in or decided something."""

    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    command: Mapped[str]
    as_of: Mapped[dt.date | None]
    version: Mapped[str]
    load_id: Mapped[int | None] = mapped_column(sa.ForeignKey("loads.id"))  # reference used
    started: Mapped[str | None]
    finished: Mapped[str | None]
    outcome: Mapped[str | None]
    counts: Mapped[dict[str, Any] | None]
    sums: Mapped[dict[str, Any] | None]  # amounts as text
    # What follows stands here since a run says whose it is, and is bound to the one before.
    who: Mapped[str | None]  # the login it ran under
    host: Mapped[str | None]  # the machine it ran on
    token: Mapped[str | None]  # in the names of its Parquet files
    chain: Mapped[str | None]  # SHA-256 over the run before and this one; null = not ended


class RunFile(Base):
    """A file that a run found, and what became of it."""

    __tablename__ = "run_files"
    __table_args__ = (sa.Index(None, "sha256"), sa.Index(None, "run_id"))
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("runs.id"))
    name: Mapped[str]
    size: Mapped[int | None]
    sha256: Mapped[str | None]  # null = not read
    outcome: Mapped[str]  # ingested, known, refused, growing, skipped
    note: Mapped[str | None]


class SeenFile(Base):
    """A file that lay in the inbox when it was last hashed: unmoved, it is not hashed again."""

    __tablename__ = "seen_files"
    name: Mapped[str] = mapped_column(primary_key=True)
    stamp: Mapped[str]  # device, inode, size, times of change: what no copy and no writer keeps
    size: Mapped[int]
    sha256: Mapped[str]


class PaperFolder(Base):
    """A folder of the outbox in which all papers lay: unmoved, nobody looks for each of them."""

    __tablename__ = "paper_folders"
    folder: Mapped[str] = mapped_column(primary_key=True)  # below the outbox: claims/2026-03
    papers: Mapped[str]  # which: of how many claims or invoices, from which to which, in which form
    stamp: Mapped[str]  # of the folder: device, inode, time of its last change


class Document(Base):
    """A carrier document: the columns of `invoices.schema.DOCUMENTS` and what we know of it."""

    __tablename__ = "documents"
    __table_args__ = (
        sa.Index(None, "carrier", "ban", "invoice_no"),
        sa.Index(None, "bill_date"),
        sa.Index(None, "audited_load"),
    )
    document_id: Mapped[str] = mapped_column(primary_key=True)
    carrier: Mapped[str | None]
    ban: Mapped[str | None]
    invoice_no: Mapped[str | None]
    bill_date: Mapped[dt.date | None]
    due_date: Mapped[dt.date | None]
    previous_balance: Mapped[Decimal | None]
    payments: Mapped[Decimal | None]
    adjustments: Mapped[Decimal | None]
    current_charges: Mapped[Decimal | None]
    total_due: Mapped[Decimal | None]
    lines: Mapped[int | None]
    line_sum: Mapped[Decimal | None]
    status: Mapped[str]  # loaded, held, refused
    source_file: Mapped[str]
    source_row: Mapped[int | None]
    received_on: Mapped[dt.date | None]
    contract: Mapped[str | None]  # in force on bill_date; null = account unknown
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("runs.id"))
    audited_load: Mapped[int | None]  # reference version of the audit (0: none loaded); null: none


class DocumentTotal(Base):
    """The lines of a document by charge class."""

    __tablename__ = "document_totals"
    document_id: Mapped[str] = mapped_column(
        sa.ForeignKey("documents.document_id"), primary_key=True
    )
    charge_class: Mapped[str] = mapped_column(primary_key=True)
    lines: Mapped[int]
    amount: Mapped[Decimal]


class BulkFile(Base):
    """An immutable Parquet file below the workspace; without a row here it does not exist."""

    __tablename__ = "bulk_files"
    __table_args__ = (
        sa.UniqueConstraint("path"),
        sa.Index(None, "kind", "bill_month"),
    )
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    kind: Mapped[str]  # lines, held_lines, audited, findings, customer_lines
    carrier: Mapped[str | None]
    bill_month: Mapped[str | None]  # YYYY-MM
    path: Mapped[str]  # from the workspace, with slashes
    rows: Mapped[int]
    amount: Mapped[Decimal | None]
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("runs.id"))
    superseded_by_run: Mapped[int | None] = mapped_column(sa.ForeignKey("runs.id"))
    size: Mapped[int | None]  # bytes
    sha256: Mapped[str | None]  # null = written before digests were kept
    pruned_by_run: Mapped[int | None]  # gone from disk


class Claim(Base):
    """A dispute: one carrier, account, reason and bill month, or as wide as its form allows."""

    __tablename__ = "claims"
    __table_args__ = (sa.Index(None, "carrier", "ban", "reason", "bill_month"),)
    claim_no: Mapped[str] = mapped_column(primary_key=True)
    carrier: Mapped[str]
    ban: Mapped[str]
    reason: Mapped[str]
    bill_month: Mapped[str]
    status: Mapped[str]
    amount: Mapped[Decimal]
    findings: Mapped[int]
    filed_on: Mapped[dt.date | None]
    file_by: Mapped[dt.date | None]
    dispute_closes_on: Mapped[dt.date | None]
    credited: Mapped[Decimal | None]
    denied: Mapped[Decimal | None]
    # What follows stands here since claims are followed to their last cent.
    group_key: Mapped[str | None]  # what the claim is about besides its month; null = its account
    contract: Mapped[str | None]
    form: Mapped[str | None]  # the form profile by which it was grouped
    granted: Mapped[Decimal | None]  # null = not answered
    withdrawn: Mapped[Decimal | None]
    level: Mapped[int | None]
    sent: Mapped[int | None]  # how often it was sent
    answered_on: Mapped[dt.date | None]
    tracking_no: Mapped[str | None]


class ClaimEvent(Base):
    """Something that happened to a claim; events are only ever added."""

    __tablename__ = "claim_events"
    __table_args__ = (sa.Index(None, "claim_no"),)
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    claim_no: Mapped[str] = mapped_column(sa.ForeignKey("claims.claim_no"))
    at: Mapped[dt.date]
    who: Mapped[str | None]
    what: Mapped[str]
    reference: Mapped[str | None]
    note: Mapped[str | None]
    amount: Mapped[Decimal | None]  # what the event speaks of
    status: Mapped[str | None]  # of the claim from then on; null = as before
    level: Mapped[int | None]
    credited: Mapped[Decimal | None]  # of the claim in all, from then on; null = as before
    denied: Mapped[Decimal | None]
    withdrawn: Mapped[Decimal | None]


class CustomerInvoice(Base):
    """An invoice to a customer for a bill month, or a credit note; its lines are bulk facts."""

    __tablename__ = "customer_invoices"
    __table_args__ = (sa.Index(None, "customer", "bill_month"),)
    invoice_no: Mapped[str] = mapped_column(primary_key=True)
    customer: Mapped[str]
    brand: Mapped[str | None]
    bill_month: Mapped[str]
    bill_date: Mapped[dt.date]
    due_date: Mapped[dt.date]
    total: Mapped[Decimal]
    lines: Mapped[int]
    status: Mapped[str]  # draft, issued, void
    kind: Mapped[str] = mapped_column(server_default="invoice")  # invoice, credit_note
    corrects: Mapped[str | None]  # the invoice that a credit note, or its new invoice, is for
    corrected_by: Mapped[str | None]  # the credit note against this invoice
    replaced_by: Mapped[str | None]  # of a corrected invoice and its credit note: the new invoice
    issued_on: Mapped[dt.date | None]
    issued_load: Mapped[int | None]  # the reference tables it was issued with
    issued_run: Mapped[int | None]  # the run that issued it; null = before that was kept
    rounding: Mapped[str | None]  # how its amounts were rounded; null = once for each line
    lacking: Mapped[str | None]  # what is not known to tax a draft; null = nothing
    hold: Mapped[str | None]  # why a draft cannot be issued; null = it can
    note: Mapped[str | None]  # why it was made or voided


class Debit(Base):
    """What a carrier pulls for a document, and when."""

    __tablename__ = "debits"
    __table_args__ = (sa.Index(None, "carrier", "ban"),)
    document_id: Mapped[str] = mapped_column(
        sa.ForeignKey("documents.document_id"), primary_key=True
    )
    carrier: Mapped[str]
    contract: Mapped[str | None]
    ban: Mapped[str]
    invoice_no: Mapped[str]
    bill_date: Mapped[dt.date]
    debit_on: Mapped[dt.date | None]
    amount: Mapped[Decimal]
    status: Mapped[str]
    dispute_closes_on: Mapped[dt.date | None]


def sql_type(dtype: pl.DataType) -> sa.types.TypeEngine[Any]:
    """Return the type of a column that keeps values of a frame of this type."""
    if isinstance(dtype, pl.Decimal):
        return Money(dtype.scale or 0)
    if dtype == pl.Date:
        return sa.Date()
    if dtype == pl.Boolean:
        return sa.Boolean()
    return sa.BigInteger() if dtype == pl.Int64 else sa.String()


def _reference_table(shape: TableIn) -> sa.Table:
    """Return the database table of a reference table: its columns and its versions."""
    required = {c.name for c in shape.columns if c.required or c.default is not None}
    required |= {f"{c.name}_{c.word}" for c in shape.columns if c.word}
    return sa.Table(
        shape.name,
        Base.metadata,
        sa.Column("row_id", ROW_ID, primary_key=True),
        *(
            sa.Column(name, sql_type(dtype), nullable=name not in required)
            for name, dtype in shape.schema.items()
        ),
        sa.Column("loaded_in", sa.BigInteger(), sa.ForeignKey("loads.id"), nullable=False),
        sa.Column("superseded_in", sa.BigInteger(), sa.ForeignKey("loads.id")),
        sa.Index(None, "loaded_in"),
        sa.Index(None, "superseded_in"),
    )


REFERENCE: dict[str, sa.Table] = {name: _reference_table(shape) for name, shape in TABLES.items()}
"""The database tables of the reference tables, in load order."""
