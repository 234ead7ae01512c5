"""Who carries the odd cent and why, as statements say it, the late ones too."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import polars as pl
from commission_worlds import Row, bill, frames, line, rule

from rebill.pricing.earning.commissions import EARNED, stated
from rebill.pricing.earning.months import earned
from rebill.pricing.shares.explained import explained

UNEVEN = [rule("a", "percent_of_price", "0.10", "60"), rule("b", "percent_of_price", "0.10", "40")]
EVEN = [rule("a", "percent_of_price", "0.10", "50"), rule("b", "percent_of_price", "0.10", "50")]
SHOWN = ("month", "invoice_no", "payee", "part", "odd_cent", "why", "before", "amount")
TURN, OTHER = "equal remainders, its turn", "equal remainders, another's turn"


def told(statements: pl.DataFrame, rules: list[Row], bills: list[Row]) -> pl.DataFrame:
    """Return the parts that statements say of one rule."""
    _, known, table = frames([], bills, rules)
    notes = known.filter(kind="credit_note").select("invoice_no", "corrects")
    return explained(statements, table, notes)


def march(lines: list[Row], bills: list[Row], rules: list[Row]) -> pl.DataFrame:
    made = earned(*frames(lines, bills, rules))
    return stated(made, EARNED.to_frame(), "2026-03", [])


def shown(parts: pl.DataFrame, *names: str) -> list[tuple[Any, ...]]:
    return parts.select(names or SHOWN).rows()


def test_a_part_says_what_it_is_a_part_of() -> None:
    lines = [line(price=D("1.04")), line(line_id="D-2", price=D("0.22"))]
    bills = [bill("I-1", "2026-03-15")]
    named = [{**row, "product": "voice"} for row in UNEVEN]
    parts = told(march(lines, bills, named), named, bills)
    columns = ("rule", "base", "exact", "commission", "payee", "exact_part", "part", "why")
    whole = ("percent_of_price, product voice", D("1.26"), D("0.126"), D("0.13"))
    assert shown(parts, *columns) == [
        (*whole, "a", D("0.078"), D("0.08"), "larger remainder"),
        (*whole, "b", D("0.052"), D("0.05"), "smaller remainder"),
    ]
    assert parts["rows"].to_list() == [2, 2]


def test_who_has_the_odd_cent_is_said_and_nothing_where_there_is_none() -> None:
    bills = [bill("I-1", "2026-03-15"), bill("I-2", "2026-03-16"), bill("N-1", "2026-03-20", "I-1")]
    lines = [
        line(price=D("0.10")),
        line(invoice_no="I-2", line_id="D-2", price=D("0.20")),
        line(invoice_no="N-1", price=D("-0.10")),
    ]
    no, month = D("0.00"), "2026-03"
    assert shown(told(march(lines, bills, EVEN), EVEN, bills)) == [
        (month, "I-1", "a", no, no, OTHER, no, no),
        (month, "I-1", "b", D("0.01"), D("0.01"), TURN, no, D("0.01")),
        (month, "I-2", "a", D("0.01"), no, None, no, D("0.01")),
        (month, "I-2", "b", D("0.01"), no, None, no, D("0.01")),
        (month, "N-1", "a", no, no, "as on I-1, which it takes back", no, no),
        (
            *(month, "N-1", "b", D("-0.01"), D("-0.01"), "as on I-1, which it takes back"),
            *(no, D("-0.01")),
        ),
    ]


def test_a_late_part_says_what_was_stated_before() -> None:
    bills = [bill("I-1", "2026-03-15")]
    first = march([line(price=D("0.20"))], bills, EVEN)
    more = [line(price=D("0.20")), line(line_id="D-2", price=D("0.31"))]
    wanted = earned(*frames(more, bills, EVEN))
    april = stated(wanted, first.select(EARNED.names()), "2026-04", ["2026-03"])
    parts = told(pl.concat([first, april]), EVEN, bills)
    assert shown(parts.filter(month="2026-04")) == [
        ("2026-04", "I-1", "a", D("0.02"), D("0.00"), OTHER, D("0.01"), D("0.01")),
        ("2026-04", "I-1", "b", D("0.03"), D("0.01"), TURN, D("0.01"), D("0.02")),
    ]
    assert parts.filter(month="2026-04")["exact"].to_list() == [D("0.051")] * 2
    assert parts["amount"].sum() == first["amount"].sum() + april["amount"].sum()


def test_rows_that_were_rounded_by_themselves_say_so() -> None:
    none = [pl.lit(None, dtype=EARNED[name]).alias(name) for name in ("rule", "exact")]
    bills = [bill("I-1", "2026-03-15")]
    old = march([line(price=D("0.10"))], bills, EVEN).with_columns(none)
    parts = told(old, EVEN, bills)
    assert set(parts["why"]) == {"rounded row by row, as its first statement was"}
    assert parts["exact"].null_count() == parts["odd_cent"].null_count() == parts.height
    gone = told(old, [], bills)
    assert gone["rule"].to_list() == [f"percent_of_price, once row {n}" for n in old["rule_row"]]
