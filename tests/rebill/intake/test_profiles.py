"""Profiles on the command line: a draft from an example reads that example."""

from __future__ import annotations

import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from flat_feeds import Bill, Charge, Quirks, files_of, profile_of
from hypothesis import given, settings
from hypothesis import strategies as st
from nights import USUAL, bill
from shell import Call

from invoices.carrier import parse_profile, read, source_of_bytes
from invoices.carrier.draft import NoDraft, draft_of, sample_of
from rebill.workspace.settings import Workspace

ROWS = [
    ("Account", "Invoice Number", "Bill Date", "Charge Type", "USOC", "Qty", "Amount", "Note"),
    ("305-555-0001", "A1", "{day}", "Monthly Service", "1FB", "1", "{a}", "x"),
    ("305-555-0001", "A1", "{day}", "OC&C", "9ZR", "2", "{b}", "y"),
    ("305-555-0002", "A2", "{day}", "Federal Tax", "", "1", "{a}", ""),
]


@given(
    st.sampled_from([",", "\t", ";", "|"]),
    st.sampled_from(["2026-11-21", "11/21/2026", "20261121", "21-Nov-2026"]),
    st.booleans(),
    st.integers(0, 2),
    st.booleans(),
)
@settings(max_examples=20)
def test_a_draft_reads_the_file_it_was_made_from(
    delimiter: str, day: str, quoted: bool, titles: int, blank: bool
) -> None:
    rows = [tuple(cell.format(day=day, a="18.50", b="-2.25") for cell in row) for row in ROWS]
    lines = [delimiter.join(f'"{c}"' if quoted else c for c in row) for row in rows]
    lines[1:1] = [""] if blank else []
    content = "\n".join(["a title", "another"][:titles] + lines).encode() + b"\n"
    text = draft(content).replace("# carrier", "carrier")
    reading = read(source_of_bytes("x.csv", "0" * 64, content), "mine", _only(text))
    assert reading.findings.is_empty()
    got = reading.lines.collect().sort("source_row")
    assert got.select("ban", "charge_class", "amount").rows() == [
        ("3055550001", "recurring", Decimal("18.50")),
        ("3055550001", "one_time", Decimal("-2.25")),
        ("3055550002", "tax", Decimal("18.50")),
    ]


def draft(content: bytes) -> str:
    """The text of the profile that is tried: questions taken as the draft assumes."""
    return draft_of([sample_of(content, "example.csv")], "mine", "example.csv").trial


def _only(text: str):
    from invoices.carrier import Profiles

    return Profiles((parse_profile(text),))


def test_a_draft_asks_for_what_it_did_not_find() -> None:
    made = draft_of([sample_of(b"Thing,Other\nx,1\ny,2\n", "x.csv")], "mine", "x.csv")
    settings = [one.setting for one in made.questions]
    assert settings == ['ban = "?"', 'bill_date = "?"', 'charge_class = "?"', 'amount = "?"']
    assert "# not read: Thing, Other" in made.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"ISA*00*", "X12"),
        (b"A" * 80 + b"\n" + b"B" * 80, "fixed width"),
        (b"a,b\n", "no row below"),
        (b"\0\0\0", "no text"),
        (b"", "no delimiter"),
    ],
)
def test_where_no_draft_can_be_the_reason_is_said(content: bytes, said: str) -> None:
    with pytest.raises(NoDraft, match=said):
        draft(content)


def test_a_draft_is_written_once_and_used(place: Workspace, tmp_path: Path, rebill: Call) -> None:
    example = tmp_path / "North, 2026.csv"
    rows = [tuple(c.format(day="2026-11-01", a="1.00", b="1.00") for c in row) for row in ROWS]
    example.write_text("\n".join(",".join(row) for row in rows) + "\n")
    target = place.profiles / "north.toml"
    assert rebill("profiles", "new-from", example, "-o", target)[0] == 0
    assert rebill("profiles", "check", target)[0] == 0
    code, _, err = rebill("profiles", "new-from", example, "-o", target)
    assert code == 2 and "is there already" in err
    code, out, _ = rebill("describe", example)
    assert code == 0
    assert "profile: north-2026" in out
    assert "columns not read: note" in out
    assert rebill("profiles", "new-from", tmp_path / "none.csv")[0] == 2


DOUBTFUL = """Account,Invoice,Bill Date,Type,USOC,Description,Amount,Tax
0123,S1,03/01/2026,Recurring,1FB,Line,25.00,0.00
0123,S1,03/01/2026,OCC,NRC1,Install,55.00,3.00
0123,S1,03/01/2026,,,Subtotal 0123,80.00,3.00
"""


@pytest.fixture
def north(place: Workspace, tmp_path: Path, rebill: Call) -> tuple[Path, Path, str]:
    """An export with a subtotal, its draft below `profiles/`, and the report of the trial."""
    example, target = tmp_path / "north.csv", place.profiles / "north.toml"
    example.write_text(DOUBTFUL)
    code, out, _ = rebill("profiles", "new-from", example, "-o", target)
    assert code == 0
    return example, target, out


def test_a_draft_reports_its_trial_on_one_screen(north: tuple[Path, Path, str]) -> None:
    assert (
        north[2]
        == """\
made of      north.csv: 3 rows below the header in row 1
reads        1 document, 2 lines, 80.00
printed      no total of the charges: a row that is missing goes unseen
carrier      not said: name it in the profile, or load the contract
not read     money: Tax 3.00 (asked)
totals       1 total that proves sums, such as row 4: Subtotal 0123 80.00
identifiers  account 4 characters, zeros before
one_time     1 line, 55.00 (OCC)
recurring    1 line, 25.00 (Recurring)
line 19      03/01/2026 may be of two days. Does the month stand first
             (%m/%d/%Y) or the day (%d/%m/%Y)?
line 36      Tax holds 3.00 in all and is not read. Is it charged on top of the
             amount? Then write its class; if the amount has it, or it is no
             charge, delete the line.
"""
    )


def test_what_a_draft_asks_is_listed_until_it_is_answered(
    north: tuple[Path, Path, str], rebill: Call
) -> None:
    example, target, _ = north
    for words in ((), (target,), ("north",)):
        code, _, err = rebill("profiles", "check", *words)
        assert code == 2
        told = err.splitlines()
        assert [line.rpartition("north.toml ")[2][:40] for line in told] == [
            'line 19: dates = ["?"] is not answered: ',
            'line 36: "Tax" = "?" is not answered: Ta',
        ]
    code, _, err = rebill("describe", example, "--profile", "north")
    assert code == 2 and "unfinished draft, left aside; answer line 19, 36" in err
    text = target.read_text()
    answered = text.replace('dates = ["?"]', 'dates = ["%m/%d/%Y"]')
    target.write_text(answered.replace('"Tax" = "?"', '"Tax" = "tax"'))
    assert rebill("profiles", "check")[0] == 0
    code, out, err = rebill("describe", example)
    assert code == 0 and err == ""
    assert "83.00" in out and "profile: north" in out


def test_an_unfinished_draft_stops_nothing(
    north: tuple[Path, Path, str], place: Workspace, rebill: Call
) -> None:
    (place.root / "march.csv").write_text(bill(3, USUAL))
    listed = json.loads(rebill("profiles", "list", "--json")[1])
    assert [one for one in listed if one["profile"] == "north"] == [
        {"profile": "north", "format": None, "carrier": None, "where": "unfinished",
         "about": "2 open questions"}
    ]  # fmt: skip
    code, out, err = rebill("describe", place.root / "march.csv")
    assert code == 0 and "profile: usoc-lines" in out
    assert "warning" in err and "north.toml: an unfinished draft, left aside" in err
    code, out, err = rebill("ingest", place.root / "march.csv")
    assert code == 0 and "loaded" in out
    assert '"event": "unfinished draft left aside", "file": "north.toml"' in err
    code, _, err = rebill("nightly", "--as-of", "2026-03-31")
    assert code in (0, 1) and "unfinished draft left aside" in err


def test_a_profile_that_is_wrong_otherwise_stops_as_before(place: Workspace, rebill: Call) -> None:
    (place.root / "march.csv").write_text(bill(3, USUAL))
    (place.profiles / "broken.toml").write_text('profile = "x"\n')
    assert rebill("ingest", place.root / "march.csv")[0] == 2


def test_every_member_of_an_archive_is_looked_at(tmp_path: Path, rebill: Call) -> None:
    ledger = "Account,Invoice,Bill Date,Current Charges,Total Due\n0123,S1,03/13/2026,83.00,83.00\n"
    detail = DOUBTFUL.replace("03/01/2026", "03/13/2026")
    path = tmp_path / "north.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", ledger)
        archive.writestr("b.csv", detail)
    code, out, err = rebill("profiles", "new-from", path)
    assert code == 0
    assert 'role = "totals"' in out
    assert "made of      b.csv: 3 rows below the header in row 1" in err
    assert "totals       a.csv prints the totals of the bills" in err
    assert "printed      current charges 83.00: 3.00 apart" in err


DETAIL = [
    ["Account", "Invoice", "Bill Date", "Type", "USOC", "Amount"],
    ["0123", "A1", "2026-03-13", "Recurring", "1FB", 25],
    ["0123", "A1", "2026-03-13", "OCC", "NRC1", 55.5],
]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            [["Bell"], ["Account", "0123"], ["Current Charges", 81]],
            "the cover says Current Charges 81.00, 0.50 apart",
        ),
        (
            [["Account", "Invoice", "Bill Date", "Current Charges", "Total Due"],
             ["0123", "A1", "2026-03-13", 80.5, 80.5]],
            "printed current charges 80.50, as the lines add up",
        ),
        (
            [["Charge Type", "Amount"], ["Recurring", 25], ["OCC", 55.5]],
            "sheet Other: it looks like the charges again, in another way",
        ),
        (
            [["Account", "Invoice", "Bill Date", "Tax", "Tax Amount"],
             ["0123", "A1", "2026-03-13", "State", 4.3]],
            "sheet Other looks like charges too: 1 row, 4.30 in all",
        ),
    ],
    ids=["a cover", "a ledger", "a summary", "more charges"],
)  # fmt: skip
def test_the_draft_of_a_workbook_is_made_of_the_sheet_with_the_detail(
    tmp_path: Path, rebill: Call, other: list[list[object]], said: str
) -> None:
    book = xlsxwriter.Workbook(tmp_path / "book.xlsx")
    for name, rows in (("Other", other), ("Detail", [["All accounts"], *DETAIL])):
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()
    code, _, err = rebill("profiles", "new-from", tmp_path / "book.xlsx")
    assert code == 0
    told = " ".join(err.split())
    assert "made of sheet Detail: 2 rows below the header in row 2" in told
    assert "reads 1 document, 2 lines, 80.50" in told
    assert said in told


def test_a_draft_of_lines_that_end_in_cr_alone_says_so(tmp_path: Path, rebill: Call) -> None:
    path = tmp_path / "mac.csv"
    path.write_bytes(DOUBTFUL.replace("\n", "\r").encode())
    code, out, err = rebill("profiles", "new-from", path)
    assert code == 0 and 'amount = "Amount"' in out
    assert "as on an old Mac, in CR alone" in err


def test_an_archive_is_described_member_by_member(place: Workspace, rebill: Call) -> None:
    (place.profiles / "invented.toml").write_text(profile_of(Quirks()))
    charge = Charge("recurring", Decimal("10.00"))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.csv", bill(3, USUAL))
        archive.writestr("../b.csv", "x")
        files = files_of([Bill("305R010001", (charge,))], Quirks())
        archive.writestr("ledger.csv", files["ledger.csv"])
    path = place.root / "all.zip"
    path.write_bytes(made.getvalue())
    code, out, _ = rebill("describe", path, "--json")
    told = {one["file"]: one for one in json.loads(out)}
    assert code == 0
    assert told["all.zip!a.csv"]["documents"][0]["apart"] == "0.00"
    assert told["all.zip!../b.csv"]["refused"] == "its path leaves the folder it is in"
    ledger = told["all.zip!ledger.csv"]
    assert ledger["profile"] == "invented"
    assert ledger["documents"][0]["status"] == "held"
    assert ledger["documents"][0]["apart"] == "10.00"
    assert "no row of part recurring came" in ledger["findings"][0]["message"]
