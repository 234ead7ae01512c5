"""What holds for every command: where it works, what it reads and writes, how it is quiet."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import nights
import polars as pl
import pytest
from nights import USUAL, bill
from shell import Call, rows

from rebill.cli import failures, whereabouts
from rebill.cli.failures import WRONG_USAGE
from rebill.workspace.settings import Workspace

DONE = 0


class Input:
    """Standard input that holds bytes."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BufferedReader(io.BytesIO(content))  # type: ignore[arg-type]


@pytest.fixture
def typed_in(monkeypatch: pytest.MonkeyPatch) -> object:
    def give(content: str | bytes) -> None:
        data = content.encode() if isinstance(content, str) else content
        monkeypatch.setattr(sys, "stdin", Input(data))

    return give


# --- where ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("--workspace", "W", "disputes", "list", "--json"),
        ("disputes", "--workspace", "W", "list", "--json"),
        ("disputes", "list", "--json", "--workspace", "W"),
        ("-q", "--workspace", "nowhere", "disputes", "list", "--workspace", "W", "--json"),
    ],
)
def test_the_workspace_is_named_anywhere_the_last_word_counts(
    words: tuple[str, ...], billed: Workspace, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REBILL_WORKSPACE", "nowhere-else")
    code, out, err = rebill(*(billed.root if word == "W" else word for word in words))
    assert (code, len(json.loads(out))) == (DONE, 2), err


def test_the_workspace_is_found_upwards_and_where_none_is_it_is_said_how_to_make_one(
    billed: Workspace, rebill: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REBILL_WORKSPACE")
    monkeypatch.chdir(billed.outbox / "claims")
    assert rebill("disputes", "list", "--json")[0] == DONE
    monkeypatch.chdir(tmp_path)
    code, out, err = rebill("disputes", "list")
    assert (code, out) == (WRONG_USAGE, "")
    assert "no workspace here" in err and "`rebill init DIR` makes one" in err


def test_a_folder_that_is_gone_hides_no_workspace_that_is_named(
    billed: Workspace, rebill: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert rebill("disputes", "list", "--json", "--workspace", billed.root)[0] == DONE


def test_a_workspace_above_that_is_another_login_s_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "mine" / "below"
    below.mkdir(parents=True)
    (tmp_path / "rebill.toml").touch()
    assert whereabouts.upwards(below) == tmp_path
    owner = os.geteuid() + 1
    told = os.stat_result((0o600, 0, 0, 1, owner, owner, 0, 0, 0, 0))
    monkeypatch.setattr(Path, "lstat", lambda path: told)
    assert whereabouts.upwards(below) == whereabouts.HERE


def test_what_belongs_behind_a_command_is_not_lost_before_it(
    billed: Workspace, rebill: Call
) -> None:
    code, out, err = rebill("disputes", "--as-of", "2026-03-31", "list")
    assert (code, out) == (WRONG_USAGE, "")
    assert "rebill disputes list --as-of" in err


# --- how much is said ----------------------------------------------------------------------------


def test_quiet_says_no_progress_and_keeps_results(place: Workspace, rebill: Call) -> None:
    nights.put(place, [("b.csv", bill(2, USUAL))])
    code, out, err = rebill("nightly", "--as-of", "2026-02-10", "--quiet")
    assert code == DONE and out and levels(err) <= {"warning"}
    code, _, err = rebill("-q", "nightly", "--as-of", "2026-04-24")
    assert code == 1 and levels(err) == {"warning"}


def levels(err: str) -> set[str]:
    return {json.loads(line)["level"] for line in err.splitlines()}


def test_verbose_stands_anywhere(place: Workspace, rebill: Call) -> None:
    for words in (("-v", "explain", "x"), ("explain", "-v", "x"), ("explain", "x", "--verbose")):
        assert "Traceback" in rebill(*words)[2]
    assert "Traceback" not in rebill("explain", "x")[2]


# --- standard input and output -------------------------------------------------------------------


def test_standard_input_is_a_file_for_as_long_as_it_is_read(
    place: Workspace, rebill: Call, typed_in: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = sorted(tmp_path.iterdir())
    typed_in(bill(3, USUAL))
    code, out, _ = rebill("describe", "-", "--json")
    assert code == DONE and json.loads(out)["file"].startswith("stdin-")
    typed_in(bill(3, USUAL))
    assert rebill("ingest", "-", "--received-on", "2026-03-10")[0] == DONE
    (document,) = rows(rebill("export", "documents")[1])
    assert document["status"] == "loaded" and document["source_file"].startswith("stdin-")
    typed_in("customer,name,brand,bill_day,due_days\nC9,Nine,ACME,1,30\n")
    code, out, _ = rebill("load", "-", "--table", "customers", "--json")
    assert code == DONE and json.loads(out)[0]["added"] == 1
    assert sorted(tmp_path.iterdir()) == before, "nothing is left behind"


def test_standard_input_that_cannot_be_taken_is_wrong_usage(
    place: Workspace, rebill: Call, typed_in: Call
) -> None:
    for content, words, why in (
        ("customer\nC1\n", ("load", "-"), "--table says which table it is"),
        ("", ("ingest", "-", "-"), "give - once"),
        ("", ("load", "customers.csv", "--table", "usocs"), "give - as the path"),
        ("", ("disputes", "packet", "--due", "-o", "-"), "-o names a folder"),
    ):
        typed_in(content)
        code, out, err = rebill(*words)
        assert (code, out) == (WRONG_USAGE, "") and why in err, words
    text = (place.root / "rebill.toml").read_text()
    (place.root / "rebill.toml").write_text(text.replace("[inbox]", "[inbox]\nmax_file_bytes = 10"))
    typed_in(bill(3, USUAL))
    code, _, err = rebill("describe", "-")
    assert code == WRONG_USAGE and "larger than 10 bytes" in err


def test_the_ending_of_a_file_says_its_format(
    billed: Workspace, rebill: Call, tmp_path: Path
) -> None:
    frames = {}
    for name in ("a.csv", "a.parquet", "a.json"):
        assert rebill("export", "claims", "-o", tmp_path / name)[0] == DONE
        read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "json": pl.read_json}
        frames[name] = read[name[2:]](tmp_path / name)["claim_no"].to_list()
    assert set(map(tuple, frames.values())) == {("D-000001", "D-000002")}
    assert rebill("export", "claims", "-o", "-")[1] == (tmp_path / "a.csv").read_text()
    assert rebill("margin", "report", "-o", tmp_path / "m.html")[0] == DONE
    assert (tmp_path / "m.html").read_text().startswith("<!doctype html>")
    for words in (("-o", "x.xlsx"), ("-o", "x.json", "--format", "csv"), ("--format", "xml")):
        code, out, err = rebill("export", "claims", *words)
        assert (code, out) == (WRONG_USAGE, "") and err and not Path("x.json").exists()


@pytest.mark.parametrize(
    "words",
    [
        *(("load", ""), ("ingest", ""), ("ingest", "a.csv", ""), ("describe", ""), ("init", "")),
        *(("status", "--workspace", ""), ("--workspace", "", "status")),
        *(("export", "claims", "-o", ""), ("cash", "import", "")),
    ],
)
def test_an_empty_word_is_no_path_and_not_the_folder_here(
    words: tuple[str, ...], billed: Workspace, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(billed.inbox)
    code, out, err = rebill(*words)
    assert (code, out) == (WRONG_USAGE, "") and "an empty word is no path" in err
    assert {path.suffix for path in billed.inbox.iterdir()} == {".csv"}
    assert rebill("disputes", "list", "--workspace", "..", "--json")[0] == DONE


@pytest.mark.parametrize("words", [("export", "claims"), ("disputes", "list")])
@pytest.mark.parametrize("name", ["a.xlsx", "a.html", "a.csv.gz", "a.zip"])
def test_a_file_never_holds_another_format_than_its_name_says(
    words: tuple[str, ...], name: str, billed: Workspace, rebill: Call, tmp_path: Path
) -> None:
    code, out, err = rebill(*words, "-o", tmp_path / name)
    assert (code, out) == (WRONG_USAGE, "") and "there are: csv, " in " ".join(err.split())
    assert not (tmp_path / name).exists()


def test_a_month_and_a_day_have_one_spelling_everywhere(billed: Workspace, rebill: Call) -> None:
    for words in (("books", "journal"), ("commissions", "show"), ("verify",)):
        said = {rebill(*words, name, "2026-03") for name in ("--month", "--bill-month")}
        assert {code for code, _, _ in said} == {DONE} and len(said) == 1, words
    assert rebill("disputes", "submit", "D-000001", "--as-of", "2026-03-12")[0] == DONE


def test_whoever_reads_no_further_is_no_failure() -> None:
    assert failures.is_closed_pipe(pl.exceptions.ComputeError("Broken pipe (os error 32)"))
    assert not failures.is_closed_pipe(pl.exceptions.ComputeError("broken (os error 28)"))
    assert not failures.is_closed_pipe(ValueError("Broken pipe of the water works"))
