"""Small invented worlds: contracts, inventory, rates, orders, and carrier lines full of mistakes.

`world(seed, size)` is a pure function of its arguments. Every kind of error a carrier makes is
planted, alone and on top of others, beside lines that are right; nothing says which is which,
that is for the model and the kernels to find.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from model_time import add_months, clipped
from worlds_paper import Bill

from reconcile.contracts import Contract

Row = dict[str, Any]
DAY = dt.timedelta(days=1)
STATES, ZONES, TERMS = ("OH", "PA", None), ("1", "2", "3", None), (12, 24, 36, None)
MONTHLY = ("1FB", "TTB", "1MB", "VM1OO", "CTX10")
"""Codes with a kind of recurring, and a look-alike trap: the letter O, and a digit 0."""
CATALOGUE = (
    *((code, "recurring", "access line") for code in MONTHLY),
    ("PORT1", "recurring", "port"),
    ("SUMM1", "recurring", "summary"),
    ("PKG1", "recurring", "package"),
    ("RECO1", "record_only", None),
    ("FREE1", "recurring", None),
    ("NRCIN", "one_time", "install"),
    ("NRCMV", "one_time", "move"),
    ("UMIN1", "usage", "minutes"),
    ("9ZR", "surcharge", "EUCL"),
    ("FUSF1", "surcharge", "Federal USF"),
    ("STAX1", "tax", "state tax"),
)


RULES = (
    ("1FB", "requires", "PORT1"),
    ("SUMM1", "summary_of", "TTB"),
    ("SUMM1", "summary_of", "1MB"),
    ("1FB", "excludes", "CTX10"),
)


@dataclass(repr=False)
class World:
    """A world as plain rows: documents, lines, and reference rows named as in the CSV tables."""

    documents: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)
    usocs: list[Row] = field(default_factory=list)
    packages: list[Row] = field(default_factory=list)
    usoc_rules: list[Row] = field(default_factory=list)
    buy_rates: list[Row] = field(default_factory=list)
    services: list[Row] = field(default_factory=list)
    service_accounts: list[Row] = field(default_factory=list)
    service_elements: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    retail_rates: list[Row] = field(default_factory=list)
    bill_days: dict[str, int] = field(default_factory=dict)  # what no paper says: by account

    def __repr__(self) -> str:
        """Say how large the world is; its rows would fill pages."""
        return f"<a world of {len(self.documents)} documents and {len(self.lines)} lines>"


def world(seed: int, size: int = 3) -> World:
    """Return the world of a seed, with so many services for each account."""
    return Maker(seed, size).made()


def worlds(largest: int = 4) -> st.SearchStrategy[World]:
    """Return a strategy of worlds; failing ones shrink in size."""
    return st.builds(world, st.integers(0, 10**9), st.integers(1, largest))


class Maker:
    """One world in the making."""

    def __init__(self, seed: int, size: int) -> None:
        self.dice = random.Random(seed)
        self.size = size
        self.world = World()
        year, month = self.dice.choice([(2026, 1), (2026, 2), (2024, 1), (2025, 11), (2026, 6)])
        self.first = dt.date(year, month, 1)
        self.months = self.dice.choice([2, 2, 3])
        self.bans = ["305R010001", "305R010002", "0614R77001"]
        self.carriers = ["ILEC", "CABLE"] if self.maybe(30) else ["ILEC"]
        self.bill_days = {ban: self.dice.choice([1, 10, 28, 29, 30, 31]) for ban in self.bans}

    def made(self) -> World:
        """Make everything, in the order in which it depends on each other."""
        self.contracts()
        self.catalogue()
        self.inventory()
        self.rates()
        self.orders()
        self.documents()
        for n, line in enumerate(self.world.lines):
            line["source_row"] = n + 2
        return self.world

    def carrier(self, ban: str) -> str:
        """Return the carrier of an account: the last one may be another's."""
        return self.carriers[-1] if ban == self.bans[-1] else "ILEC"

    def maybe(self, chance: int) -> bool:
        """Be true in so many of a hundred cases."""
        return self.dice.randrange(100) < chance

    def day(self, low: int = -20, high: int = 80) -> dt.date:
        """Return a day around the billed months, often the end of a month."""
        day = self.first + DAY * self.dice.randint(low, high)
        return clipped(day.year, day.month, 31) if self.maybe(15) else day

    # -- reference

    def contracts(self) -> None:
        """Two contracts, sometimes a third that takes an account over in the middle."""
        taken = add_months(self.first, 1) + DAY * self.dice.randrange(20)
        moves = self.maybe(30)
        patterns: list[list[Any]] = [["305R01*", "305*"], ["0614*"]]
        if moves:
            patterns.append([{"ban": "305R010002", "from": taken}])
        for n, accounts in enumerate(patterns):
            self.world.contracts.append(
                Contract.model_validate(
                    {
                        "id": f"C{n}",
                        "carrier": self.carriers[-1] if n == 1 else "ILEC",
                        "effective_from": add_months(self.first, -30),
                        "accounts": accounts,
                        "billing": {
                            "proration": self.dice.choice(["thirty_day_month", "actual_days"]),
                            "rounding": self.dice.choice(["line", "line", "unit"]),
                            "disconnect_grace_days": self.dice.choice([0, 0, 3]),
                            "backbill_limit_months": self.dice.choice([12, 12, 2]),
                            "resale_certificate": self.maybe(50),
                        },
                    }
                )
            )
        if self.maybe(15):
            last = self.world.contracts[1]
            ends = self.first + DAY * self.dice.randrange(20, 60)
            self.world.contracts[1] = last.model_copy(update={"effective_until": ends})

    def catalogue(self) -> None:
        """The codes of each carrier, a package of two or three, and what belongs together."""
        for carrier in self.carriers:
            for code, kind, family in CATALOGUE:
                begins = self.first + DAY * 20 if code == "CTX10" and self.maybe(30) else None
                if carrier != "ILEC" and self.maybe(20):  # another carrier means other things
                    kind = self.dice.choice(["recurring", "one_time", "record_only"])
                self.add(
                    "usocs", carrier=carrier, usoc=code, description=f"{code} as it is",
                    kind=kind, family=family, valid_from=begins, valid_until=None,
                    source="invented",
                )  # fmt: skip
            for code, quantity in (("PORT1", 1), ("TTB", 1), ("1MB", self.dice.choice([1, 2]))):
                if code != "TTB" or self.maybe(60):
                    self.add(
                        "packages", carrier=carrier, package="PKG1", usoc=code,
                        quantity=Decimal(quantity),
                    )  # fmt: skip
            for code, relation, other in RULES:
                if self.maybe(60):
                    self.add(
                        "usoc_rules", carrier=carrier, usoc=code, relation=relation,
                        other_usoc=other, valid_from=None,
                        valid_until=self.day() if self.maybe(10) else None,
                    )  # fmt: skip

    def inventory(self) -> None:
        """Services of each account, with elements, a package, or nothing on record."""
        for ban in self.bans[: 2 if self.size < 3 else 3]:
            for _ in range(self.size):
                self.service(ban)
        if self.maybe(30):  # a telephone number and a circuit that two services share
            twin = self.dice.choice(self.world.services)
            self.service(self.dice.choice(self.bans), wtn=twin["wtn"], circuit=twin["circuit_id"])

    def service(self, ban: str, wtn: str | None = None, circuit: str | None = None) -> None:
        """Add a service with what is on it."""
        n = len(self.world.services)
        installed = add_months(self.first, -14) if self.maybe(60) else self.day()
        gone = installed + DAY * self.dice.randint(5, 70) if self.maybe(25) else None
        if gone and gone < self.first:
            gone = self.day(0, 60)
        package = "PKG1" if self.maybe(35) else None
        style = self.dice.randrange(3)
        self.add(
            "services", service=f"S{n}", carrier=self.carrier(ban), ban=ban,
            wtn=wtn or (f"61455501{n:02}" if style != 0 else None),
            circuit_id=circuit or (f"16.HCGS.{n:06}..OBT" if style != 1 else None),
            state=self.dice.choice(STATES), zone=self.dice.choice(ZONES),
            term_months=self.dice.choice(TERMS), package=package,
            product=self.dice.choice(["voice", "data"]), customer=self.dice.choice(["K1", "K2"]),
            installed_on=None if self.maybe(5) else installed, disconnected_on=gone,
        )  # fmt: skip
        if self.maybe(8) and not package:
            return
        codes = [*MONTHLY, "SUMM1", "RECO1", "FREE1", *([] if package else ["PORT1"])]
        taken = {row["usoc"] for row in self.world.packages} if package else set()
        for code in self.dice.sample(codes, self.dice.randint(1, 3)):
            if code not in taken or self.maybe(20):
                self.elements(f"S{n}", code, gone)

    def elements(self, service: str, code: str, gone: dt.date | None) -> None:
        """Add an element, sometimes with a change of its quantity on a day."""
        quantity, change, end = self.dice.choice([1, 1, 1, 2, 3]), self.day(0, 70), None
        start = None if self.maybe(80) else self.day()
        if self.maybe(15):
            end = gone if gone and self.maybe(50) else change + DAY * self.dice.randint(1, 40)
        if start and end and end <= start:
            end = None
        cuts = [start, end]
        if self.maybe(20) and (start is None or start < change) and (end is None or change < end):
            cuts = [start, change, end]
        for begin, until in zip(cuts, cuts[1:], strict=False):
            self.add(
                "service_elements", service=service, usoc=code, quantity=Decimal(quantity),
                active_from=begin, active_until=until,
            )  # fmt: skip
            quantity += self.dice.choice([-1, 1, 2]) if quantity > 1 else 1

    def rates(self) -> None:
        """Rates of every shape, none equally specific on the same day."""
        for contract in self.world.contracts:
            for code, kind, _ in CATALOGUE:
                if kind in ("recurring", "one_time", "usage", "surcharge") and self.maybe(92):
                    self.rates_of(contract.id, code, kind)
        for code in ("1FB", "TTB", "NRCIN", "1MB"):
            self.add(
                "retail_rates", carrier="ILEC", usoc=code, package=None,
                state=self.dice.choice(STATES), rate=self.money(60),
                effective_from=add_months(self.first, -30), effective_until=None,
            )  # fmt: skip

    def rates_of(self, contract: str, code: str, kind: str) -> None:
        """Add the rates of one code: the general one, and what is special."""
        what = {"usoc": None, "package": code} if code == "PKG1" else {"usoc": code}
        blank = dict.fromkeys(("state", "zone", "term_months", "ban", "circuit_id"))
        service = self.dice.choice(self.world.services)
        special: list[Row] = [
            *({"zone": zone} for zone in ZONES[:3]),
            *({"state": state} for state in STATES[:2]),
            *({"term_months": months} for months in TERMS[:3]),
            {"state": self.dice.choice(STATES[:2]), "zone": self.dice.choice(ZONES[:3])},
            {"ban": service["ban"]},
            {"circuit_id": service["circuit_id"] or "16.HCGS.000000..OBT"},
            {"charge_class": "prorated"},
            {"charge_class": None},
        ]
        keys = [{}, *self.dice.sample(special, self.dice.choice([0, 2, 3, 5, 7]))]
        if self.maybe(5):
            keys = keys[1:]
        for key in keys:
            row = {"charge_class": kind, **blank, "contract": contract, "package": None, **what}
            start, change = add_months(self.first, -20), self.day(-10, 60)
            cuts = [start, change, None] if self.maybe(30) else [start, None]
            for begin, until in zip(cuts, cuts[1:], strict=False):
                rate = self.money(30) if code != "FREE1" else Decimal("0.00")
                if kind == "usage":
                    rate = Decimal(self.dice.randint(1000, 90000)).scaleb(-6)
                self.add(
                    "buy_rates", **{**row, **key}, rate=rate, effective_from=begin,
                    effective_until=until, source="schedule A",
                )  # fmt: skip

    def money(self, high: int) -> Decimal:
        """Return a rate with two to six decimals."""
        places = self.dice.choice([2, 2, 2, 3, 4, 6])
        return Decimal(self.dice.randint(10**places, high * 10**places)).scaleb(-places)

    def orders(self) -> None:
        """Orders for one-time charges: single, for more units, waived, or not yet completed."""
        for service in self.world.services:
            for _ in range(self.dice.choice([0, 1, 1, 2])):
                self.add(
                    "orders", order_no=f"R{len(self.world.orders):04}", service=service["service"],
                    usoc=self.dice.choice(["NRCIN", "NRCIN", "NRCMV"]),
                    quantity=Decimal(self.dice.choice([1, 1, 2])),
                    completed_on=None if self.maybe(10) else self.day(-10, 50),
                    nrc_waived=self.maybe(15),
                )  # fmt: skip

    def add(self, table: str, **row: Any) -> None:
        """Add a reference row."""
        rows: list[Row] = getattr(self.world, table)
        rows.append(row)

    # -- paper

    def documents(self) -> None:
        """One bill a month for each account, and now and then one for an account of nobody."""
        strays = ["999X000001"] if self.maybe(15) else []
        for month in range(self.months):
            for ban in [*self.bans, *strays]:
                if self.maybe(5):
                    continue
                bill_day = self.bill_days.get(ban, 1)
                start = add_months(self.first, month)
                bill_date = clipped(start.year, start.month, bill_day)
                Bill(self, ban, bill_date, bill_day).write()
