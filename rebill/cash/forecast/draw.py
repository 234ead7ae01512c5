"""Scenarios: everything that may come out one way or another is drawn, many times over.

Scenarios are drawn a thousand at a time, each thousand from a stream of its own that only the seed
and its number decide. So the same seed gives the same result, the first scenarios of more are those
of fewer, and memory grows with scenarios x days, not with what is drawn. What would be otherwise
with another way of working (`Case`) is drawn from the same chances: only the way differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rebill.cash.forecast.facts import NEVER, Cents, Days, Disputes, Facts, Reals, Samples

AT_ONCE = 1000
"""Scenarios drawn from one stream."""
BLOCK = 500
"""Entries drawn at once."""


@dataclass(frozen=True)
class Case:
    """A way of working: so many days less from a bill to its dispute, so many more to file it."""

    name: str
    sooner: int = 0
    longer: int = 0


@dataclass
class Course:
    """How a case went, a scenario an entry."""

    lowest: Cents  # the lowest balance, before the opening cash is counted
    lowest_day: Days
    closing: Cents  # at the end, before the opening cash is counted
    credits: Cents
    expired: Cents  # disputed too late
    bounced: Days  # 1 = some pull was not covered


@dataclass
class Scenarios:
    """What was drawn."""

    count: int
    low: Cents  # scenario x day, of the first case: the balance before that day's receipts
    pulls: Cents  # by day, summed over scenarios, as the next ones
    receipts: Cents
    credits: Cents
    bounces: Days  # by day: scenarios in which its pull is not covered
    total_pulls: Cents  # by scenario
    total_receipts: Cents
    courses: dict[str, Course] = field(default_factory=dict)


def draw(
    facts: Facts, count: int, seed: int, cases: Sequence[Case], floor: int | None = None
) -> Scenarios:
    """Return `count` scenarios of `facts` in every case.

    The balance begins at 0; `floor` is how far it may fall below (cents, 0 or negative) before a
    pull bounces; without it none is said to. A day's pulls come before its receipts.
    """
    width = facts.days + 1
    parts: list[Scenarios] = []
    for number, start in enumerate(range(0, count, AT_ONCE)):
        rng = np.random.Generator(
            np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(number,)))
        )
        keep = min(AT_ONCE, count - start)
        pulls = _pulls(facts, rng, width)[:keep]
        receipts = _receipts(facts, rng, width)[:keep]
        credits = _credits(facts, rng, width, cases)
        part = Scenarios(
            keep,
            np.zeros((0, width), dtype=np.int64),
            pulls.sum(axis=0),
            receipts.sum(axis=0),
            credits[0][0][:keep].sum(axis=0),
            np.zeros(width, dtype=np.int64),
            pulls.sum(axis=1),
            receipts.sum(axis=1),
        )
        for case, (credit, expired) in zip(cases, credits, strict=True):
            _follow(part, case, pulls, receipts, credit[:keep], expired[:keep], floor)
        parts.append(part)
    return _together(parts)


def _follow(
    part: Scenarios,
    case: Case,
    pulls: Cents,
    receipts: Cents,
    credit: Cents,
    expired: Cents,
    floor: int | None,
) -> None:
    """Add how a case went: the balance day by day, pulls before receipts."""
    out = pulls - credit
    after = np.cumsum(receipts - out, axis=1)
    low = after - receipts
    uncovered = np.zeros(low.shape, dtype=bool)
    if floor is not None:
        uncovered = (low < floor) & (out > 0)
    if not part.courses:
        part.low = low
        part.bounces = uncovered.sum(axis=0)
    day: Days = np.argmin(low[:, 1:], axis=1).astype(np.int64) + 1
    part.courses[case.name] = Course(
        np.take_along_axis(low, day[:, None], axis=1)[:, 0],
        day,
        after[:, -1],
        credit.sum(axis=1),
        expired,
        np.asarray(uncovered.any(axis=1), dtype=np.int64),
    )


def _together(parts: list[Scenarios]) -> Scenarios:
    """Return the scenarios of all parts as one."""
    summed = {
        name: np.sum([getattr(part, name) for part in parts], axis=0)
        for name in ("pulls", "receipts", "credits", "bounces")
    }
    courses = {
        name: Course(
            *(
                np.concatenate([getattr(part.courses[name], column) for part in parts])
                for column in ("lowest", "lowest_day", "closing", "credits", "expired", "bounced")
            )
        )
        for name in parts[0].courses
    }
    return Scenarios(
        count=sum(part.count for part in parts),
        low=np.concatenate([part.low for part in parts]),
        total_pulls=np.concatenate([part.total_pulls for part in parts]),
        total_receipts=np.concatenate([part.total_receipts for part in parts]),
        courses=courses,
        **summed,
    )


# --- one stream -------------------------------------------------------------------------------


def _blocks(count: int) -> list[slice]:
    return [slice(at, min(at + BLOCK, count)) for at in range(0, count, BLOCK)]


def _scattered(day: Days, amount: Cents, width: int) -> Cents:
    """Return amounts (scenario x entry) by scenario and day; days outside the forecast are lost."""
    scenarios = day.shape[0]
    within = (day >= 1) & (day < width)
    places = (np.arange(scenarios)[:, None] * width + day)[within]
    # Whole cents below 2^53 are exact in the floats that bincount sums in.
    sums = np.bincount(places, weights=amount[within], minlength=scenarios * width)
    return sums.astype(np.int64).reshape(scenarios, width)


def _picked(samples: Samples, block: slice, chance: Reals) -> Days:
    """Return a number of days for each scenario and entry, drawn from the entry's list."""
    at = samples.start[block] + (chance * samples.count[block]).astype(np.int64)
    picked: Days = samples.days[at]
    return picked


def _pulls(facts: Facts, rng: np.random.Generator, width: int) -> Cents:
    pulls = facts.pulls
    total = np.zeros((AT_ONCE, width), dtype=np.int64) + pulls.known
    for block in _blocks(pulls.day.size):
        off = 1 + pulls.spread[block] * rng.standard_normal((AT_ONCE, pulls.day[block].size))
        amount = np.rint(pulls.amount[block] * np.maximum(off, 0)).astype(np.int64)
        total += _scattered(np.broadcast_to(pulls.day[block], amount.shape), amount, width)
    return total


def _receipts(facts: Facts, rng: np.random.Generator, width: int) -> Cents:
    owed = facts.receipts
    months = int(owed.month.max(initial=0)) + 2
    # Month -1 stands last: what is billed already is what it is.
    off = np.maximum(1 + owed.spread * rng.standard_normal((AT_ONCE, months)), 0)
    off[:, -1] = 1
    total = np.zeros((AT_ONCE, width), dtype=np.int64) + owed.small
    for block in _blocks(owed.amount.size):
        chance = rng.random((2, AT_ONCE, owed.amount[block].size))
        day = np.maximum(owed.base[block] + _picked(owed.delays, block, chance[0]), 1)
        day = facts.banking[np.minimum(day, width - 1)] + np.where(day >= width, NEVER, 0)
        pays = chance[1] >= owed.unpaid[block]
        amount = np.rint(owed.amount[block] * off[:, owed.month[block]]).astype(np.int64)
        total += _scattered(day, amount * pays, width)
    return total


def _credits(
    facts: Facts, rng: np.random.Generator, width: int, cases: Sequence[Case]
) -> list[tuple[Cents, Cents]]:
    """Return credits by scenario and day and what expired by scenario, for each case."""
    waits = facts.disputes
    found = [
        (np.zeros((AT_ONCE, width), dtype=np.int64), np.zeros(AT_ONCE, dtype=np.int64))
        for _ in cases
    ]
    shares = _shares(waits, rng)
    for block in _blocks(waits.amount.size):
        chance = rng.random((3, AT_ONCE, waits.amount[block].size))
        share = shares[:, waits.rate[block]]
        proportion = np.rint(waits.amount[block] * share)
        whole = waits.amount[block] * (chance[0] < share)
        granted = np.where(waits.many[block] == 1, proportion, whole).astype(np.int64)
        granted = np.where(waits.cash[block] >= 0, waits.amount[block], granted)
        filing = _picked(waits.filings, block, chance[1])
        answer = _picked(waits.answers, block, chance[2])
        for case, (credit, expired) in zip(cases, found, strict=True):
            day, lost = _when(waits, block, case, filing, answer, width)
            credit += _scattered(day, np.where(lost, 0, granted), width)
            expired += (waits.amount[block] * lost).sum(axis=1)
    return found


def _shares(waits: Disputes, rng: np.random.Generator) -> Reals:
    """Return the share granted of each rate's claims in each scenario: how sure it is counts."""
    count = int(waits.rate.max(initial=-1)) + 1
    won, lost = np.ones(count), np.ones(count)
    won[waits.rate], lost[waits.rate] = waits.won, waits.lost
    drawn: Reals = rng.beta(np.maximum(won, 1e-9), np.maximum(lost, 1e-9), (AT_ONCE, count))
    return drawn


def _when(
    waits: Disputes, block: slice, case: Case, filing: Days, answer: Days, width: int
) -> tuple[Days, Days]:
    """Return the day each credit lessens a pull, and which claims are filed too late."""
    here = waits.filed[block] == NEVER
    ours = np.maximum(waits.received[block] + np.maximum(filing - case.sooner, 0), 1)
    filed = np.where(here, ours, waits.filed[block])
    lost = here & (filed > waits.closes[block] + case.longer)
    resolved = np.maximum(filed + answer, 1)
    group = np.broadcast_to(waits.group[block], resolved.shape)
    day = waits.cash_day[group, np.minimum(resolved, width - 1)]
    day = np.where(resolved >= width, NEVER, day)
    return np.where(waits.cash[block] >= 0, waits.cash[block], day), lost
