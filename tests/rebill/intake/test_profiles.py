"""Profiles on the command line: a draft from an example reads that example."""

from __future__ import annotations

import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from flat_feeds import Bill, Charge, Quirks, files_of, profile_of
from hypothesis import given, settings
from hypothesis import strategies as st
from nights import USUAL, bill
from shell import Call

from invoices.carrier import parse_profile, read, source_of_bytes
from invoices.carrier.flat.draft import NoDraft, draft
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
    text = draft(content, "mine", "example.csv").replace("# carrier", "carrier")
    reading = read(source_of_bytes("x.csv", "0" * 64, content), "mine", _only(text))
    assert reading.findings.is_empty()
    got = reading.lines.collect().sort("source_row")
    assert got.select("ban", "charge_class", "amount").rows() == [
        ("3055550001", "recurring", Decimal("18.50")),
        ("3055550001", "one_time", Decimal("-2.25")),
        ("3055550002", "tax", Decimal("18.50")),
    ]


def _only(text: str):
    from invoices.carrier import Profiles

    return Profiles((parse_profile(text),))


def test_a_draft_says_what_it_did_not_find() -> None:
    text = draft(b"Thing,Other\nx,1\ny,2\n", "mine", "x.csv")
    for field in ("ban", "bill_date", "amount"):
        assert f'# {field} = "COLUMN"    # needed: no column was found' in text
    assert "# not read: Thing, Other" in text


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
        draft(content, "mine", "x")


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
