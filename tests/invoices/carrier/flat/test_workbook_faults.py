"""What a workbook shows and does not say: formulas without values, merged and hidden cells."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from invoices.carrier import Profiles, Source, parse_profile, read
from invoices.carrier.flat import WorkbookFault, head_of_workbook

PROFILE = """
profile = "portal"
format = "flat"
carrier = "ILEC"
[flat]
derive = ["current_charges", "total_due"]
[[flat.part]]
name = "lines"
charge_class = "recurring"
[flat.part.fields]
ban = "Account"
invoice_no = "Invoice"
bill_date = "Bill Date"
amount = "Amount"
"""
NAMES = ["Account", "Invoice", "Bill Date", "Amount"]
GOOD = ["305R01", "A1", "2026-11-01", 10]
Sheet = xlsxwriter.worksheet.Worksheet
Write = Callable[[Sheet], None]


def nothing(sheet: Sheet) -> None:
    """Change nothing."""


def table(sheet: Sheet) -> None:
    """Write a header and three rows of 10.00."""
    for row, cells in enumerate([NAMES, GOOD, GOOD, GOOD]):
        sheet.write_row(row, 0, cells)


def book(
    change: Write = nothing, *others: tuple[str, Write], swap: tuple[str, str] = ("", "")
) -> bytes:
    """Return a workbook with the table on `Data`, changed, and others; `swap` changes its XML."""
    made, out = io.BytesIO(), io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet("Data")
        table(sheet)
        change(sheet)
        for name, write in others:
            write(workbook.add_worksheet(name))
    with zipfile.ZipFile(made) as archive, zipfile.ZipFile(out, "w") as again:
        for name in archive.namelist():
            text = archive.read(name).decode()
            again.writestr(name, re.sub(*swap, text) if swap[0] else text)
    return out.getvalue()


def told(content: bytes, profile: str = PROFILE) -> tuple[int, list[tuple[Any, ...]]]:
    """Return how many lines a workbook has, and row, message and remedy of what is said of it."""
    source = Source(
        "b.xlsx", "0" * 64, head_of_workbook(content), lambda: iter((content,)), pl.LazyFrame
    )
    reading = read(source, None, Profiles((parse_profile(profile),)))
    said = reading.findings.select("source_row", "message", "remedy").rows()
    return reading.lines.collect().height, said


UNREADY = "is a formula without a value: the workbook was saved without its values"


def formula(row: int, value: float) -> Write:
    def write(sheet: Sheet) -> None:
        sheet.write_formula(row, 3, "=5+5", None, value)

    return write


@pytest.mark.parametrize(
    ("change", "swap", "lines", "said"),
    [
        # Written by a program that reckons nothing: 0, and a note that all is to be reckoned.
        (formula(2, 0), ("", ""), 2, f"Data!D3 {UNREADY}"),
        (formula(2, 10), ("", ""), 3, None),
        (formula(2, 10), ("<v>10</v></c></row><row r=.4", '<v/></c></row><row r="4'), 2, UNREADY),
        (formula(2, 7), ("<v>7</v>", ""), 2, f"Data!D3 {UNREADY}"),
        # A spreadsheet reckoned it, and it is nothing.
        (formula(2, 0), (' fullCalcOnLoad="1"', ""), 3, None),
        # Merged: the value stands in the first cell only.
        (
            nothing,
            ("(</sheetData>)", r'\1<mergeCells><mergeCell ref="A2:A4"/></mergeCells>'),
            3,
            None,
        ),
        (
            nothing,
            (
                '<c r="A3".*?</c>(.*)(</sheetData>)',
                r'\1\2<mergeCells><mergeCell ref="A2:A3"/></mergeCells>',
            ),
            2,
            "Data!A3 is merged with A2, where the value stands",
        ),
        (
            lambda sheet: sheet.set_row(2, None, None, {"hidden": True}),
            ("", ""),
            3,
            "rows that are hidden in the workbook were read: 3",
        ),
        (nothing, ("<(/?)(worksheet|sheetData|row|c|v|is|t)(?=[ >/])", r"<\1x:\2"), 3, None),
    ],
)
def test_what_a_cell_shows_and_does_not_say_is_told(
    change: Write, swap: tuple[str, str], lines: int, said: str | None
) -> None:
    count, found = told(book(change, swap=swap))
    assert count == lines
    assert [message for _, message, _ in found if said is None or said not in message] == []
    assert bool(found) is (said is not None)


@pytest.mark.parametrize(
    ("profile", "lines", "said"),
    [
        (PROFILE, 0, "sheet Old is hidden and has the columns of part lines"),
        (PROFILE.replace('name = "lines"', 'name = "lines"\nsheet = "Data"'), 3, None),
        (PROFILE.replace('name = "lines"', 'name = "lines"\nsheet = "Old"'), 3, None),
    ],
)
def test_a_hidden_sheet_is_added_to_no_bill_unasked(
    profile: str, lines: int, said: str | None
) -> None:
    def hidden(sheet: Sheet) -> None:
        table(sheet)
        sheet.hide()

    count, found = told(book(nothing, ("Old", hidden)), profile)
    assert (count, [message for _, message, _ in found]) == (lines, [said] if said else [])


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ("xl/workbook.bin", r"a binary workbook \(\.xlsb\)"),
        ("content.xml", r"an OpenDocument file \(\.ods\)"),
        ("word/document.xml", "a text document"),
    ],
)
def test_what_is_no_workbook_is_told_by_its_name(member: str, said: str) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(member, "")
    with pytest.raises(WorkbookFault, match=said):
        head_of_workbook(made.getvalue())


def test_days_that_count_from_1904_are_told_as_such() -> None:
    swap = ("<workbookPr", '<workbookPr date1904="1"')
    _, found = told(book(lambda sheet: sheet.write_number(2, 2, 44620), swap=swap))
    assert "serial number: 2026-03-01" in found[0][1]
