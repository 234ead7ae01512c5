"""Credits, taxes, contributions, own charges and minimums as slow models reckon them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import ROUND_DOWN
from decimal import Decimal as D
from fractions import Fraction
from random import Random
from typing import Any

import model_time
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from model_time import rounded

from invoices.schema import CENTS, CHARGE_CLASSES, RATE
from rebill.pricing import own_charges, taxes
from rebill.pricing.credits import CHARGED, parts_of
from rebill.pricing.minimums import minimum_lines
from rebill.pricing.own_charges import ITEMS
from reconcile.audit.undone_charges import GIVEN
from reconcile.schema import AUDITED

SEEDS = st.integers(0, 2**32)
NOT_OURS = ("tax", "surcharge", "late_charge")
DAY = dt.date(2026, 3, 15)
Rows = list[dict[str, Any]]


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


@settings(max_examples=25, deadline=None)
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


@settings(max_examples=25, deadline=None)
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


# --- taxes --------------------------------------------------------------------------------------


class Taxed:
    """Invented items of one month, and tables that tax them."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)
        pick = random.choice
        self.customers = [
            {"customer": f"C{n}", "tax_exempt": n == 3, "tax_source": pick(["table", "none"]),
             "federal_usf": pick(["charge", "charge", "pass_through"]), "proration": pick(
                 [None, "none", "actual_days", "thirty_day_month"])}
            for n in range(4)
        ]  # fmt: skip
        self.states = [{"service": f"S{n}", "state": pick(["OH", "FL", None])} for n in range(6)]
        self.items = [
            {"customer": f"C{random.randint(0, 3)}", "bill_month": "2026-03",
             "service": pick([f"S{n}" for n in range(6)] + [None]),
             "usoc": pick(["1MB", "ESX", None]), "product": pick(["voice", None]),
             "charge_class": pick(CHARGE_CLASSES),
             "price": D(random.randint(-500, 9000)).scaleb(-2)}
            for _ in range(25)
        ]  # fmt: skip
        home = {row["service"]: row["state"] for row in self.states}
        for item in self.items:
            item["state"] = home.get(item["service"])
        dates = [(None, None), (dt.date(2026, 1, 1), None), (None, dt.date(2026, 2, 1))]
        self.located = [
            {"customer": customer, "service": service, "jurisdiction": where, "from": a, "until": b}
            for customer, service in [("C0", None), ("C0", "S1"), ("C1", "S2"), ("C2", None)]
            for where in ("CITY", "OH")
            for a, b in [pick(dates)]
        ]
        self.rates = [
            {"row_id": n, "jurisdiction": where, "tax": tax, "charge_class": kind,
             "product": product, "rate": D(random.randint(0, 90000)).scaleb(-6), "from": a,
             "until": b}
            for n, (where, tax, kind, product) in enumerate(
                (w, t, k, p) for w in ("OH", "CITY") for t in ("sales", "911")
                for k in (None, "recurring", "prorated", "surcharge") for p in (None, "voice")
            )
            for a, b in [pick(dates)]
            if random.random() < 0.6
        ]  # fmt: skip
        self.exempt = [
            {"customer": "C0", "jurisdiction": pick(["OH", None]), "tax": pick(["911", None]),
             "from": a, "until": b} for a, b in [pick(dates)]
        ]  # fmt: skip
        self.shares = [
            {"usoc": usoc, "product": product, "share": D(random.randint(0, 10**6)).scaleb(-6)}
            for usoc, product in [("1MB", None), (None, "voice"), (None, None)]
            if random.random() < 0.7
        ]
        self.factor = D(random.randint(1, 500000)).scaleb(-6)
        self.charged = pick([None, self.factor - D("0.000001")])

    def places(self, item: dict[str, Any]) -> list[str | None]:
        named = [row for row in self.located if holds(row)]
        of_service = [r["jurisdiction"] for r in named
                      if r["service"] == item["service"] and item["service"]]  # fmt: skip
        of_customer = [r["jurisdiction"] for r in named
                       if r["service"] is None and r["customer"] == item["customer"]]  # fmt: skip
        states = [row["state"] for row in self.states if row["service"] == item["service"]]
        return of_service or of_customer or states or [None]

    def rate_of(self, item: dict[str, Any], where: str | None, tax: str) -> dict[str, Any] | None:
        fitting = []
        for row in self.rates:
            if not holds(row) or row["jurisdiction"] != where or row["tax"] != tax:
                continue
            kind, wanted = item["charge_class"], row["charge_class"]
            if wanted is None and kind in NOT_OURS:
                continue
            covers = wanted == "recurring" and kind == "prorated"
            if wanted is not None and wanted != kind and not covers:
                continue
            if row["product"] is not None and row["product"] != item["product"]:
                continue
            rank = (row["product"] is None, wanted is None, wanted != kind)
            fitting.append((rank, row["row_id"], row))
        return min(fitting)[2] if fitting else None

    def tables(self) -> taxes.Tables:
        def dated(rows: Rows, **schema: Any) -> pl.DataFrame:
            whole = {**schema, "effective_from": pl.Date, "effective_until": pl.Date}
            given = [
                {**{k: v for k, v in row.items() if k in schema},
                 "effective_from": row.get("from"), "effective_until": row.get("until")}
                for row in rows
            ]  # fmt: skip
            return pl.DataFrame(given, schema=whole)

        text = pl.String
        return taxes.Tables(
            pl.DataFrame(self.customers, schema_overrides={"proration": text}),
            dated(self.located, customer=text, service=text, jurisdiction=text),
            dated(self.rates, row_id=pl.Int64, jurisdiction=text, tax=text, description=text,
                  charge_class=text, product=text, rate=RATE),
            dated(self.exempt, customer=text, jurisdiction=text, tax=text),
            dated([{"row_id": 1, "factor": self.factor, "charged": self.charged}],
                  row_id=pl.Int64, factor=RATE, charged=RATE),
            dated(self.shares, usoc=text, product=text, share=RATE),
        )  # fmt: skip

    @property
    def days(self) -> pl.DataFrame:
        names = [row["customer"] for row in self.customers]
        return pl.DataFrame({"customer": names, "bill_month": "2026-03", "bill_date": DAY})


def holds(row: dict[str, Any]) -> bool:
    return (row["from"] or DAY) <= DAY and (row["until"] is None or row["until"] > DAY)


@settings(max_examples=25, deadline=None)
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


@settings(max_examples=25, deadline=None)
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


# --- own charges --------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_own_charges_and_minimums_are_those_of_the_slow_model(seed: int) -> None:
    random = Random(seed)
    pick = random.choice
    world = Taxed(seed)
    days = [None, *(dt.date(2026, 2, 20) + dt.timedelta(days=n) for n in range(0, 50, 3))]
    charges = []
    for n in range(8):
        start, end = pick(days), pick(days)
        if end is not None and start is not None and end <= start:
            end = None
        once = start is not None and pick([True, False])
        amount = D(random.randint(-3000, 9000)).scaleb(-2)
        charges.append(
            {"row_id": n, "customer": f"C{n % 4}", "charge": f"X{n}", "service": None,
             "description": None, "charge_class": "recurring",
             "frequency": "once" if once else "monthly",
             "amount": amount if n % 2 else None, "percent": None if n % 2 else D("-0.0725"),
             "quantity": pick([D(1), D("2.5"), D(7)]), "cost": pick([D(0), D("1.25")]),
             "effective_from": start, "effective_until": end}
        )  # fmt: skip
    schema = {
        "row_id": pl.Int64, "customer": pl.String, "charge": pl.String, "service": pl.String,
        "description": pl.String, "charge_class": pl.String, "frequency": pl.String,
        "amount": RATE, "percent": RATE, "quantity": RATE, "cost": RATE,
        "effective_from": pl.Date, "effective_until": pl.Date,
    }  # fmt: skip
    inventory = pl.DataFrame(
        schema={n: pl.String for n in ("service", "product", "wtn", "circuit_id")}
    )
    customers = world.tables().customers
    items = pl.DataFrame(world.items, schema=ITEMS)
    due = own_charges.in_months(pl.DataFrame(charges, schema=schema), ["2026-03"], customers)
    own = own_charges.charge_lines(due, inventory)
    shares = own_charges.discount_lines(due, items, inventory)
    got = {row["rule"]: (row["price"], row["cost"]) for row in pl.concat([own, shares]).to_dicts()}

    first, after = dt.date(2026, 3, 1), dt.date(2026, 4, 1)
    conventions = {c["customer"]: c["proration"] for c in world.customers}
    wanted = {}
    for row in charges:
        start = max(row["effective_from"] or first, first)
        end = min(row["effective_until"] or after, after)
        once = row["frequency"] == "once"
        if (once and not first <= row["effective_from"] < after) or (not once and start >= end):
            continue
        convention = conventions[row["customer"]] or "thirty_day_month"
        months = Fraction(1)
        if not once and convention != "none":
            months = model_time.fraction(start, end, convention, 1)
        base = sum(
            (i["price"] for i in world.items
             if i["customer"] == row["customer"] and i["charge_class"] not in NOT_OURS), D(0)
        )  # fmt: skip
        units = Fraction(row["quantity"]) * months
        if row["amount"] is not None:
            told = (
                rounded(Fraction(row["amount"]) * units),
                rounded(Fraction(row["cost"]) * units),
            )
        elif base:
            told = (rounded(Fraction(base) * Fraction(row["percent"]) * months), D("0.00"))
        else:
            continue
        wanted[f"customer_charges row {row['row_id']}"] = told
    assert got == wanted


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_a_minimum_brings_what_counts_up_to_the_commitment(seed: int) -> None:
    world = Taxed(seed)
    random = Random(seed)
    kinds = ("charges", "recurring", "usage", "charges")
    rows = [
        {"row_id": n, "customer": f"C{n}", "amount": D(random.randint(1, 40000)).scaleb(-2),
         "counts": kinds[n], "description": None, "effective_from": None, "effective_until": None}
        for n in range(4)
    ]  # fmt: skip
    schema = {
        "row_id": pl.Int64, "customer": pl.String, "amount": RATE, "counts": pl.String,
        "description": pl.String, "effective_from": pl.Date, "effective_until": pl.Date,
    }  # fmt: skip
    before = [{"customer": "C0", "bill_month": "2026-03", "price": D("5.00")}]
    made = minimum_lines(
        pl.DataFrame(rows, schema=schema),
        pl.DataFrame(world.items, schema=ITEMS),
        pl.DataFrame(before, schema_overrides={"price": CENTS}),
        world.days,
    )
    wanted = {}
    for row in rows:
        counted = D(0)
        for item in world.items:
            kind = item["charge_class"]
            counts = {
                "charges": kind not in NOT_OURS,
                "recurring": kind in ("recurring", "prorated"),
                "usage": kind == "usage",
            }[row["counts"]]
            counted += item["price"] if item["customer"] == row["customer"] and counts else 0
        issued = D("5.00") if row["customer"] == "C0" else D(0)
        missing = max(row["amount"] - counted, D(0)) - issued
        if missing:
            wanted[row["customer"]] = missing.quantize(D("0.01"), ROUND_DOWN)
    assert dict(made.select("customer", "price").iter_rows()) == wanted
