"""Nothing is read of a file that is not what was written; one writer at a time, all on record."""

from __future__ import annotations

import datetime as dt
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nights
import pytest
import sqlalchemy as sa
from shell import Call

from rebill import store
from rebill.inquiry.verify import verify
from rebill.selling.issue import issue
from rebill.store.bulk.integrity import Damaged
from rebill.store.engine import alone, fence
from rebill.store.models import BulkFile, CustomerInvoice, Run
from rebill.store.record import changing, reading
from rebill.workspace.settings import (
    SETTINGS_FILE,
    Failure,
    Hand,
    Workspace,
    WorkspaceBusy,
    init_workspace,
    open_workspace,
)

DAY = dt.date(2026, 3, 31)


def files(workspace: Workspace, kind: str) -> list[Path]:
    return sorted((workspace.lines / kind).rglob("*.parquet"))


def faults(workspace: Workspace) -> list[tuple[str, str]]:
    with reading(open_workspace(workspace.root)) as record:
        found = verify(record).faults
    return [(what, wrong) for what, _, wrong, _ in found.rows()]


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 4
    path.write_bytes(bytes(data))


def swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda path: path.unlink(), "is gone"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "bytes where"),
        (lambda path: flip(path, 60), "its SHA-256 is another"),
        (lambda path: flip(path, -30), "its SHA-256 is another"),
        (lambda path: path.rename(path.with_suffix(".x")) and path.symlink_to("/dev/null"), "link"),
    ],
    ids=["gone", "cut", "flipped", "flipped at its end", "a link"],
)
def test_a_file_that_is_not_what_was_written_is_named_and_never_used(
    march: Workspace, harm: Callable[[Path], object], said: str
) -> None:
    (path,) = files(march, "audited")
    harm(path)
    with pytest.raises(Damaged, match=said) as told:
        nights.exported(open_workspace(march.root), "lines")
    assert path.relative_to(march.root).as_posix() in str(told.value)
    assert "backup" in str(told.value)
    with pytest.raises(Damaged, match=said):
        nights.put(march, [("april.csv", nights.bill(4, nights.USUAL))])
        nights.night(march, "2026-04-30")
    (found,) = faults(march)
    assert found[0] == "file" and said in found[1]


def test_two_files_of_equal_rows_and_sums_cannot_stand_for_each_other(march: Workspace) -> None:
    nights.put(march, [("april.csv", nights.bill(4, nights.USUAL))])
    nights.night(march, "2026-04-30")
    swap(*files(march, "audited"))
    assert [what for what, _ in faults(march)] == ["file", "file"]


def test_files_from_before_digests_are_held_against_rows_and_sums_until_they_are_taken(
    march: Workspace,
) -> None:
    def without(**values: object) -> None:
        with store.transaction(march) as connection:
            connection.execute(sa.update(BulkFile).values(sha256=None, size=None, **values))

    without()
    nights.exported(open_workspace(march.root), "lines")
    assert store.upgrade(march) == []
    with store.transaction(march) as connection:
        assert connection.scalars(sa.select(BulkFile.sha256)).all().count(None) == 0
    without(rows=17)
    with pytest.raises(Damaged, match="rows where 17 were written"):
        nights.exported(open_workspace(march.root), "lines")
    assert len(store.upgrade(march)) == 3


def test_an_invoice_is_issued_only_when_its_lines_come_to_it(billed: Workspace) -> None:
    with store.transaction(billed) as connection:
        connection.execute(sa.update(CustomerInvoice).values(total=CustomerInvoice.total + 1))
    assert [what for what, _ in faults(billed)] == ["invoice", "invoice"]
    with pytest.raises(Failure, match="come to"):
        issue(billed, [], DAY, nights.now)
    with reading(billed) as record:
        assert set(record.customer_invoices()["status"]) == {"draft"}


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (sa.update(Run).where(Run.id == 1).values(who="eve"), "run 1 is not what was recorded"),
        (sa.update(BulkFile).values(amount=0), "run 2 is not what was recorded"),
        (sa.update(Run).where(Run.id == 2).values(chain=None), "the last runs are missing"),
    ],
    ids=["a run", "a file", "the last run"],
)
def test_a_run_that_is_changed_breaks_the_chain(
    march: Workspace, harm: sa.Update, said: str
) -> None:
    assert faults(march) == []
    with store.transaction(march) as connection:
        connection.execute(harm)
    assert said in [wrong for what, wrong in faults(march) if what == "runs"][0]


def test_every_act_is_on_record_with_who_where_and_what(
    rebill: Call, billed: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ana")
    assert rebill("invoices", "issue", "--bill-month", "2026-03", "--as-of", "2026-03-31")[0] == 0
    assert rebill("load", billed.root / "reference")[0] == 0
    with store.transaction(billed) as connection:
        told = connection.execute(sa.select(Run.command, Run.who, Run.host, Run.version)).all()
    assert [tuple(run) for run in told[2:]] == [
        ("invoices issue", "ana", __import__("platform").node(), __import__("rebill").__version__)
    ]
    code, out, _ = rebill("verify")
    assert (code, "invoices" in out) == (0, True)


# --- two machines ---------------------------------------------------------------------------------


def other_machine(workspace: Workspace, root: Path) -> Workspace:
    """Return the workspace as another machine has it: the same database, the same lines."""
    init_workspace(root)
    (root / SETTINGS_FILE).write_text((workspace.root / SETTINGS_FILE).read_text())
    (root / "lines").rmdir()
    (root / "lines").symlink_to(workspace.lines)
    return open_workspace(root)


def test_two_machines_on_one_postgresql_work_one_after_the_other(
    tmp_path: Path, postgres_server: str, upgraded_postgres: str
) -> None:
    import postgres

    with postgres.fresh_database(postgres_server, "two_machines", upgraded_postgres) as url:
        one = nights.small(tmp_path / "one", url)
        other = other_machine(one, tmp_path / "other")
        nights.put(one, [("march.csv", nights.bill(3, nights.USUAL))])
        seen = []

        def meanwhile(stage: str) -> None:
            if stage == "Price":
                with pytest.raises(WorkspaceBusy, match="in use"):
                    nights.night(other, "2026-03-31")
                patient = replace(other, hand=Hand(patience=60))
                seen.append(threading.Thread(target=nights.night, args=(patient, "2026-03-31")))
                seen[0].start()

        nights.night(one, "2026-03-31", meanwhile)
        seen[0].join()
        with store.transaction(other) as connection:
            runs = connection.execute(sa.select(Run.command, Run.outcome).order_by(Run.id)).all()
        assert [tuple(run) for run in runs] == [
            ("load", "done"),
            ("nightly", "done"),
            ("nightly", "done"),
        ]
        assert nights.exported(one) == nights.exported(other)
        assert faults(other) == []


def test_a_writer_whose_hold_broke_still_keeps_the_next_one_out(
    tmp_path: Path, postgres_server: str
) -> None:
    import postgres

    with postgres.fresh_database(postgres_server, "broken_hold") as url:
        workspace = nights.make(tmp_path / "w", url)
        with store.transaction(workspace) as connection:
            fence(connection)
            with pytest.raises(WorkspaceBusy, match="writing"), changing(workspace):
                pass
        with alone(workspace):
            pass


def test_an_older_database_and_the_newer_one_again_find_their_files(march: Workspace) -> None:
    older = march.root / "older.db"
    newer = march.root / "newer.db"
    database = march.root / "rebill.db"
    before = nights.exported(march)
    shutil.copy(database, older)
    nights.put(march, [("april.csv", nights.bill(4, nights.USUAL))])
    nights.night(march, "2026-04-30")
    after = nights.exported(march)
    database.rename(newer)
    shutil.copy(older, database)
    assert nights.exported(open_workspace(march.root)) == before
    nights.night(march, "2026-04-30")
    assert nights.exported(open_workspace(march.root)) == after
    newer.replace(database)
    assert nights.exported(open_workspace(march.root)) == after
    assert faults(march) == []


def test_a_command_waits_for_another_as_long_as_it_is_told(march: Workspace, rebill: Call) -> None:
    held = threading.Event()
    ends = threading.Event()

    def hold() -> None:
        with alone(march):
            held.set()
            ends.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    held.wait(30)
    words = ("nightly", "--as-of", "2026-03-31", "--workspace", march.root)
    code, _, err = rebill(*words)
    assert (code, "in use by another rebill command" in err) == (3, True)
    threading.Timer(0.3, ends.set).start()
    assert rebill(*words, "--wait", "30")[0] in (0, 1)
    other.join()
