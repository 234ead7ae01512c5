"""Rows of a flat feed one by one: what each shape of a row becomes, and what is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from flat_feeds import ZERO, Quirks, files_of, profile_of
from flat_gate import BILL, Gate, through
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices import carrier
from invoices.carrier import Profiles, parse_profile, source_of_bytes

# --- by example ---------------------------------------------------------------------------------


ONE = """
profile = "portal"
format = "flat"
carrier = "ILEC"
{head}
[flat]
dates = ["%m/%d/%Y"]
[flat.fields]
ban = {{ column = "Account", width = 10 }}
invoice_no = "Invoice"
bill_date = "Bill Date"
current_charges = "Charges"
total_due = "Due"
[[flat.part]]
name = "lines"
charge_class = "recurring"
{more}
[flat.part.fields]
usoc = "USOC"
amount = "Amount"
quantity = "Qty"
{fields}
"""


COLUMNS = "Account,Invoice,Bill Date,Charges,Due,USOC,Amount,Qty"


def portal(*rows: str, more: str = "", fields: str = "", head: str = "", columns: str = "") -> Gate:
    """Read a portal export: its totals stand on each row."""
    profile = ONE.format(head=head, more=more, fields=fields)
    text = "\n".join([COLUMNS + columns, *rows]) + "\n"
    return through({"portal.csv": text}, profile)


def test_totals_that_stand_on_each_row_are_those_of_the_bill() -> None:
    gate = portal(
        "0012345678,A1,11/1/2026,30.00,30.00,1FB,10.00,1",
        "0012345678,A1,11/1/2026,30.00,30.00,9ZR,20.00,2",
    )
    assert gate.documents.select("ban", "invoice_no", "status", "lines", "total_due").rows() == [
        ("0012345678", "A1", "loaded", 2, Decimal("30.00"))
    ]
    assert gate.lines["line_id"].str.ends_with("-3").to_list() == [False, True]


def test_rows_that_print_totals_in_two_ways_hold_the_bill() -> None:
    gate = portal(
        "0012345678,A1,11/1/2026,30.00,30.00,1FB,10.00,1",
        "0012345678,A1,11/1/2026,31.00,30.00,9ZR,20.00,2",
    )
    assert gate.documents["status"].to_list() == ["held"]
    assert "its rows print current_charges as 30.00 and as 31.00" in gate.messages


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("12345678,A1,11/1/2026,1,1,1FB,1,1", "ban `12345678` has 8 characters, not 10: zeros"),
        ("1.37E+18,A1,11/1/2026,1,1,1FB,1,1", "ban `1.37E+18` is a number cut short"),
        ("0012345678,1.2E+11,11/1/2026,1,1,1FB,1,1", "invoice_no `1.2E+11` is a number cut"),
        ("0012345678,A1,13/1/2026,1,1,1FB,1,1", "bill_date `13/1/2026` is not a date"),
        ("0012345678,A1,2026-11-01,1,1,1FB,1,1", "bill_date `2026-11-01` is not a date"),
        ("0012345678,A1,11/1/2026,1,1,1FB,1.005,1", "amount `1.005` is not an amount"),
        ("0012345678,A1,11/1/2026,1,1,1FB,1e3,1", "amount `1e3` is not an amount"),
        ("0012345678,A1,11/1/2026,1,1,1FB,,1", "amount is empty"),
        (",A1,11/1/2026,1,1,1FB,1,1", "ban is empty"),
        ("0012345678,A1,11/1/2026,1,1,1FB,1,-1", "quantity `-1` with amount `1`"),
        ("0012345678,A1,11/1/2026,1,1,1FB,1", "the row has 7 cells, the header 8"),
        ('0012345678,A1,11/1/2026,1,1,"1FB,1,1', "a quoted cell is not closed"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_with_its_reason(row: str, said: str) -> None:
    good = "0012345678,A1,11/1/2026,1.00,1.00,1FB,1.00,1"
    gate = portal(good, row)
    assert said in gate.messages
    found = gate.findings.filter(pl.col("code") == "line_unreadable")
    assert found["source_row"].to_list() == [3]
    assert gate.lines.height == 1


def test_a_code_that_only_looks_like_a_number_with_exponent_stays_what_it_is() -> None:
    gate = portal("0012345678,A1,11/1/2026,1,1,1E5,1,1")
    assert gate.lines["usoc"].to_list() == ["1E5"]


def test_a_file_none_of_whose_rows_reads_is_refused() -> None:
    gate = portal("x,A1,11/1/2026,1,1,1FB,1,1", "y,A1,11/1/2026,1,1,1FB,1,1")
    assert gate.documents["status"].to_list() == ["refused"]
    assert "2 of its rows cannot be read; the first: ban `x`" in gate.messages


def test_where_the_profile_says_so_one_bad_row_refuses_the_file() -> None:
    good = "0012345678,A1,11/1/2026,1.00,1.00,1FB,1.00,1"
    gate = portal(good, good.replace("A1", ""), head="good_documents_load = false\n")
    assert gate.documents["status"].to_list() == ["refused"]
    assert gate.findings["source_row"].to_list() == [3]
    assert gate.lines.is_empty()


def test_an_account_the_profile_does_not_read_is_refused_with_its_rows_counted() -> None:
    gate = portal(
        "0012345678,A1,11/1/2026,1.00,1.00,1FB,1.00,1",
        "9912345678,A2,11/1/2026,1.00,1.00,1FB,1.00,1",
        head='accounts = ["00*"]\n',
    )
    assert sorted(gate.documents["status"]) == ["loaded", "refused"]
    assert "account 9912345678 is none that profile portal reads; its 1 rows" in gate.messages
    assert gate.lines["ban"].to_list() == ["0012345678"]


def test_codes_and_words_of_the_carrier_are_translated() -> None:
    gate = portal(
        "0012345678,A1,11/1/2026,3,3,R_WBOB,1,1,MRC",
        "0012345678,A1,11/1/2026,3,3,1FB,1,1,",
        "0012345678,A1,11/1/2026,3,3,1FB,1,1,tax",
        "0012345678,A1,11/1/2026,3,3,1FB,1,1,WHO?",
        columns=",Kind",
        fields='charge_class = "Kind"',
        head='[codes.usoc]\nR_WBOB = "WBOB1"\n[charge_classes]\nmrc = "usage"\n',
    )
    assert gate.lines.select("usoc", "charge_class").rows() == [
        ("WBOB1", "usage"),
        ("1FB", "recurring"),
        ("1FB", "tax"),
    ]
    assert "charge class `WHO?` is none the profile knows" in gate.messages


def test_a_price_of_one_unit_is_extended_and_rounded_once() -> None:
    gate = portal(
        "0012345678,A1,11/1/2026,0.34,0.34,1FB,0.0125,27",
        head='amount_rule = "unit"\n',
    )
    row = gate.lines.select("quantity", "unit_rate", "unit_rate_places", "amount").row(0)
    assert row == (Decimal(27), Decimal("0.0125"), 4, Decimal("0.34"))
    assert gate.documents["status"].to_list() == ["loaded"]


@given(st.lists(st.decimals("-99", "99", places=6), min_size=1, max_size=6))
@settings(max_examples=30)
def test_amounts_rounded_as_a_total_add_up_to_the_exact_sum_rounded_once(
    amounts: list[Decimal],
) -> None:
    exact = sum(amounts, ZERO)
    total = Decimal(round_half_away(exact * 100)) / 100
    rows = [
        f"0012345678,A1,11/1/2026,{total},{total},1FB,{a},1".replace("-0,", "0,") for a in amounts
    ]
    gate = portal(*rows, more='rounding = "total"', fields="", head="")
    rows_read = [row for row in gate.lines["amount"]]
    assert sum(rows_read, ZERO) == total
    for read, printed_amount in zip(rows_read, amounts, strict=True):
        assert abs(read - printed_amount) < Decimal("0.011")


def round_half_away(value: Decimal) -> int:
    whole = int(abs(value) + Decimal("0.5"))
    return -whole if value < 0 else whole


def test_a_total_row_is_no_charge_and_says_whether_the_file_is_whole() -> None:
    rows = ["0012345678,A1,11/1/2026,2,2,1FB,1.00,1"] * 2
    rule = 'total = { column = "Account", equals = "Total", amount = "Amount" }'
    assert portal(*rows, "TOTAL,,,,,,2.00,", more=rule).messages == ""
    assert (
        "row 4 prints 2.50 as the total of the file"
        in portal(*rows, "TOTAL,,,,,,2.50,", more=rule).messages
    )
    assert "the file has 0 total rows" in portal(*rows, more=rule).messages


def test_a_prorated_line_without_an_end_runs_to_the_end_of_its_month() -> None:
    gate = portal(
        "0012345678,A1,11/1/2026,3,3,1FB,3,1,2/7/2026",
        columns=",From",
        fields='service_from = "From"',
        more='prorated_until = "month_end"',
        head="[codes.state]\n",
    )
    assert gate.lines["service_until"].to_list() == [None]
    gate = portal(
        "0012345678,A1,11/1/2026,3,3,1FB,3,1,2/7/2026,Prorate",
        columns=",From,Kind",
        fields='service_from = "From"\ncharge_class = "Kind"',
        more='prorated_until = "month_end"',
        head='[charge_classes]\nProrate = "prorated"\n',
    )
    assert gate.lines["service_until"].to_list() == [dt.date(2026, 3, 1)]


def test_a_through_date_is_included() -> None:
    gate = portal(
        "0012345678,A1,11/1/2026,3,3,1FB,3,1,2/7/2026,2/28/2026",
        columns=",From,Thru",
        fields='service_from = "From"\nservice_through = "Thru"',
    )
    assert gate.lines["service_until"].to_list() == [dt.date(2026, 3, 1)]


def test_a_header_that_lacks_a_column_or_has_it_twice_is_refused_by_its_name() -> None:
    profiles = Profiles((parse_profile(ONE.format(head="", more="", fields="")),))
    for header, said in (
        (COLUMNS.replace("Due", "Balance"), "which lacks: due"),
        (COLUMNS.replace(",", ";"), "nearest is lines"),
        (COLUMNS + ",amount", "columns that stand twice: amount"),
    ):
        source = source_of_bytes("x.csv", "0" * 64, f"{header}\n1\n".encode())
        reading = carrier.read(source, "portal", profiles)
        assert said in reading.findings["message"].item()
        assert reading.documents["status"].to_list() == ["refused"]


# --- bills in several files ---------------------------------------------------------------------


def test_a_bill_whose_totals_are_derived_is_held_for_a_row_that_cannot_be_read() -> None:
    derived = ONE.format(head="", more="", fields="").replace('current_charges = "Charges"\n', "")
    derived = derived.replace('total_due = "Due"\n', "").replace(
        "[flat]\n", '[flat]\nderive = ["current_charges", "total_due"]\n'
    )
    good = "0012345678,A1,11/1/2026,,,1FB,1.00,1"
    other = good.replace("A1", "A2")
    bad = good.replace("1.00", "x")
    nobody = good.replace("0012345678", "?")
    for rows, held in (((good, other, bad), ["A1"]), ((good, other, nobody), ["A1", "A2"])):
        gate = through({"x.csv": "\n".join([COLUMNS, *rows]) + "\n"}, derived)
        found = gate.documents.filter(pl.col("status") == "held")["invoice_no"].to_list()
        assert sorted(found) == held
        assert "cannot be read, and it prints no totals to tell by" in gate.messages


def test_a_file_cut_off_behind_its_header_is_refused() -> None:
    gate = portal()
    assert gate.documents["status"].to_list() == ["refused"]
    assert "a header and no row below it" in gate.messages
    files = files_of([BILL], Quirks())
    files["ledger.csv"] = files["ledger.csv"].splitlines()[0]
    gate = through(files, profile_of(Quirks()))
    assert sorted(gate.documents["status"]) == ["held", "refused"]
