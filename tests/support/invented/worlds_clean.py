"""Invented worlds whose carriers make no mistake: every line is due, at the rate in force."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from model_facts import Facts
from model_lines import MONTHLY, Judged, circuit_key
from model_time import add_months, clipped, extension, period_of, rounded
from worlds import Maker, Row, World
from worlds_paper import Bill


def clean_world(seed: int, size: int = 3) -> World:
    """Return a world with the reference tables of a seed and bills that are right to the cent."""
    maker = Maker(seed, size)
    maker.contracts()
    maker.catalogue()
    maker.inventory()
    maker.rates()
    maker.orders()
    world = maker.world
    world.usoc_rules.clear()
    for row in world.usocs:
        row["valid_from"] = None
    world.bill_days.update(maker.bill_days)
    used: set[str] = set()
    for month in range(maker.months):
        for ban in maker.bans:
            start = add_months(maker.first, month)
            bill_day = maker.bill_days[ban]
            date = clipped(start.year, start.month, bill_day)
            CleanBill(maker, ban, date, bill_day, used).write()
    return world


class CleanBill(Bill):
    """A carrier invoice with nothing wrong on it."""

    def __init__(
        self, maker: Maker, ban: str, bill_date: dt.date, bill_day: int, used: set[str]
    ) -> None:
        super().__init__(maker, ban, bill_date, bill_day)
        self.used, self.facts = used, Facts(maker.world)

    def write(self) -> None:
        """Write what is due of every service of the account that can be told from the others."""
        for service in self.world.services:
            twins = [s for s in self.world.services if alike(s, service)]
            if service["ban"] == self.ban and len(twins) == 1:
                self.service(service)
        self.lines.sort(key=lambda line: line["charge_class"])
        for n, line in enumerate(self.lines, 1):
            line["line_no"], line["line_id"] = n, f"{self.head['document_id']}-{n}"
            line["circuit_key"] = circuit_key(line["circuit_id"])
            self.world.lines.append(line)

    def service(self, service: Row) -> None:
        """Bill a month of a service in advance: its package, its elements, what was ordered."""
        start, end = self.bill_date, add_months(self.bill_date, 1, self.bill_day)
        first, gone = service["installed_on"] or start, service["disconnected_on"] or end
        start, end = max(start, first), min(end, gone)
        if start >= end:
            return
        packaged = self.facts.elements_of(service["carrier"], service["package"])
        for row in self.world.service_elements:
            begin = max(start, row["active_from"] or start)
            until = min(end, row["active_until"] or end)
            if row["service"] == service["service"] and row["usoc"] not in packaged:
                self.due(service, "recurring", row["usoc"], row["quantity"], begin, until)
        if packaged:
            self.due(service, "recurring", service["package"], Decimal(1), start, end)
        for order in self.world.orders:
            done = order["completed_on"]
            mine = order["service"] == service["service"] and not order["nrc_waived"]
            if mine and done and done <= self.bill_date and order["order_no"] not in self.used:
                self.used.add(order["order_no"])
                units, number = order["quantity"], order["order_no"]
                self.due(service, "one_time", order["usoc"], units, done, done, number)
        self.due(service, "usage", "UMIN1", Decimal(37), start, end)
        self.due(service, "surcharge", "9ZR", Decimal(1), start, end)

    def due(
        self, service: Row, charge_class: str, code: str, units: Decimal, start: dt.date,
        end: dt.date, order_no: str | None = None,
    ) -> None:  # fmt: skip
        """Add a line that bills units for a period at the rate in force, if there is one."""
        if start > end or (start == end and charge_class != "one_time"):
            return
        if charge_class in MONTHLY and end != add_months(start, 1, self.bill_day):
            charge_class = "prorated"
        line = self.line(
            service, charge_class, code, quantity=units, service_from=start, service_until=end,
            order_no=order_no, line_no=0, line_id="", circuit_key=None,
        )  # fmt: skip
        day = self.bill_day
        j = Judged(line, period_of(line, day), day, service=service, rate_day=start)
        j.contract = self.facts.contract_on(line["carrier"], self.ban, self.bill_date)
        if j.contract is None:
            self.lines.pop()
            return
        holder = self.facts.contract_on(line["carrier"], self.ban, start) or j.contract
        j.rate_contract = holder.id
        package = code if code == service["package"] else None
        rates = self.facts.rates_of(j, start, package)
        rate = rates[0]["rate"] if rates else self.maker.money(9)
        months = j.whole * (1 if package else int(units))
        line["amount"] = extension(rate, months, Decimal(1) if package else units, j.rounding)
        if not package and self.maybe(60):
            line["unit_rate"], line["unit_rate_places"] = rounded(rate, 6), 6


def alike(a: Row, b: Row) -> bool:
    """Say whether two services of a carrier share a circuit or a number."""
    same = any(a[key] is not None and a[key] == b[key] for key in ("wtn", "circuit_id"))
    return a is b or (a["carrier"] == b["carrier"] and same)
