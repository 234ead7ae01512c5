"""How things stand: the last night, what waits for a person, the next pulls; on one screen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import polars as pl
import sqlalchemy as sa

from rebill.outbox.to_do import Morning, ToDo, counted, to_do
from rebill.paper.text import hung
from rebill.reference.current import load_version
from rebill.store.models import Run
from rebill.store.record import Record

PULLS_SHOWN = 3
"""So many of the next pulls are shown; the others are counted."""
MOST_LINES = 2
"""So many lines of one thing that waits are shown."""


@dataclass(frozen=True)
class Night:
    """The last run of the night, as the record has it."""

    run: int
    as_of: dt.date | None
    outcome: str
    started: str | None
    ended: str | None
    seconds: int | None
    """How long it took; null = the record does not say."""
    counts: dict[str, int]
    sums: dict[str, str]


@dataclass(frozen=True)
class Status:
    """How things stand on a day."""

    as_of: dt.date | None
    night: Night | None
    to_do: list[ToDo]
    pulls: pl.DataFrame
    """The next ones: debit_on, carrier, status, count, amount."""
    next: list[str]
    """What to do first in a workspace that has not seen a night."""

    @property
    def needs_a_person(self) -> bool:
        """Whether the exit is 1."""
        return any(work.needs_a_person for work in self.to_do)


def status(record: Record, as_of: dt.date | None = None) -> Status:
    """Return how things stand on a day, else on that of the last night."""
    day = as_of or record.last_as_of()
    morning, night = Morning(record, day), last_night(record)
    work = to_do(morning)
    if night is not None and night.outcome != "done":
        work.insert(0, _failed(night))
    first = [] if night is not None else _first_steps(record)
    return Status(day, night, work, morning.digest.pulls, first)


def last_night(record: Record) -> Night | None:
    """Return the last run of the night; none before the first."""
    asked = sa.select(Run.__table__).where(Run.command == "nightly").order_by(Run.id.desc())
    row = record.connection.execute(asked.limit(1)).mappings().first()
    if row is None:
        return None
    return Night(
        row["id"],
        row["as_of"],
        row["outcome"] or "not ended",
        row["started"],
        row["finished"],
        seconds_between(row["started"], row["finished"]),
        dict(row["counts"] or {}),
        dict(row["sums"] or {}),
    )


def seconds_between(started: str | None, ended: str | None) -> int | None:
    """Return the seconds between two times of the record; null where one is not known."""
    if not started or not ended:
        return None
    return int(
        (dt.datetime.fromisoformat(ended) - dt.datetime.fromisoformat(started)).total_seconds()
    )


def _failed(night: Night) -> ToDo:
    """Return the last night as work, because it came to nothing."""
    why = night.sums.get("error", "")
    words = f"the night {night.outcome}" + (f": {why}" if why else "")
    do = f"rebill nightly --as-of {night.as_of or 'DATE'}"
    return ToDo("night_failed", True, 1, None, None, words, do)


def _first_steps(record: Record) -> list[str]:
    """Return what to type before there was a night."""
    steps = [] if load_version(record.connection) else ["rebill load reference/"]
    inbox = record.workspace.inbox
    if not any(inbox.iterdir() if inbox.is_dir() else ()):
        steps.append(f"cp BILLS {inbox}/")
    return [*steps, "rebill nightly --as-of DATE"]


# --- as people and as programs read it --------------------------------------------------------


def as_record(status: Status) -> dict[str, Any]:
    """Return the status as plain data."""
    return {
        "as_of": status.as_of,
        "needs_a_person": status.needs_a_person,
        "night": None if status.night is None else asdict(status.night),
        "to_do": [asdict(work) for work in status.to_do],
        "pulls": status.pulls.to_dicts(),
        "next": status.next,
    }


def as_words(status: Status) -> str:
    """Return the status as one screen: the most urgent first, with what does something about it."""
    lines = [*_of_night(status)]
    urgent = [work for work in status.to_do if work.needs_a_person]
    other = [work for work in status.to_do if not work.needs_a_person]
    if status.night is not None and not urgent:
        lines += ["", "Nobody is needed."]
    for heading, work in (("A person is needed", urgent), ("Waits as well", other)):
        if work:
            lines += ["", heading, *(line for one in work for line in _of_work(one))]
    lines += _of_pulls(status.pulls)
    if status.next:
        lines += ["", "Next", *(f"  {step}" for step in status.next)]
    return "\n".join(lines)


def _of_night(status: Status) -> Iterator[str]:
    """Yield what the last night was."""
    night = status.night
    if night is None:
        yield "No night yet."
        return
    took = "" if night.seconds is None else f" in {duration(night.seconds)}"
    when = (night.ended or "")[:16].replace("T", " ")
    yield f"Night of {night.as_of}: {night.outcome}{took}, run {night.run}" + (
        f", ended {when} UTC" if when else ""
    )
    counts, sums = night.counts, night.sums
    if counts.get("files"):
        came = f"{counted(counts.get('loaded', 0), 'bill')} in, {counts.get('lines', 0):,} lines"
        found = f"{counts.get('findings', 0):,} findings, {_money(sums.get('at stake'))} at stake"
        yield hung("  ", f"{came}, {_money(sums.get('billed'))} billed; {found}")
    elif night.outcome == "done":
        yield "  nothing new came"
    if status.as_of != night.as_of:
        yield f"  what follows is as of {status.as_of}"


def _of_work(work: ToDo) -> list[str]:
    """Return a thing that waits, and below it the command."""
    return [hung("  ", work.words, MOST_LINES), f"    {work.do}"]


def _of_pulls(pulls: pl.DataFrame) -> Iterator[str]:
    """Yield the next pulls."""
    if pulls.is_empty():
        return
    yield ""
    yield "Next pulls"
    for row in pulls.head(PULLS_SHOWN).iter_rows(named=True):
        of = counted(row["count"], "bill")
        state = "" if row["status"] == "expected" else f" ({row['status']})"
        yield f"  {row['debit_on']}  {row['amount']:>14,.2f}  {row['carrier']}, {of}{state}"
    rest = pulls.slice(PULLS_SHOWN)
    if rest.height:
        count = counted(int(rest["count"].sum()), "bill")
        yield f"  later       {rest['amount'].sum():>14,.2f}  {count}"


def duration(seconds: int) -> str:
    """Return a length of time in words: `4 s`, `3 min 20 s`, `2 h 5 min`."""
    minutes, rest = divmod(seconds, 60)
    hours, some = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {some} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def took(started: str | None, ended: str | None) -> str:
    """Return in words how long something took; empty where it is not known."""
    seconds = seconds_between(started, ended)
    return "" if seconds is None else duration(seconds)


def _money(text: str | None) -> str:
    return f"{Decimal(text or 0):,.2f}"
