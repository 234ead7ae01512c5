"""What comes again, contradicts what is there, or cannot be read."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from nights import USUAL, bill, by, kept, night, outbox, put, small, table
from three_bills import BILLS, taken_in

from rebill.store.record import reading


def test_a_document_sent_again_in_another_file_adds_no_row(tmp_path: Path) -> None:
    workspace = taken_in(tmp_path / "w")
    before = kept(workspace)
    reordered = "\n".join([*head_and_document(BILLS[0][1]), *lines_of(BILLS[0][1])[::-1]]) + "\n\n"
    put(workspace, [("again.csv", reordered)])
    outcome = night(workspace, "2026-04-10")
    assert outcome.became == {"again.csv": "1 repeated"}
    assert kept(workspace) == before
    assert night(workspace, "2026-04-10").became == {}, "the file is known from then on"


def head_and_document(text: str) -> list[str]:
    """The header and the document row of a file."""
    return text.splitlines()[:2]


def lines_of(text: str) -> list[str]:
    """The line rows of a file."""
    return text.splitlines()[2:]


def test_of_two_contents_under_one_number_the_first_stays(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, [BILLS[0], ("c2.csv", bill(2, USUAL.replace("22.00", "23.00")))])
    night(workspace, "2026-04-10")
    assert sorted(by(workspace, "documents", "source_file", "status")) == [
        ("b2.csv", "loaded"),
        ("c2.csv", "held"),
    ]
    assert "document_conflicts" in table(workspace, "findings")["code"].to_list()
    assert set(by(workspace, "lines", "source_file")) == {("b2.csv",)}
    assert sorted(by(workspace, "debits", "status")) == [("expected",), ("held",)]


def test_a_third_content_is_held_and_each_of_them_is_known_when_it_comes_again(
    tmp_path: Path,
) -> None:
    workspace = small(tmp_path / "w")
    versions = [bill(2, USUAL.replace("22.00", f"2{n}.00")) for n in range(3)]
    for n, text in enumerate(versions):
        put(workspace, [(f"v{n}.csv", text)])
        night(workspace, "2026-04-10")
    before = kept(workspace)
    put(workspace, [(f"again{n}.csv", text + "\n") for n, text in enumerate(versions)])
    assert set(night(workspace, "2026-04-10").became.values()) == {"1 repeated"}
    assert kept(workspace) == before
    assert len(set(by(workspace, "documents", "document_id"))) == 3


def test_a_bad_file_is_one_refused_document_and_the_rest_goes_on(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, [BILLS[0], ("bad.csv", "hello\nworld\n"), ("empty.csv", "")])
    (workspace.inbox / "nul.csv").write_bytes(b"record,carrier\0")
    (workspace.inbox / "wide.csv").write_bytes("record,carrier".encode("utf-16"))
    night(workspace, "2026-04-10")
    rows = by(workspace, "documents", "source_file", "status", "carrier", "ban", "invoice_no")
    assert sorted(rows) == [
        ("b2.csv", "loaded", "ILEC", "305R010001", "INV2"),
        ("bad.csv", "refused", None, None, None),
        ("empty.csv", "refused", None, None, None),
        ("nul.csv", "refused", None, None, None),
        ("wide.csv", "refused", None, None, None),
    ]
    reasons = table(workspace, "findings").filter(pl.col("code") == "document_unreadable")
    assert reasons.height == 4
    assert reasons["remedy"].null_count() == 0


def test_folders_links_and_growing_files_are_left_and_noted(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, [BILLS[0], ("b3.csv.part", BILLS[1][1])])
    (workspace.inbox / "folder").mkdir()
    (workspace.inbox / "link.csv").symlink_to(workspace.inbox / "b2.csv")
    outcome = night(workspace, "2026-04-10")
    left = {seen.name: seen.left for seen in outcome.plan.passed_over}
    assert left == {"b3.csv.part": "growing", "folder": "folder", "link.csv": "link"}
    assert by(workspace, "documents", "source_file") == [("b2.csv",)]


def test_the_digest_says_in_words_why_a_file_was_left_and_what_to_do(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    (workspace.inbox / "folder").mkdir()
    (workspace.inbox / "bad\nname.csv").write_text("record", "utf-8")
    night(workspace, "2026-04-10")
    said = (workspace.outbox / "digest.csv").read_text("utf-8")
    assert "left: a folder: put its files into the inbox" in said
    assert "left: its name holds characters that cannot be printed: rename it" in said


def test_a_document_that_does_not_foot_is_held_and_pulled_all_the_same(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, [("held.csv", bill(2, USUAL, charges="99.00"))])
    night(workspace, "2026-04-10")
    assert by(workspace, "debits", "amount", "status") == [("99.00", "held")]
    assert "document_does_not_foot" in table(workspace, "findings")["code"].to_list()
    for name in ("lines", "claims", "customer_lines"):
        assert table(workspace, name).is_empty()
    assert b"99.00" in outbox(workspace)["digest.html"]


def test_unreadable_rows_are_kept_as_they_stood(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    torn = bill(2, USUAL).replace("22.00,22.00", "twenty,22.00")
    put(workspace, [("torn.csv", torn)])
    night(workspace, "2026-04-10")
    with reading(workspace) as record:
        kept = record.scan("quarantine", pl.Schema({"raw": pl.String})).collect()
    assert "twenty" in kept["raw"].item()
    assert by(workspace, "documents", "status") == [("held",)]
