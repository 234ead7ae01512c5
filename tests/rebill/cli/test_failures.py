"""What a failure says: the promised exit code, one sentence with cause and remedy, what is kept."""

from __future__ import annotations

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import nights
import polars as pl
import pytest
import sqlalchemy as sa
from bank_writers import Batch, Entry, File, nacha
from nights import USUAL, bill, put
from shell import Call

from rebill import store
from rebill.cli.failures import (
    FAILED,
    NEEDS_A_PERSON,
    SOON,
    WRONG_USAGE,
    Ended,
    ended_by_signals,
    told,
)
from rebill.store import chain
from rebill.store.engine import alone
from rebill.store.record import Record, reading
from rebill.workspace.settings import Workspace

DONE = 0


def full(path: str | None = None) -> OSError:
    """A disk that is full, where the system names the file or does not."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


def raising(error: BaseException) -> Callable[..., NoReturn]:
    """Whatever it is called with, it fails."""

    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    return fail


def database(said: str) -> sa.exc.OperationalError:
    return sa.exc.OperationalError("SELECT 1", {}, sqlite3.OperationalError(said))


FAULTS = [
    (full("/x"), "the disk is full at /x", "free space"),
    (
        pl.exceptions.ComputeError("No space left on device (os error 28)"),
        "the disk is full",
        "free space",
    ),
    (
        PermissionError(errno.EACCES, "denied", "/x"),
        "/x cannot be read or written: it is not allowed",
        "give this user the right",
    ),
    (OSError(None, None, "/x"), "/x cannot be read or written", "see that its disk works and has"),
    (OSError(errno.EROFS, "", "/x"), "/x lies on a disk that is read-only", "make it writable"),
    (OSError(errno.EIO, "", "/x"), "the disk fails at /x", "check the disk"),
    (OSError(errno.EMFILE, ""), "too many files are open", "raise the limit"),
    (MemoryError(), "memory is not enough", "close other programs"),
    (database("database is locked"), "another program uses the database", "wait until it has"),
    (database("disk I/O error"), "the disk under the database fails", "check the disk"),
    (
        database("database disk image is malformed"),
        "the database is damaged",
        "restore it, with lines/ of the same time, from a backup",
    ),
    (
        database("server closed the connection unexpectedly"),
        "the database server is gone, or ended the connection",
        "see that it runs",
    ),
    (RuntimeError("a slip of ours"), "RuntimeError: a slip of ours", "-v shows where it happened"),
]


def test_a_failure_is_one_sentence_with_cause_and_remedy(
    place: Workspace, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, cause, remedy in FAULTS:
        monkeypatch.setattr(Record, "claims", raising(error))
        code, _, err = rebill("disputes", "list")
        assert (code, err.count("\n")) == (FAILED, 1), err
        assert err.startswith(f"error: {cause}; the record is as it was: {remedy}"), err
    code, _, err = rebill("disputes", "list", "-v")
    assert code == FAILED and "Traceback" in err and err.count("a slip of ours") > 1


def test_papers_that_cannot_be_written_come_with_the_next_night(
    billed: Workspace, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = nights.outbox(billed)
    for file in billed.outbox.rglob("*.html"):
        file.unlink()
    issue = ("invoices", "issue", "--bill-month", "2026-03", "--on", "2026-03-16")
    for words in (issue, ("nightly", "--as-of", "2026-03-17")):
        with monkeypatch.context() as broken:
            broken.setattr("rebill.outbox.shelf.Shelf._write", raising(full("/outbox/x")))
            code, _, err = rebill(*words)
        assert code == NEEDS_A_PERSON
        assert err.splitlines()[-1] == (
            "warning: the record is kept, papers are not written: the disk is full at /outbox/x;"
            " free space, the next night delivers them"
        )
    assert {row[0] for row in nights.by(billed, "customer_invoices", "status")} == {"issued"}
    assert rebill("nightly", "--as-of", "2026-03-17")[0] == DONE
    assert nights.outbox(billed).keys() == papers.keys()


def test_a_signal_ends_a_night_cleanly_and_on_record(
    place: Workspace, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(place, [("b.csv", bill(2, USUAL))])

    def told(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as ended:
        ended.setattr("rebill.selling.drafts.rebuild", told)
        code, _, err = rebill("nightly", "--as-of", "2026-02-10")
    assert code == FAILED
    said = "ended by a signal (SIGTERM)"
    assert err.splitlines()[-1] == f"error: {said}; the record is as it was: run the command again"
    with reading(place) as record:
        runs = sa.select(store.models.Run.outcome, store.models.Run.sums).where(
            store.models.Run.command == "nightly"
        )
        assert record.connection.execute(runs).all() == [("failed", {"error": said})]
    assert [path for path in place.lines.rglob("*.parquet") if "reference" not in str(path)] == []
    assert rebill("nightly", "--as-of", "2026-02-10")[0] == DONE


FAILING = [
    (("load", "usocs.csv"), full("/x"), "[Errno 28] No space left on device: '/x'"),
    (("disputes", "submit", "D-000001", "--on", "2026-03-11"), MemoryError(), "MemoryError"),
    (
        ("invoices", "issue", "--bill-month", "2026-03", "--on", "2026-03-16"),
        database("disk I/O error"),
        "the disk under the database fails",
    ),
    (("cash", "import", "ach.txt"), RuntimeError("x" * 600), "x" * 500 + '"}'),
    (("db", "prune"), None, "ended by a signal (SIGTERM)"),
]
"""Commands that change the record, what befalls them before it is kept (none: a signal), how the
words of the run that failed begin."""


class Deaf:
    """While it goes, Python drops what is raised; a signal comes then."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        sum(range(1000))  # the signal is dealt with between two steps


def test_a_signal_that_comes_when_nothing_can_be_raised_is_raised_a_moment_later() -> None:
    undone = []
    with pytest.raises(Ended, match="SIGTERM"), ended_by_signals():
        try:
            Deaf()
            for _ in range(500):
                time.sleep(0.01)
        except Ended:
            time.sleep(3 * SOON)  # whoever undoes the work is not disturbed
            undone.append("the work")
            raise
    assert undone == ["the work"]


def test_a_signal_in_the_middle_of_an_import_is_told_without_what_was_to_be_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "rebill.store.engine")
    monkeypatch.setitem(sys.modules, "sqlalchemy.sql", None)
    assert told(Ended("ended by a signal (SIGHUP)")) == (
        FAILED,
        "error: ended by a signal (SIGHUP); the record is as it was: run the command again",
    )


def test_a_command_that_fails_is_on_record_once_and_can_be_repeated(
    billed: Workspace, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(billed.root)
    (billed.root / "usocs.csv").write_text(
        "carrier,usoc,description,kind\nILEC,NEW,New,recurring\n"
    )
    (billed.root / "ach.txt").write_bytes(nacha(File([Batch([Entry(Decimal("47.00"))])])))
    for words, error, said in FAILING:
        before = dumped(billed)
        with monkeypatch.context() as failing:
            befalls_once(failing, error)
            code, _, err = rebill(*words)
        assert code == FAILED and "the record is as it was" in err, words
        changed = dumped(billed) ^ before
        command = " ".join(words[: 1 + (words[0] != "load")])
        (run,) = (row for row in changed if row.startswith('INSERT INTO "runs"'))
        assert f"'{command}'" in run and "'failed'" in run, words
        assert '{"error": "' + said.replace("'", "''") in run
        assert all("runs" in row for row in changed), "the runs and the end of their chain"
        assert rebill("verify")[0] == DONE
        assert rebill(*words)[0] in (DONE, NEEDS_A_PERSON), words
        assert dumped(billed) != before
    _, out, _ = rebill("runs", "list", "--json")
    listed = [(row["command"], row["outcome"]) for row in json.loads(out)]
    assert listed.count(("cash import", "failed")) == 1
    assert sum(outcome == "failed" for _, outcome in listed) == len(FAILING)


def befalls_once(failing: pytest.MonkeyPatch, error: BaseException | None) -> None:
    """Let something befall the next run when its last word is written."""
    bind, left = chain.bind, [error]

    def befallen(*given: Any) -> None:
        if not left:
            bind(*given)
        elif (raised := left.pop()) is not None:
            raise raised
        else:
            os.kill(os.getpid(), signal.SIGTERM)

    failing.setattr("rebill.store.runs.bind", befallen)


def dumped(workspace: Workspace) -> set[str]:
    """Return the rows of a record, as statements."""
    with closing(sqlite3.connect(workspace.root / "rebill.db")) as connection:
        return set(connection.iterdump())


def test_what_is_refused_is_no_run(billed: Workspace, rebill: Call) -> None:
    (billed.root / "usocs.csv").write_text("usoc\n1FB\n")
    before = dumped(billed)
    for words in (
        ("load", billed.root / "usocs.csv"),
        ("disputes", "submit", "D-999999", "--on", "2026-03-11"),
        ("invoices", "issue", "NONE-1", "--on", "2026-03-16"),
        ("books", "close", "2026-04", "--as-of", "2026-03-11"),
    ):
        assert rebill(*words)[0] == WRONG_USAGE, words
    with alone(billed):
        assert rebill("db", "prune")[0] == FAILED
    assert dumped(billed) == before


def test_a_database_that_is_gone_is_not_made_anew(billed: Workspace, rebill: Call) -> None:
    file = billed.root / "rebill.db"
    file.rename(billed.root / "kept.db")
    for words in (("nightly", "--as-of", "2026-03-11"), ("init", billed.root), ("db", "upgrade")):
        code, _, err = rebill(*words)
        assert code == WRONG_USAGE and f"the database {file} is gone" in err, words
        assert "restore it, with lines/ of the same time, from a backup" in err
        assert not file.exists()
    file.touch()
    code, _, err = rebill("disputes", "list")
    assert code == WRONG_USAGE and "the database is empty, though" in err
    assert rebill("db", "upgrade", "--new")[0] == DONE
    assert rebill("disputes", "list")[0] == DONE


def test_a_process_that_dies_leaves_a_promised_code_and_a_closed_pipe_is_no_failure(
    billed: Workspace, tmp_path: Path
) -> None:
    dies = tmp_path / "dies.py"
    dies.write_text(
        "import os, rebill.cli.main as main, rebill.cli.watch as watch\n"
        "main.main = os.abort\nwatch.main()\n"
    )
    ran = subprocess.run([sys.executable, dies], capture_output=True, text=True, cwd=os.getcwd(),
                         env={**os.environ, "PYTHONPATH": os.getcwd()}, check=False)  # fmt: skip
    assert (ran.returncode, ran.stderr.splitlines()[-1]) == (
        FAILED,
        "error: memory was not enough, or the program broke; what was not finished is undone: run"
        " the command again",
    )
    read, write = os.pipe()
    os.close(read)
    ran = subprocess.run(
        [sys.executable, "-m", "rebill.cli", "export", "lines"],
        stdout=write, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(write)
    assert (ran.returncode, ran.stderr) == (DONE, "")


TWICE = """
import os, signal, sys, threading, time
from rebill.cli import failures, main, watch

def slow(words, verbose):
    with failures.ended_by_signals():
        threading.Thread(target=time.sleep, args=(1,)).start()  # it takes signals as well
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(9)

def run(words, verbose):
    try:
        slow(words, verbose)
    except BaseException as error:
        code, sentence = failures.told(error)
        os.kill(os.getpid(), signal.SIGINT)  # the one that is handed on comes late
        print(sentence, file=sys.stderr)
        time.sleep(0.1)
        return code

main._run = run
watch.main()
"""


def test_an_interrupt_that_is_told_twice_is_said_once() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", TWICE], capture_output=True, text=True, check=False, timeout=60
    )
    said = "error: ended by a signal (SIGINT); the record is as it was: run the command again\n"
    assert (ran.returncode, ran.stderr) == (3, said)
