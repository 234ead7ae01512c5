"""The record as frames: what is known of documents, lines, findings, claims and invoices.

Every frame is read on the caller's connection, so that one transaction sees one state. Bulk facts
come lazily from the Parquet files the database names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from invoices.schema import FINDINGS, LINES
from rebill.rating import CUSTOMER_LINES
from rebill.settings import Workspace
from rebill.store.bulk import scan_bulk
from rebill.store.frames import read_frame, read_table
from rebill.store.models import (
    Claim,
    ClaimEvent,
    CustomerInvoice,
    Debit,
    Document,
    DocumentTotal,
    Fact,
)
from reconcile.contracts import Contract
from reconcile.schema import AUDITED
from reconcile.window import deadlines

KEPT_FINDINGS = pl.Schema({**FINDINGS, "claim_no": pl.String()})
"""Findings as they are kept: with the number of their claim."""
BILL_FINDINGS = "bill_findings"
"""Findings about bills as a whole: made anew each night, kept apart from those of documents."""
MONTH_FINDINGS = "month_findings"
"""Findings about a carrier's bill month: made anew when a document of it comes."""


@dataclass(frozen=True)
class Record:
    """A workspace and a connection to its database: where every question is asked."""

    workspace: Workspace
    connection: sa.Connection

    def documents(self) -> pl.DataFrame:
        """Return every document, sorted by id."""
        return read_table(self.connection, Document)

    def totals(self) -> pl.DataFrame:
        """Return document_id, charge_class, lines, amount of loaded and held documents."""
        return read_table(self.connection, DocumentTotal)

    def debits(self) -> pl.DataFrame:
        """Return the pull of every loaded or held document."""
        return read_table(self.connection, Debit)

    def claims(self) -> pl.DataFrame:
        """Return every claim, sorted by number; `resolved_on` is the day of a withdrawal."""
        claims = read_table(self.connection, Claim)
        events = read_table(self.connection, ClaimEvent).filter(pl.col("what") == "withdraw")
        last = events.group_by("claim_no").agg(resolved_on=pl.col("at").max())
        return claims.join(last, on="claim_no", how="left").sort("claim_no")

    def customer_invoices(self) -> pl.DataFrame:
        """Return every customer invoice, sorted by number."""
        return read_table(self.connection, CustomerInvoice)

    def scan(
        self, kind: str, schema: pl.Schema, months: Collection[str] | None = None
    ) -> pl.LazyFrame:
        """Return the live rows of a kind of bulk facts."""
        return scan_bulk(self.workspace, self.connection, kind, schema, months=months)

    def audited(self, months: Collection[str] | None = None) -> pl.LazyFrame:
        """Return the audited lines of loaded documents (`AUDITED`)."""
        return self.scan("audited", AUDITED, months)

    def waiting(self, months: Collection[str] | None = None) -> pl.LazyFrame:
        """Return the lines of loaded documents that are not audited yet (`LINES`)."""
        return self.scan("lines", LINES, months)

    def held(self) -> pl.LazyFrame:
        """Return the lines of held documents (`LINES`)."""
        return self.scan("held_lines", LINES)

    def lines(self, months: Collection[str] | None = None) -> pl.LazyFrame:
        """Return the lines of loaded documents; what only an audit knows is null before it."""
        waiting = self.waiting(months)
        extra = [
            pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in AUDITED.items()
            if name not in LINES
        ]
        both = [self.audited(months).select(AUDITED.names())]
        return pl.concat([*both, waiting.with_columns(extra).select(AUDITED.names())])

    def findings(self, months: Collection[str] | None = None) -> pl.LazyFrame:
        """Return all findings that stand (`KEPT_FINDINGS`)."""
        kinds = ("findings", MONTH_FINDINGS, BILL_FINDINGS)
        return pl.concat(
            [self.scan(kind, KEPT_FINDINGS, months).select(KEPT_FINDINGS.names()) for kind in kinds]
        )

    def customer_lines(self, months: Collection[str] | None = None) -> pl.LazyFrame:
        """Return what stands on customer invoices, with the invoice's number."""
        numbers = self.customer_invoices().filter(pl.col("status") != "void")
        return self.scan("customer_lines", CUSTOMER_LINES, months).join(
            numbers.lazy().select("customer", "bill_month", "invoice_no"),
            on=["customer", "bill_month"],
            how="left",
        )

    def with_deadlines(self, documents: pl.DataFrame, contracts: list[Contract]) -> pl.DataFrame:
        """Return loaded and held documents with debit_on, dispute_closes_on and file_by."""
        return deadlines(
            documents.filter(pl.col("status") != "refused"),
            contracts,
            self.workspace.settings.closings,
        )

    def fact(self, name: str) -> str | None:
        """Return what was last said under a name."""
        return self.connection.scalar(sa.select(Fact.value).where(Fact.name == name))

    def say(self, name: str, value: str) -> None:
        """Keep `value` under a name, instead of what was said before."""
        changed = self.connection.execute(
            sa.update(Fact).where(Fact.name == name).values(value=value)
        )
        if not changed.rowcount:
            self.connection.execute(sa.insert(Fact).values(name=name, value=value))

    def last_as_of(self) -> dt.date | None:
        """Return the day of the last night; without one, the latest day any document knows."""
        said = self.fact("night.as_of")
        if said:
            return dt.date.fromisoformat(said)
        latest = read_frame(
            self.connection,
            sa.select(
                sa.func.max(Document.received_on).label("received_on"),
                sa.func.max(Document.bill_date).label("bill_date"),
            ),
        )
        days = [day for day in latest.row(0) if day is not None]
        return max(days) if days else None
