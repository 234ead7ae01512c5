"""Credits give back what the slow model says, charge by charge."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal as D
from fractions import Fraction
from random import Random
from typing import Any

import polars as pl
from hypothesis import given, settings
from model_time import rounded
from taxed_worlds import SEEDS, Rows

from invoices.schema import CENTS
from rebill.pricing.credits import CHARGED, parts_of
from reconcile.audit.repeats.undone_charges import GIVEN
from reconcile.schema import AUDITED

# --- credits ------------------------------------------------------------------------------------


def credited(random: Random) -> tuple[Rows, Rows, Rows, Rows]:
    """Charges on invoices, credits, what each gives back of which charge, customers."""

    def cents(low: int, high: int) -> D:
        return D(random.randint(low, high)).scaleb(-2)

    customers = [
        {"customer": f"C{n}", "credits": rule} for n, rule in enumerate(("follow", "pass", "keep"))
    ]
    charged, given, credits = [], [], []
    for n in range(6):
        billed = cents(1, 3000)
        cost = random.choice([billed, cents(0, 3000), max(billed - cents(1, 500), D("0.00"))])
        value = random.choice([D("0.15"), D("0.333333"), D("-0.5"), None])
        method = random.choice(["percent", "pass_through", "flat", "adder"])
        price = rounded(Fraction(cost) * (1 + Fraction(value or 0)))
        if method in ("flat", "adder"):
            price = cents(0, 4000)
        if method == "pass_through":
            value, price = None, cost
        if random.random() < 0.8:
            charged.append(
                {"line_id": f"D-{n}", "customer": f"C{n % 3}", "cost": cost, "price": price,
                 "method": method, "value": value, "markup_row": n, "rule": "a rule"}
            )  # fmt: skip
        left = billed
        for turn in range(random.randint(0, 3)):
            part = min(left, random.choice([left, cents(1, 2000)]))
            if part <= 0:
                continue
            left -= part
            name = f"K{turn}-{n}"
            day = dt.date(2026, 4 + turn, 5)
            given.append(
                {"line_id": f"D-{n}", "credit_id": name, "credit_date": day,
                 "credit_invoice": "I", "given": part, "billed": billed}
            )  # fmt: skip
            extra = random.choice([D("0.00"), cents(1, 100)])
            credits.append(
                {"line_id": name, "carrier": "ILEC", "bill_date": day, "service": "S", "usoc": "U",
                 "amount": -(part + extra), "customer": f"C{n % 3}"}
            )  # fmt: skip
    return charged, credits, given, customers


def returned(charge: dict[str, Any], rule: str, before: D, after: D, billed: D) -> tuple[D, D]:
    """What a credit passes of a charge, at cost and at its price: one cent more at a time is what
    was never charged, then what was."""
    cost, price = charge["cost"], charge["price"]
    share = 1 + Fraction(charge["value"] or 0)
    direct = charge["method"] in ("percent", "pass_through") and cost > 0
    direct = direct and rounded(Fraction(cost) * share) == price

    def reach(given: D) -> D:
        if rule == "keep":
            return D("0.00")
        if rule == "pass":
            return given
        return min(max(given - max(billed - cost, D(0)), D(0)), cost)

    def worth(part: D) -> D:
        if direct:
            return rounded(Fraction(part) * share)
        return rounded(Fraction(part) * Fraction(price) / Fraction(cost)) if cost else D(0)

    return reach(after) - reach(before), worth(reach(before)) - worth(reach(after))


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_credits_give_back_what_the_slow_model_does(seed: int) -> None:
    charged, credits, given, customers = credited(Random(seed))
    parts = parts_of(
        pl.DataFrame(credits, schema=AUDITED),
        pl.DataFrame(given, schema={**GIVEN, "billed": CENTS}),
        pl.DataFrame(charged, schema=CHARGED),
        pl.DataFrame(customers, schema={"customer": pl.String, "credits": pl.String}),
    )
    got = {
        (row["line_id"], row["credit_of"]): (row["passed"], row["price"])
        for row in parts.to_dicts()
        if row["credit_of"] is not None
    }
    by_id = {charge["line_id"]: charge for charge in charged}
    rules = {row["customer"]: row["credits"] for row in customers}
    before: dict[str, D] = defaultdict(lambda: D("0.00"))
    wanted = {}
    for part in sorted(given, key=lambda p: (p["credit_date"], p["credit_id"])):
        line, start = part["line_id"], before[part["line_id"]]
        before[line] = start + part["given"]
        charge = by_id.get(line)
        wanted[part["credit_id"], line] = (
            returned(charge, rules[charge["customer"]], start, before[line], part["billed"])
            if charge
            else (D("0.00"), D("0.00"))
        )
    assert got == wanted
    sums = parts.group_by("line_id").agg(pl.col("given").sum())
    assert dict(sums.iter_rows()) == {c["line_id"]: -c["amount"] for c in credits}


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_a_charge_that_is_given_back_whole_leaves_nothing_on_basis_billed(seed: int) -> None:
    random = Random(seed)
    charged, credits, given, _ = credited(random)
    for charge in charged:
        charge["cost"] = next(
            (g["billed"] for g in given if g["line_id"] == charge["line_id"]), D(1)
        )
        if charge["method"] == "percent":
            charge["price"] = rounded(
                Fraction(charge["cost"]) * (1 + Fraction(charge["value"] or 0))
            )
    parts = parts_of(
        pl.DataFrame(credits, schema=AUDITED),
        pl.DataFrame(given, schema={**GIVEN, "billed": CENTS}),
        pl.DataFrame(charged, schema=CHARGED),
        pl.DataFrame({"customer": ["C0", "C1", "C2"], "credits": ["follow"] * 3}),
    )
    whole = {
        line for line in {g["line_id"] for g in given}
        if sum(g["given"] for g in given if g["line_id"] == line)
        == next(g["billed"] for g in given if g["line_id"] == line)
    }  # fmt: skip
    for charge in charged:
        if charge["line_id"] in whole:
            back = parts.filter(pl.col("credit_of") == charge["line_id"])["price"].sum()
            assert back == -charge["price"]
