"""The night: what it takes, what it leaves, that it repeats and survives, and in any order."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import nights
import polars as pl
import pytest
from checkout import ROOT
from nights import USUAL, bill, exported, night, outbox, put, small, table
from worlds import world

from rebill.audit import passes as auditing
from rebill.night import batch
from rebill.store.record import reading
from rebill.workspace import lock, settings
from rebill.workspace.settings import WorkspaceBusy

BILLS = [(f"b{month}.csv", bill(month, USUAL)) for month in (2, 3, 4)]


def by(workspace: settings.Workspace, name: str, *columns: str) -> list[tuple[str | None, ...]]:
    """Return columns of an exported table as rows of text."""
    return table(workspace, name).select(columns).rows()


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
    workspace = small(tmp_path / "w")
    put(workspace, BILLS)
    first = night(workspace, "2026-04-10")
    before = exported(workspace), outbox(workspace)
    assert first.plan and not batch.explain(workspace, nights.job(workspace, "2026-04-10"))
    again = night(workspace, "2026-04-10")
    assert not again.plan
    assert [seen.left for seen in again.plan.passed_over] == ["known"] * 3
    assert (exported(workspace), outbox(workspace)) == before


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


# --- what comes again, contradicts or cannot be read --------------------------------------------


def test_a_document_sent_again_in_another_file_adds_no_row(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, BILLS)
    night(workspace, "2026-04-10")
    before = exported(workspace)
    reordered = "\n".join([*head_and_document(BILLS[0][1]), *lines_of(BILLS[0][1])[::-1]]) + "\n\n"
    put(workspace, [("again.csv", reordered)])
    outcome = night(workspace, "2026-04-10")
    assert outcome.became == {"again.csv": "1 repeated"}
    assert exported(workspace) == before
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
    before = exported(workspace)
    put(workspace, [(f"again{n}.csv", text + "\n") for n, text in enumerate(versions)])
    assert set(night(workspace, "2026-04-10").became.values()) == {"1 repeated"}
    assert exported(workspace) == before
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


# --- several months, any order ------------------------------------------------------------------


def facts_of(workspace: settings.Workspace) -> dict[str, list[tuple[str | None, ...]]]:
    """What must not depend on when or in which order documents came."""
    left_out = {
        "documents": ["received_on"],
        "lines": [],
        "findings": ["claim_no"],
        "customer_lines": ["invoice_no"],
        "debits": [],
    }
    return {
        name: sorted(table(workspace, name).drop(columns).rows(), key=str)
        for name, columns in left_out.items()
    }


@pytest.mark.parametrize("seed", [1, 11])
def test_months_in_one_night_or_night_by_night_or_backwards_give_the_same(
    seed: int, tmp_path: Path
) -> None:
    invented = world(seed, 3)
    months = nights.papers_of(invented)
    everything = [file for files in months.values() for file in files]
    shuffled = random.Random(seed).sample(everything, len(everything))
    ways = {
        "at once": [everything],
        "by month": list(months.values()),
        "backwards": list(months.values())[::-1],
        "shuffled": [shuffled[::2], shuffled[1::2]],
    }
    facts = {}
    for way, batches in ways.items():
        workspace = nights.of_world(tmp_path / way.replace(" ", "-"), invented)
        for arriving in batches:
            put(workspace, arriving)
            night(workspace, "2027-01-15")
        facts[way] = facts_of(workspace)
    for way in ways:
        assert facts[way] == facts["at once"], way


def test_a_big_night_judged_share_by_share_on_disk_says_what_a_small_one_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invented = world(5, 3)
    months = list(nights.papers_of(invented).values())
    facts = []
    for name in ("small", "big"):
        if name == "big":
            monkeypatch.setattr(auditing, "A_SHARE", 20)
        workspace = nights.of_world(tmp_path / name, invented)
        for arriving in (months[0], [file for month in months[1:] for file in month]):
            put(workspace, arriving)
            night(workspace, "2027-01-15")
        facts.append(facts_of(workspace))
    assert facts[1] == facts[0]
    assert len(facts[0]["lines"]) > 60


def test_file_names_and_splits_do_not_matter(tmp_path: Path) -> None:
    one, many = small(tmp_path / "one"), small(tmp_path / "many")
    joined = BILLS[0][1] + "".join(text.partition("\n")[2] for _, text in BILLS[1:])
    put(one, [("all.csv", joined)])
    put(many, [(f"z{9 - n}.csv", text) for n, (_, text) in enumerate(BILLS)])
    names = ("claims", "customer_invoices", "customer_lines", "debits")
    for workspace in (one, many):
        night(workspace, "2026-04-10")
    assert exported(one, *names) == exported(many, *names)


def test_a_customers_second_bill_of_the_month_joins_the_draft_under_its_number(
    tmp_path: Path,
) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, [BILLS[0]])
    night(workspace, "2026-02-10")
    other = bill(2, "TTB 6145550131 4.00 4.00", ban="305R010002")
    put(workspace, [("other.csv", other.replace("INV2", "X1"))])
    night(workspace, "2026-02-20")
    rows = by(workspace, "customer_invoices", "invoice_no", "customer", "lines")
    assert rows[0] == ("ACME-2026-000001", "C1", "2"), "what is billed twice is not invoiced twice"
    assert len(rows) == 2


def test_an_earlier_bill_that_comes_late_takes_its_charge_back_from_the_later(
    tmp_path: Path,
) -> None:
    workspace = small(tmp_path / "w")
    late = bill(2, "TTB 6145550131 5.00 5.00", number="A1", ban="305R010002")
    put(workspace, [BILLS[0]])
    night(workspace, "2026-02-10")
    put(workspace, [("late.csv", late)])
    night(workspace, "2026-02-20")
    twice = table(workspace, "findings").filter(pl.col("code") == "charged_twice")
    assert twice.select("amount_at_stake", "source_file").rows() == [("5.00", "b2.csv")]
    claims = by(workspace, "claims", "reason", "amount", "status")
    assert ("DUP", "5.00", "ready") in claims


# --- claims that were filed ---------------------------------------------------------------------


def test_a_filed_claim_stays_as_it_was_written_and_is_marked(tmp_path: Path) -> None:
    import datetime as dt

    from rebill.disputes.file import submit

    workspace = small(tmp_path / "w")
    late = bill(2, "TTB 6145550131 5.00 5.00", number="Z1", ban="305R010002")
    put(workspace, [("b.csv", late)])
    night(workspace, "2026-02-10")
    put(workspace, [("second.csv", bill(2, "TTB 6145550131 5.00 5.00", number="Z2"))])
    night(workspace, "2026-02-11")
    (claim,) = [row for row in by(workspace, "claims", "claim_no", "reason") if row[1] == "DUP"]
    submit(workspace, [str(claim[0])], dt.date(2026, 2, 12), "ana", None)
    packet = outbox(workspace)[f"claims/2026-02/{claim[0]}.csv"]
    put(workspace, [("first.csv", bill(2, "TTB 6145550131 4.00 4.00", number="A1"))])
    night(workspace, "2026-02-13")
    submitted = table(workspace, "claims").filter(pl.col("claim_no") == claim[0])
    assert submitted.select("status", "amount").rows() == [("submitted", "5.00")]
    assert outbox(workspace)[f"claims/2026-02/{claim[0]}.csv"] == packet


def test_a_claim_that_waits_takes_up_new_findings_of_its_key(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, [("a.csv", bill(2, "1FB 6145550131 22.00 22.00", number="A"))])
    night(workspace, "2026-02-10")
    put(workspace, [("b.csv", bill(2, "TTB 6145550131 6.00 6.00", number="B"))])
    night(workspace, "2026-02-11")
    assert by(workspace, "claims", "claim_no", "reason", "amount") == [("D-000001", "RATE", "3.00")]
    packet = outbox(workspace)["claims/2026-02/D-000001.csv"].decode()
    assert packet.count("\n") == 3


def test_a_stake_below_the_minimum_is_told_and_not_claimed(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, [("a.csv", bill(2, "1FB 6145550131 20.40 20.40"))])
    night(workspace, "2026-02-10")
    assert table(workspace, "claims").is_empty()
    above = table(workspace, "findings").filter(pl.col("code") == "rate_above_contract")
    assert above.select("amount_at_stake", "claim_no").rows() == [("0.40", None)]
    small_money = [
        row for row in outbox(workspace)["digest.csv"].decode().splitlines() if row[:5] == "small"
    ]
    assert len(small_money) == 1 and "0.40" in small_money[0]


# --- killed, locked, lost -----------------------------------------------------------------------


class Killed(BaseException):
    """Stands for the process being ended."""


BOUNDARIES = (
    "ReadFile",
    "Settle",
    "Audit",
    "Schedule",
    "CheckBills",
    "Claim",
    "Price",
    "kept",
    "Deliver",
)


def february_then_the_rest(workspace: settings.Workspace) -> None:
    """A first night is done, and more has come in since."""
    put(workspace, BILLS[:1])
    night(workspace, "2026-02-10")
    put(workspace, [*BILLS[1:], ("bad.csv", "x\n")])


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> settings.Workspace:
    """A workspace whose second night went through."""
    workspace = small(tmp_path_factory.mktemp("calm") / "w")
    february_then_the_rest(workspace)
    night(workspace, "2026-04-10")
    return workspace


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_night_killed_at_any_boundary_is_finished_by_the_next(
    boundary: str, calm: settings.Workspace, tmp_path: Path
) -> None:
    def killer(reached: str) -> None:
        if reached == boundary:
            raise Killed

    killed = small(tmp_path / "killed")
    february_then_the_rest(killed)
    with pytest.raises(Killed):
        night(killed, "2026-04-10", killer)
    night(killed, "2026-04-10")
    assert exported(killed) == exported(calm)
    assert outbox(killed) == outbox(calm)
    assert not batch.explain(killed, nights.job(killed, "2026-04-10"))
    assert count_parquet(killed) == count_parquet(calm), "nothing half done lies around"


@pytest.mark.soak
def test_a_night_killed_by_the_system_at_any_moment_is_finished_by_the_next(
    calm: settings.Workspace, tmp_path: Path
) -> None:
    for attempt in range(12):
        killed = small(tmp_path / f"killed{attempt}")
        february_then_the_rest(killed)
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
        night(killed, "2026-04-10")
        assert exported(killed) == exported(calm)
        assert outbox(killed) == outbox(calm)


def count_parquet(workspace: settings.Workspace) -> int:
    """How many Parquet files there are, finished or not."""
    return len(list(workspace.lines.rglob("*.parquet")))


def test_a_paper_that_was_lost_is_written_again(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, BILLS)
    night(workspace, "2026-04-10")
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
    assert runs.select("command", "outcome").rows() == [("nightly", "done")] * 2
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
