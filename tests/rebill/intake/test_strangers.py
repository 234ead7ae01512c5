"""Files that are no invoice: each is told by its name, with what to do about it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from invoices.carrier import Profiles, parse_profile
from invoices.carrier.source import KINDS
from rebill.intake.read import read_file
from rebill.reference.current import known
from rebill.workspace.settings import Settings

PROFILE = """
profile = "north"
format = "flat"
carrier = "NORTH"
[flat]
derive = ["current_charges", "total_due"]
[[flat.part]]
name = "lines"
charge_class = "recurring"
[flat.part.fields]
ban = "Account"
invoice_no = "Invoice No"
bill_date = "Bill Date"
amount = "Amount"
"""
FRAMES = {"usocs": pl.LazyFrame(schema=KINDS)}
HEADER = "Account,Invoice No,Bill Date,Amount\n"
ROW = "305R01,A1,2026-03-01,10.00\n"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def wide(*names: str) -> bytes:
    return bytes(64).join(name.encode("utf-16-le") for name in names)


def zipped(*members: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for member in members:
            archive.writestr(member, "x")
    return made.getvalue()


def workbook(**rows: list[str]) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        for name, cells in rows.items():
            book.add_worksheet(name).write_row(2, 0, cells)
    return made.getvalue()


def told(folder: Path, name: str, content: bytes, profile: str = PROFILE) -> tuple[str, str]:
    """Return what is said of a file, and what to do."""
    path = folder / "file"
    path.write_bytes(content)
    reading = read_file(
        Settings(), path, name, None,
        profiles=Profiles((parse_profile(profile),)), known=known(FRAMES, []), scratch=folder,
    )  # fmt: skip
    assert reading.documents["status"].to_list() == ["refused"]
    [(message, remedy)] = reading.findings.select("message", "remedy").rows()
    return message, remedy


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        (b"UNA:+.? 'UNB+UNOA:1+NORTH'", "EDIFACT", "X12 811"),
        (b"STX=ANA:1+5000000000000'", "TRADACOMS", "X12 811"),
        (OLE + wide("Root Entry", "Workbook"), "an old workbook (.xls)", "save it as .xlsx"),
        (OLE + bytes(100_000) + wide("Workbook"), "an old workbook (.xls)", "save it as .xlsx"),
        (OLE + wide("EncryptedPackage"), "protected by a password", "save it without one"),
        (OLE, "an old workbook (.xls), or one protected", "without a password"),
        (OLE + wide("__substg1.0_0037"), "a saved e-mail (.msg)", "attached"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF", "as CSV or .xlsx"),
        (b" \n<html><table></table></html>", "a web page (HTML)", "save it as .xlsx"),
        (
            b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>',
            "SpreadsheetML",
            ".xlsx",
        ),
        (b'<?xml version="1.0"?><Bill/>', "XML", "as CSV or .xlsx"),
        (b'{"bills": []}', "JSON", "as CSV or .xlsx"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(9), "a 7z archive", "unpack it"),
        (b"Rar!\x1a\x07\x01\0", "a RAR archive", "unpack it"),
        (zipped("[Content_Types].xml", "xl/workbook.bin"), "(.xlsb)", "save it as .xlsx"),
        (zipped("mimetype", "content.xml"), "(.ods)", "save it as .xlsx"),
        (zipped("[Content_Types].xml", "word/document.xml"), "(.docx)", "as CSV or .xlsx"),
        (("1234567 CHARGE 00010.00 " * 9).encode("cp037"), "EBCDIC", 'encoding = "cp037"'),
        (f"ISA*00*{' ' * 10}*00*".encode("cp037"), "X12 interchange in EBCDIC", "in ASCII"),
        (f"ISA*00*{' ' * 10}*00*".encode("utf-16"), "X12 interchange in UTF-16", "in ASCII"),
        (f"ISA*00*{' ' * 10}*00*".encode("utf-16-be"), "X12 interchange in UTF-16", "in ASCII"),
        (b"Sent by VAN\n\nISA*00* *00* *", "begins in row 3", "take away the rows above"),
        (b"MIME-Version: 1.0\nContent-Type: text/plain\n\nx", "a saved e-mail", "attached"),
        (b"Dear customer: your bill", "begins like no carrier invoice", "profiles new-from"),
    ],
)
def test_a_file_of_another_kind_is_told_by_its_name(
    tmp_path: Path, content: bytes, what: str, remedy: str
) -> None:
    said, do = told(tmp_path, "x", content)
    assert what in said and remedy in do, (said, do)


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        (
            HEADER.replace("Amount", "Charge") + ROW,
            "nearest is `north` (part lines), of whose columns the file lacks: Amount; it has:"
            " Charge",
            "profiles new-from",
        ),
        (HEADER.replace(",", ";"), "parted by `;` here", "correct `delimiter`"),
        ("March\n\n" + HEADER + ROW, "stands in row 3 here, not 1", "say `header_row = 3`"),
        ("One,Two\n1,2\n", "begins like no carrier invoice that is read", "profiles new-from"),
    ],
)
def test_a_file_no_profile_fits_names_the_nearest_and_what_keeps_them_apart(
    tmp_path: Path, content: str, what: str, remedy: str
) -> None:
    said, do = told(tmp_path, "x.csv", content.encode())
    assert what in said and remedy in do, (said, do)


def test_a_rule_that_does_not_hold_is_told(tmp_path: Path) -> None:
    rule = '[recognise]\ncontains = ["NORTHLINE"]\n'
    said, do = told(tmp_path, "x.csv", (HEADER + ROW).encode(), PROFILE + rule)
    assert "whose [recognise] does not fit" in said and "--profile north" in do


@pytest.mark.parametrize(
    ("sheets", "what"),
    [
        (
            {"Summary": ["Total"], "Detail": ["Account", "Bill Date", "Amount"]},
            "(there are: Summary, Detail); nearest is `north` (part lines), of whose columns sheet"
            " Detail lacks: Invoice No",
        ),
        ({"Detail": HEADER.strip().split(",")}, "whose header stands in row 3 here, not 1"),
        ({"Notes": ["hello"]}, "no sheet of the workbook is of a profile (there are: Notes)"),
    ],
)
def test_a_workbook_no_profile_fits_names_its_sheets(
    tmp_path: Path, sheets: dict[str, list[str]], what: str
) -> None:
    said, _ = told(tmp_path, "x.xlsx", workbook(**sheets))
    assert what in said


CSR = b"ACCOUNT 614 555-0100 123\nS&E\n1FB 6145550131\n"


@pytest.mark.parametrize(
    ("name", "content", "what", "remedy"),
    [
        ("acct 1.csr", CSR, "a customer service record", "`rebill load 'acct 1.csr'`"),
        ("acct.dat", CSR, "a customer service record", "call it acct.csr, and load it"),
        (
            "services.csv",
            b"service,customer,carrier,wtn\nS1,C1,NORTH,6145550131\n",
            "the reference table services",
            "`rebill load services.csv`",
        ),
        (
            "mail.zip!rates.csv",
            b"contract;usoc;charge_class;rate\n",
            "the reference table buy_rates",
            "call it buy_rates.csv",
        ),
        ("contracts.toml", b"[[contract]]\n", "contracts", "`rebill load contracts.toml`"),
        ("x.toml", b'profile = "x"\nformat = "flat"\n', "a profile", "profiles/"),
    ],
)
def test_what_is_at_home_elsewhere_is_told_with_the_command_that_takes_it(
    tmp_path: Path, name: str, content: bytes, what: str, remedy: str
) -> None:
    said, do = told(tmp_path, name, content)
    assert what in said and remedy in do, (said, do)
