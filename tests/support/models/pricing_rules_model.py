"""The slow model of what prices besides markups: months, tiers, rounding, exemptions, bundles.

It builds on `pricing_model` and is just as plain: one line at a time, in fractions, days counted
one by one; nothing of `rebill` is used.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil

import model_time
import pricing_model
from pricing_model import MONTH_PARTS, Row

NOBODY = {
    "cost_basis": "expected",
    "rounding": None,
    "proration": None,
    "minimum_months": None,
    "tax_exempt": False,
    "federal_usf": "pass_through",
}


@dataclass(frozen=True)
class Tables:
    """What prices: rows as they are loaded."""

    customers: Mapping[str, Row]
    markups: Sequence[Row]
    retail: Sequence[Row]
    tiers: Sequence[Row]
    bundles: Sequence[Row]


@dataclass(frozen=True)
class Priced:
    """What a line is charged."""

    price: Decimal
    method: str
    row_id: int | None
    bundle: str | None


def price_all(lines: Sequence[Row], tables: Tables) -> dict[str, Priced]:
    """Return what each invoiced line of a month is charged."""
    told: dict[str, Priced] = {}
    used: dict[tuple[str, str], Fraction] = {}
    volumes: dict[tuple[str, str], Fraction] = {}
    chosen = {}
    for line in sorted(lines, key=lambda line: (line["bill_date"], line["line_id"])):
        row = charged_by(line, tables)
        if row is not None:
            chosen[line["line_id"]] = row
            if row["tier"]:
                key = (line["customer"], row["tier"])
                volumes[key] = volumes.get(key, Fraction(0)) + volume(line, tables)
    for line in sorted(lines, key=lambda line: (line["bill_date"], line["line_id"])):
        row = chosen.get(line["line_id"])
        if row is None:
            continue
        before = used.get((line["customer"], row["tier"]), Fraction(0))
        exact = exact_price(line, row, tables, before, volumes)
        if row["tier"]:
            used[line["customer"], row["tier"]] = before + volume(line, tables)
        customer = tables.customers.get(line["customer"], NOBODY)
        units = counted(line, row, tables)[0]
        told[line["line_id"]] = Priced(
            cents(exact, customer["rounding"], units),
            row["method"],
            row["row_id"],
            bundle(line, tables.bundles),
        )
    return told


def charged_by(line: Row, tables: Tables) -> Row | None:
    """The row that prices a line; one of our own making where nothing or no row does; else None."""
    customer = tables.customers.get(line["customer"], NOBODY)
    bases = {line["customer"]: customer["cost_basis"]}
    outcome = pricing_model.price_line(line, bases, tables.markups, tables.retail)
    if outcome.said != "invoiced":
        return None
    bare = dict.fromkeys((*pricing_model.NAMES, "value", "minimum", "floor", "cap", "tier"))
    bare |= {"row_id": None, "cap_retail": False, "method": "pass_through"}
    if customer["tax_exempt"] and line["charge_class"] == "tax":
        return {**bare, "method": "exempt"}
    if customer["federal_usf"] != "pass_through" and line["family"] == "federal usf":
        return {**bare, "method": "absorb"}
    rows = [row for row in tables.markups if row["row_id"] == outcome.row_id]
    return rows[0] if rows else bare


def volume(line: Row, tables: Tables) -> Fraction:
    """The units a tier counts: those due or billed; of usage the quantity."""
    customer = tables.customers.get(line["customer"], NOBODY)
    if line["charge_class"] != "usage":
        return pricing_model.counted(line, customer["cost_basis"])[0]
    if customer["cost_basis"] == "billed":
        return abs(Fraction(line["quantity"])) if line["quantity"] is not None else Fraction(1)
    return Fraction(line["due_units"])


def counted(line: Row, row: Row, tables: Tables) -> tuple[Fraction, Fraction]:
    """Units, and units times the customer's own months."""
    customer = tables.customers.get(line["customer"], NOBODY)
    if line["charge_class"] == "usage" and row["tier"]:
        return volume(line, tables), volume(line, tables)
    units, months = pricing_model.counted(line, customer["cost_basis"])
    if line["charge_class"] == "usage" or not line["fraction_parts"]:
        return units, months
    if customer["proration"] is None and customer["minimum_months"] is None:
        return units, months
    return units, units * own_months(line, customer)


def own_months(line: Row, customer: Row) -> Fraction:
    """How many months the customer is charged for each unit due."""
    day = line["bill_day"] or line["bill_date"].day
    start, end = line["period_from"], line["period_until"]
    convention = customer["proration"]
    if convention is None:
        # The carrier's, as far as the line shows it: thirty days where they explain it.
        thirty = model_time.fraction(start, end, "thirty_day_month", day)
        by_thirty = thirty * MONTH_PARTS == line["fraction_parts"]
        convention = "thirty_day_month" if by_thirty else "actual_days"
    first = max(start, line["installed_on"])
    stop = line["disconnected_on"]
    if stop is not None and customer["minimum_months"] is not None and start < stop <= end:
        least = model_time.add_months(line["installed_on"], customer["minimum_months"])
        if stop < least:
            return share(first, least, convention, day)
    if customer["cost_basis"] != "billed" and line["due_days"] == "active":
        return share(first, min(end, stop or end), convention, day, (start, end))
    return share(start, end, convention, day)


def share(
    start: dt.date,
    end: dt.date,
    convention: str,
    bill_day: int,
    whole: tuple[dt.date, dt.date] | None = None,
) -> Fraction:
    """The months of a period, or what is left of a whole one; without proration each begun one."""
    cut = whole not in (None, (start, end))
    if convention == "none":
        thirty = model_time.fraction(start, end, "thirty_day_month", bill_day, cut=cut)
        return Fraction(ceil(thirty))
    return model_time.fraction(start, end, convention, bill_day, cut=cut)


def exact_price(
    line: Row,
    row: Row,
    tables: Tables,
    before: Fraction,
    volumes: Mapping[tuple[str, str], Fraction],
) -> Fraction:
    """The exact price by a row; `before` are the customer's units that its tier priced already."""
    customer = tables.customers.get(line["customer"], NOBODY)
    cost = pricing_model.cost_of(line, customer["cost_basis"])
    units, months = counted(line, row, tables)
    listed = Fraction(pricing_model.retail_for(line, tables.retail) or 0) * months
    if row["method"] in ("absorb", "exempt"):
        base = Fraction(0)
    elif row["tier"]:
        base = tiered(line, row, tables, before, volumes, (Fraction(cost), units, months, listed))
    else:
        base = by_method(row, Fraction(row["value"] or 0), Fraction(cost), units, months, listed)
    if row["floor"] is not None:
        base = max(base, Fraction(row["floor"]) * units)
    if row["cap"] is not None:
        base = min(base, Fraction(row["cap"]) * units)
    return min(base, listed) if row["cap_retail"] else base


def by_method(
    row: Row, value: Fraction, cost: Fraction, units: Fraction, months: Fraction, listed: Fraction
) -> Fraction:
    """The price before floor and cap."""
    return {
        "percent": cost * (1 + value),
        "percent_with_minimum": cost + max(cost * value, Fraction(row["minimum"] or 0) * units),
        "adder": cost + value * units,
        "flat": value * months,
        "retail_discount": listed * (1 - value),
        "pass_through": cost,
    }[row["method"]]


def tiered(
    line: Row,
    row: Row,
    tables: Tables,
    before: Fraction,
    volumes: Mapping[tuple[str, str], Fraction],
    facts: tuple[Fraction, Fraction, Fraction, Fraction],
) -> Fraction:
    """The price by the bands of the row's tier."""
    cost, units, months, listed = facts
    bands = sorted(
        (t for t in tables.tiers if t["tier"] == row["tier"]), key=lambda t: t["from_units"]
    )
    whole_month = bands[0]["per"] == "customer"
    if bands[0]["mode"] == "all_units":
        reach = volumes[line["customer"], row["tier"]] if whole_month else units
        value = [Fraction(b["value"]) for b in bands if b["from_units"] <= reach][-1]
        return by_method(row, value, cost, units, months, listed)
    start = before if whole_month else Fraction(0)
    total = cost if row["method"] == "adder" else Fraction(0)
    for place, band in enumerate(bands):
        begins = Fraction(band["from_units"])
        ends = Fraction(bands[place + 1]["from_units"]) if place + 1 < len(bands) else None
        low = max(begins - start, Fraction(0))
        high = units if ends is None else min(ends - start, units)
        if low < high and row["method"] == "adder":
            total += Fraction(band["value"]) * (high - low)
        elif low < high:
            grain = MONTH_PARTS * 10**6
            parts = [int(months * grain * edge / units) for edge in (low, high)]
            total += Fraction(band["value"]) * Fraction(parts[1] - parts[0], grain)
    return total


def bundle(line: Row, bundles: Sequence[Row]) -> str | None:
    """The bundle a line is shown in: the most particular row, of those the latest."""
    if line["charge_class"] not in ("recurring", "prorated"):
        return None
    fitting = []
    for row in bundles:
        names = [n for n in ("customer", "product") if row[n] is not None]
        fits = row["usoc"] == line["usoc"] and all(row[n] == line[n] for n in names)
        if fits and pricing_model.in_force(row, line["rate_day"]):
            rank = (row["customer"] is None, row["product"] is None)
            newest = (row["effective_from"] or dt.date.min).toordinal()
            fitting.append(((*rank, -newest), row["bundle"]))
    return min(fitting)[1] if fitting else None


def cents(exact: Fraction, rule: str | None, units: Fraction) -> Decimal:
    """Round to cents by the customer's rule: half away from zero unless it says else."""
    if rule == "unit" and units > 0:
        each = pricing_model.to_cents(exact / units)
        return pricing_model.to_cents(Fraction(each) * units)
    if rule in ("line_down", "line_up"):
        size = abs(exact) * 100
        whole = Decimal(size.numerator // size.denominator)
        whole += 1 if rule == "line_up" and size.denominator > 1 else 0
        return (whole if exact >= 0 else -whole) / 100
    if rule == "line_half_even":
        return Decimal(round(exact * 100)) / 100
    return pricing_model.to_cents(exact)
