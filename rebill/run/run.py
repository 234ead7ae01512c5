"""A run under way: what every stage stands on, and what its record will say of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import polars as pl

from invoices.carrier import Known, Profiles
from rebill.reference import current
from rebill.run.stages import Plan
from rebill.store.record import Record
from rebill.workspace.log import Log
from rebill.workspace.profiles import workspace_profiles
from reconcile.contracts import Contract


@dataclass(frozen=True)
class Run:
    """A run on one connection, whose transaction is kept or undone as a whole.

    What its stages find out they return (`rebill.run.outcomes`); here is only what holds from the
    first stage to the last, and the numbers that the record of runs keeps.
    """

    record: Record
    plan: Plan
    as_of: dt.date | None
    log: Log
    run_id: int
    paths: dict[str, Path]
    """Where the files of the plan lie, by name."""
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
        return self._frames(self.load_id)

    def contracts_at(self, load_id: int) -> list[Contract]:
        """Return the contracts as they were after a load."""
        if load_id == self.load_id:
            return self.contracts
        return current.contracts(self.record.connection, load_id)

    def reference_at(self, load_id: int) -> dict[str, pl.LazyFrame]:
        """Return the reference tables as they were after a load."""
        return self.reference if load_id == self.load_id else self._frames(load_id)

    def _frames(self, load_id: int) -> dict[str, pl.LazyFrame]:
        return current.reference_frames(self.record.workspace, self.record.connection, load_id)

    def count(self, name: str, number: int) -> None:
        """Add to a count of the run's record."""
        self.counts[name] = self.counts.get(name, 0) + number

    def total(self, name: str, amounts: pl.Series) -> None:
        """Keep a sum of dollars in the run's record, exactly."""
        self.sums[name] = amounts.cast(pl.Decimal(38, 2)).sum() if amounts.len() else "0.00"
