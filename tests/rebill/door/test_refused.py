"""A program that asks wrongly, or whose machine fails, is told so in words of ours."""

from __future__ import annotations

import datetime as dt
import errno
import io
import os
import pickle
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nights
import pytest
from reference_files import write

import rebill
from rebill.reference.faults import LoadError
from rebill.workspace import privacy
from rebill.workspace.settings import Workspace

DAY = dt.date(2026, 3, 31)
NO_DAYS: tuple[Any, ...] = (
    *("2026-03-31", dt.datetime(2026, 3, 31, 12), 20260331),
    *(dt.date(1989, 12, 31), dt.date(2200, 1, 1), dt.date(9999, 12, 31)),
)
NO_PATHS: tuple[tuple[Any, str], ...] = (
    ("", "an empty name is no path"),
    (b"bill.csv", "bytes is no path"),
    (io.BytesIO(b"x"), "BytesIO is no path"),
    (None, "NoneType is no path"),
    (7, "int is no path"),
    ([["bill.csv", None]], "NoneType is no path"),
    ("b" * 5000, "it cannot be read"),
    ("a\0b", "there is no such file"),
)


@pytest.fixture
def house(place: Workspace) -> rebill.House:
    (place.inbox / "b.csv").write_text(nights.bill(3, nights.USUAL))
    return rebill.open(place.root)


def refuses(words: str, call: Callable[[], object]) -> None:
    with pytest.raises(rebill.ConfigError, match=words):
        call()


@pytest.mark.parametrize("day", NO_DAYS, ids=str)
def test_a_day_that_is_none_or_that_no_calendar_knows_is_refused_everywhere(
    day: Any, house: rebill.House, tmp_path: Path
) -> None:
    told = "is no day; give a datetime.date|lies outside the years 1990 to 2199"
    tables = write(tmp_path / "reference", contracts=nights.CONTRACT, **nights.TABLES)
    bill = rebill.read(house.root / "inbox")
    refuses(told, lambda: rebill.audit(bill, tables, as_of=day))
    refuses(told, lambda: house.table("debits", as_of=day))
    refuses(told, lambda: house.find("x", as_of=day))
    refuses(told, lambda: house.night(as_of=day, sure=True))
    refuses(told, lambda: house.ingest(house.root / "inbox", received_on=day, sure=True))
    assert house.table("runs").filter(command="nightly").is_empty()


@pytest.mark.parametrize(("path", "words"), NO_PATHS)
def test_what_is_no_path_is_refused_everywhere(path: Any, words: str, house: rebill.House) -> None:
    refuses(words, lambda: rebill.read(path))
    refuses(words, lambda: house.ingest(path))
    bill = rebill.read(house.root / "inbox")
    with pytest.raises((rebill.ConfigError, rebill.ReferenceFaults)):
        rebill.audit(bill, path)
    with pytest.raises((rebill.ConfigError, rebill.ReferenceFaults)):
        house.load(path)
    refuses(f"{words}|is no workspace", lambda: rebill.open(path))


def test_paths_may_come_one_by_one_or_together(house: rebill.House) -> None:
    inbox = house.root / "inbox"
    (inbox / "c.csv").write_text(nights.bill(4, nights.USUAL))
    both = rebill.read(inbox / "b.csv", str(inbox / "c.csv"))
    for given in ([*inbox.iterdir()], inbox.glob("*.csv"), inbox):
        assert rebill.read(given).lines.equals(both.lines)  # type: ignore[arg-type]


def test_other_words_than_are_asked_for_are_refused(house: rebill.House) -> None:
    wrong: Any = Path("bill.csv")
    refuses("PosixPath is no bill", lambda: rebill.audit(wrong, "reference"))
    refuses("is no month", lambda: house.table("lines", bill_month="2026-13"))
    refuses("is no text", lambda: house.table("lines", bill_month=wrong))
    refuses("is no text", lambda: house.table(wrong))
    refuses("is no text", lambda: house.explain(wrong))
    refuses("is no text", lambda: house.find(wrong))
    refuses("is no time to wait", lambda: rebill.open(house.root, wait=-1))
    none: Any = None
    refuses("give as_of", lambda: house.night(as_of=none))


def test_faults_of_tables_come_whole_out_of_another_process() -> None:
    fault = LoadError("services.csv", 3, "it stands twice", "leave one of the two rows out")
    told = pickle.loads(pickle.dumps(rebill.ReferenceFaults([fault], 7)))
    assert (told.faults, told.total) == ((fault,), 7)
    assert str(told) == str(rebill.ReferenceFaults([fault], 7))


def test_what_a_machine_does_not_do_is_a_failure_and_a_fault_of_ours_stays_one(
    house: rebill.House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(fault: Exception) -> None:
        def broken(*_given: object, **_named: object) -> None:
            raise fault

        monkeypatch.setattr("rebill.night.batch.run", broken)

    breaks(OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(rebill.Failure, match="the disk is full; the record is as it was: free sp"):
        house.night(as_of=DAY)
    breaks(ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError):
        house.night(as_of=DAY)


def test_papers_that_could_not_be_written_are_told(house: rebill.House) -> None:
    outbox = house.root / "outbox"
    outbox.rmdir()
    outbox.touch()
    told = house.night(as_of=DAY)
    assert told["papers"] == 0 and told["counts"]["loaded"] == 1
    (warning,) = told["warnings"]
    assert warning.startswith("warning: the record is kept, papers are not written: ")
    outbox.unlink()
    told = house.night(as_of=DAY)
    assert told["papers"] > 0 and told["warnings"] == []


def test_what_a_program_leaves_in_a_workspace_is_for_its_login_alone(house: rebill.House) -> None:
    before = os.umask(0o022)
    try:
        there = {*house.root.rglob("*")}
        house.ingest(house.root / "inbox", received_on=dt.date(2026, 3, 9))
        house.night(as_of=DAY)
        made = {*house.root.rglob("*")} - there
        assert len(made) > 5
        assert [one for one in made if stat.S_IMODE(one.stat().st_mode) & 0o077] == []
    finally:
        assert os.umask(before) == 0o022


def test_the_mask_is_put_back_by_the_last_of_several_threads() -> None:
    before = os.umask(0o022)
    first, second = threading.Event(), threading.Event()

    def stay() -> None:
        with privacy.private():
            first.set()
            second.wait(10)

    try:
        thread = threading.Thread(target=stay)
        with privacy.private():
            thread.start()
            first.wait(10)
        second.set()
        thread.join()
    finally:
        assert os.umask(before) == 0o022
