"""The slow, obvious model of customer prices: one line at a time, in fractions, from the promise.

It shares no code with `rebill.pricing.rate`; tests hold the two against each other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

Row = Mapping[str, Any]

PRECEDENCE = [
    {"service", "usoc"},
    {"service"},
    {"customer", "usoc"},
    {"customer", "package"},
    {"customer", "product"},
    {"customer", "charge_class"},
    {"customer"},
    {"usoc"},
    {"package"},
    {"product"},
    {"charge_class"},
    set(),
]
NAMES = ["service", "customer", "usoc", "package", "product", "charge_class"]
PASSED_ON = ("tax", "surcharge", "adjustment", "late_charge")
MONTH_PARTS = 377580


@dataclass(frozen=True)
class Outcome:
    """What became of a line: `said` is invoiced, markup_missing, or nothing."""

    said: str
    price: Decimal | None = None
    cost: Decimal | None = None
    row_id: int | None = None


NOTHING = Outcome("nothing")
MISSING = Outcome("markup_missing")


def price_line(
    line: Row, bases: Mapping[str, str], markups: Sequence[Row], retail: Sequence[Row]
) -> Outcome:
    """Return what the customer of `line` pays for it."""
    basis = bases.get(line["customer"] or "", "expected")
    if line["amount"] < 0:
        return NOTHING
    if line["kind"] == "record_only" or zero_rated(line):
        return NOTHING
    if line["customer"] is None and line["service"] is None:
        return NOTHING
    cost = cost_of(line, basis)
    if basis == "expected" and (cost == 0 or line["due_units"] == 0):
        return NOTHING
    if line["customer"] is None:
        return MISSING
    row = markup_for(line, markups)
    if row is None:
        if line["charge_class"] in PASSED_ON:
            return Outcome("invoiced", cost, cost)
        return MISSING
    listed = retail_for(line, retail)
    if listed is None and (row["method"] == "retail_discount" or row["cap_retail"]):
        return MISSING
    exact = price(line, basis, cost, row, listed)
    return Outcome("invoiced", to_cents(exact), cost, row["row_id"])


def zero_rated(line: Row) -> bool:
    """Nothing billed, no rate of its own above 0, and nothing expected."""
    own_rate = 0 if line["package"] is not None else (line["buy_rate"] or 0)
    return line["amount"] == 0 and own_rate == 0 and not line["expected"]


def cost_of(line: Row, basis: str) -> Decimal:
    """The cost a markup works on."""
    if basis == "billed":
        return line["amount"]
    if line["expected"] is not None:
        return line["expected"]
    return line["amount"] - (line["at_stake"] or 0)


def markup_for(line: Row, markups: Sequence[Row]) -> Row | None:
    """The first row of the precedence that fits the line on its day."""
    fitting = []
    for row in markups:
        named = {n for n in NAMES if row[n] is not None}
        if line["charge_class"] in PASSED_ON and not named & {"usoc", "charge_class"}:
            continue
        if not in_force(row, line["rate_day"]):
            continue
        if any(line[n] != row[n] for n in named - {"charge_class"}):
            continue
        of_class = row["charge_class"]
        covers = of_class == "recurring" and line["charge_class"] == "prorated"
        if of_class is not None and of_class != line["charge_class"] and not covers:
            continue
        newest = (row["effective_from"] or dt.date.min).toordinal()
        fitting.append(((PRECEDENCE.index(named), covers, -newest), row))
    return min(fitting, key=lambda pair: pair[0])[1] if fitting else None


def retail_for(line: Row, retail: Sequence[Row]) -> Decimal | None:
    """The carrier's retail rate of the line's code on its day."""
    fitting = []
    for row in retail:
        if row["carrier"] != line["carrier"] or not in_force(row, line["rate_day"]):
            continue
        if row["state"] not in (None, line["inventory_state"]):
            continue
        if row["usoc"] is not None and row["usoc"] != line["usoc"]:
            continue
        if row["package"] is not None and not (row["package"] == line["package"] == line["usoc"]):
            continue
        fitting.append(((row["package"] is None, row["state"] is None), row["rate"]))
    return min(fitting, key=lambda pair: pair[0])[1] if fitting else None


def in_force(row: Row, day: dt.date) -> bool:
    """Whether `row` is in force on `day`; its last day is excluded."""
    starts = row["effective_from"] or dt.date.min
    ends = row["effective_until"] or dt.date.max
    return starts <= day < ends


def price(line: Row, basis: str, cost: Decimal, row: Row, listed: Decimal | None) -> Fraction:
    """The exact price: the method, then the floor, then the cap."""
    units, months = counted(line, basis)
    base, value = Fraction(cost), Fraction(row["value"] or 0)
    list_price = Fraction(listed or 0) * months
    if row["method"] == "percent":
        exact = base * (1 + value)
    elif row["method"] == "percent_with_minimum":
        exact = base + max(base * value, Fraction(row["minimum"]) * units)
    elif row["method"] == "adder":
        exact = base + value * units
    elif row["method"] == "flat":
        exact = value * months
    elif row["method"] == "retail_discount":
        exact = list_price * (1 - value)
    elif row["method"] == "absorb":
        exact = Fraction(0)
    else:
        exact = base
    if row["floor"] is not None:
        exact = max(exact, Fraction(row["floor"]) * units)
    if row["cap"] is not None:
        exact = min(exact, Fraction(row["cap"]) * units)
    if row["cap_retail"]:
        exact = min(exact, list_price)
    return exact


def counted(line: Row, basis: str) -> tuple[Fraction, Fraction]:
    """The units, and the units times months, that dollars per unit (and month) count."""
    if line["charge_class"] == "usage":
        return Fraction(1), Fraction(1)
    billed = abs(Fraction(line["quantity"])) if line["quantity"] is not None else Fraction(1)
    parts = line["fraction_parts"]
    months = Fraction(1) if parts is None else Fraction(parts, MONTH_PARTS)
    if basis == "billed":
        return billed, billed * months
    due = Fraction(line["due_units"])
    return due, due if parts is None else Fraction(line["due_unit_parts"]) / MONTH_PARTS


def to_cents(exact: Fraction) -> Decimal:
    """Round once, half away from zero."""
    sign = -1 if exact < 0 else 1
    cents = (abs(exact) * 100 + Fraction(1, 2)).__floor__()
    return sign * Decimal(cents) / 100
