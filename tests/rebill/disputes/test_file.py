"""A claim followed from its night to its last cent, as a person and a carrier make it go."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from claim_nights import DAY, event, places
from nights import NOW, USUAL, bill, copied, night, put, small, table

from rebill.disputes import file
from rebill.disputes.claims import claim_steps, parts
from rebill.reference.load import load
from rebill.store.record import reading
from rebill.workspace.settings import ConfigError, Workspace
from reconcile.claims.places import faults


def claimed(root: Path) -> Workspace:
    """Return a workspace with a claim for what is billed after a disconnect and one for a rate."""
    return copied(root, march_claimed)


def march_claimed(root: Path) -> None:
    workspace = small(root)
    put(workspace, [("mar.csv", bill(3, USUAL))])
    night(workspace, "2026-04-20")


def test_nothing_happens_to_a_claim_before_its_bill(tmp_path: Path) -> None:
    workspace = claimed(tmp_path / "w")
    billed = table(workspace, "documents")["bill_date"].item()
    before = str(DAY(billed) - dt.timedelta(1))
    with pytest.raises(ConfigError, match=f"out of order: its bill is of {billed}"):
        file.submit(workspace, ["D-000001"], DAY(before), "ana", None)
    with pytest.raises(ConfigError, match=f"out of order: its bill is of {billed}"):
        event(workspace, "D-000002", "withdraw", before)
    file.submit(workspace, ["D-000001"], DAY(billed), "ana", None)
    # A bill that came before its date can be disputed from then on.
    other = small(tmp_path / "o")
    put(other, [("mar.csv", bill(3, USUAL))])
    night(other, before)
    file.submit(other, ["D-000001"], DAY(before), "ana", None)


def test_a_claim_goes_from_its_filing_to_its_last_cent(tmp_path: Path) -> None:
    workspace = claimed(tmp_path / "w")
    claims = table(workspace, "claims").select("claim_no", "reason", "amount").rows()
    assert claims == [("D-000001", "DISC", "16.67"), ("D-000002", "RATE", "2.00")]
    file.submit(workspace, ["D-000001", "D-000002"], DAY("2026-04-22"), "ana", None)
    assert event(workspace, "D-000001", "acknowledge", "2026-04-24") == "acknowledged"
    assert event(workspace, "D-000001", "grant_part", "2026-05-20", "10.00") == "partial"
    assert event(workspace, "D-000001", "credit", "2026-06-05", "4.00") == "short_credited"
    assert event(workspace, "D-000001", "credit", "2026-07-05", "6.00") == "credited"
    assert event(workspace, "D-000002", "deny", "2026-05-21") == "denied"
    assert event(workspace, "D-000002", "escalate", "2026-06-01") == "escalated"
    assert event(workspace, "D-000002", "withdraw", "2026-06-09") == "withdrawn"
    night(workspace, "2026-07-10")
    rest = {"undisputed": "28.33"}
    assert places(workspace, "2026-04-21") == {**rest, "unfiled": "18.67"}
    assert places(workspace, "2026-04-22") == {**rest, "open": "18.67"}
    assert places(workspace, "2026-05-20") == {**rest, "open": "12.00", "denied": "6.67"}
    assert places(workspace, "2026-05-21") == {**rest, "open": "10.00", "denied": "8.67"}
    told = {"open": "8.00", "credited": "4.00", "denied": "6.67"}
    assert places(workspace, "2026-06-05") == {**rest, **told}
    told = {"credited": "10.00", "denied": "6.67", "withdrawn": "2.00"}
    assert places(workspace, "2026-07-05") == {**rest, **told}
    row = table(workspace, "claims").row(0, named=True)
    assert (row["credited"], row["denied"], row["granted"]) == ("10.00", "6.67", "10.00")
    happened = table(workspace, "claim_events").filter(pl.col("claim_no") == "D-000001")
    assert happened["what"].to_list() == [
        *("prepare", "submit", "acknowledge", "grant_part", "credit_short", "credit")
    ]


def test_what_is_refused_changes_nothing(tmp_path: Path) -> None:
    workspace = claimed(tmp_path / "w")
    before = table(workspace, "claim_events")
    rows = [
        {"claim_no": "D-000001", "what": "submit", "at": DAY("2026-04-22")},
        {"claim_no": "D-000002", "what": "credit", "amount": Decimal(5), "at": DAY("2026-04-22")},
        {"claim_no": "D-9", "what": "submit", "at": DAY("2026-04-22")},
    ]
    with pytest.raises(ConfigError) as refused:
        file.record_events(workspace, rows)
    assert str(refused.value) == (
        "D-000002: a credit of 5.00 is larger than the 2.00 left of the claim;"
        " there is no claim D-9"
    )
    assert table(workspace, "claim_events").equals(before)
    assert set(table(workspace, "claims")["status"]) == {"ready"}


def test_a_filed_claim_keeps_its_lines_when_its_findings_change(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    twice = "1FB 6145550131 20.00 20.00\nTTB 6145550131 5.00 5.00\n"
    put(workspace, [("feb.csv", bill(2, twice + twice.splitlines()[1], number="A2"))])
    night(workspace, "2026-02-10")
    (number,) = table(workspace, "claims")["claim_no"]
    file.submit(workspace, [str(number)], DAY("2026-02-12"), "ana", None)
    # A late bill of the month before makes the first of the two a repeat as well.
    put(workspace, [("feb2.csv", bill(2, "TTB 6145550131 5.00 5.00", number="A1"))])
    night(workspace, "2026-03-15")
    with reading(workspace) as record:
        claims = record.claims().filter(pl.col("claim_no") == number)
        assert parts(record, claims["claim_no"])["amount"].to_list() == [Decimal("5.00")]
        steps = claim_steps(record, claims["claim_no"])
        assert faults(steps, claims, parts(record, claims["claim_no"])) == []
    places(workspace, "2026-03-15")


def test_a_claim_that_expired_is_filed_late_by_intention_only(tmp_path: Path) -> None:
    workspace = claimed(tmp_path / "w")
    night(workspace, "2026-06-04")
    assert set(table(workspace, "claims")["status"]) == {"expired"}
    with pytest.raises(ConfigError, match="its window closed on 2026-06-03"):
        file.submit(workspace, ["D-000001"], DAY("2026-06-05"), "ana", None)
    after = file.submit(workspace, ["D-000001"], DAY("2026-06-05"), "ana", None, late=True)
    assert after["status"].item() == "submitted"
    # One that was filed in time and is recorded later was never late.
    after = file.submit(workspace, ["D-000002"], DAY("2026-06-03"), "ana", None)
    assert after["status"].item() == "submitted"
    night(workspace, "2026-06-10")
    assert places(workspace, "2026-06-04") == {
        "undisputed": "28.33",
        "expired": "16.67",
        "open": "2.00",
    }
    assert places(workspace, "2026-06-05") == {"undisputed": "28.33", "open": "18.67"}


def test_small_months_become_one_claim_and_part_when_the_oldest_closes(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    toml = (workspace.root / "reference" / "contracts.toml").read_text()
    path = workspace.root / "contracts.toml"
    path.write_text(toml + 'minimum_claim = "3.50"\n')
    assert load(workspace, [path], given=NOW).ok
    for month, day in ((1, "2026-01-20"), (2, "2026-02-20")):
        put(workspace, [(f"{month}.csv", bill(month, "1FB 6145550131 22.00 22.00"))])
        night(workspace, day)
        if month == 1:
            claims = table(workspace, "claims").select("claim_no", "amount", "status").rows()
            assert claims == [("D-000001", "2.00", "draft")]
    columns = ["claim_no", "bill_month", "amount", "status", "dispute_closes_on"]
    claims = table(workspace, "claims").select(columns).rows()
    assert claims == [("D-000001", "2026-01", "4.00", "ready", "2026-04-05")]
    assert set(table(workspace, "findings")["claim_no"].drop_nulls()) == {"D-000001"}
    night(workspace, "2026-04-06")
    assert table(workspace, "claims").select(columns).rows() == [
        ("D-000001", "2026-01", "2.00", "expired", "2026-04-05"),
        ("D-000002", "2026-02", "2.00", "draft", "2026-05-06"),
    ]
    assert places(workspace, "2026-04-06") == {
        "undisputed": "40.00",
        "expired": "2.00",
        "unfiled": "2.00",
    }
    found = table(workspace, "findings").filter(pl.col("code") == "rate_above_contract")
    assert found.sort("bill_date")["claim_no"].to_list() == ["D-000001", "D-000002"]
    assert found.height == 2
