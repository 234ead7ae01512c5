"""Hard worlds: whatever is billed again, too little, credited, cut or late, the kernels say what
the slow model says, and every shape is really there.

Worlds are small and many: they are judged one by one by the model, all together by the kernels.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from functools import cache

import polars as pl
import pytest
from compare import differences, kernel_audit
from hard_shapes import SHAPES
from hard_worlds import HardWorld, hard_world, together
from hypothesis import given, settings
from hypothesis import strategies as st
from model import model_audit
from model_time import account_day, days_touched, period_of, rounded
from worlds import Row

LOTS = range(4)
"""Lots of worlds that are judged by one call of the kernels."""


def worlds_of(lot: int, count: int = 10) -> list[HardWorld]:
    """Return the worlds of a lot."""
    return [hard_world(seed, f"w{seed}") for seed in range(lot * count, (lot + 1) * count)]


@cache
def modelled(seed: int) -> tuple[list[Row], list[Row]]:
    """Return what the model says of a world, once for all tests."""
    return model_audit(hard_world(seed, f"w{seed}"))


def off(worlds: list[HardWorld], said: tuple[list[Row], list[Row]]) -> list[str]:
    """Return what the kernels say otherwise of all worlds at once."""
    audit = kernel_audit(together(worlds))
    told = pl.concat([audit.findings, audit.month_findings])
    return differences(*said, audit.lines.collect(), told)


@pytest.mark.parametrize("lot", LOTS)
def test_the_kernels_say_what_the_slow_model_says_of_hard_worlds(lot: int):
    said = [modelled(seed) for seed in range(lot * 10, lot * 10 + 10)]
    lines = [row for each, _ in said for row in each]
    findings = [row for _, each in said for row in each]
    broken = off(worlds_of(lot), (lines, findings))
    assert not broken, "\n".join(broken)


@pytest.mark.soak
@settings(max_examples=300)
@given(st.integers(1000, 10**9))
def test_any_hard_world_is_judged_as_the_slow_model_judges_it(seed: int):
    made = hard_world(seed)
    broken = off([made], model_audit(made))
    assert not broken, "\n".join(broken)


def test_every_shape_occurs_and_so_does_all_that_comes_of_it():
    made = [each for lot in range(40) for each in worlds_of(lot)]
    shapes = together(made).shapes
    few = {shape.__name__: shapes[shape.__name__] for shape in SHAPES}
    assert min(few.values()) >= 10, sorted(few.items(), key=lambda each: each[1])
    assert {"moving account", "two carriers", "grace", "rounding unit"} <= shapes.keys()
    days = Counter(d["bill_date"].day for each in made for d in each.documents)
    assert set(range(1, 32)) <= days.keys()
    assert any(d["bill_date"].isoformat() == "2024-02-29" for x in made for d in x.documents)


def test_the_model_finds_all_kinds_of_answers_in_them():
    said = [modelled(seed) for seed in range(60)]
    codes = {f["code"] for _, findings in said for f in findings}
    assert codes >= {
        "charged_twice", "package_above_contract", "rate_below_contract", "charged_in_summary",
        "account_unknown", "backbilled_too_late", "one_time_charge_not_due",
        "billed_after_disconnect", "billed_before_install", "surcharge_above_cap",
    }  # fmt: skip
    lines = [row for each, _ in said for row in each]
    used = [row for row in lines if row["underbilled"] < 0]
    assert len(used) >= 15
    assert sum(row["package"] is not None for row in used) >= 5
    assert sum(row["at_stake"] > 0 for row in used) >= 3


Item = tuple[str, str]


def sums(made: HardWorld, lines: list[Row], column: str) -> dict[Item, Decimal]:
    """Return the sum of a column over all lines of each element and package of a service."""
    paper = {row["line_id"]: row for row in made.lines}
    found: dict[Item, Decimal] = {}
    for row in lines:
        own = paper[row["line_id"]]
        packages = {p["usoc"] for p in made.packages} | {"PKG1"}
        held = {s["service"] for s in made.services if s["package"]}
        inside = row["package"] or (row["service"] in held and own["usoc"] in packages)
        if own["charge_class"] in ("recurring", "prorated", "adjustment") and row["service"]:
            item = (row["service"], "PKG1" if inside else own["usoc"])
            found[item] = found.get(item, Decimal(0)) + (row[column] or 0)
    return found


def cost(made: HardWorld, item: Item, lines: list[Row]) -> Decimal:
    """Return what all days that any line bills of an element cost, at its dearest rate."""
    paper = {row["line_id"]: row for row in made.lines}
    own = [paper[row["line_id"]] for row in lines if row["service"] == item[0]]
    inside = {p["usoc"] for p in made.packages} if item[1] == "PKG1" else set()
    days: set[dt.date] = set()
    for row in own:
        wanted = row["usoc"] in {*inside, item[1]}
        period = period_of(row, account_day(row, made.lines)) if wanted else None
        if period and row["charge_class"] in ("recurring", "prorated"):
            days |= set(days_touched(period))
    rates = [r["rate"] for r in made.buy_rates if item[1] in (r["usoc"], r["package"])]
    units = [e["quantity"] for e in made.service_elements if (e["service"], e["usoc"]) == item] or [
        Decimal(1)
    ]
    # The last day of a February can count for three under thirty-day months.
    touched = {(d.year, d.month) for d in days}
    months = Fraction(len(days) + 3 * len(touched), 28)
    return Decimal(max(rates, default=Decimal(0))) * units[0] * rounded(months, 6)


@pytest.mark.parametrize("seed", range(0, 60, 4))
def test_no_day_is_due_twice(seed: int):
    """What is expected over all bills, less credits, is what the days cost, and never twice that.

    What was billed too little is used up only where, and as far as, it was billed too little.
    """
    made, (lines, _) = hard_world(seed, f"w{seed}"), modelled(seed)
    for item, expected in sums(made, lines, "expected").items():
        assert expected <= cost(made, item, lines) + Decimal("0.05"), item
    for item, left in sums(made, lines, "underbilled").items():
        assert left >= 0, item
