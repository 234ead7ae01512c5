"""What waiting costs: the worked example to the cent, and plain decimals beside the kernels."""

from __future__ import annotations

import calendar
import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl
import pytest
from carrier_terms import contract
from hypothesis import given
from hypothesis import strategies as st

from invoices.schema import CENTS
from reconcile.cash import carry

D = Decimal
CENT = D("0.01")


def one(expression: pl.Expr, **values: Any) -> Any:
    types = {Decimal: pl.Decimal(18, 6), dt.date: pl.Date(), int: pl.Int64()}
    columns = {name: pl.Series([value], dtype=types[type(value)]) for name, value in values.items()}
    return pl.DataFrame(columns).select(expression.alias("x")).item()


def test_a_bill_waits_thirty_five_days_for_its_customers() -> None:
    gap = (dt.date(2026, 12, 30) - dt.date(2026, 11, 25)).days
    assert gap == 35
    cost = carry.float_cost(pl.col("a").cast(CENTS), pl.col("d"), pl.col("r"))
    assert one(cost, a=D(100_000), d=gap, r=D("0.12")) == D("1150.68")
    peak = carry.peak_funding(pl.col("a").cast(CENTS), pl.col("d"))
    assert one(peak, a=D(100_000), d=gap) == D("115068.37")


def test_customers_who_pay_first_are_a_gain_and_need_no_funding() -> None:
    cost = carry.float_cost(pl.col("a").cast(CENTS), pl.col("d"), pl.col("r"))
    assert one(cost, a=D(100_000), d=-35, r=D("0.12")) == D("-1150.68")
    assert one(carry.peak_funding(pl.col("a").cast(CENTS), pl.col("d")), a=D(9), d=-1) == D("0.00")


def waits(**changed: Any) -> pl.DataFrame:
    row = {
        "contract": "K",
        "filed_on": dt.date(2026, 11, 30),
        "resolved_on": None,
        "bill_date": dt.date(2026, 11, 10),
        "due_date": dt.date(2026, 12, 10),
        "received_on": dt.date(2026, 11, 12),
        "bill_day": 10,
    }
    schema = {name: pl.Date() for name in row} | {"contract": pl.String(), "bill_day": pl.Int64()}
    return pl.DataFrame([{**row, **changed}], schema=schema)


def test_a_credit_is_money_when_the_second_bill_after_the_answer_is_pulled() -> None:
    row = carry.credit_days(waits(), [contract()]).row(0, named=True)
    assert row["resolves_on"] == dt.date(2027, 1, 29)
    assert row["credit_bill_on"] == dt.date(2027, 3, 10)
    assert row["credit_cash_on"] == dt.date(2027, 3, 25)
    assert (row["credit_cash_on"] - dt.date(2026, 11, 25)).days == 120


@pytest.mark.parametrize(
    ("amount", "carried"), [(D(3_000), D("118.36")), (D(4_000), D("157.81"))], ids=["won", "all"]
)
def test_what_is_waited_for_costs_its_share_of_a_year(amount: Decimal, carried: Decimal) -> None:
    cost = carry.float_cost(pl.col("a").cast(CENTS), pl.col("d"), pl.col("r"))
    assert one(cost, a=amount, d=120, r=D("0.12")) == carried


def test_a_contract_may_grant_interest_up_to_the_bill_that_credits() -> None:
    days = (dt.date(2027, 3, 10) - dt.date(2026, 11, 25)).days
    assert days == 105
    grant = carry.simple_interest(pl.col("a").cast(CENTS), pl.col("d"), pl.col("r"))
    assert one(grant, a=D(3_000), d=days, r=D("0.0005")) == D("157.50")


def test_interest_may_be_added_daily() -> None:
    assert carry.compound_interest(D(1000), 45, D("0.0005")) == D("22.75")
    assert carry.compound_interest(D(1000), 45, D("0.000493")) == D("22.43")
    assert carry.compound_interest(D(1000), 0, D("0.0005")) == D("0.00")


def test_without_a_contract_nothing_says_when() -> None:
    row = carry.credit_days(waits(contract=None), [contract()]).row(0, named=True)
    assert (row["resolves_on"], row["credit_bill_on"], row["credit_cash_on"]) == (None, None, None)


@pytest.mark.parametrize(
    ("resolved", "bill_day", "nth", "bill"),
    [
        ("2026-01-30", 31, 1, "2026-01-31"),
        ("2026-01-31", 31, 1, "2026-02-28"),  # a bill of that very day was cut before the answer
        ("2026-01-30", 30, 1, "2026-02-28"),  # 30 January + 1 month
        ("2028-01-30", 30, 1, "2028-02-29"),
        ("2026-12-31", 31, 2, "2027-02-28"),
        ("2026-05-15", 10, 0, "2026-05-15"),
    ],
)
def test_months_end_where_they_end(resolved: str, bill_day: int, nth: int, bill: str) -> None:
    found = one(
        carry.nth_bill_after(pl.col("day"), pl.col("bill_day"), pl.col("nth")),
        day=dt.date.fromisoformat(resolved),
        bill_day=bill_day,
        nth=nth,
    )
    assert found == dt.date.fromisoformat(bill)


@given(
    day=st.dates(dt.date(2018, 1, 1), dt.date(2035, 1, 1)),
    bill_day=st.integers(1, 31),
    nth=st.integers(0, 5),
)
def test_the_nth_bill_is_found_by_counting_days(day: dt.date, bill_day: int, nth: int) -> None:
    found, left = day, nth
    while left:
        found += dt.timedelta(1)
        length = calendar.monthrange(found.year, found.month)[1]
        left -= found.day == min(bill_day, length)
    expression = carry.nth_bill_after(pl.col("day"), pl.col("bill_day"), pl.col("nth"))
    assert one(expression, day=day, bill_day=bill_day, nth=nth) == found


@given(
    amount=st.decimals(-(10**9), 10**9, places=2),
    days=st.integers(-400, 4000),
    rate=st.decimals(0, 2, places=6),
)
def test_a_cost_is_rounded_once_as_plain_decimals_say(
    amount: Decimal, days: int, rate: Decimal
) -> None:
    cost = carry.float_cost(pl.col("a").cast(CENTS), pl.col("d"), pl.col("r"))
    expected = (amount * rate * days / 365).quantize(CENT, ROUND_HALF_UP)
    assert one(cost, a=amount, d=days, r=rate) == expected
    grant = carry.simple_interest(pl.col("a").cast(CENTS), pl.col("d"), pl.col("r"))
    assert one(grant, a=amount, d=days, r=rate) == (amount * rate * days).quantize(
        CENT, ROUND_HALF_UP
    )
