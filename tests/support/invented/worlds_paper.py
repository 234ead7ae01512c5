"""The bills of an invented world: what is due, written as carriers write it, then spoilt.

A line is first made right for one element, package, order or fee, then some of `SPOILS` are done
to it; most lines are left alone.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from model_lines import circuit_key
from model_time import add_months, extension, fraction, holds, rounded
from worlds_spoilt import SPOILS

if TYPE_CHECKING:
    from worlds import Maker


Row = dict[str, Any]


DAY = dt.timedelta(days=1)


MONTHLY = ("recurring", "prorated")


COPIED = (
    "charge_class", "usoc", "description", "quantity", "unit_rate", "unit_rate_places", "amount",
    "wtn", "circuit_id", "state", "zone", "order_no", "service_from", "service_until",
)  # fmt: skip


class Bill:
    """One carrier invoice in the making."""

    def __init__(self, maker: Maker, ban: str, bill_date: dt.date, bill_day: int) -> None:
        self.maker, self.dice, self.world = maker, maker.dice, maker.world
        self.ban, self.bill_date, self.bill_day = ban, bill_date, bill_day
        n = len(self.world.documents)
        invoice_no = f"INV{maker.dice.randrange(100):02}{n:03}"
        self.head = {
            "document_id": f"D{n}", "carrier": maker.carrier(ban), "ban": ban,
            "invoice_no": invoice_no,
            "bill_date": bill_date,
        }  # fmt: skip
        self.world.documents.append(dict(self.head))
        self.lines: list[Row] = []
        fitting = [c for c in self.world.contracts if any(ban[:4] in a.ban for a in c.accounts)]
        self.contract = fitting[0] if fitting else None

    def write(self) -> None:
        """Write the lines of every service of the account, then fees, repeats and credits."""
        for service in self.world.services:
            if service["ban"] == self.ban or self.maybe(2):
                self.service(service)
        self.fees()
        for line in list(self.lines):
            if self.maybe(22):
                for spoil in self.dice.sample(SPOILS, self.dice.choice([1, 1, 2])):
                    spoil(self, line)
        self.repeats()
        self.dice.shuffle(self.lines)
        for n, line in enumerate(self.lines, 1):
            if line["amount"] >= 0 and line["quantity"] is not None:
                line["quantity"] = abs(line["quantity"]) or Decimal(1)
            line["line_no"] = n
            line["line_id"] = f"{self.head['document_id']}-{n}"
            line["circuit_key"] = circuit_key(line["circuit_id"])
            self.world.lines.append(line)

    def maybe(self, chance: int) -> bool:
        """Be true in so many of a hundred cases."""
        return self.maker.maybe(chance)

    def line(self, service: Row | None, charge_class: str, usoc: str | None, **more: Any) -> Row:
        """Add a line of a service, identified as the paper does it."""
        style = self.dice.randrange(3)
        known = service or dict.fromkeys(("wtn", "circuit_id", "state", "zone"))
        both = {"wtn": known["wtn"], "circuit_id": known["circuit_id"]}
        if all(both.values()) and style < 2:
            both[("wtn", "circuit_id")[style]] = None
        line = {
            **self.head, "charge_class": charge_class, "usoc": usoc, "description": None,
            "quantity": None, "unit_rate": None, "unit_rate_places": None,
            "amount": Decimal("0.00"), **both, "state": known["state"], "zone": known["zone"],
            "order_no": None, "service_from": None, "service_until": None,
            "source_file": "bill.csv", **more,
        }  # fmt: skip
        self.lines.append(line)
        return line

    # -- what is due

    def rate(self, service: Row, code: str, day: dt.date, charge_class: str) -> Decimal | None:
        """Return the first rate that fits loosely; where it is not the best, that is an error."""
        rows = [
            row
            for row in self.world.buy_rates
            if code in (row["usoc"], row["package"])
            and (self.contract is None or row["contract"] == self.contract.id)
            and row["charge_class"] in (charge_class, None)
            and all(row[n] in (None, service[n]) for n in ("state", "zone", "term_months"))
            and row["ban"] in (None, self.ban)
            and row["circuit_id"] in (None, service["circuit_id"])
            and holds(row, day, "effective_from", "effective_until")
        ]
        named = ("circuit_id", "ban", "zone", "state", "term_months")
        rows.sort(key=lambda row: [row[n] is None for n in named])
        return rows[0]["rate"] if rows else None

    def months(self, start: dt.date, end: dt.date) -> Fraction:
        """Return the months of a period under the contract's convention."""
        style = self.contract.billing.proration if self.contract else "thirty_day_month"
        return fraction(start, end, style, self.bill_day)

    def amount(self, rate: Decimal, months: Fraction, units: Decimal) -> Decimal:
        """Return what the carrier makes of rate, months and units."""
        rounding = self.contract.billing.rounding if self.contract else "line"
        return extension(rate, months * Fraction(units), units, rounding)

    def service(self, service: Row) -> None:
        """Bill a month of a service in advance, or the part of it that the service stands."""
        start, end = self.bill_date, add_months(self.bill_date, 1, self.bill_day)
        if self.maybe(10):
            start, end = add_months(start, -1, self.bill_day), start
        first, gone = service["installed_on"] or start, service["disconnected_on"] or end
        if self.maybe(85):  # the carrier knows when the service came and went
            start, end = max(start, first), min(end, gone)
        if start >= end:
            return
        for row in self.world.service_elements:
            if row["service"] == service["service"] and self.maybe(92):
                begin = max(start, row["active_from"] or start)
                until = min(end, row["active_until"] or end)
                if begin < until:
                    self.element(service, row["usoc"], row["quantity"], begin, until)
        if service["package"]:
            self.package(service, start, end)
        if self.maybe(12):
            self.element(service, "TTB", Decimal(1), start, end)
        self.one_time(service)
        if self.maybe(40):
            self.usage(service, start)
        for code in ("9ZR", "FUSF1"):
            if self.maybe(35):
                self.surcharge(service, code, start, end)
        if self.maybe(30):
            self.tax(service, start, end)

    def element(
        self, service: Row, code: str, quantity: Decimal, start: dt.date, end: dt.date
    ) -> Row:
        """Bill an element for a period at its rate."""
        whole = end == add_months(start, 1, self.bill_day)
        charge_class = "recurring" if whole or self.maybe(15) else "prorated"
        rate = self.rate(service, code, start, "recurring")
        if rate is None:
            rate = self.maker.money(20)
        line = self.line(
            service, charge_class, code, quantity=quantity, service_from=start, service_until=end
        )
        self.charge(line, rate)
        if whole and start == self.bill_date and self.maybe(40):
            missing = self.dice.choice([("service_from",), ("service_until",), (), None])
            for column in missing if missing is not None else ("service_from", "service_until"):
                line[column] = None
            if line["service_from"] is None and line["service_until"] is not None:
                line["service_from"] = start
        if quantity == 1 and self.maybe(15):
            line["quantity"] = None
        return line

    def charge(self, line: Row, rate: Decimal) -> None:
        """Set amount and printed unit rate of a line: to some places, or not printed."""
        units = Decimal(1) if line["quantity"] is None else line["quantity"]
        start, end = line["service_from"], line["service_until"]
        dated = line["charge_class"] in (*MONTHLY, "surcharge") and start and end and start < end
        months = self.months(start, end) if dated else Fraction(1)
        line["amount"] = self.amount(rate, months, units)
        if line["charge_class"] == "usage":
            line["amount"] = rounded(rate * units)
        places = self.dice.choice([None, None, 2, 2, 3, 4, 6])
        line["unit_rate_places"] = places
        line["unit_rate"] = None if places is None else rounded(rate, places)

    def package(self, service: Row, start: dt.date, end: dt.date) -> None:
        """Bill a package as its elements, as one line, or as both."""
        rate = self.rate(service, "PKG1", start, "recurring") or self.maker.money(40)
        held = (self.head["carrier"], service["package"])
        parts = [r for r in self.world.packages if (r["carrier"], r["package"]) == held]
        style = self.dice.choice(["elements", "elements", "whole", "mixed"])
        if style == "whole":
            parts = []
        codes = [(row["usoc"], Decimal(row["quantity"])) for row in parts]
        if style != "elements":
            codes.append(("PKG1", Decimal(1)))
        total = self.amount(rate, self.months(start, end), Decimal(1))
        whole = end == add_months(start, 1, self.bill_day)
        for n, (code, quantity) in enumerate(codes):
            last = n == len(codes) - 1
            share = total if last else rounded(total * self.dice.randrange(80) / 100)
            total -= share
            self.line(
                service, "recurring" if whole else "prorated", code, quantity=quantity,
                service_from=start, service_until=end, amount=share,
            )  # fmt: skip

    def one_time(self, service: Row) -> None:
        """Bill the orders of the service, with or without their number; and one without order."""
        mine = [o for o in self.world.orders if o["service"] == service["service"]]
        for order in mine:
            if self.maybe(45):
                day = order["completed_on"]
                line = self.line(
                    service, "one_time", order["usoc"], quantity=order["quantity"],
                    order_no=order["order_no"] if self.maybe(55) else None,
                    service_from=day if self.maybe(60) else None,
                )  # fmt: skip
                line["service_until"] = line["service_from"] if self.maybe(50) else None
                when = day or self.bill_date
                self.charge(
                    line,
                    self.rate(service, order["usoc"], when, "one_time") or self.maker.money(50),
                )
                if order["quantity"] > 1 and self.maybe(50):
                    line["quantity"] = Decimal(1)
        if self.maybe(8):
            line = self.line(service, "one_time", "NRCIN", quantity=Decimal(1))
            line["order_no"] = self.dice.choice([None, "R9999"])
            self.charge(line, self.maker.money(50))

    def usage(self, service: Row, start: dt.date) -> None:
        """Bill minutes of the month before."""
        minutes = Decimal(self.dice.choice([1, 37, 250, 1200]))
        line = self.line(
            service, "usage", "UMIN1", quantity=minutes,
            service_from=add_months(start, -1, self.bill_day), service_until=start,
        )  # fmt: skip
        rate = self.rate(service, "UMIN1", line["service_from"], "usage")
        self.charge(line, rate or Decimal("0.012345"))
        if self.maybe(8):
            line["quantity"] = None

    def surcharge(self, service: Row, code: str, start: dt.date, end: dt.date) -> None:
        """Bill a surcharge at, below or above its cap, dated or not."""
        line = self.line(service, "surcharge", code, quantity=Decimal(1))
        if self.maybe(60):
            line["service_from"], line["service_until"] = start, end
        rate = self.rate(service, code, start, "surcharge") or self.maker.money(5)
        self.charge(line, rate + self.dice.choice([0, 0, 0, -1, 1]) * Decimal("0.50"))
        line["amount"] = max(line["amount"], Decimal("0.00"))

    def tax(self, service: Row, start: dt.date, end: dt.date) -> None:
        """Bill a tax, dated or not."""
        line = self.line(service, "tax", "STAX1", description=self.dice.choice(["state", "local"]))
        line["amount"] = rounded(self.maker.money(4))
        if self.maybe(60):
            line["service_from"], line["service_until"] = start, end

    def fees(self) -> None:
        """Bill what belongs to the account: taxes, late charges, adjustments."""
        for charge_class in ("tax", "late_charge", "adjustment", "surcharge"):
            if self.maybe(20):
                code = self.dice.choice([None, "STAX1", "FUSF1"])
                line = self.line(None, charge_class, code, amount=rounded(self.maker.money(9)))
                if charge_class == "adjustment" and self.maybe(60):
                    line["amount"] = -line["amount"]

    def repeats(self) -> None:
        """Repeat lines of this or earlier bills, whole or shifted, and credit some."""
        for old in [*self.lines, *self.world.lines]:
            own = old["bill_date"] == self.bill_date and old["ban"] == self.ban
            if self.maybe(5 if own else 1):
                line = {**self.line(None, "tax", None), **{name: old[name] for name in COPIED}}
                self.lines[-1] = line
                if self.maybe(30) and line["service_from"] and line["service_until"]:
                    step = DAY * self.dice.randint(-20, 20)
                    line["service_from"] += step
                    line["service_until"] += step
                if line["quantity"] and self.maybe(10):
                    line["quantity"] += 1
            if old["amount"] > 0 and self.maybe(4 if own else 1):
                credit = {**self.line(None, "tax", None), **{name: old[name] for name in COPIED}}
                self.lines[-1] = credit
                share = self.dice.choice([1, 1, 2])
                credit["amount"] = -rounded(old["amount"] / share)
                credit["quantity"] = credit["unit_rate"] = credit["unit_rate_places"] = None
                if self.maybe(40):
                    credit["charge_class"] = "adjustment"
