"""Months of a house as nobody would live them: random acts, on two machines, killed now and then.

`story(seed)` is what happens, in order; the same seed is the same story. It is lived twice: calmly
on one machine, and disturbed: each act on one of two machines that share database, lines and
folders, whose clocks differ, and now and then killed at any change of a file, then done again
unless it was kept. What is on record afterwards must be the same.

    arrive march.csv . night 2026-03-09 (killed at 17, again) . submit 0 . night 2026-03-14 ...
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import nights
import polars as pl
import sqlalchemy as sa
from decided import act, decide
from io_faults import Disk, Killed, standing_before

from rebill import store
from rebill.disputes import file
from rebill.reference.load import load
from rebill.run.acts import Accept, Void
from rebill.selling import issue as selling
from rebill.store.bulk.sweep import prune, remove_pruned
from rebill.store.models import Run
from rebill.store.record import changing, reading
from rebill.workspace.settings import (
    SETTINGS_FILE,
    ConfigError,
    Hand,
    Workspace,
    init_workspace,
    open_workspace,
)

FIRST = dt.date(2026, 2, 6)
USUALLY = {
    **{"arrive": 6, "night": 8, "load": 1, "submit": 3, "answer": 3, "issue": 2},
    **{"take_back": 1, "void": 1, "accept": 1, "sweep": 1},
}
"""How often each act comes, among all."""


@dataclass(frozen=True)
class Step:
    """One act: what, on which day, about the how manieth of what there is; how it is disturbed."""

    what: str
    day: dt.date
    number: int
    text: str
    machine: int
    killed_at: int | None


def story(seed: int, steps: int) -> list[Step]:
    """Return what happens."""
    dice = random.Random(seed)
    day, told = FIRST, []
    for _ in range(steps):
        day += dt.timedelta(dice.choice([0, 0, 1, 2, 5, 11]))
        what = dice.choices(list(USUALLY), list(USUALLY.values()))[0]
        soon = dice.choice([6, 25, 120])
        killed_at = dice.randrange(1, soon) if dice.random() < 0.5 else None
        number, machine = dice.randrange(1000), dice.randrange(2)
        told.append(Step(what, day, number, _paper(dice, day), machine, killed_at))
    return [*told, Step("night", day + dt.timedelta(1), 0, "", 0, None)]


def _paper(dice: random.Random, day: dt.date) -> str:
    """Return a carrier's file: mostly a bill of the month, at times no such thing."""
    if dice.random() < 0.1:
        return dice.choice(["x\n", "", f"{nights.HEADER}document,ILEC,305R010001,"])
    rates = {"1FB": ("20.00", "22.00"), "TTB": ("5.00", "5.00"), "9ZR": ("8.30", "8.30")}
    lines = ""
    for _ in range(dice.randrange(1, 6)):
        usoc = dice.choice(list(rates))
        rate = dice.choice(rates[usoc])
        wtn = dice.choice(["6145550131", "6145550131", "6145550132", "6145559999"])
        lines += f"{usoc} {wtn} {rate} {rate}\n"
    month = min(max(day.month - dice.choice([0, 0, 1]), 1), 11)
    number = dice.choice(["", f"B{dice.randrange(3)}"])
    return nights.bill(month, lines, number=number)


@dataclass
class House:
    """The two machines of a house, and what they have done."""

    machines: tuple[Workspace, ...]
    disturbed: bool
    said: list[str] = field(default_factory=list)
    kills: int = 0

    def live(self, steps: list[Step]) -> None:
        """Do all of it."""
        for place, step in enumerate(steps):
            workspace = self.machines[step.machine if self.disturbed else 0]
            done = self._kept(workspace)
            doing = ACTS[step.what]
            if self.disturbed and step.killed_at is not None:
                try:
                    with standing_before(Disk(dies_at=step.killed_at)):
                        self._do(doing, workspace, step)
                    continue
                except Killed:
                    self.kills += 1
                    self.said[place:] = []
                workspace = self.machines[1 - step.machine]
                if self._kept(workspace) > done and step.what != "night":
                    self.said.append(f"{step.what}: done")
                    continue
            self._do(doing, workspace, step)

    def _do(self, doing: Callable[[Workspace, Step], None], at: Workspace, step: Step) -> None:
        try:
            doing(at, step)
            self.said.append(f"{step.what}: done")
        except ConfigError as refused:
            self.said.append(f"{step.what}: {refused}".replace(str(at.root), ""))

    def _kept(self, workspace: Workspace) -> int:
        with store.transaction(workspace) as connection:
            done = sa.select(sa.func.count()).select_from(Run).where(Run.outcome == "done")
            return connection.scalar(done) or 0


def house(root: Path, url: str | None, disturbed: bool) -> House:
    """Return a house of two machines on the database of the URL; null = a SQLite of its own."""
    one = nights.small(root / "one", url)
    here = url or f"sqlite:///{one.root / 'rebill.db'}"
    text = (one.root / SETTINGS_FILE).read_text().split("[database]")[0]
    (one.root / SETTINGS_FILE).write_text(f'{text}[database]\nurl = "{here}"\n')
    other = init_workspace(root / "other").root
    (other / SETTINGS_FILE).write_text((one.root / SETTINGS_FILE).read_text())
    for name in ("lines", "inbox", "outbox"):
        (other / name).rmdir()
        (other / name).symlink_to(one.root / name)
    (other / "reference").symlink_to(one.root / "reference")
    hands = (_hand("one", 0), _hand("other", -86_400 * 3))
    places = (open_workspace(one.root), open_workspace(other))
    machines = tuple(replace(at, hand=hand) for at, hand in zip(places, hands, strict=True))
    return House(machines, disturbed)


def _hand(host: str, behind: int) -> Hand:
    """Return who works on a machine; its clock is behind by so many seconds."""
    ticks = iter(range(10**9))
    begins = dt.datetime(2026, 2, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=behind)

    def clock() -> str:
        return (begins + dt.timedelta(hours=next(ticks))).isoformat(timespec="seconds")

    return Hand("ana", host, "simulated", clock)


# --- the acts -------------------------------------------------------------------------------------


def _arrive(at: Workspace, step: Step) -> None:
    (at.inbox / f"{step.number:03}.csv").write_text(step.text)


def _night(at: Workspace, step: Step) -> None:
    nights.night(at, step.day.isoformat())


def _load(at: Workspace, step: Step) -> None:
    rates = at.root / "reference" / "buy_rates.csv"
    kept = rates.read_text()
    rates.write_text(kept.replace(",20.00,", f",{19 + step.number % 3}.00,"))
    try:
        assert load(at, [rates], given=nights.NOW).ok
    finally:
        rates.write_text(kept)


def _submit(at: Workspace, step: Step) -> None:
    for number in _one_of(_rows(at, "claims", status="ready"), "claim_no", step):
        file.submit(at, [number], step.day, "ana", None, late=True)


def _answer(at: Workspace, step: Step) -> None:
    open_claims = _rows(at, "claims", status="submitted")
    for number in _one_of(open_claims, "claim_no", step):
        what = ("acknowledge", "grant", "deny", "grant_part")[step.number % 4]
        amount = open_claims.filter(claim_no=number)["amount"].item()
        row = {"claim_no": number, "at": step.day, "what": what, "who": "ILEC"}
        if what == "grant_part":
            row["amount"] = pl.Series([amount]).cast(pl.Decimal(18, 2)).item() / 2
        file.record_events(at, [row])


def _issue(at: Workspace, step: Step) -> None:
    selling.issue(at, [], step.day, nights.now)


def _take_back(at: Workspace, step: Step) -> None:
    for number in _one_of(_rows(at, "customer_invoices", status="issued"), "invoice_no", step):
        selling.void(at, [number], step.day, "wrong", nights.now)


def _void(at: Workspace, step: Step) -> None:
    for number in _one_of(nights.table(at, "documents"), "document_id", step):
        decide(at, Void(number, act(step.day.isoformat())), day=step.day.isoformat())


def _accept(at: Workspace, step: Step) -> None:
    for number in _one_of(_rows(at, "documents", status="held"), "document_id", step):
        decide(at, Accept(number, act(step.day.isoformat())), day=step.day.isoformat())


def _sweep(at: Workspace, step: Step) -> None:
    far = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    with changing(at) as record:
        run_id = store.start_run(record.connection, "db prune", None, hand=at.hand)
        prune(record.connection, run_id, far)
        store.finish_run(record.connection, run_id, "done", finished=nights.NOW)
    with reading(at) as record:
        remove_pruned(at, record.connection, dt.datetime(2020, 1, 1, tzinfo=dt.UTC))


def _rows(at: Workspace, name: str, **where: str) -> pl.DataFrame:
    return nights.table(at, name).filter(**where)


def _one_of(rows: pl.DataFrame, key: str, step: Step) -> list[str]:
    """Return the one the step is about, among what there is; nothing where there is none."""
    names = sorted(rows[key].to_list())
    return [names[step.number % len(names)]] if names else []


ACTS: dict[str, Callable[[Workspace, Step], None]] = {
    **{"arrive": _arrive, "night": _night, "load": _load, "submit": _submit, "answer": _answer},
    **{"issue": _issue, "take_back": _take_back, "void": _void, "accept": _accept},
    "sweep": _sweep,
}
