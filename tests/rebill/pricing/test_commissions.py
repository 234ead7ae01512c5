"""Commissions: who earns what of each charge, judged by the slow model and by tables of people."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal as D
from typing import Any

import polars as pl
import pytest
from commission_model import model
from commission_worlds import Row, bill, frames, line, rule, world
from frame_tables import few
from hypothesis import given
from hypothesis import strategies as st

from rebill.pricing.earning.commissions import EARNED, deal_view, stated
from rebill.pricing.earning.months import earned, months_of
from rebill.pricing.shares.turns import said_before


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


def test_what_carriers_gave_back_pays_its_own_rules_and_no_others() -> None:
    dollars = [rule("flat", "flat", "5.00"), rule("once", "one_off", "25.00")]
    of_price = [rule(name, name, "0.10") for name in ("percent_of_price", "residual")]
    shares = (("ours", "60"), ("theirs", "40"))
    back = [rule(who, "percent_of_recovered", "0.25", share) for who, share in shares]
    rows = [
        line(price=D("80.00")),
        line(
            invoice_no="D-1", line_id=None, made_key="F1", price=D("33.31"), cost=D(0),
            charge_class="recovered", kind=None,
        ),
    ]  # fmt: skip
    bills = [bill("I-1", "2026-03-15"), bill("D-1", "2026-04-02", kind="recovered")]
    made = earned(*frames(rows, bills, [*dollars, *of_price, *back]))
    # 0.25 x 33.31 is 8.3275: 8.33, of which 4.998 and 3.332 are rounded to the whole.
    assert made.select("invoice_no", "payee", "amount").sort("invoice_no", "payee").rows() == [
        *(("D-1", "ours", D("5.00")), ("D-1", "theirs", D("3.33"))),
        *(("I-1", "flat", D("5.00")), ("I-1", "once", D("25.00"))),
        *(("I-1", "percent_of_price", D("8.00")), ("I-1", "residual", D("8.00"))),
    ]


def test_shares_divide_a_commission_to_the_cent() -> None:
    shares = (("a", "33.3"), ("b", "33.3"), ("c", "33.4"))
    rules = [rule(who, "percent_of_price", "0.0005", share) for who, share in shares]
    # 0.05: 1.665, 1.665 and 1.67 cents; c has the largest remainder, then it is b's turn.
    assert [(who, amount) for _, who, _, amount in paid([line()], rules)] == [
        *(("a", D("0.01")), ("b", D("0.02"))),
        ("c", D("0.02")),
    ]


def test_a_rule_is_rounded_once_for_an_invoice_however_many_lines_it_has() -> None:
    rules = [rule(who, "percent_of_price", "0.10", "50") for who in ("a", "b")]
    tenth = [line(line_id=f"D-{n}", price=D("0.13"), cost=D(0)) for n in range(7)]
    made = earned(*frames(tenth, [bill("I-1", "2026-03-15")], rules))
    # 7 x 0.013 is 0.091: 0.09 in all, not 7 x 0.01; the rows of each add up to its part.
    assert made.group_by("payee").agg(pl.col("amount").sum()).sort("payee").rows() == [
        ("a", D("0.04")),
        ("b", D("0.05")),
    ]
    assert made["exact"].unique().to_list() == [D("0.013")]
    assert made.filter(payee="a")["basis"].sum() == D("0.91")


def test_dollars_for_services_are_rounded_once_for_an_invoice() -> None:
    three = [line(line_id=f"D-{n}", service=f"S{n}") for n in range(3)]
    amounts = [amount for *_, amount in paid(three, [rule("a", "flat", "1.005")])]
    assert sum(amounts) == D("3.02") and sorted(amounts) == [D("1.00"), D("1.01"), D("1.01")]


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


def changed_in_april() -> tuple[list[Row], list[Row]]:
    """Return rules, one until April and one from then on, and bills before and after."""
    rules = [
        rule("old", "residual", "0.10", effective_until=dt.date(2026, 4, 1)),
        rule("new", "residual", "0.20", effective_from=dt.date(2026, 4, 1)),
    ]
    return rules, [bill("I-1", "2026-03-15"), bill("I-2", "2026-04-15")]


def test_a_credit_takes_back_what_its_charge_earned_by_the_rule_of_that_day() -> None:
    rules, bills = changed_in_april()
    credit = line(
        invoice_no="I-2", line_id="X-9", kind="credit", charge_class="adjustment",
        credit_of="D-1", price=D("-40.00"), cost=D("-24.00"),
    )  # fmt: skip
    assert paid([line(), credit], rules, bills) == [
        ("2026-03", "old", "residual", D("10.00")),
        ("2026-04", "old", "residual", D("-4.00")),
    ]


def test_the_credit_of_a_charge_sold_for_nothing_has_its_day_and_class() -> None:
    rules, bills = changed_in_april()
    credit = line(
        invoice_no="I-2", line_id="X-9", kind="credit", charge_class="adjustment",
        credit_of="D-1", price=D("-4.00"), cost=D("0.00"),
    )  # fmt: skip
    assert paid([line(price=D("0.00")), credit], rules, bills) == [
        ("2026-04", "old", "residual", D("-0.40")),
    ]


def test_a_service_charged_nothing_earns_no_dollars_and_is_not_charged_yet() -> None:
    rules = [rule("once", "one_off", "25.00"), rule("flat", "flat", "5.00")]
    bills = [bill("I-1", "2026-03-15"), bill("I-2", "2026-04-15")]
    rows = [line(price=D("0.00")), line(invoice_no="I-2", line_id="D-2", price=D("0.01"))]
    assert paid(rows, rules, bills) == [
        ("2026-04", "flat", "flat", D("5.00")),
        ("2026-04", "once", "one_off", D("25.00")),
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


@pytest.mark.parametrize("seed", few(16, 40))
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
    bills = [bill("I-1", "2026-03-15"), bill("N-1", "2026-04-02", corrects="I-1")]
    made = paid([line(price=amount), line(price=-amount, invoice_no="N-1")], rules, bills)
    here, there = ({p: a for m, p, _, a in made if m == month} for month in ("2026-03", "2026-04"))
    assert sum(here.values(), D(0)) == amount
    assert {p: a for p, a in there.items() if a} == {p: -a for p, a in here.items() if a}


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
    assert april.filter("late").sort("line_id")["exact"].to_list() == [D(3), D("0.5")]
    assert stated(first, march.select(EARNED.names()), "2026-04", ["2026-03"]).height == 1


@pytest.mark.parametrize("seed", few(3, 8))
def test_statements_made_a_month_at_a_time_are_those_made_of_all_at_once(seed: int) -> None:
    """One invoice of a closed month is void by now, another has gone to another month."""
    lines, bills, rules = world(seed)
    closed = ["2026-02", "2026-03"]
    said = earned(*frames(lines, bills, rules)).filter(pl.col("month").is_in(closed))
    moved = [{**b, "bill_date": dt.date(2026, 4, 2)} if b["invoice_no"] == "I-1-1" else b
             for b in bills if b["invoice_no"] != "I-2-0"]  # fmt: skip
    table, known, ruled = frames(lines, moved, rules)

    def lines_of(invoices: pl.DataFrame) -> pl.LazyFrame:
        return table.lazy().join(invoices.lazy().select("invoice_no"), on="invoice_no", how="semi")

    before = said_before(said.with_columns(late=pl.lit(False)))
    months = months_of(lines_of, known, ruled, before)
    at_once = stated(earned(table, known, ruled, before), said, "2026-04", closed)
    key = [*EARNED.names(), "late"]
    assert months.stated("2026-04", said, closed).sort(key).equals(at_once.sort(key))
    assert at_once["late"].any()


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
