"""What is no charge, is due to nobody, or has no markup: what becomes of it."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from pricing_tables import AT_COST, assert_priced, prices, rated, table

from invoices.schema import FINDINGS
from rebill.pricing.rate import BY_DEFAULT


@pytest.mark.parametrize("basis", ["acme", "asis"])
def test_what_is_no_charge_is_not_invoiced_under_either_basis(basis: str) -> None:
    lines = table(
        """
        amount charge_class kind        expected buy_rate
         -5.00 recurring    recurring      -5.00    10
          0.00 recurring    recurring       0.00     0
          0.00 recurring    record_only     0.00    10
          5.00 recurring    record_only     5.00    10
        """
    )
    free = {"amount": D("0.00"), "expected": None, "buy_rate": None}
    bundled = {"amount": D("0.00"), "expected": D("0.00"), "package": "PKG1"}
    rows = table("method value floor\nflat 9.15 20")
    assert prices([{**line, "customer": basis} for line in (*lines, free, bundled)], rows) == (
        [None] * 6
    )


def test_nothing_due_is_not_invoiced_on_the_expected_basis_not_even_flat_or_at_the_floor() -> None:
    lines = """
        customer amount expected due_units at_stake charged
        acme      10.00     0.00         1    10.00    none
        acme      10.00     0.00         0    10.00    none
        asis      10.00     0.00         0    10.00    9.15
    """
    assert_priced(lines, "method value\nflat 9.15")
    all_at_stake = {"amount": D("10.00"), "expected": None, "at_stake": D("10.00")}
    assert prices([all_at_stake], table("method floor\npass_through 5")) == [None]


def test_an_amount_of_zero_under_a_rate_is_billed_too_low_and_costs_what_the_contract_says() -> (
    None
):
    assert_priced(
        """
        customer amount expected charged
        acme       0.00    10.00   12.50
        asis       0.00    10.00    2.50
        """,
        "method value\nadder 2.5",
    )


def test_taxes_and_surcharges_are_passed_through_unless_a_row_names_their_class_or_code() -> None:
    rows = """
        service customer usoc product package charge_class method  value
        -       -        -    -       -       -            percent     1
        -       acme     -    -       -       -            percent     2
        S1      -        -    -       -       -            percent     3
        -       -        -    voice   -       -            percent     4
        -       -        -    -       -       surcharge    percent   0.5
        -       bolt     9ZR  -       -       -            percent  0.25
    """
    assert_priced(
        """
        charge_class customer usoc product service amount charged
        tax          acme     -    voice   S1       10.00   10.00
        surcharge    acme     -    voice   S1       10.00   15.00
        surcharge    bolt     9ZR  voice   S1       10.00   12.50
        recurring    acme     9ZR  voice   S1       10.00   40.00
        """,
        rows,
    )
    line = rated([{"charge_class": "tax", "amount": D("10.00")}], table(rows))
    row = line.customer_lines.collect().row(0, named=True)
    assert (row["method"], row["markup_scope"], row["markup_row"]) == (
        "pass_through",
        BY_DEFAULT,
        None,
    )


def test_a_line_that_no_markup_covers_is_a_finding_with_nothing_at_stake() -> None:
    lines = table(
        """
        charge_class customer service usoc amount
        recurring    bolt     S7      1MB   10.00
        tax          bolt     S7      -      1.00
        """
    )
    outcome = rated(lines, table("customer method\nacme pass_through"))
    found = outcome.findings.collect()
    assert found.schema == FINDINGS
    row = found.row(0, named=True)
    assert (row["finding_id"], row["code"], row["severity"]) == (
        "D-1:markup_missing",
        "markup_missing",
        "warning",
    )
    assert (row["billed"], row["amount_at_stake"]) == (D("10.00"), D("0.00"))
    assert row["message"] == (
        "no markup covers this recurring line of service S7, USOC 1MB, on 2026-02-10"
    )
    assert "customer bolt" in row["remedy"]
    assert outcome.customer_lines.collect()["line_id"].to_list() == ["D-2"]


def test_a_service_without_a_customer_is_markup_missing_and_a_line_without_both_is_nobodys() -> (
    None
):
    nobody = {"customer": None, "amount": D("10.00")}
    lines = [nobody, {**nobody, "service": None}, {**nobody, "expected": D("0.00")}]
    assert prices(lines, table(AT_COST)) == ["no_customer", None, None]


def test_without_any_markup_only_taxes_and_surcharges_are_priced() -> None:
    lines = table("charge_class amount\nrecurring 10.00\ntax 1.00\nsurcharge 2.00")
    assert prices(lines, []) == ["no_markup", D("1.00"), D("2.00")]


def test_adjustments_and_late_charges_are_passed_on_unless_a_row_names_them() -> None:
    lines = table(
        """
        amount charge_class usoc
        5.00   adjustment   -
        6.00   late_charge  LPC
        7.00   late_charge  LPX
        """
    )
    wide = table("customer method value\nacme percent 0.5")
    assert prices(lines, wide) == [D("5.00"), D("6.00"), D("7.00")]
    named = table("customer usoc charge_class method value\nacme LPC - percent 0.5")
    own = table("charge_class method\nadjustment absorb")
    assert prices(lines, [*wide, *named, *own]) == [D("0.00"), D("9.00"), D("7.00")]
