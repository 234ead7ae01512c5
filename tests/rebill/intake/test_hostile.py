"""One file that breaks its reader breaks no night, and one that changes is left for the next."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import BinaryIO

import hostile_files
import nights
import pytest
from nights import by, night, put, small

from rebill.night.job import look
from rebill.store import models, read_table
from rebill.store.record import reading
from rebill.workspace import apart, inbox, own_copy
from rebill.workspace.apart import Budget, CameToNothing, done_apart
from rebill.workspace.settings import SETTINGS_FILE, Limits, Workspace, open_workspace
from rebill.workspace.text_files import digest

GOOD = nights.bill(3, nights.USUAL)
AMPLE = Budget(60, 512)


def set_to(workspace: Workspace, settings: str) -> Workspace:
    """Return the workspace with these settings."""
    (workspace.root / SETTINGS_FILE).write_text(f"[inbox]\nsettle_seconds = 0\n{settings}")
    return open_workspace(workspace.root)


def noted(workspace: Workspace) -> list[tuple[int, str, str]]:
    """Return what every run noted of its files: run, name, outcome."""
    with reading(workspace) as record:
        rows = read_table(record.connection, models.RunFile)
    return rows.sort("id").select("run_id", "name", "outcome").rows()


def rare(*case: object) -> object:
    """Return a case that is told in the soak."""
    return pytest.param(*case, marks=pytest.mark.soak)


# --- the process that reads -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("work", "budget", "said"),
    [
        ("sum(1 for _ in iter(int, 1))", Budget(1, 512), "more than 1 seconds of CPU"),
        ("[b'x' * 2**20 for _ in range(4000)]", Budget(60, 64), "more than 64 MiB of memory"),
        ("__import__('os').abort()", AMPLE, "it could not be read: SIGABRT"),
        ("1 / 0", AMPLE, "it could not be read: ZeroDivisionError"),
        rare("bytearray(2**45)", AMPLE, "more than 512 MiB of memory"),
        rare("__import__('os').kill(__import__('os').getpid(), 9)", AMPLE, "ended by the system"),
        rare("__import__('sys').exit(7)", AMPLE, "it could not be read: SystemExit"),
    ],
)
def test_what_breaks_a_reader_is_told_and_the_next_file_is_read(
    work: str, budget: Budget, said: str
) -> None:
    found = done_apart(budget, eval, work)
    assert isinstance(found, CameToNothing)
    assert said in found.what and found.remedy
    assert done_apart(AMPLE, eval, "6 * 7") == 42


def test_a_disk_that_is_full_is_no_fault_of_a_file() -> None:
    full = "(_ for _ in ()).throw(OSError(28, 'No space left on device'))"
    with pytest.raises(OSError, match="No space left"):
        done_apart(AMPLE, eval, f"next({full})")


def test_large_files_may_take_more_in_proportion() -> None:
    limits = Limits()
    sizes = {0: 1, 256 * 2**20: 1, 256 * 2**20 + 1: 2, 2**30: 4}
    for size, times in sizes.items():
        assert apart.budget_of(limits, size) == Budget(120 * times, 1024 * times)


# --- whole nights ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [200, pytest.param(50_000, marks=pytest.mark.soak)])
def test_no_file_stops_a_night(size: int, tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, [("good.csv", GOOD)])
    sent = hostile_files.files(size)
    for name, content in sent.items():
        (workspace.inbox / name).write_bytes(content)
    became = night(workspace, "2026-03-10").became
    assert became["good.csv"] == "1 loaded"
    told = {name for name, _, _ in ((n, r, o) for r, n, o in noted(workspace))}
    assert told >= {name for name in sent if name.isprintable()}
    reasons = by(workspace, "findings", "code", "source_file", "message", "remedy")
    refused = [row for row in reasons if row[0] == "document_unreadable"]
    assert len(refused) > 10 and all(row[2] and row[3] for row in refused)


def test_a_file_that_took_too_much_is_tried_again_when_it_may_take_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, [("a.csv", GOOD)])
    with monkeypatch.context() as patched:
        slow = CameToNothing("it took more than 120 seconds of CPU", "raise [limits] file_seconds")
        patched.setattr(apart, "done_apart", lambda *given: slow)
        assert night(workspace, "2026-03-10").became == {"a.csv": "1 refused"}
    assert slow.what in [message for (message,) in by(workspace, "findings", "message")]
    assert not night(workspace, "2026-03-10").became
    workspace = set_to(workspace, "[limits]\nfile_seconds = 240\n")
    assert night(workspace, "2026-03-10").became == {"a.csv": "1 loaded"}
    assert sorted(by(workspace, "documents", "status", "source_file")) == [
        ("loaded", "a.csv"),
        ("void", "a.csv"),
    ]
    assert slow.what not in [message for (message,) in by(workspace, "findings", "message")]


@pytest.mark.soak
def test_an_archive_of_a_million_parts_is_read_or_refused_by_its_budget(tmp_path: Path) -> None:
    slow = gzip.compress(GOOD.encode(), mtime=0) + gzip.compress(b"", mtime=0) * 3_000_000
    workspace = set_to(small(tmp_path / "w"), "[limits]\nfile_seconds = 1\n")
    (workspace.inbox / "slow.csv.gz").write_bytes(slow)
    assert night(workspace, "2026-03-10").became == {"slow.csv.gz": "1 refused"}
    workspace = set_to(workspace, "")
    assert night(workspace, "2026-03-10").became == {"slow.csv.gz!slow.csv": "1 loaded"}
    assert sorted(by(workspace, "documents", "status", "source_file")) == [
        ("loaded", "slow.csv.gz!slow.csv"),
        ("void", "slow.csv.gz"),
    ]


# --- files that change ----------------------------------------------------------------------------


def test_a_file_that_changes_after_the_looks_is_read_the_next_night(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, [("a.csv", GOOD[:-40]), ("b.csv", GOOD.replace("INV3", "OTHER"))])
    job = nights.job(workspace, "2026-03-10")
    put(workspace, [("a.csv", GOOD)])
    outcome = nights.batch.run(workspace, job, nights.QUIET, nights.now)
    assert outcome.became["b.csv"] == "1 loaded"
    assert outcome.became["a.csv"].startswith("left: it changed while it was read")
    assert [row[1:] for row in noted(workspace)] == [("a.csv", "growing"), ("b.csv", "ingested")]
    assert night(workspace, "2026-03-11").became == {"a.csv": "1 loaded"}


def test_what_is_read_is_of_the_bytes_that_were_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("before")
    sha256 = digest(path)[1]
    with own_copy.as_seen(path, sha256, tmp_path / "copy") as copy:
        os.utime(path, (0, 0))
        assert copy.read_text() == "before"
    with (
        pytest.raises(own_copy.Moved, match="changed"),
        own_copy.as_seen(path, sha256, tmp_path / "copy") as copy,
    ):
        path.write_text("behind")
        assert copy.read_text() == "before"
    with pytest.raises(own_copy.Moved, match="changed"):
        own_copy.as_seen(path, sha256, tmp_path / "copy").__enter__()
    path.unlink()
    with pytest.raises(own_copy.Moved, match="vanished"):
        own_copy.as_seen(path, sha256, tmp_path / "copy").__enter__()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_stamped_as_it_was_seen_is_copied_without_a_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, copy = tmp_path / "a.csv", tmp_path / "copy"
    path.write_text("before")
    sha256, seen = digest(path)[1], own_copy.stamp(path.lstat())
    with monkeypatch.context() as patch:
        patch.setattr(own_copy.text_files, "digest", None)
        patch.setattr(own_copy.hashlib, "sha256", lambda: None)
        with own_copy.as_seen(path, sha256, copy, seen) as found:
            assert found.read_text() == "before"
    with (
        pytest.raises(own_copy.Moved, match="changed"),
        own_copy.as_seen(path, sha256, copy, seen) as found,
    ):
        path.write_text("behind!")
    with pytest.raises(own_copy.Moved, match="changed"):
        own_copy.as_seen(path, sha256, copy, seen).__enter__()
    with pytest.raises(own_copy.Moved, match="changed"):
        own_copy.as_seen(path, "0" * 64, copy).__enter__()
    path.write_text("before")
    grown = path.open("ab")
    read = own_copy._read

    def growing(source: BinaryIO) -> bytes:
        block = read(source)
        grown.write(b" and more")
        grown.flush()
        monkeypatch.setattr(own_copy, "_read", read)
        return block

    monkeypatch.setattr(own_copy, "_read", growing)
    with pytest.raises(own_copy.Moved, match="changed"):
        own_copy.as_seen(path, sha256, copy, own_copy.stamp(path.lstat())).__enter__()
    grown.close()


# --- files that are not hashed --------------------------------------------------------------------


def test_a_file_that_lies_as_it_lay_is_not_hashed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    monkeypatch.setattr(inbox, "digest", lambda path: hashed.append(path.name) or digest(path))
    workspace = small(tmp_path / "w")
    put(workspace, [("a.csv", GOOD), ("b.csv", "no bill")])
    night(workspace, "2026-03-10")
    monkeypatch.setattr(inbox, "YOUNG", -(10**18))
    night(workspace, "2026-03-10")
    assert hashed == ["a.csv", "b.csv"] * 2, "they were too young to be known by their entries"
    put(workspace, [("b.csv", "no bell")])
    os.utime(workspace.inbox / "b.csv", (0, 0))
    assert night(workspace, "2026-03-10").became == {"b.csv": "1 refused"}
    assert hashed[4:] == ["b.csv"]


def test_a_file_that_is_too_large_is_refused_unread_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = set_to(small(tmp_path / "w"), "max_file_bytes = 100\n[bank]\nmax_file_bytes = 90\n")
    put(workspace, [("a.csv", GOOD), ("b.txt", "101 bank" + " " * 100)])
    monkeypatch.setattr(inbox, "digest", lambda path: pytest.fail(f"{path} was hashed"))
    became = night(workspace, "2026-03-10").became
    assert became["a.csv"] == "1 refused"
    messages = [message for (message,) in by(workspace, "findings", "message") if message]
    assert any("the limit is 100" in message for message in messages)
    assert not night(workspace, "2026-03-10").became
    monkeypatch.undo()
    seen, _ = look(set_to(workspace, ""))
    assert [one.fault for one in seen] == [None, None]
