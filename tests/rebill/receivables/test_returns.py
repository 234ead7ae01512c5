"""What comes back is known by its trace, reopens its invoice and is no pull of a carrier."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path

import nights
import postgres
import pytest
from bank_writers import Batch, Entry, File
from bank_writers import nacha as paper
from debited_world import FIRST, LIVE, SETTLED, bank_says, day, debit, debited, owes
from owing_world import owing
from shell import Call

from rebill.receivables.debits import sent
from rebill.selling.issue import issue
from rebill.store.record import reading
from rebill.workspace.settings import SETTINGS_FILE, Workspace


@pytest.fixture
def owed_elsewhere(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    postgres_server: str,
    upgraded_postgres: str,
) -> Iterator[Workspace]:
    """The same on PostgreSQL."""
    with postgres.fresh_database(postgres_server, "receivables", upgraded_postgres) as url:
        workspace = nights.copied(tmp_path / "w", owing, url)
        monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
        yield workspace


def test_a_debit_that_comes_back_reopens_its_invoice(
    owed_elsewhere: Workspace, rebill: Call
) -> None:
    owed = owed_elsewhere
    debited(owed, rebill)
    before = nights.exported(owed, "pull_events")
    bank_says(owed, rebill, ("C1", "R01", ""), ("C2", "R10", ""), ("C1", "C01", "00123456780"))
    assert nights.exported(owed, "pull_events") == before  # none of it is a carrier's pull
    table = nights.exported(owed, "bank_entries")["bank_entries"]
    assert "00123456780" not in table and "****6780" in table
    assert owes(owed, "2026-04-09") == {}
    assert owes(owed, "2026-04-10") == {"C1": "27.50", "C2": "3.66"}
    entries, why = debit(rebill, "2026-04-13", "--keep")
    assert not entries and [words[:46] for words in why] == [
        "its debit came back on 2026-04-10, R01: insuff",
        "its debit came back on 2026-04-10, R10: consum",
    ]
    code, out, _ = rebill("receivables", "returns", "--as-of", "2026-04-13", "--json")
    assert "00123456780" not in out and "****6780" in out
    rows = {row["customer"]: row for row in json.loads(out) if row["code"] > "R"}
    assert rows["C1"]["amount"] == "27.50" and "pay" in rows["C1"]["remedy"]
    assert rows["C2"]["account"] == "****4411" and "newer" in rows["C2"]["remedy"]


def test_the_next_invoice_counts_the_debit_and_its_return_as_known_that_day(
    owed_elsewhere: Workspace, rebill: Call, tmp_path: Path
) -> None:
    """Nothing but debits was ever paid; what is read after an invoice does not change it."""
    owed = owed_elsewhere
    debited(owed, rebill)
    lines = "1FB 6145550131 20.00 20.00\n1FB 6145550132 20.00 20.00"
    nights.put(owed, [("april.csv", nights.bill(4, lines))])
    nights.night(owed, "2026-04-09")
    issue(owed, [], day("2026-04-10"), nights.now, "2026-04")
    bank_says(owed, rebill, ("C1", "R01", ""))
    nights.put(owed, [("may.csv", nights.bill(5, lines))])
    nights.night(owed, "2026-05-06")
    issue(owed, [], day("2026-05-20"), nights.now, "2026-05")
    assert rebill("invoices", "render", "--format", "json,html", "-o", tmp_path / "o")[0] == 0
    rows = [json.loads(path.read_text()) for path in (tmp_path / "o").glob("*.json")]
    own = sorted((row for row in rows if row["customer"] == "C1"), key=lambda r: r["bill_month"])
    march, april, may = (row["account"] for row in own)
    said = ("previous_balance", "payments", "brought_forward", "past_due")
    assert march is None
    assert [april[name] for name in said] == ["27.50", "27.50", "0.00", "0.00"]
    assert [may[name] for name in said][:3] == [april["balance"], "-27.50", "49.50"]
    page = (tmp_path / "o" / f"{own[-1]['invoice_no']}.html").read_text()
    assert "Payments taken back" in page and "Payments received" not in page


def test_a_debit_refused_before_its_day_is_owed_once(owed: Workspace, rebill: Call) -> None:
    debited(owed, rebill)
    bank_says(owed, rebill, ("C1", "R13", ""), on="2026-04-07")
    for on in (LIVE, SETTLED):
        assert owes(owed, on)["C1"] == "27.50"


def test_a_file_of_ours_that_comes_back_is_no_pull_of_a_carrier(
    owed: Workspace, rebill: Call
) -> None:
    path = debited(owed, rebill)
    before = nights.exported(owed, "pull_events")
    code, out, err = rebill("cash", "import", path, "--as-of", SETTLED, "--yes")
    assert code == 0 and "2 entries of nacha booked" in out, err
    assert nights.exported(owed, "pull_events") == before
    bank_says(owed, rebill, ("C1", "R01", ""))
    assert owes(owed, "2026-04-10") == {"C1": "27.50"}


def test_a_return_of_what_another_company_took_by_the_same_trace_is_its_own(
    owed: Workspace, rebill: Call
) -> None:
    """It debits through the same bank, whose number begins its traces as it does ours."""
    debited(owed, rebill)
    with reading(owed) as record:
        trace = str(sent(record).filter(customer="C1", amount=D("27.50"))["trace"].item())
    pull = Entry(D("27.50"), "27", trace=trace)
    back = Entry(D("27.50"), "26", returned=("R29", trace))
    for place, entry in enumerate((pull, back)):
        file = File([Batch([entry], "9876543210", effective=day("2026-04-10"))], day("2026-04-09"))
        path = owed.root / f"{place}.ach"
        path.write_bytes(paper(file))
        code, out, err = rebill("cash", "import", path, "--as-of", "2026-04-10", "--yes")
        assert code == 0 and "booked" in out, out + err
    assert owes(owed, "2026-04-10") == {}
    assert (
        "returned"
        not in nights.exported(owed, "customer_debits")["customer_debits"].split("\n", 1)[1]
    )


def test_a_return_of_a_debit_that_is_not_on_record_holds_up_no_other(
    owed: Workspace, rebill: Call
) -> None:
    """It was made before this record, under the same number; a carrier's waits for its debit."""
    debited(owed, rebill)
    with reading(owed) as record:
        trace = str(sent(record).filter(customer="C1", amount=D("27.50"))["trace"].item())
    unknown = Entry(D("5.00"), "26", returned=("R01", "091000017654321"))
    entries = [Entry(D("27.50"), "26", returned=("R01", trace)), unknown]
    ours = Batch(entries, sec="PPD", effective=day("2026-04-10"))
    theirs = Batch([unknown], "9876543210", effective=day("2026-04-10"))
    for batch, told in ((theirs, "which is not on record"), (ours, "1 return is of debits that")):
        path = owed.root / "returns.ach"
        path.write_bytes(paper(File([batch], day("2026-04-09"))))
        _, out, err = rebill("cash", "import", path, "--as-of", "2026-04-10", "--yes")
        assert told in out, out + err
    assert owes(owed, "2026-04-10") == {"C1": "27.50"}
    assert not [
        row
        for row in nights.exported(owed, "pull_events")["pull_events"].splitlines()[1:]
        if "5.00" in row
    ]


def test_a_debit_tells_nothing_of_the_payments_of_others(owed: Workspace, rebill: Call) -> None:
    """C1 alone was debited, and no payment is loaded: what C2 paid nobody knows."""
    path = owed.root / SETTINGS_FILE
    path.write_text(path.read_text() + '[[dunning.step]]\nletter = "reminder"\ndays = 10\n')
    for on in (FIRST, LIVE):
        debit(rebill, on, "--keep", "--customer", "C1")
    bank_says(owed, rebill, ("C1", "R01", ""))
    code, _, err = rebill("receivables", "remind", "--as-of", "2026-04-20", "--keep", "--yes")
    assert code == 1 and "C2: no payment but debits of others is on record" in err
    assert [*(owed.outbox / "reminders").rglob("R-000001.*")]
    assert not [*(owed.outbox / "reminders").rglob("R-000002.*")]
