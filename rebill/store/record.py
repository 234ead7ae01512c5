"""The record as frames: what is known of documents, lines, findings, claims and invoices.

Every frame is read on the caller's connection, so that one transaction sees one state. Bulk facts
come lazily from the Parquet files the database names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeAlias

import polars as pl
import sqlalchemy as sa

from invoices.carrier.reading import document_id
from invoices.schema import CENTS, FINDINGS, LINES, seal
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.store import sweep_orphans, transaction
from rebill.store.bulk.registry import scan_bulk
from rebill.store.engine import alone, fence, keeps_nothing
from rebill.store.frames import once, one_of, read_frame, read_table, table_of
from rebill.store.models import (
    BulkFile,
    Claim,
    ClaimEvent,
    CustomerInvoice,
    Debit,
    Document,
    DocumentTotal,
    Fact,
)
from rebill.store.models_bank import DEBIT_SETTLEMENTS
from rebill.store.runs import note_act, note_failure
from rebill.workspace.settings import ConfigError, Workspace
from reconcile.contracts import Contract
from reconcile.schema import AUDITED
from reconcile.window import known_deadlines

KEPT_FINDINGS = pl.Schema({**FINDINGS, "claim_no": pl.String(), "in_claim": CENTS})
"""Findings as they are kept: with the number of their claim, the last where several hold them, and
what of the stake an unfiled one holds (null = all of it)."""
COUNTED = ("loaded", "held")
"""Documents the carrier pulls; one that is refused was not read, a void one counts no more."""
BILL_FINDINGS = "bill_findings"
"""Findings about bills as a whole: made anew each night, kept apart from those of documents."""
MADE_LINES = "made_lines"
"""Customer lines that no carrier line is behind: made anew for a bill month each time."""
INVOICED_LINES = pl.Schema({**CUSTOMER_LINES, "invoice_no": pl.String()})
"""Customer lines with the invoice they stand on."""
CREDIT_PARTS = "credit_parts"
"""What became of each part of a carrier's credit (`rebill.pricing.credits.PARTS`)."""
CREDIT_FINDINGS = "credit_findings"
"""Findings about credits that were granted on claims: made anew each night."""
CREDIT_CODES = ("credit_missing", "credit_short")
GRANTED = pl.col("cause").eq_missing(pl.lit("granted"))
"""Whether a finding about a credit is about one that was granted on a claim."""
MONTH_FINDINGS = "month_findings"
"""Findings about a carrier's bill month: made anew when a document of it comes."""


Wanted: TypeAlias = "sa.ColumnElement[bool]"
"""What rows of a table must be like, as a condition of the database."""


@dataclass(frozen=True)
class Record:
    """A workspace and a connection to its database: where every question is asked."""

    workspace: Workspace
    connection: sa.Connection

    def documents(self, *wanted: Wanted) -> pl.DataFrame:
        """Return the documents that are `wanted`, else every one, sorted by id."""
        return read_table(self.connection, Document, *wanted)

    def counted(self) -> pl.DataFrame:
        """Return the documents that were read and are not void: those that are pulled."""
        return self.documents().filter(pl.col("status").is_in(COUNTED))

    def totals(self, *wanted: Wanted) -> pl.DataFrame:
        """Return document_id, charge_class, lines, amount of loaded and held documents."""
        return read_table(self.connection, DocumentTotal, *wanted)

    def debits(self, *wanted: Wanted) -> pl.DataFrame:
        """Return the pull of every loaded or held document, and what the bank says became of it.

        `pulled`, `pulled_on`, `returned` and `returned_on` are null where it says nothing.
        """
        if wanted:
            return self._debits(*wanted)
        tables = Debit.__tablename__, DEBIT_SETTLEMENTS.name
        return once(self.connection, "debits and their states", self._debits, *tables)

    def _debits(self, *wanted: Wanted) -> pl.DataFrame:
        from reconcile.pulls.settle import states

        known = states(self.settlements()).drop("status")
        pulls = read_table(self.connection, Debit, *wanted)
        return pulls.join(known, on="document_id", how="left", maintain_order="left")

    def settlements(self) -> pl.DataFrame:
        """Return which bank entry paid, or gave back, how much of which document."""
        return read_table(self.connection, DEBIT_SETTLEMENTS)

    def claims(self, *wanted: Wanted) -> pl.DataFrame:
        """Return the claims that are `wanted`, else every one, sorted by number.

        `resolved_on` is the day of the outcome so far: that of the last answer, or that on which
        the claim was withdrawn or closed.
        """
        claims = read_table(self.connection, Claim, *wanted)
        of = ClaimEvent.claim_no.in_(sa.select(Claim.claim_no).where(*wanted))
        ended = self.claim_events(
            ClaimEvent.what.in_(("withdraw", "close")), *([of] if wanted else [])
        )
        last = ended.group_by("claim_no").agg(resolved_on=pl.col("at").max())
        known = claims.join(last, on="claim_no", how="left").sort("claim_no")
        return known.with_columns(resolved_on=pl.coalesce("resolved_on", "answered_on"))

    def claim_events(self, *wanted: Wanted) -> pl.DataFrame:
        """Return what happened to claims, in order: what is `wanted`, else everything."""
        return read_table(self.connection, ClaimEvent, *wanted)

    def customer_invoices(self, *wanted: Wanted) -> pl.DataFrame:
        """Return the customer invoices that are `wanted`, else every one, sorted by number."""
        return read_table(self.connection, CustomerInvoice, *wanted)

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

    def held(self, months: Collection[str] | None = None) -> pl.LazyFrame:
        """Return the lines of held documents (`LINES`)."""
        return self.scan("held_lines", LINES, months)

    def void(self, months: Collection[str] | None = None) -> pl.LazyFrame:
        """Return the lines of void documents (`LINES`)."""
        return self.scan("void_lines", LINES, months)

    def lines(self, months: Collection[str] | None = None) -> pl.LazyFrame:
        """Return the lines of loaded documents; what only an audit knows is null before it."""
        audited = self.audited(months).select(AUDITED.names())
        return pl.concat([audited, self.waiting(months).pipe(seal, AUDITED)])

    def findings(self, months: Collection[str] | None = None) -> pl.LazyFrame:
        """Return all findings that stand (`KEPT_FINDINGS`)."""
        kinds = ("findings", MONTH_FINDINGS, BILL_FINDINGS, CREDIT_FINDINGS)
        return pl.concat(
            [self.scan(kind, KEPT_FINDINGS, months).select(KEPT_FINDINGS.names()) for kind in kinds]
        )

    def claimed(self, months: Collection[str] | None = None) -> pl.LazyFrame:
        """Return the findings that claims are made of (`KEPT_FINDINGS`) and `amount`.

        That is what of each an unfiled claim holds. A finding about a granted credit names its
        claim too, and is no part of it: its cents are those of the claim.
        """
        return (
            self.findings(months)
            .filter(
                pl.col("claim_no").is_not_null(), ~pl.col("code").is_in(CREDIT_CODES) | ~GRANTED
            )
            .with_columns(amount=pl.coalesce("in_claim", "amount_at_stake"))
        )

    def customer_lines(self, months: Collection[str] | None = None) -> pl.LazyFrame:
        """Return what stands on customer invoices, drafts and issued ones, with their numbers."""
        of_months = [] if months is None else [CustomerInvoice.bill_month.in_(list(months))]
        drafts = self.customer_invoices(CustomerInvoice.status == "draft", *of_months)
        return pl.concat(
            [
                self.open_lines(months)
                .join(
                    drafts.lazy().select("customer", "bill_month", "invoice_no"),
                    on=["customer", "bill_month"],
                    how="inner",
                    maintain_order="left",
                )
                .select(INVOICED_LINES.names()),
                self.issued_lines(months),
            ]
        )

    def issued_lines(self, months: Collection[str] | None = None) -> pl.LazyFrame:
        """Return the lines of issued invoices and credit notes (`INVOICED_LINES`)."""
        return self.scan("issued_lines", INVOICED_LINES, months).select(INVOICED_LINES.names())

    def open_lines(self, months: Collection[str] | None = None) -> pl.LazyFrame:
        """Return the customer lines that no issued invoice holds (`CUSTOMER_LINES`)."""
        made = self.scan(MADE_LINES, CUSTOMER_LINES, months).select(CUSTOMER_LINES.names())
        return pl.concat([self.open_carrier_lines(months), made])

    def open_carrier_lines(self, months: Collection[str] | None = None) -> pl.LazyFrame:
        """Return the priced lines of carriers that no issued invoice holds (`CUSTOMER_LINES`)."""
        own = self.scan("customer_lines", CUSTOMER_LINES, months).select(CUSTOMER_LINES.names())
        held = self.lines_held(months)
        if held.is_empty():
            return own
        key = ["customer", "bill_month", "line_id"]
        return own.join(held.lazy().rename({"held": "line_id"}), on=key, how="anti")

    def has_made_lines(self) -> bool:
        """Return whether any customer line was ever made that no carrier line carries."""
        made = sa.select(BulkFile.id).where(BulkFile.kind == MADE_LINES).limit(1)
        return self.connection.scalar(made) is not None

    def lines_held(
        self, months: Collection[str] | None = None, lines: pl.LazyFrame | None = None
    ) -> pl.DataFrame:
        """Return the lines on issued invoices that no credit note took back.

        Columns customer, bill_month and held: the line's `line_id`, else its `made_key`. `lines`
        are the issued lines that are asked for (`INVOICED_LINES`), instead of those of the months.
        """
        sign = pl.col("invoice_no").is_in(self.credit_notes())
        return (
            (self.issued_lines(months) if lines is None else lines)
            .group_by("customer", "bill_month", held=pl.coalesce("line_id", "made_key"))
            .agg(times=pl.when(sign).then(-1).otherwise(1).sum())
            .filter(pl.col("times") > 0)
            .drop("times")
            .collect()
        )

    def credit_notes(self) -> list[str]:
        """Return the numbers of all credit notes."""
        bills = self.customer_invoices(CustomerInvoice.kind == "credit_note")
        return bills["invoice_no"].to_list()

    def with_deadlines(self, documents: pl.DataFrame, contracts: list[Contract]) -> pl.DataFrame:
        """Return loaded and held documents with debit_on, dispute_closes_on and file_by.

        Of one that is held for its date nobody knows these days.
        """
        counted = documents.filter(pl.col("status").is_in(COUNTED))
        came = pl.coalesce("received_on", pl.lit(self.last_night(), dtype=pl.Date))
        return known_deadlines(counted, contracts, came, self.workspace.settings.closings)

    def fact(self, name: str) -> str | None:
        """Return what was last said under a name."""
        facts = table_of(Fact).c
        value: str | None = self.connection.scalar(sa.select(facts.value).where(facts.name == name))
        return value

    def say(self, name: str, value: str) -> None:
        """Keep `value` under a name, instead of what was said before."""
        changed = self.connection.execute(
            sa.update(Fact).where(Fact.name == name).values(value=value)
        )
        if not changed.rowcount:
            self.connection.execute(sa.insert(Fact).values(name=name, value=value))

    def last_night(self) -> dt.date | None:
        """Return the day of the last night; null before the first."""
        said = self.fact("night.as_of")
        return dt.date.fromisoformat(said) if said else None

    def last_as_of(self) -> dt.date | None:
        """Return the day of the last night; without one, the latest day any document knows."""
        if night := self.last_night():
            return night
        latest = read_frame(
            self.connection,
            sa.select(
                sa.func.max(Document.received_on).label("received_on"),
                sa.func.max(Document.bill_date).label("bill_date"),
            ),
        )
        days = [day for day in latest.row(0) if day is not None]
        return max(days) if days else None


def documents_named(record: Record, ids: Iterable[str | None]) -> pl.DataFrame:
    """Return the documents with these ids, sorted by id."""
    return record.documents(one_of(record.connection, Document.document_id, ids))


@contextmanager
def reading(workspace: Workspace) -> Iterator[Record]:
    """Give the record to read from; nothing is changed."""
    with transaction(workspace) as connection:
        yield Record(workspace, connection)


@contextmanager
def changing(workspace: Workspace, command: str | None = None) -> Iterator[Record]:
    """Give the record to change, alone: all that is done is kept, or nothing.

    What is changed by no run of its own is noted as one, with who did it and from where: as
    `command`, or as what the workspace's hand says that it does.
    """
    with alone(workspace), failures_noted(workspace, command), reading(workspace) as record:
        fence(record.connection)
        yield record
        note_act(record.connection, workspace.hand, command)


@contextmanager
def failures_noted(
    workspace: Workspace,
    command: str | None = None,
    as_of: dt.date | None = None,
    clock: Callable[[], str] | None = None,
) -> Iterator[None]:
    """Let what breaks inside be on record as a run that failed, and sweep what it left.

    The caller holds the record alone and opens the transaction inside. A refusal (`ConfigError`) is
    no run: what was asked was not begun. Where the record cannot be written either, nothing is
    noted; what was raised comes out as it was in any case. `clock` is that of the hand.
    """
    clock = clock or workspace.hand.clock
    started = clock() if clock else None
    try:
        yield
    except ConfigError:
        raise
    except BaseException as error:  # a panic of polars is no Exception
        with suppress(BaseException), keeps_nothing(), transaction(workspace) as connection:
            fence(connection)
            with suppress(OSError):  # it goes with the next run
                sweep_orphans(workspace, connection)
            ended = clock() if clock else None
            note_failure(
                *(connection, workspace.hand, error, command, as_of),
                started=started,
                finished=ended,
            )
        raise


KEY = ["carrier", "ban", "invoice_no"]


def corrected(documents: pl.DataFrame) -> list[str]:
    """Return the held documents that a later one of their key stands for.

    `documents` hold all of the keys of held ones. The first of a key bears the key's own id. One
    that is held because it says something else than a loaded one came later, and bears another.
    """
    keys = documents.filter(pl.col("status") == "held").select(KEY).unique()
    documents = documents.join(keys, on=KEY, how="semi")
    own = [row[0] for row in documents.select("document_id", *KEY).iter_rows()
           if None not in row and row[0] == document_id(*row[1:])]  # fmt: skip
    first = pl.col("document_id").is_in(own)
    later = documents.filter(pl.col("status").is_in(COUNTED), ~first).select(KEY)
    held = documents.filter(pl.col("status") == "held", first).join(later, on=KEY, how="semi")
    return held["document_id"].to_list()
