"""Credits give back what their charges bore of taxes, as the slow model hands it out."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal as D
from fractions import Fraction
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from tax_model import gives_back, handed_out
from taxed_worlds import DAY, NOT_OURS, SEEDS, Taxed

from invoices.schema import CENTS, RATE
from rebill.pricing import taxes
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.pricing.given_back.borne import BILL, BORNE, borne
from rebill.pricing.given_back.returned import GIVEN, PARTS, bounded, of_charges, returned
from rebill.pricing.own_charges import ITEMS

Key = tuple[Any, ...]


def invoiced(world: Taxed) -> pl.DataFrame:
    """Return the world's items as lines of invoices, with the taxes on them."""
    rows = [
        {**item, "line_id": f"L{n:02d}", "kind": "charge"} for n, item in enumerate(world.items)
    ]
    lines = pl.DataFrame(rows, schema={**CUSTOMER_LINES, "state": pl.String})
    items = pl.DataFrame(world.items, schema=ITEMS)
    usf = taxes.contributions(items, world.days, world.tables()).lines
    every = [items, usf.with_columns(state=pl.lit(None, dtype=pl.String)).select(ITEMS.names())]
    own = taxes.own_taxes(pl.concat(every), world.days, world.tables()).lines
    made = pl.concat([usf, own]).with_columns(state=pl.lit(None, dtype=pl.String))
    whole = pl.concat([lines, made.select(lines.columns)])
    return whole.with_columns(bill=pl.lit("I1"), day=pl.lit(DAY))


def cents(amount: Any) -> int:
    return int(D(amount) * 100)


def shares_of(world: Taxed, lines: pl.DataFrame) -> dict[Key, int]:
    """Return the model's shares: (customer, line, jurisdiction, tax, rate) to cents."""
    shares = {(s["usoc"], s["product"]): s["share"] for s in world.shares}
    rate = world.charged if world.charged is not None else world.factor
    totals = {
        (r["customer"], r["jurisdiction"], r["tax"], r["tax_rate"]): cents(r["price"])
        for r in lines.filter(pl.col("kind") != "charge").to_dicts()
    }
    told: dict[Key, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for n, item in enumerate(world.items):
        usoc, product = item["usoc"], item["product"]
        keys = ([(usoc, None)] if usoc else []) + ([(None, product)] if product else [])
        share = next((shares[k] for k in [*keys, (None, None)] if k in shares), D(0))
        if item["charge_class"] not in NOT_OURS:
            exact = Fraction(item["price"]) * 100 * Fraction(share) * Fraction(rate)
            told[item["customer"], "US", "federal usf", rate][f"L{n:02d}"] += exact
    bore: dict[Key, int] = {}
    taxed = [(f"L{n:02d}", item) for n, item in enumerate(world.items)]
    for key in [key for key in told if key in totals]:
        for line, part in handed_out(totals[key], told[key]).items():
            bore[(key[0], line, *key[1:])] = part
            passed = {"customer": key[0], "service": None, "usoc": None, "product": None,
                      "charge_class": "surcharge", "price": D(part).scaleb(-2)}  # fmt: skip
            taxed.append((line, passed))
    own: dict[Key, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for line, item in taxed:
        for where in world.places(item):
            for tax in ("sales", "911"):
                row = world.rate_of(item, where, tax) if where else None
                if row:
                    key = (item["customer"], where, tax, row["rate"])
                    own[key][line] += Fraction(item["price"]) * 100 * Fraction(row["rate"])
    for key in [key for key in own if key in totals]:
        for line, part in handed_out(totals[key], own[key]).items():
            bore[(key[0], line, *key[1:])] = part
    return {key: part for key, part in bore.items() if part}


def as_shares(rows: pl.DataFrame) -> dict[Key, int]:
    columns = ["customer", "charge", "jurisdiction", "tax", "tax_rate", "share"]
    told = rows.filter(pl.col("share") != 0).select(columns).rows()
    return {tuple(row[:-1]): cents(row[-1]) for row in told}


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_what_lines_bore_is_what_the_slow_model_hands_out_and_adds_up_to_each_row(
    seed: int,
) -> None:
    world = Taxed(seed)
    lines = invoiced(world)
    bore = borne(lines, world.tables())
    assert as_shares(bore) == shares_of(world, lines)
    sums = bore.group_by("customer", "jurisdiction", "tax", "tax_rate").agg(pl.col("share").sum())
    own = lines.filter(pl.col("kind") != "charge")
    rows = own.select("customer", "jurisdiction", "tax", "tax_rate", share="price")
    assert sums.sort(pl.all()).equals(rows.with_columns(pl.col("share").cast(CENTS)).sort(pl.all()))


def credited(world: Taxed, random: Random) -> list[dict[str, Any]]:
    """Return credits of many shapes for the charges of a world, some of them issued already."""
    parts = []
    for n, item in enumerate(world.items):
        left = cents(item["price"])
        stands = random.random() < 0.5
        for turn in range(random.choice([0, 1, 2, 3, 5])):
            part = min(left, random.choice([left, left // 3 + 1, random.randint(1, 4000), 1]))
            if part <= 0:
                continue
            left -= part
            parts.append(
                {"customer": item["customer"], "charge": f"L{n:02d}", "credit": f"K{turn}",
                 "bill_month": f"2026-0{4 + turn}", "on": dt.date(2026, 4 + turn, 5),
                 "price": D(-part).scaleb(-2), "stands": stands and turn < 2}
            )  # fmt: skip
    return parts


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_credits_of_any_shape_give_back_what_the_slow_model_does_and_never_more(seed: int) -> None:
    world, random = Taxed(seed), Random(seed)
    lines = invoiced(world)
    parts = credited(world, random)
    prices = {f"L{n:02d}": cents(item["price"]) for n, item in enumerate(world.items)}
    bore = shares_of(world, lines)
    wanted: dict[Key, int] = {}
    before: dict[Key, int] = {}
    for key, part in bore.items():
        own = [p for p in parts if (p["customer"], p["charge"]) == key[:2]]
        credits = [-cents(p["price"]) for p in own]
        issued = sum(1 for p in own if p["stands"])
        first = gives_back(part, prices[key[1]], credits[:issued]) if own else []
        before[key] = sum(first)
        done = sum(credits[:issued])
        rest = gives_back(part, prices[key[1]], credits[issued:], before[key], done) if own else []
        for credit, back in zip(own[issued:], rest, strict=True):
            if back:
                wanted[(*key, credit["credit"])] = back
        assert 0 <= before[key] + sum(rest) <= max(part, 0), "never more than was charged"
        if sum(credits) == prices[key[1]]:
            assert before[key] + sum(rest) == part, "all of it where all is credited"
    given_rows = [
        {"customer": k[0], "charge": k[1], "jurisdiction": k[2], "tax": k[3], "tax_rate": k[4],
         "kind": "surcharge" if k[3] == "federal usf" else "tax", "base": D("0.00"),
         "share": D(gone).scaleb(-2)}
        for k, gone in before.items() if gone
    ]  # fmt: skip
    charges = of_charges(
        borne(lines, world.tables()),
        lines.filter(pl.col("kind") == "charge").select(
            *BILL, "price", charge="line_id", refers=pl.lit(False)
        ),
    )
    rows = returned(
        pl.DataFrame(parts, schema=PARTS), charges, pl.DataFrame(given_rows, schema=GIVEN)
    )
    names = ["customer", "credit_of", "jurisdiction", "tax", "tax_rate", "made_key", "price"]
    got = {
        (*row[:5], row[5].rpartition(":")[2]): -cents(row[6]) for row in rows.select(names).rows()
    }
    assert got == wanted
    assert (
        rows["made_key"].is_unique().all() or rows.select("customer", "made_key").is_unique().all()
    )


BORE = """
bore charged | credits           | given back
1000 10000   | 3333 3333 3334    | 333 333 334
2    100     | 30 30 30 10       | 1 1 0 0
575  10000   | 5000              | 288
575  10000   | 5000 5000         | 288 287
1    1000    | 400 400 200       | 0 0 1
0    1000    | 1000              | 0
1000 10000   | 10000 5000        | 1000 0
"""


@pytest.mark.parametrize("row", BORE.strip().splitlines()[1:])
def test_the_last_credit_takes_the_difference(row: str) -> None:
    told = [[int(word) for word in cell.split()] for cell in row.split("|")]
    (bore, charged), credits, back = told
    assert gives_back(bore, charged, credits) == back
    base = {"customer": "C", "charge": "L", "kind": "tax", "jurisdiction": "OH", "tax": "ST"}
    charge = {**base, "tax_rate": D("0.1"), "description": "OH ST", "rule": "row 1",
              "charged_in": "2026-03", "base": D(charged).scaleb(-2),
              "share": D(bore).scaleb(-2), "charged": D(charged).scaleb(-2)}  # fmt: skip
    parts = [
        {"customer": "C", "charge": "L", "credit": f"K{n}", "bill_month": f"2026-0{4 + n}",
         "on": dt.date(2026, 4 + n, 5), "price": D(-part).scaleb(-2), "stands": False}
        for n, part in enumerate(credits)
    ]  # fmt: skip
    rows = returned(
        pl.DataFrame(parts, schema=PARTS),
        pl.DataFrame([charge], schema_overrides=MONEY),
        pl.DataFrame(schema=GIVEN),
    )
    by_month = dict(rows.select("bill_month", "price").iter_rows())
    assert [-cents(by_month.get(f"2026-0{4 + n}", 0)) for n in range(len(credits))] == back


MONEY = {"base": CENTS, "share": CENTS, "charged": CENTS, "tax_rate": RATE}
OH = {"customer": "C", "charge": "L", "kind": "tax", "jurisdiction": "OH", "tax": "ST"}


def bore(share: str, rate: str = "0.12", **given: Any) -> dict[str, Any]:
    """Return what a charge of 100.00 bore of a tax."""
    told = {"description": "OH ST", "rule": "row 1", "charged_in": "2026-03", "base": D(100)}
    return {**OH, **told, "charged": D(100), "tax_rate": D(rate), "share": D(share), **given}


def given_to(
    charges: list[dict[str, Any]], gone: list[dict[str, Any]], *parts: str, issued: str = "-50"
) -> pl.DataFrame:
    """Return the rows that `parts` of credits give back, after one that was issued."""
    part = {"customer": "C", "charge": "L", "bill_month": "2026-05", "on": None}
    credits = [{**part, "credit": "K1", "price": D(issued), "stands": True}]
    for n, price in enumerate(parts, 2):
        credits.append({**part, "credit": f"K{n}", "price": D(price), "stands": False})
    return returned(
        pl.DataFrame(credits, schema=PARTS),
        pl.DataFrame(charges, schema_overrides=MONEY),
        pl.DataFrame(gone, schema=GIVEN),
    )


def test_what_was_given_back_at_a_rate_of_before_is_taken_from_what_is_left() -> None:
    """The charge's invoice was issued anew: it bears 12.00 where it bore 10.00, of which 5.00 are
    given back already."""
    gone = {**OH, "tax_rate": D("0.10"), "base": D(50), "share": D(5)}
    rows = given_to([bore("12")], [gone], "-50")
    assert rows.select("price", "cost", "tax_base").rows() == [
        (D("-7.00"), D("-7.00"), D("-50.00"))
    ]
    assert rows["description"].to_list() == ["OH ST given back, 12% of -50.00"]
    assert rows["made_key"].to_list() == ["tax:OH:ST:0.120000:back:L:K2"]
    # 8.00 and 6.00 at two rates now: what is gone of the old one takes all of one, then the rest.
    more = [bore("8", "0.08"), bore("6", "0.06")]
    rows = given_to(more, [{**gone, "share": D("9")}], "-50")
    assert rows["price"].to_list() == [D("-5.00")]


def test_a_contribution_that_is_given_back_is_named_without_a_place() -> None:
    rows = given_to([bore("12", kind="surcharge", tax="federal usf")], [], "-50")
    assert rows["made_key"].to_list() == ["federal usf:0.120000:back:L:K2"]


def test_a_credit_of_nothing_gives_no_tax_back_nor_does_one_of_a_charge_of_nothing() -> None:
    assert given_to([bore("12")], [], "0.00", issued="-100").is_empty()
    assert given_to([bore("12", charged=D(0))], [], "-1.00").is_empty()
    assert given_to([bore("12")], [], "-0.01", issued="-99.99")["price"].to_list() == [D(-12)]


def test_a_row_below_zero_gives_back_no_more_than_was_ever_charged() -> None:
    def row(key: str, price: str, method: str = "tax_table") -> dict[str, Any]:
        return {"customer": "C", "kind": "tax", "jurisdiction": "OH", "tax": "ST",
                "price": D(price), "made_key": key, "method": method, "rule": "row 1"}  # fmt: skip

    rows = pl.DataFrame(
        [
            row("a", "2.00"),
            row("b", "-1.50"),
            row("c", "-9.00"),
            row("d", "-1.00", "given_back"),
            row("e", "0.00"),
            row("f", "-0.01"),
        ],
        schema=CUSTOMER_LINES,
    )
    before = pl.DataFrame([row("x", "3.00")], schema=CUSTOMER_LINES)
    made = bounded(rows, before).sort("made_key")
    assert made.select("made_key", "price", "rule").rows() == [
        ("a", D("2.00"), "row 1"),
        ("b", D("-1.50"), "row 1"),
        ("c", D("-2.50"), "row 1; no more than was charged"),
        ("d", D("-1.00"), "row 1"),
        ("e", D("0.00"), "row 1"),  # it gives nothing back, while there is no room left for f
    ]
    assert made.filter(pl.col("made_key").is_in(["b", "c"]))["cost"].to_list() == [
        *(D("-1.50"), D("-2.50"))
    ]
    assert BORNE.names()[:3] == BILL


def one_bill(method: str, base: str, price: str) -> pl.DataFrame:
    """Return an invoice of two charges and a credit that names one, with a row of taxes."""
    common = {"customer": "C0", "bill_month": "2026-03", "kind": "charge", "service": "S1"}
    rows = [
        {**common, "line_id": "A", "charge_class": "recurring", "price": D("30.00")},
        {**common, "line_id": "B", "charge_class": "recurring", "price": D("10.05")},
        {**common, "line_id": "K", "charge_class": "adjustment", "price": D("-5.00"),
         "kind": "credit", "credit_of": "Z"},
        {**common, "charge_class": "tax", "kind": "tax", "tax": "ST", "jurisdiction": "OH",
         "tax_rate": D("0.1") if method == "tax_table" else None, "tax_base": D(base),
         "price": D(price), "method": method, "made_key": "T", "description": "OH ST, of 1.00",
         "rule": "row 1"},
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema={**CUSTOMER_LINES, "state": pl.String})
    return frame.with_columns(
        state=pl.when(pl.col("kind") != "tax").then(pl.lit("OH")),
        bill=pl.lit("I1"),
        day=pl.lit(DAY),
    )


@pytest.mark.parametrize(
    ("method", "base", "price", "shares"),
    [
        ("tax_table", "40.05", "4.01", {"A": "3.00", "B": "1.01"}),
        # An earlier version taxed credits by the rates of their own day, in the same row.
        ("tax_table", "35.05", "3.51", {"A": "3.00", "B": "1.01", "K": "-0.50"}),
        # What the table does not explain, and what an engine says, is borne in proportion.
        ("tax_table", "99.00", "9.90", {"A": "7.42", "B": "2.48"}),
        ("tax_engine", "40.05", "2.00", {"A": "1.50", "B": "0.50"}),
    ],
)
def test_a_row_of_taxes_is_divided_among_the_lines_it_is_of(
    method: str, base: str, price: str, shares: dict[str, str]
) -> None:
    world = Taxed(0)
    world.located, world.rates = [], [
        {"row_id": 1, "jurisdiction": "OH", "tax": "ST", "charge_class": None, "product": None,
         "rate": D("0.1"), "from": None, "until": None}
    ]  # fmt: skip
    rows = borne(one_bill(method, base, price), world.tables())
    told = {charge: str(share) for charge, share in rows.select("charge", "share").iter_rows()}
    assert told == shares
    assert rows["description"].unique().to_list() == ["OH ST"]


def test_a_row_of_an_engine_is_borne_by_nobody_where_charges_come_to_nothing() -> None:
    bill = one_bill("tax_engine", "0.00", "2.00")
    even = pl.when(line_id="B").then(pl.lit("-30.00")).otherwise(pl.col("price").cast(pl.String))
    assert borne(bill.with_columns(price=even.cast(CENTS)), Taxed(0).tables()).is_empty()
