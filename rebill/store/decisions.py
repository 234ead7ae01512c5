"""The list of decisions in the record: read, added to, and which waivers hold on a day."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rebill.store import insert_frame, read_table
from rebill.store.models_decisions import Decision
from rebill.store.record import Record
from rebill.workspace.settings import ConfigError
from reconcile.audit.waivers import active

LONGEST = 2000
"""Characters of a reason."""


def decisions(record: Record) -> pl.DataFrame:
    """Return every decision, in the order in which they were made."""
    return read_table(record.connection, Decision)


def waivers(record: Record, as_of: dt.date | None) -> pl.DataFrame:
    """Return the waivers that hold on a day (`reconcile.audit.waivers.WAIVERS`); without one,
    ever."""
    return active(decisions(record), as_of or dt.date.max)


def decide(record: Record, rows: pl.DataFrame) -> None:
    """Add decisions; each has decided_on, who, act and reason, and what the act is about."""
    insert_frame(record.connection, Decision, rows)


def checked(who: str | None, reason: str) -> tuple[str, str]:
    """Return a name and a reason without blanks around; raise ConfigError where one is empty."""
    name, why = (who or "").strip(), " ".join(reason.split())
    if not name:
        raise ConfigError("a decision needs a name: give --who")
    if not why:
        raise ConfigError("a decision needs a reason: give --reason")
    if not (name.isprintable() and why.isprintable()):
        raise ConfigError("a name or a reason has a character that cannot be printed: leave it out")
    if len(why) > LONGEST or len(name) > 200:
        raise ConfigError(f"a reason has at most {LONGEST} characters, a name 200")
    return name, why
