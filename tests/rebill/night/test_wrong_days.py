"""Days that are hardly meant: asked for, and taken back; bills whose dates nobody believes."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import nights
import pytest
from nights import USUAL, bill, put, small
from shell import Call, rows

from rebill.cli import base
from rebill.cli.failures import NEEDS_A_PERSON, WRONG_USAGE
from rebill.night import batch
from rebill.night.job import Job
from rebill.run import plan
from rebill.store.record import reading
from rebill.workspace.settings import Workspace

DONE = 0
TODAY = dt.date(2026, 4, 1)
TOLD = (
    *("documents", "lines", "findings", "claims", "claim_events", "debits", "exposure"),
    *("customer_invoices", "customer_lines"),
)
"""The tables compared in a hurry; the soak compares all."""


def back(workspace: Workspace, day: str) -> batch.Outcome:
    """Run `rebill reconcile` for a day."""
    job = Job("reconcile", plan.plan, dt.date.fromisoformat(day))
    return batch.run(workspace, job, nights.QUIET, nights.now)


def told(workspace: Workspace, claim: str) -> list[tuple[str, str]]:
    """What happened to a claim, and what was noted of it."""
    with reading(workspace) as record:
        events = record.claim_events().filter(claim_no=claim)
    return [(what, note) for what, note in events.select("what", "note").iter_rows()]


def february(root: Path) -> None:
    """Make a workspace with a night of February."""
    workspace = small(root)
    put(workspace, [("2.csv", bill(2, USUAL))])
    nights.night(workspace, "2026-02-10")


@pytest.mark.parametrize(
    ("came", "names"),
    [
        pytest.param("2026-03-20", (), id="nothing new", marks=pytest.mark.soak),
        pytest.param("2099-03-31", (), id="with a bill, all tables", marks=pytest.mark.soak),
        pytest.param("2099-03-31", TOLD, id="with a bill"),
    ],
)
def test_what_a_wrong_night_did_is_taken_back_by_reconcile(
    tmp_path: Path, came: str, names: tuple[str, ...]
) -> None:
    right, wrong = (nights.copied(tmp_path / name, february) for name in ("right", "wrong"))
    for workspace in (right, wrong):
        put(workspace, [("3.csv", bill(3, USUAL))])
    nights.night(right, "2026-03-20")
    nights.night(wrong, came)
    before = nights.exported(right, *names)
    nights.night(wrong, "2099-03-31")
    assert {row[0] for row in nights.by(wrong, "claims", "status")} == {"expired"}
    assert back(wrong, "2026-03-20").counts["claims open again"]
    after = nights.exported(wrong, *names)
    assert [name for name in before if before[name] != after[name]] == ["claim_events"]
    assert nights.outbox(right).keys() == nights.outbox(wrong).keys()
    story = [row for row in told(wrong, "D-000001") if row[0] in ("expire", "take_back")]
    assert story == [
        ("expire", "expired for 2.00"),
        ("take_back", "the expiry of 2099-03-31 is taken back: ready"),
    ]
    nights.night(wrong, "2026-05-07")
    assert dict(nights.by(wrong, "claims", "claim_no", "status"))["D-000001"] == "expired"


def test_a_day_that_is_hardly_meant_is_asked_for_with_what_would_follow(
    billed: Workspace, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "clock_day", lambda: TODAY)
    ahead = "is 26,298 days after today, 2026-04-01: "
    expire = "2 claim(s) worth 18.67 would expire unfiled, the windows of 1 document(s) would close"
    back = "lies before the last night, 2026-03-10: all states would be reckoned for that day"
    act = "it would stand on record as done on a day that has not come"
    kept = ("claims", "claim_events", "exposure", "customer_invoices")
    before = nights.exported(billed, *kept)
    for words, said in (
        ("nightly --as-of 2098-04-01", ahead + expire),
        ("reconcile --as-of 2098-04-01", ahead + expire),
        ("reconcile --as-of 2026-03-09", back),
        ("documents void x --reason test --as-of 2026-03-09", back),
        ("invoices build --as-of 2098-04-01", ahead + expire),
        ("cash import x.txt --as-of 2026-03-09", back),
        ("disputes submit D-000001 --on 2098-04-01 --who ana", ahead + act),
        ("invoices issue --bill-month 2026-03 --on 2098-04-01", ahead + act),
        ("books close 2026-03 --as-of 2098-04-01", ahead + act),
        ("ingest x.csv --received-on 2098-04-01", ahead + act),
    ):
        code, _, err = rebill(*words.split())
        assert (code, said in err, "add --yes" in err) == (WRONG_USAGE, True, True), err
    status = billed.root / "status.csv"
    status.write_text("claim_no,status,on\nD-000001,acknowledged,2026-05-12\n")
    code, _, err = rebill("disputes", "import-status", status)
    assert code == WRONG_USAGE and "row 2: 2026-05-12 is no day on which anything happened" in err
    for words, said in (
        ("nightly --as-of 2098-04-01 --explain", expire),
        ("disputes --as-of 2098-04-01", f"the record stays as it is: 2098-04-01 {ahead}"),
    ):
        code, _, err = rebill(*words.split())
        assert (code, said in err) == (DONE, True), err
    assert nights.exported(billed, *kept) == before
    assert rebill("nightly", "--as-of", "2026-05-11")[0] == DONE, "forty days are not far"
    assert rebill("nightly", "--as-of", "2098-04-01", "--yes")[0] == DONE
    code, out, _ = rebill("reconcile", "--as-of", "2026-03-10", "--yes", "--json")
    assert (code, json.loads(out)["counts"]["claims open again"]) == (DONE, 2)
    assert nights.exported(billed, "claims", "exposure") == {
        name: before[name] for name in ("claims", "exposure")
    }


@pytest.mark.parametrize("words", ["cash --as-of 9999-12-31", "nightly --as-of 0001-01-01"])
def test_a_day_outside_the_calendar_is_wrong_usage(
    place: Workspace, rebill: Call, words: str
) -> None:
    code, _, err = rebill(*words.split())
    assert code == WRONG_USAGE and "the years 1990 to 2199" in err


def test_a_bill_whose_date_nobody_believes_is_held_until_it_is_accepted(
    place: Workspace, rebill: Call
) -> None:
    put(
        place,
        [
            (
                f"{day}.csv",
                bill(3, USUAL, number=f"OF{day}").replace(",2026-03-05,2026-03-25", f",{day},"),
            )
            for day in ("2026-04-19", "2026-04-20", "2062-03-05", "2006-03-05", "2016-03-10")
        ],
    )
    assert rebill("nightly", "--as-of", "2026-03-10")[0] == NEEDS_A_PERSON
    papers = rows(rebill("export", "documents")[1])
    assert {row["bill_date"]: row["status"] for row in papers} == {
        "2006-03-05": "held",
        "2016-03-10": "loaded",
        "2026-04-19": "loaded",
        "2026-04-20": "held",
        "2062-03-05": "held",
    }
    found = rows(rebill("export", "findings")[1])
    [doubt] = [row for row in found if row["message"].startswith("the bill date 2026-04-20")]
    assert doubt["code"] == "document_doubtful"
    assert doubt["message"].endswith("is 41 days after 2026-03-10, the day it came in")
    assert f"rebill documents accept {doubt['document_id']}" in doubt["remedy"]
    pulls = {row["bill_date"]: row["debit_on"] for row in rows(rebill("export", "debits")[1])}
    assert pulls["2026-04-20"] == "", "who knows when it is pulled"
    assert rows(rebill("export", "exposure")[1])[0]["on"] == "2016-03-10"
    accept = ("documents", "accept", doubt["document_id"], "--who", "ana", "--reason", "as agreed")
    assert rebill(*accept)[0] == DONE
    pulls = {row["bill_date"]: row["debit_on"] for row in rows(rebill("export", "debits")[1])}
    assert pulls["2026-04-20"] == "2026-05-05"
    assert "2026-04-20" in {row["bill_date"] for row in rows(rebill("export", "lines")[1])}


def test_a_refused_file_is_told_once_and_counted_until_it_is_dismissed(
    place: Workspace, rebill: Call
) -> None:
    put(place, [("stray.csv", "no,invoice\n1,2\n")])
    code, _, err = rebill("nightly", "--as-of", "2026-02-10")
    assert code == NEEDS_A_PERSON and '"refused": 1' in err
    assert rebill("nightly", "--as-of", "2026-02-11")[0] == DONE, "it was told"
    [paper] = rows(rebill("export", "documents")[1])
    page = (place.outbox / "digest.html").read_text()
    assert "1 refused file was told before: `rebill documents void ID" in page
    assert paper["document_id"] in page
    why = ("--who", "ana", "--reason", "a stray file")
    assert rebill("documents", "void", paper["document_id"], *why)[0] == DONE
    assert "refused" not in (place.outbox / "digest.csv").read_text()
    code, _, err = rebill("documents", "accept", paper["document_id"], *why)
    assert code == WRONG_USAGE and "could not be read" in err
