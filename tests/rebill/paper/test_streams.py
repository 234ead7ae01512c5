"""Whatever terminal, locale or closed stream a command is started with, it says what it has to."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys

import pytest
from checkout import ROOT

from rebill.store import transaction
from rebill.store.models import Document
from rebill.workspace.settings import Workspace

FILE = "Fackler — Ümläut and more than what fits on a line, so that words are cut.csv"
SCRIPT = "from rebill.cli.main import main; main()"
BARE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""A locale that knows nothing but ASCII, taken at its word."""


@pytest.fixture
def named(billed: Workspace) -> Workspace:
    """A workspace in which a file has a name that is more than ASCII."""
    with transaction(billed) as connection:
        connection.execute(Document.__table__.update().values(source_file=FILE))
    return billed


def ran(place: Workspace, redirected: str, *words: str, **env: str) -> tuple[int, bytes, str]:
    """What a shell gets from a command with its streams as they are redirected."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" "$@" {redirected}', sys.executable, "-c", SCRIPT, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "REBILL_WORKSPACE": str(place.root), **env},
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.mark.parametrize("env", [{"PYTHONIOENCODING": "ascii"}, BARE, {}], ids=["io", "c", "utf8"])
def test_a_sign_that_a_terminal_does_not_know_ends_no_command(
    env: dict[str, str], named: Workspace
) -> None:
    words = ("documents", "list", "--columns", "document_id,source_file")
    code, out, err = ran(named, "", *words, **env)
    assert code == 0, err
    shown = FILE.replace("—", "-").replace("Ü", "?").replace("ä", "?")
    assert (shown if "PYTHONIOENCODING" in env else FILE) in out.decode("utf-8")


@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_a_data_set_is_utf_8_whatever_a_terminal_shows(form: str, named: Workspace) -> None:
    code, out, err = ran(named, "", "documents", "list", form, PYTHONIOENCODING="latin-1")
    assert code == 0, err
    text = out.decode("utf-8")
    rows = json.loads(text) if form == "--json" else list(csv.DictReader(text.splitlines()))
    assert {row["source_file"] for row in rows} == {FILE}


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    "words",
    [
        ("documents", "list"),
        pytest.param(("export", "lines"), marks=pytest.mark.soak),
        pytest.param(("status", "-v"), marks=pytest.mark.soak),
    ],
)
def test_a_stream_that_is_closed_is_no_failure_of_a_command(
    closed: str, words: tuple[str, ...], billed: Workspace
) -> None:
    open_one = ran(billed, "", *words)
    code, out, err = ran(billed, closed, *words)
    assert code == open_one[0], err
    assert "Error" not in err
    assert out == (b"" if ">&- " in f"{closed} ".replace("2>&-", "") else open_one[1])
