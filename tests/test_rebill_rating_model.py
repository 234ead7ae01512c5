"""The fast kernel prices every line as the slow model does, with the same row."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

import pricing_model
from invoices.schema import CHARGE_CLASSES
from rebill.markups import MARKUPS, METHODS, NAMES, RETAIL, candidates
from rebill.rating import rate
from reconcile.schema import AUDITED

SERVICES, CUSTOMERS, USOCS = ["S1", "S2", "S3"], ["C1", "C2", "C3"], ["1MB", "ESX", "PKG"]
PACKAGES, PRODUCTS, STATES = ["PKG", "OTHER"], ["voice", "data"], ["OH", "FL"]
DAYS = [dt.date(2026, month, day) for month in (1, 2, 3) for day in (1, 2, 15)]
MONTH = pricing_model.MONTH_PARTS
SOME_PARTS = [MONTH, MONTH // 30, MONTH // 31 * 7, 2 * MONTH, MONTH // 28 * 13]


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def decimals(low: str, high: str, places: int) -> st.SearchStrategy[D]:
    return st.decimals(D(low), D(high), places=places)


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    usoc = draw(maybe(st.sampled_from(USOCS)))
    parts = draw(maybe(st.sampled_from(SOME_PARTS)))
    due_units = draw(st.sampled_from([D(0), D(1), D(1), D(3), D("2.5")]))
    due_parts = draw(st.sampled_from(SOME_PARTS))
    customer = draw(st.sampled_from([*CUSTOMERS, *CUSTOMERS, None]))
    return {
        "document_id": "D",
        "carrier": draw(st.sampled_from(["ILEC", "ILEC", "CLEC"])),
        "bill_date": dt.date(2026, 2, 10),
        "charge_class": draw(st.sampled_from(["recurring", "prorated", *CHARGE_CLASSES])),
        "usoc": usoc,
        "quantity": draw(st.sampled_from([None, D(1), D(2), D("12.5")])),
        "amount": draw(st.sampled_from([D("0.00"), D("-3.10")]) | decimals("0.01", "900", 2)),
        "service": draw(maybe(st.sampled_from(SERVICES))),
        "customer": customer,
        "product": draw(maybe(st.sampled_from(PRODUCTS))),
        "package": draw(maybe(st.sampled_from(PACKAGES))),
        "kind": draw(st.sampled_from([None, "recurring", "recurring", "record_only"])),
        "inventory_state": draw(maybe(st.sampled_from(STATES))),
        "rate_day": draw(st.sampled_from(DAYS)),
        "buy_rate": draw(st.sampled_from([None, D(0), D("8.3"), D("8.3")])),
        "fraction_parts": parts,
        "due_units": due_units,
        "due_unit_parts": due_units * (due_parts if parts else MONTH),
        "expected": draw(maybe(st.just(D("0.00")) | decimals("0.00", "900", 2))),
        "at_stake": D("0.00"),
    }


TERMS = {
    "method": st.sampled_from(METHODS),
    "value": decimals("-0.5", "1.9", 6) | st.sampled_from([D("0.1"), D("0.15"), D("9.15")]),
    "minimum": decimals("0", "5", 6),
    "floor": st.sampled_from([None, None, D("1.005"), D(40)]),
    "cap": st.sampled_from([None, None, D("12.995"), D(60)]),
    "cap_retail": st.sampled_from([False, False, False, True]),
    "effective_from": maybe(st.sampled_from(DAYS)),
    "effective_until": maybe(st.sampled_from(DAYS)),
}
VALUES = {
    "service": SERVICES,
    "customer": CUSTOMERS,
    "usoc": USOCS,
    "package": PACKAGES,
    "product": PRODUCTS,
    "charge_class": [c for c in CHARGE_CLASSES if c not in ("adjustment", "late_charge")],
}


@st.composite
def markups(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.sampled_from(pricing_model.PRECEDENCE))
    row: dict[str, Any] = {name: draw(values) for name, values in TERMS.items()}
    row |= {n: draw(st.sampled_from(VALUES[n])) if n in names else None for n in NAMES}
    if row["cap_retail"]:
        row["cap"] = None
    return row


@st.composite
def retail_rates(draw: st.DrawFn) -> dict[str, Any]:
    by_package = draw(st.booleans())
    return {
        "carrier": draw(st.sampled_from(["ILEC", "CLEC"])),
        "usoc": None if by_package else draw(st.sampled_from(USOCS)),
        "package": draw(st.sampled_from(PACKAGES)) if by_package else None,
        "state": draw(maybe(st.sampled_from(STATES))),
        "rate": draw(decimals("0.01", "80", 6)),
        "effective_from": draw(maybe(st.sampled_from(DAYS))),
        "effective_until": None,
    }


def numbered(rows: list[dict[str, Any]], key: tuple[str, ...]) -> list[dict[str, Any]]:
    """What a load would let through: of equal keys the first, with a row number."""
    kept = {tuple(row[name] for name in key): row for row in reversed(rows)}
    return [{"row_id": number, **row} for number, row in enumerate(kept.values(), 1)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(lines(), min_size=1, max_size=12),
    st.lists(markups(), max_size=14),
    st.lists(retail_rates(), max_size=6),
    st.fixed_dictionaries({c: st.sampled_from(["expected", "billed"]) for c in CUSTOMERS[:2]}),
)
def test_every_price_and_every_chosen_row_is_that_of_the_slow_model(
    some_lines: list[dict[str, Any]],
    some_markups: list[dict[str, Any]],
    some_retail: list[dict[str, Any]],
    bases: dict[str, str],
) -> None:
    some_lines = [{**line, "line_id": f"D-{n}"} for n, line in enumerate(some_lines, 1)]
    rows = numbered(some_markups, (*NAMES, "effective_from"))
    listed = numbered(some_retail, ("carrier", "usoc", "package", "state"))
    customers = pl.DataFrame(
        {"customer": list(bases), "cost_basis": list(bases.values())},
        schema={"customer": pl.String, "cost_basis": pl.String},
    )
    told = {
        line["line_id"]: pricing_model.price_line(line, bases, rows, listed) for line in some_lines
    }

    rated = rate(
        pl.LazyFrame(some_lines, schema=AUDITED),
        customers,
        pl.DataFrame(rows, schema=MARKUPS),
        pl.DataFrame(listed, schema=RETAIL),
    )
    priced = rated.customer_lines.collect()
    missing = rated.findings.collect()

    assert {
        row["line_id"]: (row["price"], row["cost"], row["markup_row"])
        for row in priced.rows(named=True)
    } == {
        line_id: (outcome.price, outcome.cost, outcome.row_id)
        for line_id, outcome in told.items()
        if outcome.said == "invoiced"
    }
    assert sorted(missing["line_id"]) == sorted(
        line_id for line_id, outcome in told.items() if outcome.said == "markup_missing"
    )
    assert (priced["margin"] == priced["price"] - priced["cost"]).all()


@settings(max_examples=60, deadline=None)
@given(lines(), st.lists(markups(), min_size=1, max_size=14))
def test_the_first_candidate_is_the_row_that_prices_the_line(
    line: dict[str, Any], some_markups: list[dict[str, Any]]
) -> None:
    rows = numbered(some_markups, (*NAMES, "effective_from"))
    told = pricing_model.markup_for(line, rows)
    listed = candidates(line, pl.DataFrame(rows, schema=MARKUPS))
    assert listed["row_id"].to_list()[:1] == ([told["row_id"]] if told else [])
    assert listed["precedence"].to_list() == list(range(1, listed.height + 1))
