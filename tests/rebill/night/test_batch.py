"""The night: what it takes, what it leaves, that it repeats and survives, and in any order."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import nights
import polars as pl
import pytest
from checkout import ROOT
from nights import bill, by, copied, exported, kept, night, outbox, put, small, table
from three_bills import BILLS, taken_in

from rebill.night import batch
from rebill.store.record import reading
from rebill.workspace import lock, settings
from rebill.workspace.settings import WorkspaceBusy


def test_a_night_goes_from_the_carriers_file_to_claims_invoices_and_pulls(
    tmp_path: Path, database_url: str
) -> None:
    workspace = small(tmp_path / "w", database_url)
    put(workspace, BILLS[1:2])
    night(workspace, "2026-03-20")
    assert by(workspace, "claims", "claim_no", "reason", "amount", "status", "file_by") == [
        ("D-000001", "DISC", "16.67", "ready", "2026-06-03"),
        ("D-000002", "RATE", "2.00", "ready", "2026-06-03"),
    ]
    assert by(workspace, "customer_invoices", "invoice_no", "customer", "bill_date", "total") == [
        ("ACME-2026-000001", "C1", "2026-03-15", "27.50"),
        ("ACME-2026-000002", "C2", "2026-03-05", "3.66"),
    ]
    assert by(workspace, "debits", "debit_on", "amount", "status") == [
        ("2026-03-20", "47.00", "expected")
    ]
    last = table(workspace, "exposure").filter(pl.col("on") == "2026-03-20")
    assert last.select("debited", "undisputed", "unfiled").rows() == [("47.00", "28.33", "18.67")]
    assert sorted(outbox(workspace)) == [
        "claims/2026-03/D-000001.csv",
        "claims/2026-03/D-000002.csv",
        "digest.csv",
        "digest.html",
        "invoices/2026-03/ACME-2026-000001.csv",
        "invoices/2026-03/ACME-2026-000001.html",
        "invoices/2026-03/ACME-2026-000002.csv",
        "invoices/2026-03/ACME-2026-000002.html",
    ]


def test_the_same_night_twice_is_an_empty_plan_and_changes_nothing(tmp_path: Path) -> None:
    workspace = taken_in(tmp_path / "w")
    before = kept(workspace), outbox(workspace)
    assert not batch.explain(workspace, nights.job(workspace, "2026-04-10"))
    again = night(workspace, "2026-04-10")
    assert not again.plan
    assert [seen.left for seen in again.plan.passed_over] == ["known"] * 3
    assert (kept(workspace), outbox(workspace)) == before


def test_what_explain_prints_is_what_is_carried_out(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, BILLS)
    job = nights.job(workspace, "2026-04-10")
    explained = batch.explain(workspace, job)
    assert exported(workspace, "documents")["documents"].count("\n") == 1
    done: list[str] = []
    outcome = night(workspace, "2026-04-10", done.append)
    assert outcome.plan == explained
    stages = [type(stage).__name__ for stage in explained.stages]
    assert [name for name in done if name != "kept"] == stages


def test_a_new_day_closes_windows_and_looks_for_missing_bills(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, BILLS[:1])
    night(workspace, "2026-02-10")
    night(workspace, "2026-05-07")
    assert set(by(workspace, "claims", "status")) == {("expired",)}
    missing = table(workspace, "findings").filter(pl.col("code") == "document_missing")
    assert missing["bill_date"].to_list() == ["2026-03-05", "2026-04-05"]


# --- killed, locked, lost -----------------------------------------------------------------------


class Killed(BaseException):
    """Stands for the process being ended."""


BOUNDARIES = (
    *("Claim", "kept", "Deliver"),
    *(
        pytest.param(step, marks=pytest.mark.soak)
        for step in ("ReadFile", "Settle", "Audit", "Schedule", "CheckBills", "Price")
    ),
)


def february_then_the_rest(root: Path) -> None:
    """A first night is done, and more has come in since."""
    workspace = small(root)
    put(workspace, BILLS[:1])
    night(workspace, "2026-02-10")
    put(workspace, [*BILLS[1:], ("bad.csv", "x\n")])


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """What a second night leaves that goes through."""
    workspace = copied(tmp_path_factory.mktemp("calm") / "w", february_then_the_rest)
    night(workspace, "2026-04-10")
    return left_by(workspace)


def left_by(workspace: settings.Workspace) -> tuple[object, ...]:
    """Return all tables, all papers, and how many Parquet files there are, finished or not."""
    files = list(workspace.lines.rglob("*.parquet"))
    return exported(workspace), outbox(workspace), len(files)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_night_killed_at_any_boundary_is_finished_by_the_next(
    boundary: str, calm: tuple[object, ...], tmp_path: Path
) -> None:
    def killer(reached: str) -> None:
        if reached == boundary:
            raise Killed

    killed = copied(tmp_path / "killed", february_then_the_rest)
    with pytest.raises(Killed):
        night(killed, "2026-04-10", killer)
    night(killed, "2026-04-10")
    assert left_by(killed) == calm, "and nothing half done lies around"
    assert not batch.explain(killed, nights.job(killed, "2026-04-10"))


@pytest.mark.soak
def test_a_night_killed_by_the_system_at_any_moment_is_finished_by_the_next(
    calm: tuple[object, ...], tmp_path: Path
) -> None:
    for attempt in range(12):
        killed = copied(tmp_path / f"killed{attempt}", february_then_the_rest)
        command = [sys.executable, "-m", "rebill.cli", "nightly", "--as-of", "2026-04-10"]
        process = subprocess.Popen(
            [*command, "--workspace", str(killed.root)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(0.8 + attempt * 0.25)
        process.kill()
        process.wait()
        # The system ends the command a moment after the process that watches it.
        night(replace(killed, hand=settings.Hand(patience=60)), "2026-04-10")
        assert left_by(killed)[:2] == calm[:2]


def test_a_paper_that_was_lost_is_written_again(tmp_path: Path) -> None:
    workspace = taken_in(tmp_path / "w")
    before = outbox(workspace)
    (workspace.outbox / "claims/2026-03/D-000002.csv").unlink()
    (workspace.outbox / "digest.html").unlink()
    night(workspace, "2026-04-10")
    assert outbox(workspace) == before


def test_two_nights_do_not_run_at_once(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    with lock.locked(workspace), pytest.raises(WorkspaceBusy):
        night(workspace, "2026-04-10")


def test_every_run_is_on_record_with_what_came_in(tmp_path: Path) -> None:
    from rebill.store import models, read_table

    workspace = small(tmp_path / "w")
    put(workspace, BILLS[:1])
    night(workspace, "2026-04-10")
    night(workspace, "2026-04-10")
    with reading(workspace) as record:
        runs = read_table(record.connection, models.Run)
        came = read_table(record.connection, models.RunFile)
    said = runs.select("command", "outcome").rows()
    assert said == [("load", "done"), ("nightly", "done"), ("nightly", "done")]
    assert came.select("name", "outcome", "size").rows() == [
        ("b2.csv", "ingested", len(BILLS[0][1])),
        ("b2.csv", "known", len(BILLS[0][1])),
    ]
    assert came["sha256"].str.len_chars().to_list() == [64, 64]


def test_a_bill_looked_at_again_keeps_the_rates_it_was_audited_with(tmp_path: Path) -> None:
    from rebill.reference.load import load

    workspace = small(tmp_path / "w")
    put(workspace, [BILLS[0]])
    night(workspace, "2026-02-10")
    rates = workspace.root / "reference" / "buy_rates.csv"
    rates.write_text(rates.read_text().replace("20.00", "21.00"))
    assert load(workspace, [rates], given=nights.NOW).load_id == 2
    late = bill(2, "1FB 6145550131 22.00 22.00", number="A1", ban="305R010002")
    put(workspace, [("late.csv", late)])
    night(workspace, "2026-02-20")
    expected = table(workspace, "lines").filter(pl.col("usoc") == "1FB")
    assert sorted(expected.select("source_file", "buy_rate", "expected").rows()) == [
        ("b2.csv", "20", "0.00"),
        ("b2.csv", "20", "20.00"),
        ("late.csv", "21", "21.00"),
    ]
    assert exported(workspace, "findings")["findings"].count(":charged_twice,") == 1
