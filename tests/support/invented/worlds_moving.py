"""Invented worlds whose services move: sold to another carrier, to another account, and back.

The bills follow, late, early, twice or not at all, and the tables say it in one of several ways.
"""

from __future__ import annotations

import copy
import datetime as dt
import random

from hypothesis import strategies as st
from model_lines import circuit_key
from model_time import add_months
from worlds import DAY, Maker, Row, World


class Moving(Maker):
    """A world in the making, mostly of two carriers, some of whose services move."""

    def __init__(self, seed: int, size: int) -> None:
        super().__init__(seed, size)
        self.moves = random.Random(f"moves of {seed}")
        if self.chance(75):
            self.carriers = ["ILEC", "CABLE"]

    def chance(self, of_a_hundred: int) -> bool:
        """Be true in so many of a hundred cases, without a change to what the seed makes else."""
        return self.moves.randrange(100) < of_a_hundred

    def made(self) -> World:
        """Make everything, then let services move."""
        world = super().made()
        for service in world.services:
            if self.chance(60):
                self.move(service)
        placed = dict.fromkeys((document["document_id"] for document in world.documents), 0)
        for n, line in enumerate(world.lines):
            placed[line["document_id"]] += 1
            line["source_row"], line["line_no"] = n + 2, placed[line["document_id"]]
            line["line_id"] = f"{line['document_id']}-{line['line_no']}"
        return world

    def move(self, service: Row) -> None:
        """Let a service move once, there and back, or to a third account; its bills follow."""
        old = service["ban"]
        new = self.moves.choice([ban for ban in self.bans if ban != old])
        day = self.turn(0, 75)
        then = self.turn(1, 40, day)
        hole = DAY * self.moves.choice([0, 0, 0, 1, 20])
        last = old if self.chance(50) else self.moves.choice(self.bans)
        rows = [(old, None, day), (new, day + hole, None)]
        if self.chance(25):
            rows = [(old, None, day), (new, day, then), (last, then + hole, None)]
        bans = [old, new, rows[-1][0]]
        if self.chance(30):
            rows = rows[: self.moves.randrange(1, len(rows))]
        elif self.chance(20):
            rows = rows[1:]
        service["ban"] = self.moves.choice(bans)
        service["carrier"] = self.carrier(service["ban"])
        for ban, start, end in self.moves.sample(rows, len(rows)):
            if start and end and end <= start:
                continue
            self.add(
                "service_accounts", service=service["service"], carrier=self.carrier(ban), ban=ban,
                effective_from=start, effective_until=end,
            )  # fmt: skip
        self.follow(service, old, new, day)

    def turn(self, low: int, high: int, after: dt.date | None = None) -> dt.date:
        """Return a day on which something moves, often that of a bill or one beside it."""
        first = after or self.first
        days = [d["bill_date"] for d in self.world.documents if d["bill_date"] >= first + DAY * low]
        if days and self.chance(40):
            return self.moves.choice(days) + DAY * self.moves.choice([0, 1, 2])
        return first + DAY * self.moves.randint(low, high)

    def follow(self, service: Row, old: str, new: str, day: dt.date) -> None:
        """Let the bills of the new account have its lines, or the old one's too, or theirs still.

        What the old account bills after the move is a credit now and then.
        """
        bills = {
            (d["bill_date"].year, d["bill_date"].month): d
            for d in self.world.documents
            if d["ban"] == new
        }
        for line in list(self.world.lines):
            late = line["ban"] == old and line["bill_date"] >= day - DAY * 5
            if not late or not about(service, line):
                continue
            bill = bills.get((line["bill_date"].year, line["bill_date"].month))
            if bill is None or self.chance(25):
                if self.chance(30) and line["amount"] > 0:
                    line["amount"] = -line["amount"]
                continue
            if self.chance(25):
                line = copy.copy(line)
                self.world.lines.append(line)
            line.update(bill)


def about(service: Row, line: Row) -> bool:
    """Say whether a line names the circuit or the number of a service."""
    circuit, number = circuit_key(service["circuit_id"]), service["wtn"]
    return bool((circuit and line["circuit_key"] == circuit) or (number and line["wtn"] == number))


def moving_world(seed: int, size: int = 3) -> World:
    """Return the world of a seed, with so many services for each account, some of which move."""
    return Moving(seed, size).made()


def moving_worlds(largest: int = 4) -> st.SearchStrategy[World]:
    """Return a strategy of worlds whose services move."""
    return st.builds(moving_world, st.integers(0, 10**9), st.integers(1, largest))


def sold(made: World, seed: int) -> World:
    """Return a world as its tables are when services were sold after all days that were billed.

    `services` names whom they are with now; where they were is said by `service_accounts`.
    """
    dice = random.Random(f"sale of {seed}")
    days = [line[name] for line in made.lines for name in ("bill_date", "service_until")]
    after = add_months(max(day for day in days if day), 1) + DAY
    world = copy.deepcopy(made)
    for service in world.services:
        if dice.randrange(100) < 60:
            home = {name: service[name] for name in ("service", "carrier", "ban")}
            world.service_accounts.append(
                {**home, "effective_from": None, "effective_until": after}
            )
            service["carrier"], service["ban"] = dice.choice(
                [("CABLE", "0614R77001"), ("ILEC", "305R010001"), ("NEWCO", "N1")]
            )
    return world
