"""Reports that print no total: nothing else would tell that a row of them is missing."""

from __future__ import annotations

import io
from decimal import Decimal

import polars as pl
import pytest
import xlsxwriter
from flat_gate import Gate, through

from invoices.carrier import Profiles, Source, parse_profile, read
from invoices.carrier.flat import head_of_workbook

DERIVED = """
profile = "report"
format = "flat"
carrier = "ILEC"
[flat]
derive = ["current_charges", "total_due"]
dates = ["%b %d, %Y"]
aside = ["^Page"]
[flat.fields]
ban = { label = "Account number", strip = " " }
invoice_no = { template = "{ban}-{bill_date}" }
bill_date = { label = "Bill date" }
[[flat.part]]
name = "monthly"
charge_class = "recurring"
title = "^Monthly"
subtotals = [{ column = "Number", matches = "^Total" }]
[flat.part.fields]
wtn = "Number"
usoc = "USOC"
amount = "Amount"
service_from = { title = "from ([A-Z][a-z]+ [0-9]+)", dates = ["%b %d"] }
[[flat.part]]
name = "occ"
charge_class = "one_time"
title = "^Other"
classes = [{ column = "USOC", matches = "(?i)part month", charge_class = "prorated" }]
[flat.part.fields]
wtn = "Number"
usoc = "USOC"
amount = "Amount"
[[flat.part]]
name = "tax"
charge_class = "tax"
[flat.part.fields]
description = "Tax"
amount = "Amount"
[[flat.part]]
name = "calls"
role = "aside"
columns = ["Called", "Minutes"]
"""
WHOLE = """\
ACME BELL,,
Account number:,614 R01,
Bill date: Mar 01, 2026,,
Page 1,of 2,

Calls,,
Called,Minutes
6145550199,12
Monthly service from Mar 1,,
Number,USOC,Amount
6145550131,1FB,20.00
6145550131,9ZR,8.30
Total,,28.30
Other charges,,
Number,USOC,Amount
6145550131,NRC,55.00
6145550131,part month,7.33
Account number:,614 R01,
Page 2,of 2,
Number,USOC,Amount
6145550144,NRC,5.00CR
Taxes,,
Tax,Amount
State tax,1.50
"""


def derived(text: str, profile: str = DERIVED) -> Gate:
    quoted = text.replace("Bill date: Mar 01, 2026", '"Bill date: Mar 01, 2026"')
    return through({"report.csv": quoted}, profile)


def test_a_report_without_totals_is_read_whole() -> None:
    gate = derived(WHOLE)
    assert gate.messages == ""
    assert gate.documents.select("status", "current_charges").rows() == [
        ("loaded", Decimal("87.13"))
    ]


FIRST = "Calls,,\nCalled,Minutes\n6145550199,12\n"
UNKNOWN = "it is below no header that the profile knows, and has an amount"


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (FIRST, "Wires,,\nLine,Code,Amount\n1,W1,9.00\n", UNKNOWN),
        (FIRST, "Fees,,\nFee,Amount\nOne,9.00\n", UNKNOWN),
        (FIRST, "Monthly service,,\nOne,9.00\n", UNKNOWN),
        (
            "USOC,Amount\n6145550131,1FB",
            "Code,Amount\n6145550131,1FB",
            "in a table that is not read",
        ),
        ("Number,USOC,Amount\n6145550131,1FB", "6145550131,1FB", "in a table that is not read"),
        ("State tax,1.50", "State tax,- $1.50", ""),
        ("State tax,1.50", ",- $ 1.50", "amount `- $ 1.50` is not"),
        ("State tax,1.50", "State tax,1.50\nBill date: late fee,9.00", "it says a label"),
        ("6145550131,NRC,55.00", "6145550131,Account number: new,55.00", "it says a label"),
    ],
)
def test_no_row_is_lost_where_totals_are_derived(before: str, after: str, why: str) -> None:
    assert before in WHOLE
    gate = derived(WHOLE.replace(before, after, 1))
    assert why in gate.messages
    assert "loaded" not in set(gate.documents["status"])


def test_what_a_label_says_twice_may_be_spelled_in_two_ways() -> None:
    again = 'Account number:,614R01,\nBill date:,"Mar 1, 2026",\nNew charges,$87.13,\n'
    profile = DERIVED.replace('derive = ["current_charges", "total_due"]', "").replace(
        "[flat.fields]",
        '[flat.fields]\ncurrent_charges = { label = "New charges" }\n'
        'total_due = { label = "New charges" }',
        1,
    )
    gate = derived(WHOLE + "New charges:,87.13,\n" + again, profile)
    assert gate.messages == ""
    assert gate.documents["current_charges"].to_list() == [Decimal("87.13")]


def test_a_subtotal_adds_up_rows_of_its_own_bill() -> None:
    first = WHOLE.replace("Total,,28.30\n", "").replace("Number,USOC,Amount", "NUMBER,Usoc,Amount")
    gate = derived(first + WHOLE.replace("614 R01", "614 R02"))
    assert gate.messages == ""
    assert gate.documents["status"].to_list() == ["loaded", "loaded"]


@pytest.mark.parametrize(
    ("account", "form", "why"),
    [
        ("0614", "", ""),
        (614, "0000000", "ban: the number 614 is shown with zeros before it (format 0000000)"),
        (1370000000000000000, "", "more than the 15 digits a spreadsheet keeps"),
    ],
)
def test_an_account_beside_its_label_in_a_sheet_has_all_its_digits(
    account: str | int, form: str, why: str
) -> None:
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    sheet = book.add_worksheet("Bill")
    sheet.write(0, 0, "Account number:")
    sheet.write(0, 1, account, book.add_format({"num_format": form} if form else {}))
    for at, row in enumerate([["Bill date", "Mar 01, 2026"], ["Tax", "Amount"], ["State", 1.5]], 1):
        sheet.write_row(at, 0, row)
    book.close()
    content = made.getvalue()
    source = Source(
        "book.xlsx", "0" * 64, head_of_workbook(content), lambda: iter((content,)), pl.LazyFrame
    )
    found = read(source, None, Profiles((parse_profile(DERIVED),)))
    assert why in " ".join(found.findings["message"])
    assert found.documents["ban"].to_list() == ([None] if why else ["0614"])
