"""Bank files through the whole product: booked once, matched, told, and never half."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import nights
import pytest
from bank_writers import Batch, Entry, File, Move, Statement, bai2, nacha
from nights import exported, night, put
from shell import Call

from rebill.workspace.settings import Workspace

D = Decimal
day = dt.date.fromisoformat
CONTRACT = """
[contract.debit]
terms = { anchor = "bill_date", days = 15 }
company_id = "1234567890"
"""
LINE = "1FB 6145550131 20.00 20.00"
TRACE = "091000010000001"


def ready(root: Path) -> None:
    """Make a workspace with a contract that says who pulls, and a bill of February."""
    workspace = nights.small(root)
    path = workspace.root / "reference" / "contracts.toml"
    path.write_text(path.read_text() + CONTRACT)
    nights.loaded(workspace, workspace.root / "reference")
    put(workspace, [("feb.csv", nights.bill(2, LINE))])
    night(workspace, "2026-02-10")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Such a workspace, named by the environment."""
    workspace = nights.copied(tmp_path / "w", ready)
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    return workspace


def rows(workspace: Workspace, name: str) -> list[dict[str, str]]:
    """Return an exported table."""
    return list(csv.DictReader(io.StringIO(exported(workspace, name)[name])))


def debit(workspace: Workspace, invoice: str = "INV2") -> dict[str, str]:
    """Return the row of an invoice in `debits`."""
    return next(row for row in rows(workspace, "debits") if row["invoice_no"] == invoice)


def pull(amount: str = "20.00", on: str = "2026-02-20", **more: str) -> bytes:
    """Return a Nacha file with one debit."""
    entry = Entry(D(amount), **{"trace": TRACE, **more})
    return nacha(File([Batch([entry], effective=day(on))], created=day(on)))


def back(code: str = "R01", trace: str = TRACE, on: str = "2026-02-23") -> bytes:
    """Return a Nacha file with the return of a debit."""
    entry = Entry(D("20.00"), "26", trace="076401250000001", returned=(code, trace))
    return nacha(File([Batch([entry], effective=day(on))], created=day(on)))


def in_a_row(text: str) -> str:
    """A printed list as one line, wherever its words were wrapped."""
    return " ".join(text.split())


def saved(workspace: Workspace, name: str, content: bytes) -> Path:
    """Return the path of a file beside the workspace."""
    path = workspace.root.parent / name
    path.write_bytes(content)
    return path


def test_a_debit_that_happened_is_debited(place: Workspace, rebill: Call) -> None:
    assert debit(place)["status"] == "expected"
    path = saved(place, "ach.txt", pull())
    code, out, err = rebill("cash", "import", path, "--json")
    assert (code, err.count("refused")) == (0, 0), err
    assert json.loads(out) == [{"file": "ach.txt", "became": "1 entry of nacha booked"}]
    row = debit(place)
    assert (row["status"], row["amount"]) == ("debited", "20.00")
    assert (row["pulled"], row["pulled_on"]) == ("20.00", "2026-02-20")
    assert (row["returned"], row["returned_on"]) == ("0.00", "")
    assert [e["matched"] for e in rows(place, "bank_entries")] == ["20.00"]


def test_the_same_file_twice_changes_nothing(place: Workspace, rebill: Call) -> None:
    names = ("bank_entries", "debit_settlements", "pull_events", "debits", "findings", "exposure")
    assert rebill("cash", "import", saved(place, "a.txt", pull()))[0] == 0
    before = exported(place, *names)
    again = pull().replace(b"\n", b"\r\n")
    for name, content in (("a.txt", pull()), ("b.txt", pull()), ("c.txt", again)):
        code, out, _ = rebill("cash", "import", saved(place, name, content))
        assert code == 0 and "repeated" in out
        assert exported(place, *names) == before


def test_what_is_wrong_with_a_file_is_said_and_nothing_of_it_is_booked(
    place: Workspace, rebill: Call
) -> None:
    good = saved(place, "good.txt", pull())
    text = pull(amount="30.00").decode().replace("0000003000", "0000003001", 1)
    bad = saved(place, "bad.txt", text.encode())
    code, out, err = rebill("cash", "import", bad, good)
    assert code == 1
    assert "total_debit (21-32)" in out and "batch control" in out and "record 4" in out
    assert [row["amount"] for row in rows(place, "bank_entries")] == ["20.00"]
    assert rebill("cash", "import", bad)[0] == 2
    code, out, _ = rebill("cash", "import", saved(place, "no.txt", b"hello\n"))
    assert code == 2 and "no bank file" in out
    assert len(rows(place, "bank_entries")) == 1


def test_a_return_waits_for_the_debit_it_undoes(place: Workspace, rebill: Call) -> None:
    late = saved(place, "return.txt", back())
    code, out, _ = rebill("cash", "import", late)
    assert code == 2 and f"trace {TRACE}, which is not on record" in in_a_row(out)
    assert "original_trace (7-21)" in out and rows(place, "bank_entries") == []
    code, out, _ = rebill("cash", "import", late, saved(place, "ach.txt", pull()))
    assert code == 0
    row = debit(place)
    assert (row["status"], row["returned"], row["returned_on"]) == (
        *("returned", "20.00", "2026-02-23"),
    )
    assert all(row["debited"] == "0.00" for row in rows(place, "exposure"))


def test_a_return_with_a_year_nobody_means_and_another_trace_is_booked_with_a_doubt(
    place: Workspace, rebill: Call
) -> None:
    own = Entry(D("20.00"), "26", trace="076401250000001", returned=("R01", TRACE))
    own = replace(own, own_trace="076401250000099")
    batch = Batch([own], effective="000101", settlement_day="054")
    late = saved(place, "ret.txt", nacha(File([batch], created=day("2026-02-24"))))
    assert rebill("cash", "import", saved(place, "ach.txt", pull()))[0] == 0
    told = json.loads(rebill("describe", late, "--json")[1])
    assert [one["field"] for one in told["doubts"]] == ["effective_date (70-75)", "trace (80-94)"]
    code, out, err = rebill("cash", "import", late)
    assert code == 0 and err.count("bank file doubtful") == 2
    assert "booked; doubtful: record 2: batch header, effective_date" in in_a_row(out)
    assert "`000101` is no day" in in_a_row(out) and "(and 1 more)" in in_a_row(out)
    row = debit(place)
    assert (row["status"], row["returned_on"]) == ("returned", "2026-02-23")


def test_what_came_back_is_pulled_with_the_next_bill(place: Workspace) -> None:
    put(place, [("ach.txt", pull().decode()), ("ret.txt", back().decode())])
    put(place, [("mar.csv", nights.bill(3, LINE, previous="20.00").replace(",-20.00,", ",0.00,"))])
    text = (place.inbox / "mar.csv").read_text()
    (place.inbox / "mar.csv").write_text(text.replace(",20.00,20.00,,", ",20.00,40.00,,"))
    night(place, "2026-03-10")
    assert debit(place)["status"] == "returned"
    assert (debit(place, "INV3")["amount"], debit(place, "INV3")["status"]) == ("40.00", "expected")
    # It is the order of the papers that could matter: the bill before the return.
    other = nights.copied(place.root.parent / "other", ready)
    put(other, [("mar.csv", (place.inbox / "mar.csv").read_text())])
    night(other, "2026-03-10")
    assert debit(other, "INV3")["amount"] == "20.00"
    put(other, [("ach.txt", pull().decode()), ("ret.txt", back().decode())])
    night(other, "2026-03-11")
    assert debit(other, "INV3")["amount"] == "40.00"
    again = pull("40.00", "2026-03-20", trace="091000010000002")
    put(other, [("ach3.txt", again.decode())])
    night(other, "2026-03-21")
    assert debit(other, "INV3")["status"] == "debited"
    assert [row["code"] for row in rows(other, "pull_events")] == ["pull_returned"]


def test_the_night_takes_bank_files_from_the_inbox(place: Workspace) -> None:
    put(place, [("ach.txt", pull().decode()), ("mar.csv", nights.bill(3, LINE))])
    statement = bai2(
        [Statement([Move(D("20.00"), text=f"ACH TRACE#:{TRACE}")], day=day("2026-02-20"))]
    )
    put(place, [("balance.bai", statement.decode())])
    outcome = night(place, "2026-03-10")
    names = [type(stage).__name__ for stage in outcome.plan.stages]
    assert names.count("ReadBank") == 2 and names.count("MatchPulls") == 1
    assert len(rows(place, "documents")) == 2
    assert debit(place)["status"] == "debited" and debit(place)["pulled"] == "20.00"
    same = {row["source"]: row["matched"] for row in rows(place, "bank_entries")}
    assert same == {"nacha": "20.00", "bai2": "0.00"}
    assert not night(place, "2026-03-10").plan.stages


def test_a_return_in_the_inbox_waits_and_the_night_has_nothing_to_do(
    place: Workspace,
) -> None:
    put(place, [("ret.txt", back().decode())])
    assert not [row for row in rows(place, "documents") if row["source_file"] == "ret.txt"]
    assert "refused" in night(place, "2026-02-24").became["ret.txt"]
    assert not night(place, "2026-02-24").plan.stages
    put(place, [("ach.txt", pull().decode())])
    night(place, "2026-02-24")
    assert debit(place)["status"] == "returned"
    assert not night(place, "2026-02-24").plan.stages


def test_a_bill_may_come_after_its_pull(place: Workspace, rebill: Call) -> None:
    early = pull("20.00", "2026-03-20", individual_id="INV3", trace="091000010000007")
    assert rebill("cash", "import", saved(place, "ach.txt", early))[0] == 0
    events = rows(place, "pull_events")
    assert [(row["code"], row["cause"]) for row in events] == [("pull_unmatched", "whole")]
    put(place, [("mar.csv", nights.bill(3, LINE))])
    night(place, "2026-03-25")
    assert debit(place, "INV3")["status"] == "debited"
    assert rows(place, "pull_events") == []


def test_a_stranger_is_told_with_the_day_to_return_by(place: Workspace, rebill: Call) -> None:
    stranger = Batch([Entry(D("75.00"))], company_id="5555555555", effective=day("2026-02-20"))
    path = saved(place, "ach.txt", nacha(File([stranger], created=day("2026-02-19"))))
    assert rebill("cash", "import", path)[0] == 0
    code, out, _ = rebill("cash", "events", "--json")
    event = json.loads(out)[0]
    assert (event["code"], event["suggested_return"]) == ("unknown_originator", "R29")
    assert (event["send_by"], event["at_originator_by"]) == ("2026-02-23", "2026-02-24")
    code, _, err = rebill("nightly", "--as-of", "2026-02-20")
    assert code == 1 and "debits_to_return" in err
    page = (place.outbox / "digest.html").read_text()
    assert "Debits to return" in page and "5555555555" in page
    assert "returns,2026-02-23," in (place.outbox / "digest.csv").read_text()
    rebill("nightly", "--as-of", "2026-02-24")
    assert "Debits to return" not in (place.outbox / "digest.html").read_text()
    found = [row for row in rows(place, "findings") if row["code"] == "unknown_originator"]
    assert len(found) == 1 and "5555555555" in found[0]["message"]


def test_payments_are_held_against_what_was_pulled(place: Workspace, rebill: Call) -> None:
    """The bank took 19.00 for February; a March bill that shows 20.00 paid breaks."""
    took = pull("19.00", individual_id="INV2")
    assert rebill("cash", "import", saved(place, "ach.txt", took))[0] == 0
    put(place, [("mar.csv", nights.bill(3, LINE, previous="20.00"))])
    night(place, "2026-03-10")
    broken = [row for row in rows(place, "findings") if row["code"] == "balance_breaks"]
    assert [(row["billed"], row["expected"]) for row in broken] == [("-20.00", "-19.00")]


def test_exposure_counts_what_the_bank_took_on_its_day(place: Workspace, rebill: Call) -> None:
    took = pull("23.00", "2026-02-18", individual_id="INV2")
    assert rebill("cash", "import", saved(place, "ach.txt", took))[0] == 0
    by_day = {row["on"]: row for row in rows(place, "exposure")}
    assert by_day["2026-02-17"]["debited"] == "0.00"
    assert by_day["2026-02-18"]["debited"] == by_day["2026-02-20"]["debited"] == "23.00"
    places = ("undisputed", "unfiled", "open", "credited", "denied", "withdrawn", "expired")
    for row in by_day.values():
        assert D(row["debited"]) == sum(D(row[name]) for name in places)


def test_each_pull_of_a_bill_counts_on_its_own_day_and_the_bill_pends_until_the_first(
    place: Workspace, rebill: Call
) -> None:
    """February is pulled early in two parts, and once more a month later."""
    taken = (("12.00", "2026-02-18"), ("8.00", "2026-02-20"), ("20.00", "2026-03-20"))
    for n, (amount, on) in enumerate(taken):
        trace = f"09100001000000{n}"
        path = saved(place, f"{n}.txt", pull(amount, on, individual_id="INV2", trace=trace))
        assert rebill("cash", "import", path)[0] == 0
    night(place, "2026-03-31")
    sums = {"2026-02-17": "0.00", "2026-02-18": "12.00", "2026-02-20": "20.00"}
    sums |= {"2026-03-19": "20.00", "2026-03-20": "40.00"}
    by_day = {row["on"]: row for row in rows(place, "exposure")}
    assert {on: by_day[on]["debited"] for on in sums} == sums
    assert all(row["debited"] == row["undisputed"] for row in by_day.values())
    pends = {row["on"]: row["pending"] for row in rows(place, "exposure_detail")}
    assert (pends["2026-02-17"], pends["2026-02-18"]) == ("20.00", "0.00")
    assert [row["debited"] for row in rows(place, "bill_exposure")] == ["40.00"]


def test_a_bank_file_is_described_without_being_booked(
    place: Workspace, rebill: Call, tmp_path: Path
) -> None:
    path = saved(place, "ach.txt", pull("12.34", individual_id="INV2"))
    for more in ((), ("--workspace", str(tmp_path / "none"))):
        code, out, _ = rebill("describe", path, "--json", *more)
        told = json.loads(out)
        assert (code, told["format"], told["faults"]) == (0, "nacha", [])
        (entry,) = told["entries"]
        assert (entry["amount"], entry["settled_on"]) == ("12.34", "2026-02-20")
        assert [(row["entries"], row["amount"]) for row in told["sums"]] == [(1, "12.34")]
    assert rows(place, "bank_entries") == []
    broken = saved(place, "broken.txt", pull()[:285])
    code, out, _ = rebill("describe", broken)
    assert code == 0 and "cut off" in out


def test_a_declared_statement_is_imported(place: Workspace, rebill: Call) -> None:
    settings = place.root / "rebill.toml"
    settings.write_text(
        settings.read_text()
        + '[[bank.statement]]\nname = "first"\ndelimiter = ";"\ndate = "Posted"\n'
        + 'date_format = "%m/%d/%Y"\namount = "Amount"\ndescription = "Details"\n'
    )
    text = "Posted;Details;Amount\n02/20/2026;ACH ILEC 305R010001;-20.00\n"
    assert rebill("cash", "import", saved(place, "s.csv", text.encode()))[0] == 0
    assert debit(place)["status"] == "debited"
    settings.write_text(settings.read_text() + 'delimitr = "x"\n')
    code, _, err = rebill("cash", "import", saved(place, "s.csv", text.encode()))
    assert code == 2 and "delimitr" in err


def test_bank_files_are_kept_on_both_databases(tmp_path: Path, database_url: str) -> None:
    workspace = nights.copied(tmp_path / "w", ready, database_url)
    put(workspace, [("ach.txt", pull().decode()), ("ret.txt", back().decode())])
    night(workspace, "2026-02-24")
    assert debit(workspace)["status"] == "returned"
    assert [row["code"] for row in rows(workspace, "pull_events")] == ["pull_returned"]


def test_a_night_killed_while_matching_is_finished_by_the_next(place: Workspace) -> None:
    class Killed(Exception):
        pass

    def kill(boundary: str) -> None:
        if boundary == "MatchPulls":
            raise Killed

    put(place, [("ach.txt", pull().decode())])
    with pytest.raises(Killed):
        night(place, "2026-02-24", kill)
    assert rows(place, "bank_entries") == [] and debit(place)["status"] == "expected"
    night(place, "2026-02-24")
    assert debit(place)["status"] == "debited"


def test_the_calendar_shows_pulls_to_come_and_estimates(place: Workspace, rebill: Call) -> None:
    code, out, _ = rebill("cash", "calendar", "--as-of", "2026-02-12", "--days", "45", "--json")
    here, later = json.loads(out)
    assert (here["status"], here["debit_on"], here["amount"]) == ("expected", "2026-02-20", "20.00")
    assert (later["status"], later["debit_on"], later["bill_date"]) == (
        *("estimated", "2026-03-20", "2026-03-05"),
    )
    assert (later["amount_low"], later["amount_high"], later["bills_seen"]) == ("20.00", "20.00", 1)
    assert all(row["status"] != "estimated" for row in rows(place, "debits"))
    words = ("cash", "calendar", "--as-of", "2026-02-12", "--days", "45", "--cash", "30.00")
    code, out, _ = rebill(*words, "--csv")
    table = list(csv.DictReader(io.StringIO(out)))
    assert [row["cash_after"] for row in table] == ["10.00", "-10.00"]
    assert [row["short_of_cash"] for row in table] == ["false", "true"]
    code, out, _ = rebill(*words)
    assert code == 0 and "! short of cash" in out.splitlines()[-1]
    assert [row["status"] for row in rows(place, "pulls_to_come")].count("expected") == 1
    settings = place.root / "rebill.toml"
    settings.write_text(settings.read_text() + '[cash]\nat_hand = "5.00"\n')
    code, out, _ = rebill("cash", "calendar", "--as-of", "2026-02-12", "--json")
    assert json.loads(out)[0]["cash_after"] == "-15.00"


def test_an_amount_of_cash_is_dollars_and_cents(place: Workspace, rebill: Call) -> None:
    for wrong in ("1.005", "much", "nan", "1e9999"):
        assert rebill("cash", "calendar", "--as-of", "2026-02-12", "--cash", wrong)[0] == 2
    assert rebill("cash", "calendar", "2026", "--json")[1].count("closed_on") == 10
