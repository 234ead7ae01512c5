"""Small hard worlds: bills that are right, then billed again, too little, credited, cut and late.

`hard_world(seed)` is a pure function: a carrier or two with the same codes, two or three services,
a few months over a February, bills of every bill day. What `hard_shapes` does to the bills is
counted in `World.shapes`; nothing says what is right, that is for the model and the kernels.
Everything is named with a tag, so that many worlds make one large one (`together`).
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hard_shapes import SHAPES, SURE
from model_lines import MONTHLY, circuit_key
from model_time import add_months, clipped, extension, fraction, holds
from worlds import Row, World

from reconcile.contracts import Contract

DAY = dt.timedelta(days=1)
STARTS = [(2023, 12), (2024, 1), (2024, 2), (2024, 1), (2026, 1), (2026, 2), (2027, 11)]
BILL_DAYS = [1, 1, 28, 29, 30, 31, 30, 31, *range(1, 32)]
CODES = (
    ("1FB", "recurring", "line"), ("TTB", "recurring", "touch tone"),
    ("PORT1", "recurring", "port"), ("VM1", "recurring", "mail"), ("SUMM1", "recurring", "sum"),
    ("PKG1", "recurring", "package"), ("NRCIN", "one_time", "install"),
    ("UMIN1", "usage", "minutes"), ("9ZR", "surcharge", "EUCL"), ("STAX1", "tax", "state tax"),
)  # fmt: skip


@dataclass(repr=False)
class HardWorld(World):
    """A world, and how often each shape was made in it."""

    shapes: Counter[str] = field(default_factory=Counter)


def hard_world(seed: int, tag: str = "") -> HardWorld:
    """Return the hard world of a seed, its carriers, accounts and services named with a tag."""
    return HardMaker(seed, tag).made()


def together(worlds: list[HardWorld]) -> HardWorld:
    """Return several worlds, of different tags, as one."""
    whole = HardWorld()
    for made in worlds:
        for name, rows in vars(made).items():
            if isinstance(rows, list):
                getattr(whole, name).extend(rows)
        whole.shapes += made.shapes
        whole.bill_days |= made.bill_days
    return whole


class HardMaker:
    """One hard world in the making."""

    def __init__(self, seed: int, tag: str) -> None:
        self.dice, self.tag = random.Random(f"hard {seed}"), tag
        self.world = HardWorld()
        year, month = self.dice.choice(STARTS)
        self.bill_day = self.dice.choice(BILL_DAYS)
        self.first = dt.date(year, month, 1)
        self.bills: list[tuple[Row, list[Row]]] = []
        self.carriers = [f"ILEC{tag}", *([f"CABLE{tag}"] if self.maybe(25) else [])]

    def maybe(self, chance: int) -> bool:
        """Be true in so many of a hundred cases."""
        return self.dice.randrange(100) < chance

    def made(self) -> HardWorld:
        """Make everything, then number the lines as they stand on their bills."""
        self.contracts()
        for carrier in self.carriers:
            self.catalogue(carrier)
        for n in range(self.dice.choice([1, 2, 2, 3])):
            self.service(f"S{self.tag}.{n}", self.carriers[n % len(self.carriers)])
        self.regular_bills()
        for shape in self.dice.sample(SHAPES, 3) + self.dice.sample(SURE, 1):
            if shape(self):
                self.world.shapes[shape.__name__] += 1
        self.number()
        return self.world

    # -- reference

    def contracts(self) -> None:
        """A contract for each carrier, and one that takes an account over in the middle."""
        moves = add_months(self.first, 1) + DAY * self.dice.randrange(40)
        accounts: list[tuple[str, list[Any]]] = [(self.carriers[0], [f"A{self.tag}.*"])]
        if self.maybe(40):
            accounts.append((self.carriers[0], [{"ban": self.ban("A", 2), "from": moves}]))
            self.world.shapes["moving account"] += 1
        if len(self.carriers) > 1:
            accounts.append((self.carriers[1], [f"C{self.tag}.*"]))
            self.world.shapes["two carriers"] += 1
        for n, (carrier, patterns) in enumerate(accounts):
            billing = {
                "proration": self.dice.choice(["thirty_day_month", "actual_days"]),
                "rounding": self.dice.choice(["line", "line", "unit"]),
                "disconnect_grace_days": self.dice.choice([0, 0, 1, 10]),
                "backbill_limit_months": self.dice.choice([12, 12, 2]),
                "resale_certificate": self.maybe(20),
            }
            self.world.contracts.append(
                Contract.model_validate(
                    {"id": f"K{self.tag}.{n}", "carrier": carrier, "accounts": patterns,
                     "effective_from": add_months(self.first, -36), "billing": billing}
                )
            )  # fmt: skip
            self.world.shapes[f"rounding {billing['rounding']}"] += 1
            if billing["disconnect_grace_days"]:
                self.world.shapes["grace"] += 1

    def ban(self, letter: str, number: int) -> str:
        """Return an account of the world."""
        return f"{letter}{self.tag}.{number}"

    def catalogue(self, carrier: str) -> None:
        """The same codes for every carrier, at other rates; a package of two or three."""
        everywhere = {"valid_from": None, "valid_until": None}
        for code, kind, family in CODES:
            self.world.usocs.append(
                {"carrier": carrier, "usoc": code, "description": code, "kind": kind,
                 "family": family, "source": "invented", **everywhere}
            )  # fmt: skip
        for code, units in (("1FB", 1), ("PORT1", 1), ("TTB", 2))[: self.dice.choice([2, 2, 3])]:
            self.world.packages.append(
                {"carrier": carrier, "package": "PKG1", "usoc": code, "quantity": Decimal(units)}
            )
        for other in ("1FB", "TTB"):
            self.world.usoc_rules.append(
                {"carrier": carrier, "usoc": "SUMM1", "relation": "summary_of",
                 "other_usoc": other, **everywhere}
            )  # fmt: skip
        for contract in self.world.contracts:
            if contract.carrier == carrier:
                self.rates(contract.id)

    def rates(self, contract: str) -> None:
        """A rate for each code, sometimes another from a day on."""
        blank = dict.fromkeys(("state", "zone", "term_months", "ban", "circuit_id"))
        for code, kind, _ in CODES:
            if kind == "tax" or self.maybe(3):
                continue
            what = ("PKG1", None) if code == "PKG1" else (None, code)
            change = self.first + DAY * self.dice.randrange(90)
            start = add_months(self.first, -36)
            cuts = [start, change, None] if self.maybe(12) else [start, None]
            for begin, until in zip(cuts, cuts[1:], strict=False):
                places = self.dice.choice([2, 2, 2, 3])
                rate = Decimal(self.dice.randint(300, 5000)).scaleb(-2)
                rate += Decimal(self.dice.randrange(10)).scaleb(-places)
                if kind == "usage":
                    rate = Decimal(self.dice.randint(1000, 90000)).scaleb(-6)
                self.world.buy_rates.append(
                    {"contract": contract, "charge_class": kind, "package": what[0],
                     "usoc": what[1], **blank, "rate": rate, "effective_from": begin,
                     "effective_until": until, "source": "schedule A"}
                )  # fmt: skip

    def service(self, name: str, carrier: str) -> None:
        """A service of elements, with a package, or with all elements of the package."""
        style = self.dice.choice(["elements", "package", "held"])
        near = self.first + DAY * self.dice.randrange(5, 80)
        gone = near if self.maybe(30) else None
        installed = self.first + DAY * self.dice.randrange(40) if self.maybe(15) else None
        if gone and installed and gone <= installed:
            gone = None
        letter = "A" if carrier == self.carriers[0] else "C"
        row = {
            "service": name, "carrier": carrier, "ban": self.ban(letter, self.dice.choice([1, 2])),
            "wtn": f"{len(self.world.services)}{self.tag}", "circuit_id": None, "state": "OH",
            "zone": "1", "term_months": 12, "product": "voice", "customer": "K1",
            "package": "PKG1" if style == "package" else None,
            "installed_on": installed or add_months(self.first, -30), "disconnected_on": gone,
        }  # fmt: skip
        self.world.services.append(row)
        inside = {r["usoc"]: r["quantity"] for r in self.world.packages if r["carrier"] == carrier}
        units = {"VM1": Decimal(1), "TTB": Decimal(2), "1FB": Decimal(1)}
        if style == "held":
            units = {**inside, "VM1": Decimal(1)}
        elif style == "package":
            units = {"VM1": Decimal(1)}
        if self.maybe(30):
            units["SUMM1"] = Decimal(1)
        for code, quantity in units.items():
            self.world.service_elements.append(
                {"service": name, "usoc": code, "quantity": quantity, "active_from": None,
                 "active_until": None}
            )  # fmt: skip
        if self.maybe(60):
            self.world.orders.append(
                {"order_no": f"R{name}", "service": name, "usoc": "NRCIN",
                 "quantity": Decimal(self.dice.choice([1, 2, 3])), "nrc_waived": self.maybe(10),
                 "completed_on": self.first + DAY * self.dice.randrange(20)}
            )  # fmt: skip

    # -- bills

    def regular_bills(self) -> None:
        """A bill a month for each account: what is due, to the cent."""
        for month in range(self.dice.choice([2, 3, 3, 4])):
            start = add_months(self.first, month)
            day = clipped(start.year, start.month, self.bill_day)
            until = clipped(start.year, start.month + 1, self.bill_day)
            for ban in sorted({s["ban"] for s in self.world.services} | {self.ban("A", 1)}):
                bill = self.bill(ban, day)
                for service in self.world.services:
                    if service["ban"] == ban:
                        self.regular(bill, service, day, until, month)

    def bill(self, ban: str, day: dt.date) -> list[Row]:
        """Add an empty bill of an account."""
        n = len(self.bills)
        carrier = self.carriers[-1] if ban.startswith("C") else self.carriers[0]
        head = {"document_id": f"D{self.tag}.{n}", "carrier": carrier, "ban": ban,
                "invoice_no": f"I{self.dice.randrange(100):02}{self.tag}.{n}",
                "bill_date": day}  # fmt: skip
        self.bills.append((head, []))
        return self.bills[-1][1]

    def regular(
        self, bill: list[Row], service: Row, start: dt.date, end: dt.date, month: int
    ) -> None:
        """Bill what a service has for a month, for the days it stands."""
        first = max(start, service["installed_on"])
        last = min(end, service["disconnected_on"] or end)
        if first >= last:
            return
        held = {r["usoc"]: r["quantity"] for r in self.world.service_elements
                if r["service"] == service["service"]}  # fmt: skip
        if service["package"]:
            self.package(bill, service, first, last)
        for code, units in held.items():
            if code != "SUMM1" or self.maybe(50):
                self.charge(bill, service, code, units, first, last)
        if self.maybe(40):
            self.charge(bill, service, "9ZR", Decimal(1), start, end)
        if self.maybe(20):
            self.charge(bill, service, "UMIN1", Decimal(1000), add_months(start, -1), start)
        for order in self.world.orders:
            if order["service"] == service["service"] and month == 0:
                self.charge(bill, service, "NRCIN", order["quantity"], None, None)
                bill[-1]["order_no"] = order["order_no"] if self.maybe(70) else None

    def package(self, bill: list[Row], service: Row, start: dt.date, end: dt.date) -> None:
        """Bill a package as one line, or spread over its elements."""
        whole = self.charge(bill, service, "PKG1", Decimal(1), start, end)
        if self.maybe(65):
            bill.pop()
            inside = [r for r in self.world.packages if r["carrier"] == service["carrier"]]
            left = whole["amount"]
            for n, row in enumerate(inside):
                last = n == len(inside) - 1
                share = left if last else min(left, self.part(whole["amount"], 20, 60))
                left -= share
                bill.append({**whole, "usoc": row["usoc"], "quantity": row["quantity"],
                             "unit_rate": None, "unit_rate_places": None,
                             "amount": share})  # fmt: skip

    def charge(
        self, bill: list[Row], service: Row, code: str, units: Decimal,
        start: dt.date | None, end: dt.date | None,
    ) -> Row:  # fmt: skip
        """Add a line at the rate in force on its first day, for what the days come to."""
        kind = next(kind for usoc, kind, _ in CODES if usoc == code)
        head = next(head for head, lines in self.bills if lines is bill)
        months = Fraction(1)
        if kind in ("recurring", "surcharge") and start and end:
            months = self.months(head, start, end)
        if kind == "recurring" and start and end and months.denominator != 1:
            kind = "prorated"
        rate = self.rate(head, code, start or head["bill_date"])
        printed = self.maybe(60)
        line = {
            "charge_class": kind, "usoc": code, "description": None, "quantity": units,
            "unit_rate": rate if printed else None, "unit_rate_places": 6 if printed else None,
            "amount": extension(rate, months * Fraction(units), units, self.rounding(head, kind)),
            "wtn": service["wtn"], "circuit_id": None, "state": None, "zone": None,
            "order_no": None, "service_from": start, "service_until": end,
        }  # fmt: skip
        bill.append(line)
        return line

    def contract(self, head: Row) -> Contract:
        """Return a contract of the carrier of a bill, the last that names the account alone."""
        mine = [c for c in self.world.contracts if c.carrier == head["carrier"]]
        return mine[0]

    def months(self, head: Row, start: dt.date, end: dt.date) -> Fraction:
        """Return the months of some days, as the carrier of a bill counts them."""
        return fraction(start, end, self.contract(head).billing.proration, self.bill_day)

    def rounding(self, head: Row, kind: str) -> str:
        """Return how the carrier of a bill rounds."""
        return "line" if kind == "usage" else self.contract(head).billing.rounding

    def rate(self, head: Row, code: str, day: dt.date) -> Decimal:
        """Return a rate of a code on a day, any where there is none."""
        rows = [
            r["rate"] for r in self.world.buy_rates
            if code in (r["usoc"], r["package"]) and r["contract"] == self.contract(head).id
            and holds(r, day, "effective_from", "effective_until")
        ]  # fmt: skip
        return rows[0] if rows else Decimal("7.77")

    def part(self, amount: Decimal, low: int, high: int) -> Decimal:
        """Return so many hundredths of an amount, in whole cents."""
        return (amount * self.dice.randint(low, high) / 100).quantize(Decimal("0.01"))

    def some(self, *classes: str, package: bool | None = None) -> tuple[int, Row] | None:
        """Return a positive line of some classes and the number of its bill."""
        packaged = {s["wtn"] for s in self.world.services if s["package"]}
        inside = {r["usoc"] for r in self.world.packages} | {"PKG1"}
        fitting = [
            (n, line)
            for n, (_, lines) in enumerate(self.bills)
            for line in lines
            if line["charge_class"] in (classes or MONTHLY)
            and line["amount"] > Decimal("0.10")
            and (package is None
                 or package == (line["wtn"] in packaged and line["usoc"] in inside))
        ]  # fmt: skip
        return self.dice.choice(fitting) if fitting else None

    def later(self, n: int, same: int = 25) -> list[Row]:
        """Return a bill on the day of another or after it: its own in some of a hundred cases."""
        day, carrier = self.bills[n][0]["bill_date"], self.bills[n][0]["carrier"]
        after = [lines for head, lines in self.bills
                 if head["carrier"] == carrier and head["bill_date"] > day]  # fmt: skip
        return self.bills[n][1] if not after or self.maybe(same) else self.dice.choice(after)

    def number(self) -> None:
        """Write the bills into the world, their lines in any order."""
        for head, lines in self.bills:
            if self.maybe(30):
                self.dice.shuffle(lines)
            self.world.documents.append(head)
            for n, line in enumerate(lines, 1):
                self.world.lines.append(
                    {**line, **head, "line_no": n, "line_id": f"{head['document_id']}-{n}",
                     "circuit_key": circuit_key(line["circuit_id"]), "source_file": "bill.csv",
                     "source_row": len(self.world.lines) + 2}
                )  # fmt: skip
