"""An invented night of lines to be priced, with its markups and retail rates."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from random import Random
from typing import Any

import pricing_model
from pricing_model import MONTH_PARTS, NAMES, PRECEDENCE

from invoices.schema import CHARGE_CLASSES
from rebill.pricing.markups import METHODS

DAYS = [dt.date(2026, month, day) for month in (1, 2, 3) for day in (1, 2, 15)]
PARTS = [MONTH_PARTS, MONTH_PARTS // 30, MONTH_PARTS // 31 * 7, 2 * MONTH_PARTS]

VALUES: dict[str, list[str]] = {
    "service": ["S1", "S2", "S3"],
    "customer": ["C1", "C2", "C3"],
    "usoc": ["1MB", "ESX", "PKG"],
    "package": ["PKG", "OTHER"],
    "product": ["voice", "data"],
    "charge_class": list(CHARGE_CLASSES),
}

Rows = list[dict[str, Any]]


class World:
    """An invented night of lines, markups and retail rates, made from a seed."""

    def __init__(self, seed: int, lines: int = 120) -> None:
        self.random = Random(seed)
        self.lines: Rows = [self.line(n) for n in range(1, lines + 1)]
        markups = [self.markup() for _ in range(self.random.randint(0, 40))]
        self.markups = _numbered(markups, (*NAMES, "effective_from"))
        retail = [self.retail_rate() for _ in range(self.random.randint(0, 12))]
        self.retail = _numbered(retail, ("carrier", "usoc", "package", "state"))
        self.bases = {c: self.random.choice(["expected", "billed"]) for c in ("C1", "C2")}

    def often(self, value: Any, *others: Any) -> Any:
        """`value` four times out of five, else one of `others`."""
        return value if self.random.random() < 0.8 else self.random.choice(others)

    def money(self, low: int, high: int, places: int = 2) -> D:
        return D(self.random.randint(low * 10**places, high * 10**places)).scaleb(-places)

    def line(self, number: int) -> dict[str, Any]:
        pick = self.random.choice
        parts = pick([None, *PARTS])
        units = self.often(pick([D(1), D(3), D("2.5")]), D(0))
        due_parts = pick(PARTS) if parts else MONTH_PARTS
        amount = self.often(self.money(0, 900), D("0.00"), D("-3.10"))
        return {
            "line_id": f"D-{number}",
            "document_id": "D",
            "carrier": self.often("ILEC", "CLEC"),
            "bill_date": dt.date(2026, 2, 10),
            "charge_class": self.often(
                pick(list(CHARGE_CLASSES)), "prorated", "adjustment", "late_charge"
            ),
            "usoc": self.often(pick(VALUES["usoc"]), None),
            "quantity": pick([None, D(1), D(2), D("12.5")]),
            "amount": amount,
            "service": self.often(pick(VALUES["service"]), None),
            "customer": self.often(pick(VALUES["customer"]), None),
            "product": pick([*VALUES["product"], None]),
            "package": pick([*VALUES["package"], None, None]),
            "kind": self.often("recurring", None, "record_only"),
            "inventory_state": pick(["OH", "FL", None]),
            "rate_day": pick(DAYS),
            "buy_rate": self.often(D("8.3"), None, D(0)),
            "fraction_parts": parts,
            "due_units": units,
            "due_unit_parts": units * due_parts,
            "expected": pick([None, amount, self.often(self.money(0, 900), D("0.00"))]),
            "at_stake": self.often(D("0.00"), D("1.25"), max(amount, D("0.00"))),
        }

    def markup(self) -> dict[str, Any]:
        pick = self.random.choice
        names = pick(PRECEDENCE)
        cap_retail = self.often(False, True)
        return {
            **{n: pick(VALUES[n]) if n in names else None for n in NAMES},
            "method": pick(METHODS),
            "value": pick([self.money(-1, 2, 6), D("0.1"), D("0.15"), D("9.15")]),
            "minimum": self.money(0, 5, 6),
            "floor": self.often(None, D("1.005"), D(40)),
            "cap": None if cap_retail else self.often(None, D("12.995"), D(60)),
            "cap_retail": cap_retail,
            "effective_from": pick([*DAYS, None, None]),
            "effective_until": self.often(None, *DAYS),
        }

    def retail_rate(self) -> dict[str, Any]:
        pick = self.random.choice
        by_package = pick([True, False, False])
        return {
            "carrier": self.often("ILEC", "CLEC"),
            "usoc": None if by_package else pick(VALUES["usoc"]),
            "package": pick(VALUES["package"]) if by_package else None,
            "state": pick(["OH", "FL", None]),
            "rate": self.money(1, 80, 6),
            "effective_from": self.often(None, *DAYS),
            "effective_until": None,
        }

    def outcomes(self) -> dict[str, pricing_model.Outcome]:
        return {
            line["line_id"]: pricing_model.price_line(line, self.bases, self.markups, self.retail)
            for line in self.lines
        }


def _numbered(rows: Rows, key: tuple[str, ...]) -> Rows:
    """What a load would let through: of equal keys one, with a row number."""
    kept = {tuple(row[name] for name in key): row for row in rows}
    return [{"row_id": number, **row} for number, row in enumerate(kept.values(), 1)]
