"""Tiers, months, rounding, bundles, exemptions: examples, and the slow model on invented worlds."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal as D
from fractions import Fraction
from random import Random
from typing import Any

import model_time
import polars as pl
import pricing_rules_model as slow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pricing_model import MONTH_PARTS, NAMES, PRECEDENCE

from invoices.schema import CHARGE_CLASSES
from rebill.pricing.customer_rules import CUSTOMER_RULES, rules_of
from rebill.pricing.markups import BUNDLES, MARKUPS, METHODS, RETAIL
from rebill.pricing.rate import rate
from rebill.pricing.tiers import TIERS
from rebill.store.shapes_in.shapes_selling import PRORATIONS, ROUNDINGS
from reconcile.schema import AUDITED

BILL = dt.date(2026, 2, 10)


class World:
    """An invented month of lines and all tables that price them, made from a seed."""

    def __init__(self, seed: int, lines: int = 50) -> None:
        self.random = Random(seed)
        pick = self.random.choice
        self.customers = {f"C{n}": self.customer() for n in (1, 2, 3)}
        self.tiers = [band for n in (1, 2, 3) for band in self.tier(f"T{n}")]
        self.lines = [self.line(n) for n in range(1, lines + 1)]
        rows = [self.markup() for _ in range(self.random.randint(3, 25))]
        key = (*NAMES, "effective_from")
        kept = {tuple(row[name] for name in key): row for row in rows}
        self.markups = [{"row_id": n, **row} for n, row in enumerate(kept.values(), 1)]
        self.retail = [
            {"row_id": n, "carrier": "ILEC", "usoc": usoc, "package": None, "state": None,
             "rate": self.number(1, 60), "effective_from": None, "effective_until": None}
            for n, usoc in enumerate(("1MB", "ESX"), 1)
        ]  # fmt: skip
        self.bundles = [
            {"row_id": n, "bundle": f"B{n}", "usoc": usoc, "product": product,
             "customer": customer, "effective_from": pick([None, dt.date(2026, 2, 1)]),
             "effective_until": None}
            for n, (usoc, product, customer) in enumerate(
                [("1MB", None, None), ("1MB", "voice", None), ("ESX", None, "C1"),
                 ("ESX", "voice", "C1")], 1)
        ]  # fmt: skip

    def number(self, low: int, high: int, places: int = 6) -> D:
        return D(self.random.randint(low * 10**places, high * 10**places)).scaleb(-places)

    def customer(self) -> dict[str, Any]:
        pick = self.random.choice
        return {
            "cost_basis": pick(["expected", "billed"]),
            "rounding": pick([None, *ROUNDINGS]),
            "proration": pick([None, *PRORATIONS]),
            "minimum_months": pick([None, None, 1, 3]),
            "tax_exempt": pick([True, False]),
            "federal_usf": pick(["pass_through", "charge", "absorb"]),
        }

    def tier(self, name: str) -> list[dict[str, Any]]:
        pick = self.random.choice
        mode, per = pick(["graduated", "all_units"]), pick(["line", "customer"])
        starts = sorted({D(0), *(self.number(0, 9, 2) for _ in range(self.random.randint(0, 3)))})
        return [
            {"tier": name, "mode": mode, "per": per, "from_units": start,
             "value": self.number(-1, 3)}
            for start in starts
        ]  # fmt: skip

    def line(self, number: int) -> dict[str, Any]:
        pick = self.random.choice
        kind = pick([*CHARGE_CLASSES, "recurring", "prorated", "usage"])
        convention = pick(["thirty_day_month", "actual_days"])
        start = dt.date(2026, 1, 20) + dt.timedelta(days=self.random.randint(0, 40))
        days = self.random.randint(1, 40)
        end = pick([model_time.add_months(start, 1), start + dt.timedelta(days=days)])
        installed = start - dt.timedelta(days=pick([-3, 0, 10, 200]))
        stop = pick([None, None, end, start + dt.timedelta(days=max(days // 2, 4))])
        dated = kind in ("recurring", "prorated", "surcharge")
        active = pick([True, True, False]) and (stop or end) > installed and end > installed
        first, last = (max(start, installed), min(end, stop or end)) if active else (start, end)
        first, last = (first, last) if first < last else (start, end)
        day = pick([None, 1, 28, 29, 30, 31])
        billed = model_time.fraction(start, end, convention, day or BILL.day)
        cut = (first, last) != (start, end)
        due = model_time.fraction(first, last, convention, day or BILL.day, cut=cut)
        units = pick([D(1), D(3), D("2.5"), D(7)])
        amount = pick([self.number(0, 300, 2), D("0.01"), D("-4.00")])
        return {
            "line_id": f"D-{number}",
            "document_id": "D",
            "carrier": "ILEC",
            "bill_date": BILL,
            "bill_day": day,
            "charge_class": kind,
            "usoc": pick(["1MB", "ESX", None]),
            "quantity": pick([None, units, units + 1]),
            "amount": amount,
            "service": "S1",
            "customer": pick(["C1", "C2", "C3", "C4"]),
            "product": pick(["voice", None]),
            "package": None,
            "kind": "recurring",
            "family": pick(["federal usf", None, None]),
            "inventory_state": "OH",
            "rate_day": start,
            "buy_rate": D("8.3"),
            "period_from": start,
            "period_until": end,
            "installed_on": installed,
            "disconnected_on": stop,
            "fraction_parts": int(billed * MONTH_PARTS) if dated else None,
            "due_units": units,
            "due_unit_parts": _decimal(Fraction(units) * (due if dated else 1) * MONTH_PARTS),
            "expected": pick([None, amount, self.number(0, 300, 2)]),
            "at_stake": D("0.00"),
            "due_days": "active" if due != billed else "all",
            "convention": convention,
        }

    def markup(self) -> dict[str, Any]:
        pick = self.random.choice
        names = pick([*PRECEDENCE, set(), {"charge_class"}, {"customer"}])
        method = pick([*METHODS, "flat", "flat", "adder"])
        graduated = {t["tier"] for t in self.tiers if t["mode"] == "graduated"}
        able = {f"T{n}" for n in (1, 2, 3)}
        if method not in ("flat", "adder"):
            able -= graduated if method not in ("pass_through", "absorb") else able
        tier = pick([*sorted(able), None])
        values: dict[str, list[str]] = {
            "service": ["S1"], "customer": ["C1", "C2", "C3"], "usoc": ["1MB", "ESX"],
            "package": ["PKG"], "product": ["voice"], "charge_class": list(CHARGE_CLASSES),
        }  # fmt: skip
        return {
            **{n: pick(values[n]) if n in names else None for n in NAMES},
            "method": method,
            "value": None if tier else self.number(0, 2),
            "minimum": self.number(0, 5),
            "floor": pick([None, None, D("1.005")]),
            "cap": pick([None, None, D("12.995")]),
            "cap_retail": False,
            "effective_from": pick([None, dt.date(2026, 2, 1)]),
            "effective_until": None,
            "tier": tier,
        }

    @property
    def tables(self) -> slow.Tables:
        return slow.Tables(self.customers, self.markups, self.retail, self.tiers, self.bundles)


def _decimal(value: Fraction) -> D:
    return D(value.numerator) / D(value.denominator)


def priced(world: World) -> dict[str, slow.Priced]:
    customers = pl.DataFrame(
        [{"customer": name, **row} for name, row in world.customers.items()], schema=CUSTOMER_RULES
    )
    rules = rules_of(
        customers,
        pl.DataFrame(world.tiers, schema=TIERS),
        pl.DataFrame(world.bundles, schema=BUNDLES),
    )
    rated = rate(
        pl.LazyFrame(world.lines, schema=AUDITED),
        customers,
        pl.DataFrame(world.markups, schema=MARKUPS),
        pl.DataFrame(world.retail, schema=RETAIL),
        rules,
    )
    columns = ("line_id", "price", "method", "markup_row", "bundle")
    lines = rated.customer_lines.collect()
    return {row[0]: slow.Priced(*row[1:]) for row in lines.select(columns).iter_rows()}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_every_rule_prices_as_the_slow_model_does(seed: int) -> None:
    world = World(seed)
    assert priced(world) == slow.price_all(world.lines, world.tables)


def test_the_invented_worlds_use_every_rule() -> None:
    seen: Counter[str] = Counter()
    for world in (World(seed) for seed in range(60)):
        by_id = {row["row_id"]: row for row in world.markups}
        for line in world.lines:
            told = slow.price_all([line], world.tables).get(line["line_id"])
            if told is None or line["customer"] == "C4":
                continue
            customer = world.customers[line["customer"]]
            row = by_id.get(told.row_id or 0)
            seen[told.method] += 1
            seen[f"rounding {customer['rounding']}"] += 1
            seen[f"bundle {told.bundle}"] += 1
            if row and row["tier"]:
                band = next(t for t in world.tiers if t["tier"] == row["tier"])
                seen[f"{band['mode']} per {band['per']}"] += 1
            if row and row["method"] == "flat" and line["fraction_parts"]:
                seen[f"flat {customer['proration']} {line['due_days']}"] += 1
    assert len(seen) >= 8 + 6 + 5 + 4 + 8, seen
    assert min(seen.values()) >= 5, seen


# --- examples of the published papers -----------------------------------------------------------


def charge(start: str, end: str, price: str, bill_day: int = 10, **customer: Any) -> D | None:
    """What a customer pays for a period at a flat price a month; the carrier counts 30 days."""
    first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
    parts = int(model_time.fraction(first, last, "thirty_day_month", bill_day) * MONTH_PARTS)
    due = customer.pop("due_days", None)
    line = {
        "line_id": "D-1", "carrier": "ILEC", "customer": "acme", "service": "S1", "usoc": "1MB",
        "bill_date": last, "bill_day": bill_day, "rate_day": first, "charge_class": "prorated",
        "amount": D("7.00"), "expected": D("7.00"), "at_stake": D(0), "buy_rate": D(10),
        "period_from": first, "period_until": last, "fraction_parts": parts, "due_units": D(1),
        "due_unit_parts": D(parts if due is None else due * MONTH_PARTS // 30),
        "installed_on": customer.pop("installed_on", None),
        "disconnected_on": customer.pop("disconnected_on", None),
    }  # fmt: skip
    customers = pl.DataFrame([{"customer": "acme", **customer}], schema=CUSTOMER_RULES)
    rows = pl.DataFrame([{"row_id": 1, "method": "flat", "value": D(price)}], schema=MARKUPS)
    rated = rate(
        pl.LazyFrame([line], schema=AUDITED), customers, rows, pl.DataFrame(schema=RETAIL),
        rules_of(customers),
    )  # fmt: skip
    found: D = rated.customer_lines.collect()["price"].item()
    return found


@pytest.mark.parametrize(
    ("start", "end", "price", "thirty", "actual"),
    [
        ("2026-05-25", "2026-06-10", "100.00", "50.00", "51.61"),
        ("2026-02-06", "2026-03-01", "100.00", "83.33", "82.14"),
        ("2026-03-01", "2026-03-24", "100.00", "76.67", "74.19"),
        ("2026-01-31", "2026-02-10", "42.37", "14.12", None),
        ("2026-02-28", "2026-03-10", "42.37", "16.95", "15.13"),
        ("2026-01-15", "2026-02-01", "59.99", "31.99", "32.90"),
    ],
)
def test_the_published_prorations_come_out_under_each_convention(
    start: str, end: str, price: str, thirty: str, actual: str | None
) -> None:
    day = 10 if start == "2026-05-25" else 1
    if start == "2026-02-28":
        day = 10
    assert charge(start, end, price, day, proration="thirty_day_month") == D(thirty)
    if actual:
        assert charge(start, end, price, day, proration="actual_days") == D(actual)
    assert charge(start, end, price, day, proration="none") == D(price)
    assert charge(start, end, price, day) == D(thirty), "without a convention the carrier's"


def test_a_service_that_ends_within_its_minimum_period_pays_all_of_it() -> None:
    dates = {"installed_on": dt.date(2026, 1, 20), "disconnected_on": dt.date(2026, 2, 5)}
    # Twelve days of January on the first bill; the second takes the month to 20 February.
    assert charge("2026-01-20", "2026-02-01", "30.00", 1, **dates, minimum_months=1) == D("11.00")
    assert charge("2026-02-01", "2026-02-05", "30.00", 1, **dates, minimum_months=1) == D("19.00")
    assert charge("2026-02-01", "2026-02-05", "30.00", 1, **dates) == D("4.00")


@pytest.mark.parametrize(
    ("start", "end", "installed", "ended", "price"),
    [
        # A month from 20 January: the disconnect on its last day is not within it.
        ("2026-02-01", "2026-03-01", "2026-01-20", "2026-02-20", "30.00"),
        ("2026-02-01", "2026-03-01", "2026-01-20", "2026-02-19", "19.00"),
        # The line whose period ends with the disconnect holds it, the next one does not.
        ("2026-02-01", "2026-03-01", "2026-02-10", "2026-03-01", "30.00"),
        ("2026-03-01", "2026-04-01", "2026-02-10", "2026-03-01", "30.00"),
        ("2026-03-01", "2026-04-01", "2026-02-10", "2026-03-02", "9.00"),
    ],
)
def test_the_line_that_holds_the_disconnect_is_charged_to_the_end_of_the_minimum_period(
    start: str, end: str, installed: str, ended: str, price: str
) -> None:
    """The customer is charged for all days billed, a whole month, where nothing says else."""
    got = charge(
        start, end, "30.00", 1, cost_basis="billed", minimum_months=1,
        installed_on=dt.date.fromisoformat(installed), disconnected_on=dt.date.fromisoformat(ended),
    )  # fmt: skip
    assert got == D(price)


@pytest.mark.parametrize(
    ("start", "end", "bill_day", "dates", "due", "price"),
    [
        ("2026-01-28", "2026-02-28", 28, {"installed_on": dt.date(2026, 1, 31)}, 28, "28.00"),
        ("2026-02-28", "2026-03-31", 31, {"disconnected_on": dt.date(2026, 3, 28)}, 28, "28.00"),
    ],
)
def test_what_is_left_of_a_period_is_no_whole_month_though_its_days_could_be_one(
    start: str, end: str, bill_day: int, dates: dict[str, Any], due: int, price: str
) -> None:
    """From a 31st to the last of February, from the 28th to the 28th: as whole periods a month."""
    asked: dict[str, Any] = {**dates, "due_days": due}
    thirty = charge(start, end, "30.00", bill_day, proration="thirty_day_month", **asked)
    actual = charge(start, end, "31.00", bill_day, proration="actual_days", **asked)
    assert (thirty, actual) == (D(price), D(price))


@pytest.mark.parametrize(
    ("proration", "price"),
    [("thirty_day_month", "20.00"), ("actual_days", "20.00"), ("none", "30.00")],
)
def test_where_other_days_are_missing_their_share_of_the_period_is_charged(
    proration: str, price: str
) -> None:
    got = charge("2026-02-01", "2026-03-01", "30.00", 1, proration=proration, due_days=20)
    assert got == D(price)


def test_a_whole_month_billed_stays_one_for_a_service_that_ended_in_it() -> None:
    own = {"cost_basis": "billed", "proration": "thirty_day_month"}
    ended = dt.date(2026, 3, 10)
    got = charge("2026-02-28", "2026-03-28", "30.00", 31, disconnected_on=ended, **own)
    assert got == D("30.00")


def test_where_the_carrier_counts_no_day_the_customer_is_charged_for_none() -> None:
    """From the 30th to the 31st is no day of a thirty-day month."""
    dates = {"cost_basis": "billed", "proration": "actual_days"}
    assert charge("2026-03-30", "2026-03-31", "31.00", 1, **dates) == D("0.00")
    assert charge("2026-03-29", "2026-03-30", "31.00", 1, **dates) == D("1.00")


@pytest.mark.parametrize(
    ("row", "rounds", "exempts"),
    [
        ({}, False, False),
        ({"rounding": "line", "tax_exempt": False, "federal_usf": "pass_through"}, False, False),
        ({"rounding": "unit"}, True, False),
        ({"tax_exempt": True}, False, True),
        ({"federal_usf": "charge"}, False, True),
        ({"federal_usf": "absorb"}, False, True),
    ],
)
def test_rules_are_asked_for_only_where_a_customer_has_one(
    row: dict[str, Any], rounds: bool, exempts: bool
) -> None:
    rules = rules_of(pl.DataFrame([{"customer": "acme"}, {"customer": "bolt", **row}]))
    assert (rules.rounds, rules.exempts) == (rounds, exempts)
