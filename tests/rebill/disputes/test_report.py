"""The report of disputes as a person asks for it: table, CSV, JSON and one page."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal

import nights
from shell import Call

from rebill.disputes.file import record_events, submit
from rebill.store.record import reading
from rebill.workspace import settings


def test_the_report_says_what_was_won(
    rebill: Call,
    place: settings.Workspace,
) -> None:
    code, out, _ = rebill("disputes", "report", "--as-of", "2026-03-01", "--format", "html")
    assert (code, "There is no claim yet" in out) == (0, True)
    nights.put(place, [("march.csv", nights.bill(3, nights.USUAL))])
    nights.night(place, "2026-03-31")
    with reading(place) as record:
        numbers = record.claims()["claim_no"].to_list()
    submit(place, numbers, dt.date(2026, 4, 1), "ana", None)
    events = [
        {"claim_no": numbers[0], "at": dt.date(2026, 5, 1), "what": "sustain"},
        {"claim_no": numbers[1], "at": dt.date(2026, 5, 11), "what": "deny"},
    ]
    record_events(place, events)
    day = ("--as-of", "2026-06-01")
    _, out, _ = rebill("disputes", "report", "--by", "carrier", "--format", "csv", *day)
    (row,) = csv.DictReader(io.StringIO(out))
    wanted = {"carrier": "ILEC", "filed": "2", "sustained": "1", "denied": "1", "few": "true"}
    assert wanted.items() <= row.items()
    assert (row["win_rate"], row["days_to_answer"]) == ("0.5", "30")
    places = ("credited", "denied", "withdrawn", "expired", "open")
    assert Decimal(row["amount"]) == sum(Decimal(row[f"{name}_amount"]) for name in places)
    _, out, _ = rebill("disputes", "report", "--json", "--open", *day)
    assert [row["stage"] for row in json.loads(out)] == ["to be credited"]
    _, out, _ = rebill("disputes", "report", *day)
    assert out.splitlines()[0] == "outcomes" and "still open" in out
    assert rebill("disputes", "report", "--by", "moon", *day)[0] == 2
    assert rebill("disputes", "report", "--format", "pdf", *day)[0] == 2
    target = place.root / "sub" / "won.html"
    assert rebill("disputes", "report", "-o", target, *day)[0] == 0
    page = target.read_text()
    assert "1 of 2 answered" not in page
    assert "few cases" in page
    assert page.count("<svg") == 4
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org", "")
