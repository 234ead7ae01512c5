"""Taxes and contributions are those that a slow model reckons."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal as D
from fractions import Fraction
from typing import Any

import polars as pl
from hypothesis import given, settings
from model_time import rounded
from taxed_worlds import NOT_OURS, SEEDS, Taxed, holds

from rebill.pricing import taxes
from rebill.pricing.own_charges import ITEMS


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_taxes_are_those_of_the_slow_model(seed: int) -> None:
    world = Taxed(seed)
    paying = {c["customer"] for c in world.customers
              if not c["tax_exempt"] and c["tax_source"] == "table"}  # fmt: skip
    bases: dict[tuple[Any, ...], D] = defaultdict(lambda: D("0.00"))
    holes = set()
    in_force = {row["jurisdiction"] for row in world.rates if holds(row)}
    for item in world.items:
        if item["customer"] not in paying:
            continue
        ours = item["charge_class"] not in NOT_OURS
        for where in world.places(item):
            if ours and (where is None or (where not in in_force and item["price"] != 0)):
                holes.add(item["customer"])
            for tax in ("sales", "911"):
                row = world.rate_of(item, where, tax)
                spared = any(
                    holds(e) and e["customer"] == item["customer"]
                    and e["jurisdiction"] in (None, where) and e["tax"] in (None, tax)
                    for e in world.exempt
                )  # fmt: skip
                if row and not spared:
                    bases[item["customer"], where, tax, row["rate"]] += item["price"]
    taxed = taxes.own_taxes(pl.DataFrame(world.items, schema=ITEMS), world.days, world.tables())
    got = {
        (r["customer"], r["jurisdiction"], r["tax"], r["tax_rate"]): (r["tax_base"], r["price"])
        for r in taxed.lines.to_dicts()
    }
    assert got == {
        key: (base, rounded(Fraction(base) * Fraction(key[3])))
        for key, base in bases.items()
        if base != 0 and key[3] != 0
    }
    assert set(taxed.problems["customer"]) == holes


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_the_contribution_is_that_of_the_slow_model_and_never_above_the_cap(seed: int) -> None:
    world = Taxed(seed)
    shares = {(s["usoc"], s["product"]): s["share"] for s in world.shares}
    bases: dict[str, Fraction] = defaultdict(Fraction)
    for item in world.items:
        charge = {c["customer"]: c["federal_usf"] for c in world.customers}[item["customer"]]
        if charge == "charge" and item["charge_class"] not in NOT_OURS:
            usoc, product = item["usoc"], item["product"]
            keys = ([(usoc, None)] if usoc else []) + ([(None, product)] if product else [])
            share = next((shares[k] for k in [*keys, (None, None)] if k in shares), D(0))
            bases[item["customer"]] += Fraction(item["price"]) * Fraction(share)
    made = taxes.contributions(pl.DataFrame(world.items, schema=ITEMS), world.days, world.tables())
    got = dict(made.lines.select("customer", "price").iter_rows())
    rate = Fraction(world.charged if world.charged is not None else world.factor)
    cap = Fraction(world.factor)
    for customer, base in bases.items():
        exact = base * rate * 100
        cents = abs(exact.numerator) // exact.denominator
        price = D(cents if exact >= 0 else -cents).scaleb(-2)
        assert got.pop(customer, D("0.00")) == price
        assert abs(Fraction(price)) <= abs(base) * cap
    assert not got
    assert made.problems.is_empty()
