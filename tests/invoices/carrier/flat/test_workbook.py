"""Spreadsheets: every cell by its type, and no account number damaged unnoticed."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from flat_feeds import LINE_COLUMNS, PARTS, Bill, Charge, Quirks, feeds, ledger_row, profile_of
from hypothesis import given, settings
from nights import exported, night, small
from shell import Call

from invoices.carrier import Profiles, Source, parse_profile, read
from invoices.carrier.flat import WorkbookFault, head_of_workbook
from rebill.intake.archives import workbook_fault
from rebill.workspace.settings import Archives

Write = Callable[[xlsxwriter.Workbook, xlsxwriter.worksheet.Worksheet], None]


def workbook(*sheets: tuple[str, Write]) -> bytes:
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    for name, write in sheets:
        write(book, book.add_worksheet(name))
    book.close()
    return made.getvalue()


def source(content: bytes) -> Source:
    head = head_of_workbook(content)
    return Source("book.xlsx", "0" * 64, head, lambda: iter((content,)), pl.LazyFrame)


PORTAL = """
profile = "portal"
format = "flat"
carrier = "ILEC"
[flat]
dates = ["%m/%d/%Y"]
derive = ["current_charges", "total_due"]
[[flat.part]]
name = "lines"
charge_class = "recurring"
[flat.part.fields]
ban = "Account"
invoice_no = "Invoice"
bill_date = "Bill Date"
usoc = "USOC"
amount = "Amount"
wtn = "TN"
"""
NAMES = ["Account", "Invoice", "Bill Date", "USOC", "Amount", "TN"]
GOOD = ["305R01", "A1", "11/1/2026", "1FB", 10.1, "6145550131"]


def portal(change: Write, top: int = 0, left: int = 0) -> tuple[pl.DataFrame, str]:
    """Read a sheet with one good row and what `change` does to it; lines and messages."""

    def write(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write_row(top, left, NAMES)
        sheet.write_row(top + 1, left, GOOD)
        change(book, sheet)

    profile = PORTAL.replace("[flat]\n", f"[flat]\nheader_row = {top + 1}\n")
    reading = read(source(workbook(("Sheet1", write))), None, Profiles((parse_profile(profile),)))
    return reading.lines.collect(), " | ".join(reading.findings["message"])


def put(column: int, value: object, form: str = "") -> Write:
    """Write a cell of the row below the good one."""

    def write(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write_row(2, 0, ["305R02", "A2", *GOOD[2:]])
        style = book.add_format({"num_format": form}) if form else None
        if isinstance(value, dt.datetime):
            sheet.write_datetime(2, column, value, style)
        elif isinstance(value, str) and value.startswith("="):
            sheet.write_formula(2, column, value, style, "#DIV/0!" if "/0" in value else 12)
        elif isinstance(value, str):
            sheet.write_string(2, column, value, style)
        else:
            sheet.write_number(2, column, value, style)

    return write


def test_two_sheets_of_one_part_name_no_line_alike() -> None:
    def write(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write_row(0, 0, NAMES)
        sheet.write_row(1, 0, GOOD)

    profile = PORTAL.replace("[flat.part.fields]", "several = true\n[flat.part.fields]")
    book = workbook(("North", write), ("South", write))
    lines = read(source(book), None, Profiles((parse_profile(profile),))).lines.collect()
    assert lines["line_id"].n_unique() == 2


@pytest.mark.parametrize(
    ("column", "value", "form", "said"),
    [
        (0, 1.37e18, "", "ban: the number 1370000000000000000 has more than the 15 digits"),
        (0, 1234567890123456, "", "ban: the number 1234567890123456 has more than the 15"),
        (0, 12345678, "0000000000", "ban: the number 12345678 is shown with zeros before it"),
        (0, 12345.5, "", "ban: 12345.5 is a number, no identifier"),
        (3, 100000, "0.00E+00", "usoc: the number 100000 is shown as 0.00E+00"),
        (1, dt.datetime(2026, 11, 1), "m/d/yyyy", "invoice_no: 2026-11-01 00:00:00 is a number"),
        (4, "=1/0", "", "Sheet1!E3 holds #DIV/0!, a formula error"),
        (4, 10.123, "", "amount `10.123` is not an amount"),
        (
            2,
            46327,
            "",
            "bill_date `46327` is not a date of the calendar but a spreadsheet's serial",
        ),
    ],
)
def test_a_cell_that_cannot_be_what_it_stands_for_is_named(
    column: int, value: object, form: str, said: str
) -> None:
    lines, messages = portal(put(column, value, form))
    assert said in messages
    assert lines["ban"].to_list() == ["305R01"]


@pytest.mark.parametrize(
    ("column", "value", "form", "read_as"),
    [
        (0, "0012345678", "", {"ban": "0012345678"}),
        (0, "12345678901234567890", "", {"ban": "12345678901234567890"}),
        (0, 123456789012345, "", {"ban": "123456789012345"}),
        (0, 12345678, "00000000", {"ban": "12345678"}),
        (5, 6145550131, "", {"wtn": "6145550131"}),
        (2, dt.datetime(2026, 11, 1), "m/d/yyyy", {"bill_date": dt.date(2026, 11, 1)}),
        (2, dt.datetime(2026, 11, 1, 5, 7), "m/d/yyyy h:mm", {"bill_date": dt.date(2026, 11, 1)}),
        (4, 0.1 + 0.2, "", {"amount": Decimal("0.30")}),
        (4, 102.14, "$#,##0.00", {"amount": Decimal("102.14")}),
        (4, "(1,234.50)", "", {"amount": Decimal("-1234.50")}),
        (4, "=6+6", "", {"amount": Decimal("12.00")}),
    ],
)
def test_a_cell_is_read_by_its_type(
    column: int, value: object, form: str, read_as: dict[str, object]
) -> None:
    lines, messages = portal(put(column, value, form))
    assert messages == ""
    row = lines.sort("source_row").row(1, named=True)
    assert {name: row[name] for name in read_as} == read_as


@pytest.mark.parametrize(("top", "left"), [(0, 0), (3, 0), (2, 4)])
def test_rows_count_as_the_sheet_counts_them(top: int, left: int) -> None:
    lines, messages = portal(lambda book, sheet: None, top, left)
    assert messages == ""
    assert lines["source_row"].to_list() == [top + 2]


@given(feeds())
@settings(max_examples=8)
def test_a_feed_in_one_workbook_says_the_same_as_its_bills(
    feed: tuple[list[Bill], Quirks],
) -> None:
    bills, _ = feed
    q = Quirks()
    content = workbook(*((part, part_sheet(bills, part)) for part in PARTS), ledger(bills, q))
    reading = read(source(content), None, Profiles((parse_profile(profile_of(q)),)))
    assert reading.findings.is_empty()
    lines = reading.lines.collect().filter(pl.col("charge_class") != "late_charge")
    got = lines.select("ban", "charge_class", "description", "amount", "service_from").rows()
    sent = [
        (bill.ban, c.part, c.description, c.amount, c.service_from)
        for bill in bills
        for c in bill.charges
    ]
    assert sorted(got, key=repr) == sorted(sent, key=repr)
    assert set(lines["source_file"]) <= {f"book.xlsx!{part}" for part in PARTS}
    assert lines["line_id"].is_unique().all()


def part_sheet(bills: list[Bill], part: str) -> Write:
    columns = [*LINE_COLUMNS[:6], f"{part} Amt", *LINE_COLUMNS[6:]]

    def write(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        day = book.add_format({"num_format": "m/d/yyyy"})
        sheet.write_row(0, 0, columns)
        charges = [(bill, c) for bill in bills for c in bill.charges if c.part == part]
        for place, (bill, c) in enumerate(charges, 1):
            sheet.write_string(place, 0, bill.ban)
            sheet.write_datetime(place, 1, dt.datetime(2026, 11, 1), day)
            sheet.write_string(place, 2, c.usoc)
            sheet.write_string(place, 3, c.description)
            sheet.write_number(place, 6, float(c.amount))
            sheet.write_number(place, 7, int(c.wtn))
            if c.service_from:
                at = dt.datetime.combine(c.service_from, dt.time())
                sheet.write_datetime(place, 8, at, day)

    return write


def ledger(bills: list[Bill], q: Quirks) -> tuple[str, Write]:
    def write(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        for place, bill in enumerate([Bill("0", ()), *bills]):
            row = ledger_row(bill, q)
            for column, (name, text) in enumerate(row.items()):
                sheet.write_string(place, column, text if place else name)

    return "ledger", write


def test_a_workbook_in_the_inbox_makes_whole_bills(tmp_path: Path, rebill: Call) -> None:
    workspace = small(tmp_path / "w")
    workspace.profiles.mkdir(exist_ok=True)
    (workspace.profiles / "invented.toml").write_text(profile_of(Quirks()))
    charges = tuple(Charge(part, Decimal("10.00")) for part in PARTS)
    bills = [Bill("305R010001", charges)]
    content = workbook(
        *((part, part_sheet(bills, part)) for part in PARTS), ledger(bills, Quirks())
    )
    (workspace.inbox / "book.xlsx").write_bytes(content)
    night(workspace, "2026-11-10")
    documents = exported(workspace, "documents")["documents"]
    assert ",loaded,4,40.00,40.00,book.xlsx!ledger," in documents
    code, out, _ = rebill("describe", workspace.inbox / "book.xlsx", "--workspace", workspace.root)
    assert code == 0
    assert "profile: invented" in out
    assert "book.xlsx" in out


def test_a_workbook_that_lies_or_is_none_is_refused(tmp_path: Path, rebill: Call) -> None:
    good = workbook(("Sheet1", lambda book, sheet: sheet.write(0, 0, "x")))
    path = tmp_path / "book.xlsx"
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "")
        archive.writestr("xl/workbook.xml", bytes(2**22))
    for content, said in (
        (good[: len(good) // 2], "cannot be read"),
        (good.replace(b"xl/workbook.xml", b"xl/workbuch.xml"), "cannot be read"),
        (bomb.getvalue(), "cannot be read"),
    ):
        path.write_bytes(content)
        code, out, _ = rebill("describe", path, "--workspace", tmp_path)
        assert code == 0
        assert said in out
        assert "refused" in out
    path.write_bytes(bomb.getvalue())
    fault = workbook_fault(path, Archives(), 2**20)
    assert fault is not None and "unpacks to more than 1,048,576 bytes" in fault.what


def test_a_sheet_that_spans_too_much_is_refused_before_it_is_held() -> None:
    def write(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write_row(0, 0, NAMES)
        sheet.write_number(1_048_575, 16_383, 1)

    said = "spans more than 40,000,000 cells, up to XFD1048576, and only 7 hold something"
    with pytest.raises(WorkbookFault, match=said):
        head_of_workbook(workbook(("Sheet1", write)))
