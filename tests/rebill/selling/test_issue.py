"""Invoices are issued once and for all; what was wrong is credited and invoiced anew."""

from __future__ import annotations

import datetime as dt
import multiprocessing
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path

import nights
import polars as pl
import pytest
from nights import USUAL, bill, copied, exported, night, now, outbox, put, small, table

from rebill.night import batch, job
from rebill.reference import load
from rebill.run import plan
from rebill.selling import issue
from rebill.workspace.settings import ConfigError, Hand, Workspace, open_workspace

ON = dt.date(2026, 3, 16)
ONE, TWO = "ACME-2026-000001", "ACME-2026-000002"


def _march(root: Path) -> None:
    workspace = small(root)
    put(workspace, [("b3.csv", bill(3, USUAL))])
    night(workspace, "2026-03-20")


@pytest.fixture
def drafted(tmp_path: Path) -> Workspace:
    """A workspace with the drafts of March: 27.50 and 3.66."""
    return copied(tmp_path / "w", _march)


@pytest.fixture
def drafted_on_any(tmp_path: Path, database_url: str) -> Workspace:
    """The same, once on a database of each kind."""
    return copied(tmp_path / "w", _march, database_url)


def invoices(workspace: Workspace, *columns: str) -> list[tuple[str | None, ...]]:
    return table(workspace, "customer_invoices").select(columns).rows()


def assert_all_foot(workspace: Workspace) -> None:
    """Every invoice is the sum of its rows, and no row stands on none."""
    bills = table(workspace, "customer_invoices")
    rows = table(workspace, "customer_lines").with_columns(pl.col("price").cast(pl.Decimal(18, 2)))
    sums = dict(rows.group_by("invoice_no").agg(pl.col("price").sum()).iter_rows())
    assert None not in sums
    for number, total in bills.select("invoice_no", "total").iter_rows():
        assert sums.pop(number, D("0.00")) == D(total), number
    assert not sums


def test_an_issued_invoice_never_changes_whatever_comes_after(drafted: Workspace) -> None:
    issued, waiting = issue.issue(drafted, [ONE], ON, now)
    assert issued["invoice_no"].to_list() == [ONE] and waiting.is_empty()
    before = exported(drafted, "customer_invoices", "customer_lines")
    papers = outbox(drafted)
    other = bill(3, "1FB 6145550131 21.00 21.00", ban="305R010002")
    put(drafted, [("other.csv", other.replace("INV3", "A0"))])
    (drafted.root / "markups.csv").write_text("method,value\npercent,0.50\n")
    assert load.load(drafted, [drafted.root / "markups.csv"]).ok
    night(drafted, "2026-03-25")

    bills = invoices(drafted, "invoice_no", "customer", "status", "total")
    assert (ONE, "C1", "issued", "27.50") in bills
    for name, text in before.items():
        own = [row for row in text.splitlines() if ONE in row]
        assert own == [row for row in exported(drafted, name)[name].splitlines() if ONE in row]
    for path, data in papers.items():
        assert ONE not in path or outbox(drafted)[path] == data
    assert_all_foot(drafted)


def test_a_month_issued_in_part_goes_on_in_another_invoice(drafted: Workspace) -> None:
    issue.issue(drafted, [], ON, now, "2026-03")
    late = bill(3, "TTC 6145550131 7.00 7.00", ban="305R010002", number="Z9")
    put(drafted, [("late.csv", late)])
    night(drafted, "2026-03-25")
    put(drafted, [("late2.csv", late.replace("Z9", "Z8").replace("TTC", "TTD"))])
    night(drafted, "2026-03-26")
    states = invoices(drafted, "invoice_no", "customer", "status", "lines")
    assert states[:2] == [(ONE, "C1", "issued", "2"), (TWO, "C2", "issued", "1")]
    assert all(row[2] == "draft" for row in states[2:])
    assert_all_foot(drafted)


def test_a_void_draft_keeps_its_number_and_its_lines_come_back(drafted: Workspace) -> None:
    issue.void(drafted, [ONE], ON, "not yet", now)
    states = invoices(drafted, "invoice_no", "status", "total", "note")
    assert states == [(ONE, "void", "0.00", "not yet"), (TWO, "draft", "3.66", None)]
    assert_all_foot(drafted)
    assert not [path for path in outbox(drafted) if ONE in path]


def test_an_issued_invoice_is_taken_back_by_a_credit_note_that_refers_to_it(
    drafted_on_any: Workspace,
) -> None:
    issue.issue(drafted_on_any, [ONE], ON, now)
    (note,) = issue.void(drafted_on_any, [ONE], dt.date(2026, 3, 20), "wrong", now).to_dicts()
    assert note["invoice_no"] == "ACME-2026-000003"
    assert invoices(drafted_on_any, "invoice_no", "kind", "status", "total", "corrects") == [
        (ONE, "invoice", "issued", "27.50", None),
        (TWO, "invoice", "draft", "3.66", None),
        ("ACME-2026-000003", "credit_note", "issued", "-27.50", ONE),
    ]
    assert invoices(drafted_on_any, "corrected_by")[0] == ("ACME-2026-000003",)
    assert_all_foot(drafted_on_any)
    with pytest.raises(ConfigError, match="credited already, by ACME-2026-000003"):
        issue.void(drafted_on_any, [ONE], ON, "again", now)
    with pytest.raises(ConfigError, match="is a credit note"):
        issue.void(drafted_on_any, ["ACME-2026-000003"], ON, "again", now)
    batch.run(
        drafted_on_any, job.Job("build", plan.plan_prices(("2026-03",)), ON), nights.QUIET, now
    )
    columns = ("invoice_no", "total", "status", "corrects", "replaced_by")
    assert invoices(drafted_on_any, *columns)[3] == (
        "ACME-2026-000004",
        "27.50",
        "draft",
        ONE,
        None,
    )
    assert_all_foot(drafted_on_any)
    issued, _ = issue.issue(drafted_on_any, ["ACME-2026-000004"], ON, now)
    assert issued["status"].to_list() == ["issued"]
    refers = [row for row in invoices(drafted_on_any, *columns) if row[4]]
    assert [(row[0], row[4]) for row in refers] == [
        (ONE, "ACME-2026-000004"),
        ("ACME-2026-000003", "ACME-2026-000004"),
    ]
    assert_all_foot(drafted_on_any)


def test_what_cannot_be_issued_is_told_and_nothing_is_half_done(drafted: Workspace) -> None:
    before = exported(drafted, "customer_invoices")
    with pytest.raises(ConfigError, match="there is no invoice X"):
        issue.issue(drafted, [ONE, "X"], ON, now)
    assert exported(drafted, "customer_invoices") == before
    issue.issue(drafted, [ONE], ON, now)
    with pytest.raises(ConfigError, match=f"{ONE} is issued, not a draft"):
        issue.issue(drafted, [TWO, ONE], ON, now)
    assert invoices(drafted, "status") == [("issued",), ("draft",)]


@pytest.mark.parametrize("what", ["issue", "void"])
def test_a_command_ended_before_its_papers_leaves_them_when_it_is_given_again(
    drafted: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def act(workspace: Workspace) -> None:
        if what == "issue":
            issue.issue(workspace, [ONE], ON, now)
        else:
            issue.void(workspace, [ONE], ON, "wrong", now)

    undisturbed = copied(tmp_path / "undisturbed", _march)
    act(undisturbed)
    with monkeypatch.context() as ended, pytest.raises(KeyboardInterrupt):
        ended.setattr(issue.deliver, "deliver", _ended)
        act(drafted)
    assert outbox(drafted) != outbox(undisturbed)
    with pytest.raises(ConfigError, match=f"{ONE} is"):
        act(drafted)
    assert outbox(drafted) == outbox(undisturbed)
    assert invoices(drafted, "invoice_no", "status") == invoices(
        undisturbed, "invoice_no", "status"
    )


def _ended(*_: object) -> None:
    raise KeyboardInterrupt


def _void_and_build(root: Path, number: str) -> None:
    patient = replace(open_workspace(root), hand=Hand(patience=60))
    issue.void(patient, [number], ON, "at once", now)


def test_two_runs_at_once_give_every_number_once_and_leave_none_out(
    drafted_on_any: Workspace,
) -> None:
    issue.issue(drafted_on_any, [ONE, TWO], ON, now)
    context = multiprocessing.get_context("spawn")
    runs = [
        context.Process(target=_void_and_build, args=(drafted_on_any.root, n)) for n in (ONE, TWO)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert [run.exitcode for run in runs] == [0, 0]
    numbers = [str(row[0]) for row in invoices(drafted_on_any, "invoice_no")]
    assert numbers == [f"ACME-2026-{n:06d}" for n in range(1, 5)]
    assert_all_foot(drafted_on_any)
