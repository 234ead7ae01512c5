"""Commissions: who earns what of each charge, judged by the slow model and by tables of people."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal as D
from random import Random
from typing import Any

import polars as pl
import pytest
from commission_model import model
from hypothesis import given
from hypothesis import strategies as st

from rebill.pricing.commissions import EARNED, METHODS, RULES, deal_view, earned, stated
from rebill.store.record import INVOICED_LINES

Row = dict[str, Any]
BILLS = {
    "invoice_no": pl.String,
    "kind": pl.String,
    "bill_date": pl.Date,
    "corrects": pl.String,
}


def line(**given: Any) -> Row:
    whole = {
        "invoice_no": "I-1",
        "customer": "C1",
        "line_id": "D-1",
        "service": "S1",
        "product": "voice",
        "charge_class": "recurring",
        "kind": "charge",
        "credit_of": None,
        "cost": D("60.00"),
        "price": D("100.00"),
        **given,
    }
    return {**whole, "margin": whole["price"] - whole["cost"]}


def bill(number: str, day: str, corrects: str | None = None) -> Row:
    kind = "credit_note" if corrects else "invoice"
    date = dt.date.fromisoformat(day)
    return {"invoice_no": number, "kind": kind, "bill_date": date, "corrects": corrects}


def rule(payee: str, method: str, value: str, share: str = "100", **given: Any) -> Row:
    empty = dict.fromkeys(("customer", "service", "product", "effective_from", "effective_until"))
    said = {"deal": "D", "payee": payee, "role": "agent", "method": method}
    return {**empty, **said, "value": D(value), "share": D(share), **given}


def frames(lines: list[Row], bills: list[Row], rules: list[Row]) -> tuple[pl.DataFrame, ...]:
    numbered = [{"row_id": n, **row} for n, row in enumerate(rules, 1)]
    return (
        pl.DataFrame(lines, schema={n: d for n, d in INVOICED_LINES.items() if n != "bill_date"}),
        pl.DataFrame(bills, schema=BILLS),
        pl.DataFrame(numbered, schema=RULES),
    )


def paid(
    lines: list[Row], rules: list[Row], bills: list[Row] | None = None
) -> list[tuple[Any, ...]]:
    """Return (month, payee, method, amount) of what is earned, in order."""
    made = earned(*frames(lines, bills or [bill("I-1", "2026-03-15")], rules))
    return made.select("month", "payee", "method", "amount").rows()


def test_each_method_works_on_what_it_says() -> None:
    rules = [
        rule("price", "percent_of_price", "0.10"),
        rule("margin", "percent_of_margin", "0.50"),
        rule("residual", "residual", "0.01"),
        rule("flat", "flat", "5.00"),
        rule("once", "one_off", "25.00"),
    ]
    rows = [
        line(),
        line(line_id="D-2", charge_class="usage", price=D("10.05"), cost=D("10.00")),
        line(line_id="D-3", charge_class="tax", price=D("7.00")),
        line(line_id=None, made_key="t", kind="tax", charge_class="tax", price=D("9.00")),
    ]
    made = {(payee, amount) for _, payee, _, amount in paid(rows, rules)}
    assert made == {
        *(("price", D("10.00")), ("price", D("1.01"))),
        *(("margin", D("20.00")), ("margin", D("0.03"))),
        *(("residual", D("1.00")), ("flat", D("5.00")), ("once", D("25.00"))),
    }


def test_shares_divide_a_commission_to_the_cent() -> None:
    shares = (("a", "33.3"), ("b", "33.3"), ("c", "33.4"))
    rules = [rule(who, "percent_of_price", "0.0005", share) for who, share in shares]
    # 0.05: 1.665, 1.665 and 1.67 cents; the last has the largest rest, then a before b.
    assert [(who, amount) for _, who, _, amount in paid([line()], rules)] == [
        *(("a", D("0.02")), ("b", D("0.01"))),
        ("c", D("0.02")),
    ]


def test_the_strongest_rule_in_force_counts_and_deals_do_not_know_each_other() -> None:
    rules = [
        rule("any", "percent_of_price", "0.01"),
        rule("voice", "percent_of_price", "0.02", product="voice"),
        rule("c1", "percent_of_price", "0.03", customer="C1"),
        rule("both", "percent_of_price", "0.04", customer="C1", product="voice"),
        rule("s1", "percent_of_price", "0.05", service="S1", effective_until=dt.date(2026, 3, 15)),
        rule("new", "percent_of_price", "0.06", service="S1", effective_from=dt.date(2026, 3, 16)),
        rule("other", "percent_of_price", "0.07", deal="E"),
    ]
    made = earned(*frames([line()], [bill("I-1", "2026-03-15")], rules))
    assert made.select("deal", "payee", "amount").rows() == [
        ("D", "both", D("4.00")),
        ("E", "other", D("7.00")),
    ]


def test_a_credit_takes_back_what_its_charge_earned_by_the_rule_of_that_day() -> None:
    rules = [
        rule("old", "residual", "0.10", effective_until=dt.date(2026, 4, 1)),
        rule("new", "residual", "0.20", effective_from=dt.date(2026, 4, 1)),
    ]
    bills = [bill("I-1", "2026-03-15"), bill("I-2", "2026-04-15")]
    credit = line(
        invoice_no="I-2", line_id="X-9", kind="credit", charge_class="adjustment",
        credit_of="D-1", price=D("-40.00"), cost=D("-24.00"),
    )  # fmt: skip
    assert paid([line(), credit], rules, bills) == [
        ("2026-03", "old", "residual", D("10.00")),
        ("2026-04", "old", "residual", D("-4.00")),
    ]


def test_a_credit_note_takes_back_all_and_the_new_invoice_earns_again() -> None:
    rules = [rule("once", "one_off", "25.00"), rule("flat", "flat", "5.00")]
    bills = [
        bill("I-1", "2026-03-15"),
        bill("N-1", "2026-04-02", corrects="I-1"),
        bill("I-2", "2026-04-03"),
        bill("I-3", "2026-05-15"),
    ]
    back = line(invoice_no="N-1", price=D("-100.00"), cost=D("-60.00"))
    rows = [line(), back, line(invoice_no="I-2"), line(invoice_no="I-3", line_id="D-2")]
    made = [(month, payee, amount) for month, payee, _, amount in paid(rows, rules, bills)]
    assert sorted(made) == [
        *(("2026-03", "flat", D("5.00")), ("2026-03", "once", D("25.00"))),
        *(("2026-04", "flat", D("-5.00")), ("2026-04", "flat", D("5.00"))),
        *(("2026-04", "once", D("-25.00")), ("2026-04", "once", D("25.00"))),
        ("2026-05", "flat", D("5.00")),
    ]


def test_a_one_off_sum_is_not_paid_for_a_service_older_than_its_rule() -> None:
    rules = [rule("once", "one_off", "25.00", effective_from=dt.date(2026, 4, 1))]
    bills = [bill("I-1", "2026-03-15"), bill("I-2", "2026-04-15")]
    rows = [line(), line(invoice_no="I-2"), line(invoice_no="I-2", service="S2", line_id="D-5")]
    made = earned(*frames(rows, bills, rules))
    assert made.select("month", "service", "amount").rows() == [("2026-04", "S2", D("25.00"))]


# --- the slow model -----------------------------------------------------------------------------


def world(seed: int) -> tuple[list[Row], list[Row], list[Row]]:
    """Return invented lines, bills and rules whose shares add up."""
    pick = Random(seed)
    months = ["2026-02-10", "2026-03-10", "2026-04-10"]
    bills = [bill(f"I-{who}-{n}", day) for who in "12" for n, day in enumerate(months)]
    noted = [b["invoice_no"] for b in bills if pick.random() < 0.3]
    notes = [bill(f"N-{number}", "2026-04-20", number) for number in noted]
    lines: list[Row] = []
    for number, each in enumerate(bills * 4):
        lines.append(
            line(
                invoice_no=each["invoice_no"],
                customer=f"C{each['invoice_no'][2]}",
                line_id=f"D-{number}",
                service=pick.choice(["S1", "S2", "S3", None]),
                product=pick.choice(["voice", "data", None]),
                charge_class=pick.choice(["recurring", "prorated", "one_time", "usage", "tax"]),
                price=D(pick.randint(0, 30000)) / 100,
                cost=D(pick.randint(0, 30000)) / 100,
            )
        )
    for number in range(6):
        charge = pick.choice(lines[:24])
        later = pick.choice([b for b in bills if b["invoice_no"][2] == charge["customer"][1]])
        words = {"kind": "credit", "charge_class": "adjustment", "credit_of": charge["line_id"]}
        if number % 2:
            words["credit_of"] += " D-9"
        number_of = {"line_id": f"X-{number}", "invoice_no": later["invoice_no"]}
        lines.append({**charge, **words, **number_of, **reversed_of(charge)})
    lines += [
        {**row, "invoice_no": note["invoice_no"], **reversed_of(row)}
        for note in notes
        for row in list(lines)
        if row["invoice_no"] == note["corrects"]
    ]
    return lines, bills + notes, some_rules(pick)


def reversed_of(row: Row) -> Row:
    return {"price": -row["price"], "cost": -row["cost"]}


def some_rules(pick: Random) -> list[Row]:
    scopes: list[Row] = [{}, {"customer": "C1"}, {"product": "voice"}, {"service": "S1"}]
    scopes.append({"customer": "C2", "product": "data"})
    rules: dict[tuple[Any, ...], list[Row]] = {}
    for deal in "AAABBB":
        start = pick.choice([None, dt.date(2026, 3, 1), dt.date(2026, 4, 1)])
        until = pick.choice([None, dt.date(2026, 4, 5)])
        scope, method = pick.choice(scopes), pick.choice(METHODS)
        dollars = method in ("flat", "one_off")
        value = "7.5" if dollars else pick.choice(["0.1", "0.125", "0.333333"])
        shares = pick.choice([["100"], ["60", "40"], ["33.333333", "33.333333", "33.333334"]])
        given = {"deal": deal, "effective_from": start, "effective_until": until, **scope}
        rules[deal, method, *sorted(scope.items()), start] = [
            rule(f"P{n}", method, value, share, **given) for n, share in enumerate(shares)
        ]
    return [row for rows in rules.values() for row in rows]


@pytest.mark.parametrize("seed", range(40))
def test_what_is_earned_is_what_the_slow_model_says(seed: int) -> None:
    lines, bills, rules = world(seed)
    given_rules = [{"row_id": n, **row} for n, row in enumerate(rules, 1)]
    made = earned(*frames(lines, bills, rules))
    got: dict[tuple[Any, ...], D] = defaultdict(D)
    columns = ("month", "payee", "deal", "method", "invoice_no", "service", "line_id", "amount")
    for *key, amount in made.select(columns).rows():
        got[tuple(key)] += amount
    assert {k: v for k, v in got.items() if v} == model(lines, bills, given_rules)


@given(st.integers(-(10**6), 10**6), st.lists(st.integers(1, 100), min_size=1, max_size=6))
def test_parts_are_the_whole_and_a_credit_is_the_exact_opposite(
    cents: int, weights: list[int]
) -> None:
    total = sum(weights)
    shares = [D(w * 100) / total for w in weights]
    shares = [s.quantize(D("0.000001")) for s in shares]
    shares[-1] += 100 - sum(shares)
    rules = [rule(f"P{n}", "percent_of_price", "1", str(s)) for n, s in enumerate(shares)]
    amount = D(cents) / 100
    here = {p: a for _, p, _, a in paid([line(price=amount)], rules)}
    there = {p: a for _, p, _, a in paid([line(price=-amount)], rules)}
    assert sum(here.values(), D(0)) == amount
    assert there == {p: -a for p, a in here.items()}


# --- statements and deals -----------------------------------------------------------------------


def test_a_final_statement_stays_and_the_next_one_says_what_changed_since() -> None:
    rules = [rule("a", "percent_of_price", "0.10")]
    bills = [bill("I-1", "2026-03-15"), bill("I-2", "2026-04-15")]
    rows = [line(), line(invoice_no="I-2", line_id="D-2")]
    first = earned(*frames(rows, bills, rules))
    march = stated(first, first.clear(), "2026-03", [])
    assert march.select("amount", "late").rows() == [(D("10.00"), False)]
    dearer = [line(price=D("130.00")), rows[1], line(line_id="D-3", price=D("5.00"))]
    then = earned(*frames(dearer, bills, rules))
    april = stated(then, march.select(EARNED.names()), "2026-04", ["2026-03"])
    assert sorted(april.select("line_id", "amount", "late").rows()) == [
        ("D-1", D("3.00"), True),
        ("D-2", D("10.00"), False),
        ("D-3", D("0.50"), True),
    ]
    assert stated(first, march.select(EARNED.names()), "2026-04", ["2026-03"]).height == 1


def test_the_view_of_a_deal_shows_every_party_and_what_is_left() -> None:
    rules = [
        rule("agent", "percent_of_price", "0.10", "70"),
        rule("sub", "percent_of_price", "0.10", "30", role="sub_agent"),
        rule("partner", "percent_of_margin", "0.5", role="company"),
    ]
    lines, bills, table = frames([line()], [bill("I-1", "2026-03-15")], rules)
    made = earned(lines, bills, table)
    view = deal_view(made, lines.with_columns(month=pl.lit("2026-03")))
    assert view.select("payee", "role", "margin", "amount").rows() == [
        ("agent", "agent", D("40.00"), D("7.00")),
        ("partner", "company", D("40.00"), D("20.00")),
        ("sub", "sub_agent", D("40.00"), D("3.00")),
        (None, "house", D("40.00"), D("10.00")),
    ]
