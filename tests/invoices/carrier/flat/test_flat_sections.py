"""Reports: several tables in one file, and account, dates and totals beside their labels."""

from __future__ import annotations

import csv
import io
import re
import textwrap
from dataclasses import dataclass
from decimal import Decimal

import polars as pl
import pytest
import xlsxwriter
from checkout import ROOT
from examples import few
from flat_gate import Gate, through
from hypothesis import given
from hypothesis import strategies as st

from invoices.carrier import Profiles, Source, parse_profile, read, source_of_bytes
from invoices.carrier.flat import head_of_workbook
from invoices.carrier.reading import Reading

PROFILE = """
profile = "report"
format = "flat"
carrier = "ILEC"
[flat]
dates = ["%b %d, %Y"]
aside = ["^Page"]
[flat.fields]
ban = { label = "Account number", strip = " " }
invoice_no = { template = "{ban}-{bill_date}" }
bill_date = { label = "Bill date" }
current_charges = { label = "New charges" }
total_due = { label = "New charges" }
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
REPORT = """\
ACME BELL,,
Account number:,614 R01,
Bill date: Mar 01, 2026,,
Page 1,of 2,

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
Calls,,
Called,Minutes
6145550199,12
New charges,87.13,
"""


def report(text: str) -> Gate:
    """Read a report whose Bill date cell holds a comma, so that it is put in quotes."""
    quoted = text.replace("Bill date: Mar 01, 2026", '"Bill date: Mar 01, 2026"')
    return through({"report.csv": quoted}, PROFILE)


def told(gate: Gate) -> list[str]:
    shown = gate.lines.sort("source_row").select("source_row", "charge_class", "amount").rows()
    return [" ".join(map(str, row)) for row in shown]


def test_a_report_is_read_table_by_table() -> None:
    gate = report(REPORT)
    assert gate.messages == ""
    assert gate.documents.select("ban", "invoice_no", "status", "current_charges").rows() == [
        ("614R01", "614R01-20260301", "loaded", Decimal("87.13"))
    ]
    assert told(gate) == [
        "8 recurring 20.00",
        "9 recurring 8.30",
        "13 one_time 55.00",
        "14 prorated 7.33",
        "18 one_time -5.00",
        "21 tax 1.50",
    ]
    assert set(gate.lines.filter(charge_class="recurring")["service_from"].cast(str)) == {
        "2026-03-01"
    }


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("Total,,28.30", "Total,,28.31", "row 10 prints 28.31 as a sub-total"),
        ("State tax,1.50", "State tax,1.50,", "the row has 3 cells, the header 2"),
        ("State tax,1.50", "State tax", "1.50 apart"),
        ("Other charges,,", "Extras,,", "no part of the profile has the title `Extras`"),
        ("New charges,87.13,", "New charges,87.14,", "87.14"),
        ("Calls,,\nCalled,Minutes", "Calls,,\nDialled,Minutes", "amount `Minutes` is not"),
        ("Page 2,of 2,", "Sheet 2,of 2,", "amount is empty"),
    ],
)
def test_nothing_below_a_header_goes_unsaid(before: str, after: str, why: str) -> None:
    gate = report(REPORT.replace(before, after))
    assert why in gate.messages


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (
            "New charges,87.13,",
            "New charges,87.13,\nNew charges,90.00,",
            "`new charges` stands beside `87.13` in row 25 and beside `90.00` in row 26",
        ),
        ("Number,USOC,Amount", "Number,Code,Amount", None),
    ],
)
def test_a_report_that_is_not_of_its_profile_is_refused(
    before: str, after: str, why: str | None
) -> None:
    gate = report(REPORT.replace(before, after))
    if why:
        assert gate.documents["status"].to_list() == ["refused"]
        assert why in gate.messages
    else:
        assert gate.documents["status"].to_list() == ["held"], "only its taxes are read"


def test_two_bills_in_one_report_stay_apart() -> None:
    second = (
        REPORT.replace("614 R01", "614 R02")
        .replace("Mar 01, 2026", "Mar 05, 2026")
        .replace("20.00", "30.00")
        .replace("28.30", "38.30")
        .replace("87.13", "97.13")
    )
    text = (REPORT + second).replace("Bill date: Mar 05, 2026", '"Bill date: Mar 05, 2026"')
    gate = report(text)
    assert gate.messages == ""
    found = (
        gate.documents.sort("ban").select("ban", "bill_date", "status", "current_charges").rows()
    )
    assert [(a, str(b), c, str(d)) for a, b, c, d in found] == [
        ("614R01", "2026-03-01", "loaded", "87.13"),
        ("614R02", "2026-03-05", "loaded", "97.13"),
    ]
    assert gate.lines.group_by("ban").agg(pl.col("amount").sum()).sort("ban").rows() == [
        ("614R01", Decimal("87.13")),
        ("614R02", Decimal("97.13")),
    ]


CALLS = """
[[flat.part]]
name = "usage"
role = "aside"
title = "^Long distance"
"""
USAGE = """\
Long distance,,
When,Where,Cost
03-01,Ohio,1.00
"""


def test_a_table_that_is_not_read_is_told_by_its_title_and_ends_at_the_next_header() -> None:
    taxes = "Taxes,,\nTax,Amount\n"
    text = REPORT.replace(taxes, USAGE + "Tax,Amount\n").replace("Mar 01, 2026", '"Mar 01, 2026"')
    text = text.replace('Bill date: "Mar 01, 2026"', '"Bill date: Mar 01, 2026"')
    gate = through({"report.csv": text}, PROFILE + CALLS)
    assert gate.messages == ""
    assert "23 tax 1.50" in told(gate), "its header says what it is, not the title further up"
    unread = through({"report.csv": text}, PROFILE)
    assert "no part of the profile has the title `Long distance`" in unread.messages


def test_a_name_on_each_page_is_no_title_where_the_profile_says_so() -> None:
    text = REPORT.replace("Page 2,of 2,", "ACME BELL,,")
    assert "no part of the profile has the title `ACME BELL`" in report(text).messages
    quoted = text.replace("Bill date: Mar 01, 2026", '"Bill date: Mar 01, 2026"')
    aside = PROFILE.replace('aside = ["^Page"]', 'aside = ["^Page", "^ACME"]')
    assert through({"report.csv": quoted}, aside).messages == ""


def test_a_header_with_a_column_twice_is_refused() -> None:
    gate = report(REPORT.replace("Tax,Amount", "Tax,Amount,Amount"))
    assert "a header of report.csv has columns that stand twice: amount" in gate.messages


def test_a_plain_export_is_no_report_though_it_has_the_columns() -> None:
    gate = through({"plain.csv": "Number,USOC,Amount\n6145550131,1FB,20.00\n"}, PROFILE)
    assert gate.documents["status"].to_list() == ["refused"]


def test_a_report_that_does_not_say_whose_it_is_is_refused() -> None:
    text = '"Bill date: Mar 01, 2026"\nTax,Amount\nState tax,1.50\nNew charges,1.50\n'
    source = source_of_bytes("report.csv", "0" * 64, text.encode())
    refused = read(source, "report", Profiles((parse_profile(PROFILE),)))
    assert refused.findings["message"].to_list() == [
        "no cell outside of its tables says `account number`"
    ]


# --- by a model: what is written is what is read -------------------------------------------------


@dataclass(frozen=True)
class Paper:
    """A report as rows of cells, and what it charges."""

    rows: list[list[str]]
    charges: list[tuple[str, str, Decimal]]
    """Account, class, amount."""


cents = st.integers(-99_999, 99_999).map(lambda n: Decimal(n) / 100)


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    """Bills one after the other, each with its labels, tables and, now and then, page headers."""
    rows: list[list[str]] = []
    charges: list[tuple[str, str, Decimal]] = []
    for number in range(draw(st.integers(1, 3))):
        account = f"614R{number:02}"
        own: list[tuple[str, str, Decimal]] = []
        rows += [["ACME BELL"], ["Account number:", "", account], ["Bill date", "Mar 01, 2026"]]
        for title, kind, header in (
            ("Monthly service from Mar 1", "recurring", ["Number", "USOC", "Amount"]),
            ("Other charges", "one_time", ["Number", "USOC", "Amount"]),
            ("Taxes", "tax", ["Tax", "Amount"]),
        ):
            amounts = draw(st.lists(cents, max_size=4))
            rows += [[], [title], header]
            for amount in amounts:
                if draw(st.integers(0, 5)) == 0:
                    rows += [["Account number:", account], ["Page 2", "of 9"], header]
                cells = ["x", "1FB"] if kind != "tax" else ["State"]
                rows.append([*cells, str(amount)])
                own.append((account, kind, amount))
        total = sum((amount for *_, amount in own), Decimal(0))
        rows.append(["New charges", str(total)])
        if own:
            charges += own
    return Paper(rows, charges)


def as_text(paper: Paper, padded: bool) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(
        row + [""] * (7 - len(row)) * padded for row in paper.rows
    )
    return made.getvalue()


def as_workbook(paper: Paper) -> Reading:
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    sheet = book.add_worksheet("Bill")
    for at, row in enumerate(paper.rows):
        sheet.write_row(at, 0, row)
    book.close()
    content = made.getvalue()
    source = Source(
        "book.xlsx", "0" * 64, head_of_workbook(content), lambda: iter((content,)), pl.LazyFrame
    )
    return read(source, "report", Profiles((parse_profile(PROFILE),)))


def seen(lines: pl.DataFrame) -> list[tuple[object, ...]]:
    return sorted(lines.select("ban", "charge_class", "amount").rows())


@few(12, long=300)
@given(papers(), st.booleans())
def test_what_a_report_charges_is_what_is_read(paper: Paper, padded: bool) -> None:
    if not paper.charges:
        return
    gate = through({"report.csv": as_text(paper, padded)}, PROFILE)
    assert seen(gate.lines) == sorted(paper.charges), gate.messages
    assert set(gate.documents["status"]) == {"loaded"}, gate.messages


@few(5, long=100)
@given(papers())
def test_a_workbook_says_what_its_text_says(paper: Paper) -> None:
    if not paper.charges:
        return
    assert seen(as_workbook(paper).lines.collect()) == sorted(paper.charges)


# --- cells that hold line breaks ----------------------------------------------------------------

BROKEN = """
profile = "broken"
format = "flat"
carrier = "ILEC"
[flat]
line_breaks = true
derive = ["current_charges", "total_due"]
[[flat.part]]
name = "lines"
charge_class = "recurring"
[flat.part.fields]
ban = "Account"
invoice_no = "Invoice"
bill_date = "Date"
description = "Text"
amount = "Amount"
"""
BROKEN_HEAD = "Account,Invoice,Date,Text,Amount\n"


def test_a_quoted_cell_may_hold_line_breaks_where_the_profile_says_so() -> None:
    rows = '0123,A1,2026-03-01,"Line\nof two, words",25.00\n0123,A1,2026-03-01,Plain,8.30\n'
    gate = through({"b.csv": BROKEN_HEAD + rows}, BROKEN)
    assert gate.lines.select("source_row", "description", "amount").rows() == [
        (2, "Line of two, words", Decimal("25.00")),
        (4, "Plain", Decimal("8.30")),
    ]


def test_a_quote_that_is_text_holds_no_rows_together() -> None:
    rows = '0123,A1,2026-03-01,5" pipe,25.00\n0123,A1,2026-03-01,Plain,8.30\n'
    gate = through(
        {"b.csv": BROKEN_HEAD + rows}, BROKEN.replace("[flat]", '[flat]\nquotes = "none"')
    )
    assert gate.lines["amount"].to_list() == [Decimal("25.00"), Decimal("8.30")]


def test_a_quote_that_is_never_closed_swallows_no_file() -> None:
    rows = '0123,A1,2026-03-01,"Open,25.00\n' + "0123,A1,2026-03-01,Plain,8.30\n" * 200
    gate = through({"b.csv": BROKEN_HEAD + rows}, BROKEN)
    assert gate.documents["status"].to_list() == ["refused"]
    assert "a quoted cell that begins here is not closed within 100 lines" in gate.messages
    assert gate.documents["source_row"].to_list() == [2]


def test_the_report_of_the_page_is_read_by_the_profile_of_the_page() -> None:
    page = (ROOT / "docs" / "formats" / "flat.md").read_text("utf-8")
    blocks = re.findall(r"(?:^    .*\n)+", page.partition("## Reports")[2], flags=re.MULTILINE)
    text, profile = (textwrap.dedent(block) for block in blocks[:2])
    gate = through({"report.csv": text}, profile)
    assert gate.messages == ""
    assert gate.documents.select("ban", "status", "current_charges").rows() == [
        ("614R01", "loaded", Decimal("34.80"))
    ]
    assert gate.lines.height == 3


def test_names_of_columns_may_hold_line_breaks_too() -> None:
    head = '"Account",Invoice,Date,"Te\nxt","Amo\nunt"\n'
    profile = BROKEN.replace('"Text"', '"Te xt"').replace('"Amount"', '"Amo unt"')
    gate = through({"b.csv": head + "0123,A1,2026-03-01,Plain,8.30\n"}, profile)
    assert gate.lines.select("source_row", "description", "amount").rows() == [
        (4, "Plain", Decimal("8.30"))
    ]
