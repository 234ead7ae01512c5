"""What the guards say of invoices that are not issued yet, judged by a slow model."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.schema import CENTS
from rebill.selling import guards
from rebill.selling.guards import Consents, Limits

MARKUPS = pl.DataFrame(
    {
        "row_id": [1, 2, 3, 4],
        "method": ["flat", "flat", "flat", "absorb"],
        "below_cost": [False, True, False, False],
        "consent": [False, False, True, False],
    }
)
OWN = pl.DataFrame({"row_id": [7, 8], "consent": [False, True]})
CONSENTS = Consents(MARKUPS, OWN)
LINES = {
    "customer": pl.String, "bill_month": pl.String, "line_id": pl.String, "service": pl.String,
    "kind": pl.String, "charge_class": pl.String, "cost": CENTS, "price": CENTS, "margin": CENTS,
    "markup_row": pl.Int64, "rule": pl.String,
}  # fmt: skip


def line(**said: Any) -> dict[str, Any]:
    """Return a customer line; money is text."""
    usual = {"customer": "K", "bill_month": "2026-03", "kind": "charge", "service": "S1",
             "charge_class": "recurring", "cost": "0.00"}  # fmt: skip
    row = {**dict.fromkeys(LINES), **usual, **said}
    row["cost"], row["price"] = D(row["cost"]), D(row["price"])
    return {**row, "margin": row["price"] - row["cost"]}


def frame(rows: list[dict[str, Any]]) -> pl.LazyFrame:
    return pl.LazyFrame(rows, LINES)


def own(price: str, row: int, service: str | None = None) -> dict[str, Any]:
    rule = f"customer_charges row {row}"
    return line(kind="own_charge", price=price, rule=rule, service=service)


def told(found: pl.DataFrame) -> list[tuple[str, str]]:
    return [(guard, str(number)) for guard, number in found.select("guard", "number").rows()]


@pytest.mark.parametrize(
    ("cost", "price", "row", "guard"),
    [
        ("10.00", "100.00", 1, None),  # ten times is not more than ten times
        ("10.00", "100.01", 1, "above_cost"),
        ("0.00", "0.01", 1, "above_cost"),
        ("0.00", "0.00", 1, None),
        ("10.00", "10.00", 1, None),
        ("10.00", "9.99", 1, "below_cost"),
        ("10.00", "9.99", 2, None),
        ("10.00", "100.01", 2, "above_cost"),  # consent to a loss is none to this
        ("10.00", "9.99", 3, None),
        ("10.00", "100.01", 3, None),
        ("10.00", "0.00", 4, None),  # absorb: we bear it
    ],
)
def test_a_price_far_from_its_cost_needs_consent_in_its_row(
    cost: str, price: str, row: int, guard: str | None
) -> None:
    lines = frame([line(cost=cost, price=price, markup_row=row)])
    found = guards.of_prices(lines, CONSENTS)
    assert found["guard"].to_list() == ([guard] if guard else [])
    assert all(f"markup row {row}" in words for words in found["words"])


def test_what_no_markup_priced_or_gives_back_is_held_to_no_cost() -> None:
    lines = frame(
        [
            line(cost="10.00", price="0.00"),  # an exempt customer's tax
            line(cost="-5.00", price="-5.50", markup_row=1, kind="unbilled"),
            line(cost="-5.00", price="-50.01", markup_row=1, kind="credit"),
            line(cost="1.00", price="99.00", markup_row=1, kind="minimum"),
        ]
    )
    assert guards.of_prices(lines, CONSENTS).is_empty()


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([own("-100.00", 7)], []),
        ([own("-100.01", 7)], [("discounts_above_charges", "0.01")]),
        ([own("-100.01", 8)], []),
        ([own("-60.00", 7), own("-60.00", 8)], [("discounts_above_charges", "20.00")]),
        ([own("-30.01", 7, "S2")], [("discounts_above_charges", "0.01")]),
        ([own("-30.01", 8, "S2")], []),
        ([own("50.00", 7), own("-150.00", 7)], []),
        ([line(kind="tax", charge_class="tax", price="50.00"), own("-101.00", 7)],
         [("discounts_above_charges", "1.00")]),
        ([line(charge_class="surcharge", price="50.00"), own("-101.00", 7)],
         [("discounts_above_charges", "1.00")]),
    ],
)  # fmt: skip
def test_own_discounts_stay_within_the_charges_they_are_taken_off(
    rows: list[dict[str, Any]], found: list[tuple[str, str]]
) -> None:
    charges = [line(price="70.00"), line(price="30.00", service="S2")]
    assert told(guards.of_discounts(frame([*charges, *rows]), CONSENTS)) == found


@pytest.mark.parametrize(
    ("total", "row", "held"),
    [("-0.01", 7, True), ("0.00", 7, False), ("-5.00", 8, False), ("-50.01", 8, True)],
)
def test_a_negative_total_is_held_unless_discounts_with_consent_made_it(
    total: str, row: int, held: bool
) -> None:
    bills = pl.DataFrame(
        {"customer": ["K"], "bill_month": ["2026-03"], "total": [D(total)]}, {"total": CENTS}
        | {"customer": pl.String, "bill_month": pl.String}
    )  # fmt: skip
    given_back = guards.discounts(frame([own("-50.00", row)]), CONSENTS)
    assert guards.of_totals(bills, given_back).height == held


def months(*totals: str) -> pl.DataFrame:
    rows = [("K", f"2026-{n:02d}", D(total)) for n, total in enumerate(totals, 1) if total]
    schema = {"customer": pl.String, "bill_month": pl.String, "total": CENTS}
    return pl.DataFrame(rows, schema, orient="row")


@pytest.mark.parametrize(
    ("totals", "percent", "amount", "number"),
    [
        (["100.00", "150.00"], "50", None, None),
        (["100.00", "150.01"], "50", None, "50.01"),
        (["100.00", "49.99"], "50", None, "-50.01"),
        (["100.00", "150.00"], None, "50.00", None),
        (["100.00", "150.01"], None, "50.00", "50.01"),
        (["10.00", "16.00"], "50", "100", "6.00"),  # either limit holds
        (["1000.00", "1200.00"], "50", "100", "200.00"),
        (["100.00", "", "", "300.00"], "50", None, "200.00"),  # the last one, months ago
        (["0.00", "0.01"], "50", None, "0.01"),
        (["-100.00", "-151.00"], "50", None, "-51.00"),
        (["100.00", "133.34"], "33.333", None, "33.34"),
        (["900.00"], "50", "1", None),  # a first month
        (["100.00", "900.00"], None, None, None),
    ],
)
def test_a_month_that_moves_further_than_a_limit_from_the_last_one_is_held(
    totals: list[str], percent: str | None, amount: str | None, number: str | None
) -> None:
    standing = months(*totals)
    limits = Limits(percent and D(percent), amount and D(amount))  # type: ignore[arg-type]
    found = guards.of_moves(standing.tail(1), standing, limits)
    assert told(found) == ([("jumped", number)] if number else [])


money = st.integers(-3000, 3000).map(lambda cents: D(cents) / 100)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["charge", "unbilled", "credit", "own_charge", "minimum", "tax"]),
            st.sampled_from(["recurring", "one_time", "tax", "surcharge", "late_charge"]),
            st.sampled_from(["S1", "S2", None]),
            money, money, st.sampled_from([1, 2, 3, 4, None]), st.sampled_from([7, 8]),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_the_guards_say_what_their_rules_say_line_by_line(lines: list[tuple[Any, ...]]) -> None:
    rows = [
        line(kind=kind, charge_class=name, service=service, cost=str(cost), price=str(price),
             markup_row=row, rule=f"customer_charges row {own_row}")
        for kind, name, service, cost, price, row, own_row in lines
    ]  # fmt: skip
    found = pl.concat(
        [guards.of_prices(frame(rows), CONSENTS), guards.of_discounts(frame(rows), CONSENTS)]
    )
    assert sorted(told(found)) == sorted(model(rows))


def model(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return what the rules say of one invoice, row by row."""
    said: list[tuple[str, str]] = []
    sold = [r for r in rows if r["kind"] in ("charge", "unbilled") and r["markup_row"]]
    sold = [r for r in sold if r["cost"] >= 0]
    losses = [r["margin"] for r in sold if r["margin"] < 0 and r["markup_row"] == 1]
    dear = [r["price"] for r in sold if r["price"] > 10 * r["cost"] and r["markup_row"] != 3]
    said += [("below_cost", str(sum(losses)))] if losses else []
    said += [("above_cost", str(sum(dear)))] if dear else []
    less = [r for r in rows if r["kind"] == "own_charge" and r["price"] < 0]
    unmeant = [r for r in less if r["rule"].endswith("7")]
    charges = [
        r
        for r in rows
        if r not in unmeant
        and r["kind"] != "tax"
        and r["charge_class"] not in ("tax", "surcharge", "late_charge")
    ]
    over = -sum(r["price"] for r in unmeant) - sum(r["price"] for r in charges)
    if unmeant and over > 0:
        return [*said, ("discounts_above_charges", str(over))]
    by_service = [
        -sum(r["price"] for r in unmeant if r["service"] == service)
        - sum(r["price"] for r in charges if r["service"] == service)
        for service in {r["service"] for r in unmeant if r["service"]}
    ]
    above = sum(part for part in by_service if part > 0)
    return [*said, ("discounts_above_charges", str(above))] if above else said
