"""Customer prices, sentence by sentence of the promise."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D

import polars as pl
from pricing_tables import AT_COST, assert_priced, prices, rated, table

from rebill.pricing.customer_lines import CUSTOMER_LINES


def test_percent_adds_a_share_of_the_cost_rounded_half_away_from_zero_once() -> None:
    assert_priced(
        """
        amount   charged
         10.00     11.50
          0.10      0.12
          0.30      0.35
          0.50      0.58
          0.01      0.01
        """,
        "method value\npercent 0.15",
    )
    assert prices([{"amount": D("0.03")}], table("method value\npercent 0.5")) == [D("0.05")]
    assert prices([{"amount": D("0.03")}], table("method value\npercent -0.5")) == [D("0.02")]


def test_six_decimals_of_a_percent_are_never_cut_off_before_the_rounding() -> None:
    # 500,000.00 x 1.000001 = 500,000.50 and 100.00 x 1.00005 = 100.005.
    assert prices([{"amount": D("500000.00")}], table("method value\npercent 0.000001")) == [
        D("500000.50")
    ]
    assert prices([{"amount": D("100.00")}], table("method value\npercent 0.00005")) == [
        D("100.01")
    ]


def test_percent_with_minimum_adds_the_larger_of_share_and_minimum_for_each_unit_without_days() -> (
    None
):
    assert_priced(
        """
        amount quantity charge_class days charged
          0.20        1 recurring      30    0.30
          0.08        1 recurring      30    0.13
          0.08        3 recurring      30    0.23
          0.08        3 prorated       10    0.23
          0.08        3 one_time       30    0.23
          0.08     1000 usage          30    0.13
        """,
        "method value minimum\npercent_with_minimum 0.5 0.05",
    )


def test_an_adder_counts_units_and_not_days_and_usage_once() -> None:
    assert_priced(
        """
        amount quantity charge_class days charged
         10.00        - recurring      30   12.50
         10.00        4 recurring      30   20.00
         10.00      1.5 recurring      30   13.75
         10.00        4 prorated       15   20.00
         10.00        4 one_time       30   20.00
         10.00     1834 usage          30   12.50
        """,
        "method value\nadder 2.5",
    )


def test_flat_counts_units_and_the_fraction_of_the_month_whatever_the_cost() -> None:
    assert_priced(
        """
        amount quantity charge_class days charged
         10.00        1 recurring      30    9.15
         99.00        3 recurring      30   27.45
         10.00        1 prorated       10    3.05
         10.00        3 prorated        7    6.41
         10.00        2 one_time       30   18.30
         10.00     1834 usage          30    9.15
         10.00        1 recurring      90   27.45
        """,
        "method value\nflat 9.15",
    )


def test_a_retail_discount_takes_its_share_off_the_carriers_rate_for_units_and_days() -> None:
    assert_priced(
        """
        usoc amount quantity charge_class days charged
        1MB   10.00        1 recurring      30   24.47
        1MB   10.00        2 prorated       15   24.47
        1MB   10.00        2 one_time       30   48.94
        1MB   10.00      500 usage          30   24.47
        ESX   10.00        1 recurring      30   no_retail_rate
        """,
        "method value\nretail_discount 0.1843",
        "usoc rate\n1MB 30",
    )


def test_floor_and_cap_bound_the_price_for_each_unit_before_it_is_rounded() -> None:
    assert_priced(
        """
        amount quantity charge_class days charged
          1.00        1 recurring      30    5.01
          1.00        2 recurring      30   10.01
          1.00        2 prorated       15   10.01
         50.00        1 recurring      30   20.50
         50.00        3 recurring      30   55.00
         99.00        3 recurring      30   61.50
         99.00      100 usage          30   20.50
        """,
        "method value floor cap\npercent 0.1 5.005 20.5",
    )


def test_a_cap_below_the_floor_wins() -> None:
    assert_priced("amount charged\n1.00 4.00", "method floor cap\npass_through 5 4")


def test_the_retail_cap_counts_units_and_days_and_wants_a_retail_rate() -> None:
    assert_priced(
        """
        usoc amount quantity charge_class days charged
        1MB   10.00        1 recurring      30   12.00
        1MB   30.00        1 recurring      30   30.00
        1MB   90.00        2 recurring      30   60.00
        1MB   90.00        2 prorated       10   20.00
        ESX   10.00        1 recurring      30   no_retail_rate
        """,
        "method value cap_retail\npercent 0.2 yes",
        "usoc rate\n1MB 30",
    )


def test_the_retail_rate_of_the_state_comes_before_that_of_any_and_counts_on_the_rate_day() -> None:
    assert_priced(
        """
        usoc inventory_state state rate_day    amount charged
        1MB  OH              -     2026-02-10   10.00   40.00
        1MB  FL              -     2026-02-10   10.00   30.00
        1MB  -               OH    2026-02-10   10.00   30.00
        1MB  OH              -     2026-03-31   10.00   40.00
        1MB  OH              -     2026-04-01   10.00   30.00
        1MB  FL              -     2025-12-31   10.00   no_retail_rate
        """,
        "method value\nretail_discount 0",
        """
        usoc state rate effective_from effective_until
        1MB  -       30     2026-01-01               -
        1MB  OH      40              -      2026-04-01
        """,
    )


def test_the_package_has_a_retail_rate_where_its_own_code_is_billed() -> None:
    assert_priced(
        """
        usoc  package amount charged
        PKG1  PKG1     10.00   55.00
        1MB   PKG1     10.00   30.00
        PKG1  -        10.00   no_retail_rate
        """,
        "method value\nretail_discount 0",
        """
        usoc package rate
        -    PKG1      55
        1MB  -         30
        """,
    )


def test_the_expected_basis_charges_what_is_due_and_the_billed_basis_what_was_billed() -> None:
    # The columns are an overcharge, an undercharge, no rate in force, and a tolerated proration.
    assert_priced(
        """
        customer amount expected at_stake charged
        acme      12.00    10.00     2.00   10.00
        acme       8.00    10.00     0.00   10.00
        acme      10.02    10.00     0.00   10.00
        asis      12.00    10.00     2.00   12.00
        asis       8.00    10.00     0.00    8.00
        """,
        AT_COST,
    )
    no_rate = {"amount": D("12.00"), "expected": None, "at_stake": D("2.00"), "buy_rate": None}
    assert prices([no_rate, {**no_rate, "customer": "asis"}], table(AT_COST)) == [
        D("10.00"),
        D("12.00"),
    ]


def test_units_and_days_are_those_due_on_the_expected_basis_and_those_billed_on_the_other() -> None:
    lines = """
        customer amount quantity due_units days due_days expected charged
        acme      30.00        3         2   30       30    20.00   18.30
        acme      30.00        3         3   30       10    10.00    9.15
        acme      30.00        3         2   15        5     3.33    3.05
        asis      30.00        3         2   30       10    10.00   27.45
        asis      30.00        3         2   15        5    10.00   13.73
        asis      30.00        -         1   30       30    10.00    9.15
    """
    assert_priced(lines, "method value\nflat 9.15")


def test_customer_lines_carry_the_line_the_rule_and_the_margin() -> None:
    line = {
        "amount": D("12.00"),
        "expected": D("10.00"),
        "quantity": D(2),
        "usoc": "1MB",
        "description": "Business line",
        "wtn": "6145550131",
        "service_from": dt.date(2026, 2, 10),
        "service_until": dt.date(2026, 3, 10),
    }
    rows = table("customer usoc method value\nacme 1MB retail_discount 0.2")
    priced = rated([line], rows, table("usoc rate\n1MB 9.5")).customer_lines.collect()
    assert priced.schema == CUSTOMER_LINES
    said = {name: value for name, value in priced.row(0, named=True).items() if value is not None}
    assert said == {
        "customer": "acme",
        "bill_month": "2026-02",
        "line_id": "D-1",
        "service": "S1",
        "usoc": "1MB",
        "description": "Business line",
        "charge_class": "recurring",
        "quantity": D(2),
        "service_from": dt.date(2026, 2, 10),
        "service_until": dt.date(2026, 3, 10),
        "wtn": "6145550131",
        "carrier": "ILEC",
        "bill_date": dt.date(2026, 2, 10),
        "cost": D("10.00"),
        "price": D("15.20"),
        "method": "retail_discount",
        "margin": D("5.20"),
        "markup_row": 1,
        "markup_scope": "customer and usoc",
        "retail_rate": D("9.5"),
        "kind": "charge",
        "rule": "customer and usoc: markup row 1",
    }


def test_the_golden_record_of_three_elements_is_charged_line_by_line() -> None:
    # 20.00 + 5.00 + 8.30 = 33.30 at cost; each line is rounded by itself, the total is their sum.
    lines = table("usoc amount\n1FB 20.00\nTTB 5.00\n9ZR 8.30")
    assert sum(prices(lines, table(AT_COST))) == D("33.30")
    assert prices(lines, table("method value\npercent 0.1111")) == [
        D("22.22"),
        D("5.56"),
        D("9.22"),
    ]


def test_no_line_is_lost_or_doubled_where_many_rows_fit() -> None:
    rows = table(
        """
        customer usoc charge_class method       effective_from
        -        -    -            pass_through -
        -        -    -            pass_through 2026-01-01
        acme     -    -            pass_through -
        acme     -    recurring    pass_through -
        acme     1MB  -            pass_through 2025-01-01
        -        1MB  -            pass_through 2026-02-10
        """
    )
    lines = [{"amount": D("1.00"), "usoc": u} for u in ("1MB", "ESX", None) for _ in range(50)]
    priced = rated(lines, rows).customer_lines.collect()
    assert priced["line_id"].n_unique() == priced.height == 150
    assert priced.group_by("usoc").agg(pl.col("markup_row").unique()).sort("usoc").rows() == [
        (None, [4]),
        ("1MB", [5]),
        ("ESX", [4]),
    ]
