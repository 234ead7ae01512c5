"""A workspace at work, for a program: its tables as frames, its commands as calls.

What a call does is what the command of its name does, under the same lock and with the same
refusals; what it returns is what that command says with `--json`.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from rebill.cli.base import a_hand, as_record, clock_day, known_profile, now
from rebill.door import wanted
from rebill.door.refused import ReferenceFaults, in_words
from rebill.door.wanted import Where
from rebill.inquiry import known_ids
from rebill.inquiry.explain import story
from rebill.inquiry.export import pieces, shaped, table_frame
from rebill.inquiry.find import find
from rebill.inquiry.tables import TABLES
from rebill.night import batch, far_days
from rebill.night.job import Job, look, pick
from rebill.outbox import undelivered
from rebill.reference import load as loading
from rebill.run import plan
from rebill.store.record import Record, reading
from rebill.workspace.log import Log
from rebill.workspace.privacy import private
from rebill.workspace.settings import ConfigError, Workspace, open_workspace

Told: TypeAlias = dict[str, Any]
"""What a command says with `--json`: text, whole numbers, lists and further dicts; money and days
are text, as JSON has them."""


@dataclass(frozen=True)
class House:
    """A workspace: its record to be asked, its commands to be run.

    `wait` is how many seconds a call waits for another that holds the workspace.
    """

    root: Path
    wait: float = 0

    def table(
        self, name: str, *, bill_month: str | None = None, as_of: dt.date | None = None
    ) -> pl.DataFrame:
        """Return a table of `rebill export` as a frame, sorted by its key.

        `bill_month` is YYYY-MM; `as_of` the day for which states are reckoned, else the last
        night's. Raises `ConfigError` where no table is called so.
        """
        if wanted.text(name) not in TABLES:
            raise ConfigError(f"{name!r} is no table; there are: {', '.join(TABLES)}")
        months = None if bill_month is None else [wanted.month(bill_month)]
        table, day = TABLES[name], wanted.day(as_of)
        with self._asked("export") as record:
            rows = table_frame(record, name, months, day)
            return pl.concat(list(pieces(table, shaped(table, rows))))

    def explain(self, line_id: str) -> Told:
        """Return the whole story of a line, from its source row to the customer's price.

        Raises `ConfigError` where there is no such line.
        """
        line = wanted.text(line_id)
        with self._asked("explain") as record:
            return _plain(story(record, known_ids.line(record, line)))

    def find(self, text: str, *, as_of: dt.date | None = None) -> Told:
        """Return everything about a number, circuit, account, customer, order, claim or line."""
        words, day = wanted.text(text), wanted.day(as_of)
        with self._asked("find") as record:
            return _plain(find(record, words, day))

    def load(self, *paths: Where, replace: bool = False) -> list[Told]:
        """Load reference tables, all of them or nothing; return what changed, table by table.

        `replace`: each file is the whole table. Raises `ReferenceFaults` with every fault.
        """
        files = _some(paths)
        with self._at_work("load") as place:
            result = loading.load(place, files, replace=replace, given=now())
        if not result.ok:
            raise ReferenceFaults(result.errors, result.error_total)
        return [{"table": name, **vars(count)} for name, count in result.counts.items()]

    def ingest(
        self,
        *paths: Where,
        profile: str | None = None,
        received_on: dt.date | None = None,
        sure: bool = False,
    ) -> list[Told]:
        """Take carriers' files in; return what became of each: [{file, became}].

        `received_on` is the day they came in; `sure` as in `night`.
        """
        files, day = _some(paths), wanted.day(received_on, "received_on")
        with self._at_work("ingest") as place:
            known_profile(profile, place.root)
            self._meant(place, day, sure=sure, act=True)
            seen, where = pick(place, files, told=profile is not None)
            job = Job("ingest", plan.plan_ingest, day, seen, where, profile)
            outcome = batch.run(place, job, _silent(), now)
        became = {**{one.name: one.left or "" for one in outcome.plan.passed_over}}
        became |= outcome.became
        return [{"file": name, "became": words} for name, words in sorted(became.items())]

    def night(self, *, as_of: dt.date, sure: bool = False) -> Told:
        """Run the night of a day: take what lies in the inbox, judge, claim, price, leave papers.

        Returns counts, sums, how many papers were written, what became of each file, and
        `warnings` where papers could not be written though all is on record. A day before the last
        night, or more than 40 days after the clock's, is refused unless you are `sure`: the message
        says what would follow. Raises `ConfigError` where another call holds the workspace, and
        `Failure` where the machine fails, with nothing half done.
        """
        if (day := wanted.day(as_of)) is None:
            raise ConfigError("a night is of a day; give as_of, as date(2026, 3, 31)")
        with self._at_work("nightly") as place:
            self._meant(place, day, sure=sure, act=False)
            seen, where = look(place)
            outcome = batch.run(place, Job("nightly", plan.plan, day, seen, where), _silent(), now)
            return _plain(as_record(outcome))

    @contextmanager
    def _asked(self, command: str) -> Iterator[Record]:
        """Open the record to be asked."""
        with in_words(), reading(self._place(command)) as record:
            yield record

    @contextmanager
    def _at_work(self, command: str) -> Iterator[Workspace]:
        """Give the workspace to a command: what it leaves is for this login alone."""
        undelivered.why()
        with in_words(), private():
            yield self._place(command)

    def _place(self, command: str) -> Workspace:
        """Return the workspace as it is set now, in the hand of who runs this program."""
        return replace(open_workspace(self.root), hand=a_hand(command, self.wait))

    def _meant(self, place: Workspace, day: dt.date | None, *, sure: bool, act: bool) -> None:
        """Refuse a day that is hardly meant."""
        if day is None or sure:
            return
        if told := far_days.doubt(place, day, clock_day(), act=act):
            raise ConfigError(f"{told}; if the day is meant, say sure=True")

    def __repr__(self) -> str:
        with self._asked("open") as record:
            last = record.last_night()
        return f"House {self.root}: {f'last night {last}' if last else 'no night yet'}"


def open(directory: Where, *, wait: float = 0) -> House:
    """Return the workspace in a folder. Raises `ConfigError` where there is none.

    house = rebill.open("acme")
    house.table("findings", bill_month="2026-03")
    """
    if not isinstance(wait, int | float) or not wait >= 0:
        raise ConfigError(f"wait={wait!r} is no time to wait; give seconds, 0 or more")
    return House(open_workspace(wanted.one(directory)).root, wait)


def _some(paths: Sequence[Where]) -> list[Path]:
    if not paths:
        raise ConfigError("no file is named; name files or folders")
    return wanted.each(paths)


def _silent() -> Log:
    """Return a log nobody reads: what is to be known of a run is in what it returns."""
    return Log(io.StringIO(), terminal=True)


def _plain(told: Told) -> Told:
    """Return data as JSON has it."""
    plain: Told = json.loads(json.dumps(told, default=str))
    return plain
