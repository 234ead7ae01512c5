"""A workspace at work, for a program: its tables as frames, its commands as calls.

What a call does is what the command of its name does, under the same lock and with the same
refusals; what it returns is what that command says with `--json`.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from rebill.cli.base import a_hand, clock_day, known_profile, now
from rebill.door.bill import Where, each
from rebill.door.refused import ReferenceFaults
from rebill.inquiry import known_ids
from rebill.inquiry.explain import story
from rebill.inquiry.export import pieces, shaped, table_frame
from rebill.inquiry.find import find
from rebill.inquiry.tables import TABLES
from rebill.night import batch, far_days
from rebill.night.job import Job, look, pick
from rebill.reference import load as loading
from rebill.run import plan
from rebill.store.record import reading
from rebill.workspace.log import Log
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
        if name not in TABLES:
            raise ConfigError(f"{name!r} is no table; there are: {', '.join(TABLES)}")
        months = None if bill_month is None else [_month(bill_month)]
        table = TABLES[name]
        with reading(self._place("export")) as record:
            rows = table_frame(record, name, months, as_of)
            return pl.concat(list(pieces(table, shaped(table, rows))))

    def explain(self, line_id: str) -> Told:
        """Return the whole story of a line, from its source row to the customer's price.

        Raises `ConfigError` where there is no such line.
        """
        with reading(self._place("explain")) as record:
            return _plain(story(record, known_ids.line(record, line_id)))

    def find(self, text: str, *, as_of: dt.date | None = None) -> Told:
        """Return everything about a number, circuit, account, customer, order, claim or line."""
        with reading(self._place("find")) as record:
            return _plain(find(record, text, as_of))

    def load(self, *paths: Where, replace: bool = False) -> list[Told]:
        """Load reference tables, all of them or nothing; return what changed, table by table.

        `replace`: each file is the whole table. Raises `ReferenceFaults` with every fault.
        """
        place = self._place("load")
        result = loading.load(place, _some(paths), replace=replace, given=now())
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
        place = self._place("ingest")
        known_profile(profile, place.root)
        self._meant(place, received_on, sure=sure, act=True)
        seen, where = pick(place, _some(paths), told=profile is not None)
        job = Job("ingest", plan.plan_ingest, received_on, seen, where, profile)
        outcome = batch.run(place, job, _silent(), now)
        became = {**{one.name: one.left or "" for one in outcome.plan.passed_over}}
        became |= outcome.became
        return [{"file": name, "became": words} for name, words in sorted(became.items())]

    def night(self, *, as_of: dt.date, sure: bool = False) -> Told:
        """Run the night of a day: take what lies in the inbox, judge, claim, price, leave papers.

        Returns counts, sums, how many papers were written, and what became of each file. A day
        before the last night, or more than 40 days after the clock's, is refused unless you are
        `sure`: the message says what would follow. Raises `ConfigError` where another call holds
        the workspace, and whatever went wrong with nothing half done.
        """
        place = self._place("nightly")
        self._meant(place, as_of, sure=sure, act=False)
        seen, where = look(place)
        outcome = batch.run(place, Job("nightly", plan.plan, as_of, seen, where), _silent(), now)
        said = {"counts": outcome.counts, "sums": outcome.sums, "papers": outcome.written}
        return _plain({**said, "files": outcome.became})

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
        with reading(self._place("open")) as record:
            last = record.last_night()
        return f"House {self.root}: {f'last night {last}' if last else 'no night yet'}"


def open(directory: Where, *, wait: float = 0) -> House:
    """Return the workspace in a folder. Raises `ConfigError` where there is none.

    house = rebill.open("acme")
    house.table("findings", bill_month="2026-03")
    """
    return House(open_workspace(Path(directory)).root, wait)


def _some(paths: Sequence[Where]) -> list[Path]:
    if not paths:
        raise ConfigError("no file is named; name files or folders")
    return [one for path in paths for one in each(path)]


def _month(text: str) -> str:
    try:
        return dt.datetime.strptime(text, "%Y-%m").strftime("%Y-%m")
    except ValueError:
        raise ConfigError(f"{text!r} is no month; write it as 2026-03") from None


def _silent() -> Log:
    """Return a log nobody reads: what is to be known of a run is in what it returns."""
    return Log(io.StringIO(), terminal=True)


def _plain(told: Told) -> Told:
    """Return data as JSON has it."""
    plain: Told = json.loads(json.dumps(told, default=str))
    return plain
