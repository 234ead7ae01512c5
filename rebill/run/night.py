"""What a run carries from stage to stage: its record, its plan, and what it has done so far."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import polars as pl

from invoices.bank.schema import BankReading
from invoices.carrier import Known, Profiles
from invoices.schema import FINDINGS, LINES, empty
from rebill.reference import current
from rebill.run.difference import Difference, State
from rebill.run.intake import Intake, Settled
from rebill.run.stages import Audit, Plan, ReadBank
from rebill.store.record import KEPT_FINDINGS, Record
from rebill.workspace.log import Log
from rebill.workspace.profiles import workspace_profiles
from reconcile.contracts import Contract


@dataclass(frozen=True)
class BankRead:
    """A bank file of a run, and what it says."""

    stage: ReadBank
    reading: BankReading


@dataclass
class Night:
    """A run under way, on one connection whose transaction is kept or undone as a whole."""

    record: Record
    plan: Plan
    as_of: dt.date | None
    log: Log
    run_id: int
    paths: dict[str, Path]
    """Where the files of the plan lie, by name."""
    hook: Callable[[str], None] = lambda boundary: None
    """Called after every stage with its name; tests make it fail."""
    intake: Intake = field(default_factory=Intake)
    settled: Settled | None = None
    waiting: set[str] = field(default_factory=set)
    """Files with a part of a bill that lacks another part, by name."""
    became: dict[str, str] = field(default_factory=dict)
    """What became of each file that was read: words by name."""
    answers: list[tuple[str, str, str]] = field(default_factory=list)
    """What senders of files expect back: folder of the outbox, name, text."""
    bank_reads: list[BankRead] = field(default_factory=list)
    """Bank files of the run, as they were read."""
    bank_became: dict[str, str] = field(default_factory=dict)
    """What became of each of them, in the word the record of runs keeps."""
    audited: list[str] = field(default_factory=list)
    """Documents audited in this run, new and touched ones."""
    touched: list[str] = field(default_factory=list)
    """Documents audited before and again in this run: a late document concerns them."""
    decided: list[str] = field(default_factory=list)
    """Documents a person decided about in this run: the pulls of their accounts change."""
    gone: pl.DataFrame = field(default_factory=lambda: empty(LINES))
    """Lines of loaded documents that are void since this run."""
    gone_from: list[tuple[str, str]] = field(default_factory=list)
    """Carrier and bill month of each loaded document that is void since this run."""
    again: list[str] = field(default_factory=list)
    """Documents that a person wants audited with the tables of this run."""
    before: State | None = None
    """What the record said before documents were audited again, and the last event of a claim."""
    last_event: int = 0
    difference: Difference | None = None
    """What this run changed, where that was asked."""
    found: pl.DataFrame = field(default_factory=lambda: empty(FINDINGS))
    replaced: pl.DataFrame = field(default_factory=lambda: empty(KEPT_FINDINGS))
    kept: pl.DataFrame = field(default_factory=lambda: empty(KEPT_FINDINGS))
    """Findings of audited documents as they were kept, with their claims."""
    waived: list[str] = field(default_factory=list)
    """Findings kept in this run that a person's waiver leaves unclaimed."""
    claims: list[str] = field(default_factory=list)
    """Claims that are new or changed."""
    followed: list[str] = field(default_factory=list)
    """Claims that were credited in this run."""
    invoices: list[str] = field(default_factory=list)
    """Customer invoices that are new or changed."""
    counts: dict[str, int] = field(default_factory=dict)
    sums: dict[str, object] = field(default_factory=dict)

    @cached_property
    def profiles(self) -> Profiles:
        """The profiles carrier files may be of."""
        return workspace_profiles(self.record.workspace)

    @cached_property
    def known(self) -> Known:
        """What a reader may ask of the reference tables."""
        return current.known(self.reference, self.contracts)

    @cached_property
    def load_id(self) -> int:
        """The version of the reference tables this run works with."""
        return current.load_version(self.record.connection)

    @cached_property
    def contracts(self) -> list[Contract]:
        """The contracts of that version."""
        return current.contracts(self.record.connection, self.load_id)

    @cached_property
    def reference(self) -> dict[str, pl.LazyFrame]:
        """The reference tables of that version."""
        return self.reference_at(self.load_id)

    def contracts_at(self, load_id: int) -> list[Contract]:
        """Return the contracts as they were after a load."""
        return current.contracts(self.record.connection, load_id)

    def reference_at(self, load_id: int) -> dict[str, pl.LazyFrame]:
        """Return the reference tables as they were after a load."""
        return current.reference_frames(self.record.workspace, self.record.connection, load_id)

    @property
    def audits(self) -> bool:
        """Whether this run goes on to audit what it takes in."""
        return any(isinstance(stage, Audit) for stage in self.plan.stages)

    def months_left(self) -> pl.DataFrame:
        """Return carrier and bill_month of the loaded documents that are void since this run."""
        schema = {"carrier": pl.String, "bill_month": pl.String}
        return pl.DataFrame(self.gone_from, schema=schema, orient="row").unique()

    def count(self, name: str, number: int) -> None:
        """Add to a count of the run's record."""
        self.counts[name] = self.counts.get(name, 0) + number

    def total(self, name: str, amounts: pl.Series) -> None:
        """Keep a sum of dollars in the run's record, exactly."""
        self.sums[name] = amounts.cast(pl.Decimal(38, 2)).sum() if amounts.len() else "0.00"
