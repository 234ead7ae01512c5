"""What an examination looks at, and what it says: a workspace, with all of it that can be had."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

import polars as pl
import sqlalchemy as sa

from invoices.carrier.cells import circuit_key, telephone
from rebill.reference import current
from rebill.store.frames import read_table
from rebill.store.models import REFERENCE, Document
from rebill.store.record import Record
from rebill.workspace.settings import Workspace
from reconcile.contracts import Contract

Level = Literal["ok", "warning", "fault"]
WORST: tuple[Level, ...] = ("ok", "warning", "fault")
"""From what is fine to what stops the work."""


class Told(NamedTuple):
    """What a check found, and what to do about it."""

    level: Level
    words: str
    remedy: str = ""


def fine(words: str) -> Told:
    """Return that all is well."""
    return Told("ok", words)


def parted(level: Level, message: str, otherwise: str = "") -> Told:
    """Return a message of ours as what is wrong and, behind its last `; ` or `: `, what to do.

    `otherwise` is what to do where a message names a place behind a `: ` and says no more.
    """
    for between in ("; ",) if otherwise else ("; ", ": "):
        words, found, remedy = message.rpartition(between)
        if found:
            return Told(level, words, remedy)
    return Told(level, message, otherwise)


@dataclass(frozen=True)
class Case:
    """A workspace on a day; where its settings or its record cannot be had, why."""

    workspace: Workspace
    """With the settings of nobody where its own cannot be read."""
    today: dt.date
    now: dt.datetime
    settings_fault: str | None = None
    record: Record | None = None
    record_fault: str | None = None
    kept: dict[str, pl.DataFrame] = field(default_factory=dict, compare=False)

    @property
    def known(self) -> Record:
        """The record, for checks that are made only where there is one."""
        if self.record is None:
            raise ValueError("this check needs the record")
        return self.record

    def table(self, name: str) -> pl.DataFrame:
        """Return the current rows of a reference table, from the database alone.

        What the kernels read is a copy on the disk, which is made where it is not there: here
        nothing is.
        """
        if name not in self.kept:
            table = REFERENCE[name]
            rows = read_table(self.known.connection, table, table.c.superseded_in.is_(None))
            self.kept[name] = rows.drop("loaded_in", "superseded_in")
        return self.kept[name]

    def frame(self, name: str) -> pl.LazyFrame:
        """Return a reference table as the kernels take it."""
        rows = self.table(name).lazy()
        if name != "services":
            return rows
        return rows.with_columns(
            wtn=telephone(pl.col("wtn")), circuit_key=circuit_key(pl.col("circuit_id"))
        )

    @cached_property
    def contracts(self) -> list[Contract]:
        """The contracts that are current."""
        return current.contracts(self.known.connection)

    @cached_property
    def last_month(self) -> str | None:
        """The last bill month of which a document is loaded."""
        loaded = sa.select(sa.func.max(Document.bill_date)).where(Document.status == "loaded")
        day = self.known.connection.scalar(loaded)
        return None if day is None else f"{day:%Y-%m}"

    @cached_property
    def found(self) -> pl.DataFrame:
        """Findings of the last bill month: code, service, usoc, message."""
        months = [] if self.last_month is None else [self.last_month]
        columns = ("code", "service", "usoc", "carrier", "ban", "message")
        return self.known.findings(months).select(columns).collect()


class Check(NamedTuple):
    """One question of the examination."""

    name: str
    ask: Callable[[Case], Told]
    of_record: bool = False
    """Whether it is asked only where the record can be read."""


def named(names: pl.Series, most: int = 3) -> str:
    """Return the first of some names, sorted, and how many more there are."""
    known = sorted(map(str, names.drop_nulls().unique()))
    more = f" and {len(known) - most:,} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more
