"""Files are whole or absent, and what arrives is read only when it lies still and is text."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from pathlib import Path

import nights
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell import Call

from rebill.store.bulk.parts import Place, write_parts
from rebill.workspace import inbox, lock, write
from rebill.workspace.settings import (
    ConfigError,
    Workspace,
    WorkspaceBusy,
    init_workspace,
    open_workspace,
)
from rebill.workspace.text_files import digest, inspect, scan_text, transcode

MEGABYTE = 2**20


# --- the workspace ----------------------------------------------------------------------------


def test_a_workspace_is_made_once_and_its_settings_are_never_overwritten(tmp_path: Path) -> None:
    made = init_workspace(tmp_path / "night")
    assert made.database_url == f"sqlite:///{tmp_path}/night/rebill.db"
    assert made.settings.inbox.max_file_bytes == 8 * 2**30
    text = (made.root / "rebill.toml").read_text()
    assert '\nurl = "sqlite:///rebill.db"\n' in text
    settings = text.replace("# closings =", "closings =")
    (made.root / "rebill.toml").write_text(settings)
    again = init_workspace(tmp_path / "night")
    assert (made.root / "rebill.toml").read_text() == settings
    assert again.settings.closings == {dt.date(2026, 12, 24)}
    assert {"inbox", "lines", "outbox", "rebill.toml"} <= {p.name for p in made.root.iterdir()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[inbox]\nsettle_second = 1\n",
            r'line 2: \[inbox\] .*; did you mean "settle_seconds"\?',
        ),
        (
            "[warnings]\ndeadline_days = -1\n",
            r"line 2: .* is -1; it must be at least 0",
        ),
        ("[database\n", "line 1"),
        ('[[bank.statement]]\nname = "B"\ndate = "D"\namont = "A"\n', 'line 4: .*mean "amount"'),
        (
            "[calendar]\nclosings = ['x']\n",
            r'line 2: .* closings \(no\. 1\) is "x"; it',
        ),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "rebill.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        open_workspace(tmp_path)


def test_a_folder_without_settings_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="rebill init"):
        open_workspace(tmp_path)


def test_two_nights_never_run_at_once(workspace: Workspace) -> None:
    with (
        lock.locked(workspace),
        pytest.raises(WorkspaceBusy, match="in use"),
        lock.locked(workspace),
    ):
        pass
    with lock.locked(workspace):
        pass


# --- writing ----------------------------------------------------------------------------------


def test_a_document_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a" / "digest.csv"
    write.write_atomic(path, "one")
    write.write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["digest.csv"]


@given(st.text(max_size=300))
def test_outside_text_makes_a_name_that_stays_in_its_folder(text: str) -> None:
    name = write.safe_name(text)
    assert name and "/" not in name and not name.startswith(".") and len(name) <= 200
    assert name.isascii() and name.isprintable()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    broken = pl.LazyFrame({"a": ["x"]}).select(pl.col("a").cast(pl.Int64))
    with pytest.raises(pl.exceptions.PolarsError):
        write.write_parquet(tmp_path / "x.parquet", broken)
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_written_to_and_never_replaced(tmp_path: Path, rebill: Call) -> None:
    pipe = tmp_path / "findings.json"
    os.mkfifo(pipe)
    place = nights.small(tmp_path / "w").root
    for words in ("findings list", "export findings"):
        read = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
        assert rebill(*words.split(), "-o", pipe, "--workspace", place) == (0, "", "")
        assert read.communicate()[0].split() == [b"[]"]
        assert pipe.is_fifo()


def test_a_bulk_write_that_fails_leaves_nothing_that_counts(tmp_path: Path) -> None:
    place = Place(tmp_path, "token", "run")
    broken = pl.LazyFrame({"a": ["x"]}).select(pl.col("a").cast(pl.Int64))
    with pytest.raises(pl.exceptions.PolarsError):
        write_parts(place, "lines", broken.with_columns(carrier="a"))
    # A sink that failed may open a file after it raised: in the run's own place, which is swept.
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(place.workplace in path.parents for path in left)


# --- the inbox --------------------------------------------------------------------------------


def test_only_ordinary_files_that_lie_still_are_taken(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("b")
    (tmp_path / "a.csv").write_text("a")
    (tmp_path / "c.csv.part").write_text("c")
    (tmp_path / "c.TMP").write_text("c")
    (tmp_path / ".hidden").write_text("h")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "line\nend.csv").write_text("n")
    arrived, skipped = inbox.look(tmp_path, 0)
    assert [(f.name, f.size) for f in arrived] == [("a.csv", 1), ("b.csv", 1)]
    assert {s.name: s.reason for s in skipped} == {
        ".hidden": "hidden",
        "c.TMP": "growing",
        "c.csv.part": "growing",
        "folder.csv": "folder",
        "line\nend.csv": "name",
        "link.csv": "link",
        "pipe": "special",
    }


def test_a_file_that_changes_between_the_looks_is_growing_whatever_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("longer", "other", "gone", "still"):
        (tmp_path / name).write_text("1234")

    def meanwhile(_seconds: float) -> None:
        (tmp_path / "longer").write_text("12345")
        (tmp_path / "other").write_text("4321")
        (tmp_path / "gone").unlink()
        (tmp_path / "new").write_text("1")

    monkeypatch.setattr("time.sleep", meanwhile)
    arrived, skipped = inbox.look(tmp_path, 0.1)
    assert [f.name for f in arrived] == ["still"]
    assert {s.name: s.reason for s in skipped} == {
        "gone": "vanished",
        "longer": "growing",
        "new": "growing",
        "other": "growing",
    }


# --- carrier text -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "what", "row"),
    [
        (b"a\nb\x00c\n", "holds 1 NUL bytes, the first in this row", 2),
        (b"a\n" * 3 * MEGABYTE + bytes(5 * MEGABYTE), "ends in 5,242,880 NUL bytes", 3145729),
        (b"a\n\0" + b"b\n" * 3 * MEGABYTE, "holds 1 NUL bytes", 2),
        (b"a\nb\0\0\r\n\x1a", "ends in 2 NUL bytes: padding", 2),
        ("a\n".encode("utf-16"), "UTF-16, not UTF-8", 1),
        ("a\n".encode("utf-32"), "UTF-32, not UTF-8", 1),
        ("ab,cd\n".encode("utf-16-be"), "UTF-16-BE, not UTF-8", 1),
        (b"%PDF-1.7", "is a PDF", None),
        (b"a\n\nb\xff\n", "not UTF-8", 3),
        (b"a\n\nbc\xe9\n", "byte 3 of the row is 0xe9, in Windows text (cp1252) `\xe9`", 3),
        (b"a\n\nb\x81\n", "byte 2 of the row is 0x81", 3),
        (b"a\nb\xc3", "not UTF-8", 2),
        (b"a\n" + b"x" * (MEGABYTE + 1) + b"\n", "longer than 1 MiB", 2),
        (b"x" * 10 * MEGABYTE, "longer than 1 MiB", 1),
        (b"y\n" * (4 * MEGABYTE) + b"x" * 3 * MEGABYTE, "longer than 1 MiB", 4 * MEGABYTE + 1),
        (b"x" * 101, "101 bytes; the limit is 100", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_text_is_a_fault_with_its_row(
    tmp_path: Path, content: bytes, what: str, row: int | None
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    fault = inspect(path, 100 if "limit" in what else 2**40).fault
    assert fault is not None
    assert what in fault.what and fault.row == row and fault.remedy
    assert "profile" not in fault.remedy


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        ("Qu\u00e9bec\n".encode("cp1252"), "cp1252", None),
        ("Qu\u00e9bec\n".encode(), "cp1252", "the text is UTF-8, not cp1252"),
        (b"Quebec\n", "cp1252", None),
        (("1234567 CHARGE 00010 " * 9).encode("cp037"), "cp037", None),
        ("Qu\u00e9bec\n".encode("utf-16"), "utf-16", None),
        (b"a\nb\x81\n", "cp1252", "the text is not cp1252: byte 0x81 is none of it"),
        (b"%PDF-1.7", "cp1252", "is a PDF"),
    ],
)
def test_a_text_is_what_its_profile_says_or_refused(
    tmp_path: Path, text: bytes, encoding: str, said: str | None
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(text)
    fault = transcode(path, tmp_path / "x.txt", encoding)
    assert (fault is None) if said is None else fault is not None and said in fault.what


def test_what_a_profile_can_say_of_an_encoding_is_told_where_one_may(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for content, said in (("é\n".encode("cp1252"), "cp1252"), ("é\n".encode("utf-16"), "utf-16")):
        path.write_bytes(content)
        fault = inspect(path, 2**40, profiled=True).fault
        assert fault is not None and f'say `encoding = "{said}"` at the top' in fault.remedy


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xef\xbb\xbfa\r\nb\r\n",
        b"x" * MEGABYTE + b"\n",
        (b"x" * (MEGABYTE - 1) + b"\n") * 9 + b"x" * MEGABYTE,
        "é\n".encode() * 3_000_000,
    ],
    ids=["empty", "bom and crlf", "longest line", "longest lines", "characters over blocks"],
)
def test_what_is_text_has_no_fault(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    seen = inspect(path, 2**40)
    assert seen.fault is None
    assert (seen.size, seen.sha256) == digest(path)


LINE = st.text(st.characters(exclude_characters="\n\r\x00", exclude_categories=["Cs"]), max_size=9)


@given(
    lines=st.lists(LINE, max_size=12),
    bom=st.booleans(),
    crlf=st.booleans(),
    ended=st.booleans(),
)
def test_every_physical_line_keeps_its_number_and_its_text(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], bom: bool, crlf: bool, ended: bool
) -> None:
    lines = [line.removeprefix("\ufeff") for line in lines]
    end = "\r\n" if crlf else "\n"
    text = end.join(lines) + (end if ended and lines else "")
    path = tmp_path_factory.mktemp("text") / "x.csv"
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + text.encode())
    wanted = [line.removesuffix("\r") for line in text.split("\n")]
    if wanted[-1] == "":
        wanted.pop()
    read = scan_text(path).collect().sort("row")
    read = read.filter(~((pl.col("row") == len(wanted) + 1) & (pl.col("text") == "")))
    assert read.rows() == list(enumerate(wanted, 1))
    assert read.schema == {"row": pl.Int64, "text": pl.String}


def test_a_name_with_wildcards_is_just_a_name(tmp_path: Path) -> None:
    (tmp_path / "a*[1].csv").write_text("x\n")
    (tmp_path / "ab.csv").write_text("y\n")
    assert scan_text(tmp_path / "a*[1].csv").collect()["text"].to_list() == ["x"]
