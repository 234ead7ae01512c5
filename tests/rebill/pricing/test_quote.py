"""What must I charge: the price that leaves the target, judged in plain fractions."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_CEILING, ROUND_HALF_UP
from decimal import Decimal as D
from fractions import Fraction as F
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sold_lines import lines

from invoices.schema import RATE
from rebill.pricing.margin import earning
from rebill.pricing.quote import QUOTE, quote

Row = dict[str, Any]
TO_SERVE = pl.Schema(
    {
        "row_id": pl.Int64(),
        "customer": pl.String(),
        "product": pl.String(),
        **dict.fromkeys(("support", "selling", "marketing", "bad_debt"), RATE),
        "float_days": pl.Int64(),
        "cost_of_capital": RATE,
        "target_margin": RATE,
        "effective_from": pl.Date(),
        "effective_until": pl.Date(),
    }
)
DAY = dt.date(2026, 2, 1)


def to_serve(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame([{"row_id": n, **row} for n, row in enumerate(rows, 1)], schema=TO_SERVE)


def asked(
    rows: list[Row], table: pl.DataFrame, target: str | None = None, by: Any = "customer"
) -> Any:
    return quote(earning(lines(*rows)), table, by, None if target is None else D(target), DAY)


def test_the_price_covers_carrier_service_float_and_risk_and_leaves_the_target() -> None:
    table = to_serve(
        {
            "support": D("3.00"),
            "selling": D("1.50"),
            "marketing": D("0.50"),
            "bad_debt": D("0.02"),
            "float_days": 73,
            "cost_of_capital": D("0.10"),
        }
    )
    rows = [{"cost": D("60.00"), "price": D("70.00")}, {"service": "S2", "cost": D("40.00")}]
    made, told = asked(rows, table, "0.18")
    # (100 + 2 x 5 + 100 x 0.10 x 73/365) / (1 - 0.02 - 0.18) = 112 / 0.8
    (row,) = made.to_dicts()
    assert told == []
    assert [row[name] for name in ("cost", "to_serve", "float_cost", "price_needed")] == [
        *(D("100.00"), D("10.00"), D("2.00"), D("140.00"))
    ]
    assert (row["bad_debt"], row["margin"], row["margin_share"]) == (
        *(D("2.80"), D("25.20")),
        D("0.1800"),
    )
    assert (row["markup_needed"], row["price_now"]) == (D("0.4000"), D("80.00"))
    assert row["markup_now"] == D("-0.2000")
    assert row["stays_under_retail"] is None and row["lines_above_retail"] is None


def test_a_charge_of_no_service_is_no_service_to_be_served() -> None:
    rows = [{"cost": D("60.00")}, {"service": None, "cost": D("40.00")}]
    made, told = asked(rows, to_serve({"support": D("3.00")}), "0.20")
    (row,) = made.to_dicts()
    assert told == []
    assert (row["services"], row["to_serve"]) == (1, D("3.00"))
    assert row["price_needed"] == D("128.75")  # (60 + 40 + 3) / 0.8


def test_whether_the_price_stays_under_retail_is_said_of_all_and_of_each_line() -> None:
    retail = pl.LazyFrame(
        {"line_id": ["D-1", "D-2"], "retail": ["75.00", "60.00"]},
    ).with_columns(pl.col("retail").cast(pl.Decimal(18, 2)))
    rows = [{"cost": D("60.00")}, {"cost": D("40.00")}, {"cost": D("10.00")}]
    earned = earning(lines(*rows), retail)
    for target, under, above, at in (
        ("0.20", True, 0, "125.00"),
        ("0.25", True, 1, "133.33"),
        ("0.259259", True, 1, "135.00"),  # just what retail comes to
        ("0.30", False, 1, "142.86"),
    ):
        made, _ = quote(earned, to_serve({}), "customer", D(target), DAY)
        assert made.select("stays_under_retail", "lines_above_retail").row(0) == (under, above)
        assert abs(made["price_of_those"].item() - D(at)) <= D("0.02")
        assert made["markup_at_retail"].item() == D("0.3500")


def test_taxes_and_what_is_passed_on_take_no_part() -> None:
    rows: list[Row] = [
        {"cost": D("10.00")},
        {"charge_class": "surcharge", "cost": D("5.00")},
        {"charge_class": "tax", "kind": "tax", "cost": D(0)},
        {"price": D("-10.00"), "cost": D("-8.00")},
    ]
    made, _ = asked(rows, to_serve({}), "0.5")
    assert made.select("lines", "cost", "price_needed").row(0) == (1, D("10.00"), D("20.00"))


def test_what_was_given_away_and_what_costs_nothing_take_part() -> None:
    rows: list[Row] = [{"cost": D("10.00"), "price": D("0.00")}, {"cost": D("0.00")}]
    made, _ = asked(rows, to_serve({}), "0.5")
    assert made.select("lines", "cost", "price_now").row(0) == (2, D("10.00"), D("10.00"))


def test_the_strongest_row_in_force_counts() -> None:
    old = {"effective_until": dt.date(2026, 2, 1)}
    table = to_serve(
        {"support": D(1)},
        {"support": D(2), "product": "voice"},
        {"support": D(3), "customer": "C1"},
        {"support": D(4), "customer": "C1", "product": "voice"},
        {"support": D(9), "customer": "C1", "product": "voice", **old},
        {"support": D(5), "customer": "C3", "effective_from": dt.date(2026, 1, 1)},
        {"support": D(6), "customer": "C3", "effective_from": dt.date(2026, 2, 1)},
        {"support": D(7), "customer": "C3", "effective_from": dt.date(2026, 2, 2)},
    )
    rows: list[Row] = [
        {},
        {"product": "data"},
        {"customer": "C2"},
        {"customer": "C2", "product": "data"},
        {"customer": "C3", "product": None},
    ]
    by_customer, _ = asked(rows, table, "0")
    assert by_customer.select("customer", "to_serve").rows() == [
        ("C1", D("7.00")),  # 4 for voice, 3 for data
        ("C2", D("3.00")),  # 2 for voice, 1 for data
        ("C3", D("6.00")),
    ]
    by_product, _ = asked(rows, table, "0", by="product")
    assert by_product.select("product", "to_serve").rows() == [
        ("data", D("4.00")),
        ("voice", D("6.00")),
    ]


@pytest.mark.parametrize(
    ("row", "target", "why"),
    [
        ({"customer": "C2"}, "0.1", "no row of cost_to_serve covers it"),
        ({}, None, "no target margin"),
        ({"bad_debt": D("0.2")}, "0.8", "leave nothing of the price"),
    ],
)
def test_what_cannot_be_answered_is_told(row: Row, target: str | None, why: str) -> None:
    made, told = asked([{}, {"customer": None}], to_serve(row), target)
    assert made.is_empty() and any(why in words for words in told)


def test_the_rows_own_target_counts_where_none_is_given() -> None:
    made, _ = asked([{"cost": D("8.00")}], to_serve({"target_margin": D("0.2")}))
    assert made["price_needed"].item() == D("10.00")


SHARE = st.decimals(0, D("0.45"), places=6)


@given(
    st.lists(st.decimals(0, 5000, places=2), min_size=1, max_size=5),
    st.tuples(st.decimals(0, 50, places=6), SHARE, st.integers(0, 120), SHARE, SHARE),
)
def test_the_price_is_the_least_whole_cent_that_reaches_the_target(
    costs: list[D], terms: tuple[Any, ...]
) -> None:
    support, debt, days, capital, target = terms
    row = {"support": support, "bad_debt": debt, "float_days": days, "cost_of_capital": capital}
    made, _ = asked(
        [{"cost": cost, "service": f"S{n}"} for n, cost in enumerate(costs)],
        to_serve(row),
        str(target),
    )
    cost = F(sum(costs))
    base = cost + F(support) * len(costs) + cost * F(capital) * days / 365
    price = base / (1 - F(debt) - F(target))
    (got,) = made.to_dicts()
    least = D(-(-price.numerator * 100 // price.denominator)) / 100
    assert got["price_needed"] == least
    parts = ("cost", "to_serve", "float_cost", "bad_debt", "margin")
    assert sum(got[name] for name in parts) == least
    if cost:
        markup = (F(least) - cost) / cost
        exact = D(markup.numerator) / D(markup.denominator)
        assert abs(got["markup_needed"] - exact.quantize(D("0.0001"), ROUND_CEILING)) <= D("0.0001")
        assert F(got["markup_needed"]) >= markup
    serving = F(support) * len(costs)
    cents = (D(serving.numerator) / D(serving.denominator)).quantize(D("0.01"), ROUND_HALF_UP)
    assert abs(got["to_serve"] - cents) <= D("0.01")


def test_nothing_invoiced_is_no_quote() -> None:
    made, told = asked([], to_serve({}), "0.1")
    assert made.columns == ["customer", *QUOTE.names()] and made.is_empty() and told == []
