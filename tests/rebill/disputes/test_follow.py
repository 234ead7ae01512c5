"""What comes after a claim is filed: credits, missing ones, promises, late charges."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from claim_nights import DAY, came, claims, credits, event, filed, march_came, places
from nights import NOW, copied, kept, night, small, table

from rebill.disputes import file
from rebill.disputes.credits_by_hand import dismiss, take_by_hand
from rebill.inquiry import explain
from rebill.reference.load import load
from rebill.store.record import reading
from rebill.workspace.settings import ConfigError


def test_credits_on_later_bills_are_taken_for_the_claims_they_are_for(tmp_path: Path) -> None:
    workspace = filed(tmp_path / "w")
    came(
        workspace,
        4,
        "2026-04-20",
        "adjustment - - -16.67 claim T-7781",
        "adjustment 1FB 6145550131 -2.00 rate corrected",
        "adjustment TTB 6145550131 -9.00 goodwill",
    )
    found = claims(workspace)
    assert found["D-000001"] == ("credited", "16.67", "0.00")
    assert found["D-000002"] == ("credited", "2.00", "0.00")
    assert credits(workspace) == [
        ("16.67", "16.67", "taken", "D-000001", "tracking_no"),
        ("2.00", "2.00", "taken", "D-000002", "line"),
        ("9.00", "0.00", "unclaimed", None, None),
    ]
    # The story of either line names the other.
    lines = table(workspace, "credits").sort("line_no")["credit_id"].to_list()
    with reading(workspace) as record:
        (given,) = explain.story(record, lines[0])["credits"]
        assert (given["claim_no"], given["matched_by"]) == ("D-000001", "tracking_no")
        disputed = table(workspace, "findings").filter(pl.col("claim_no") == "D-000001")
        (same,) = explain.story(record, disputed["line_id"].item())["credits"]
        assert same == given
    # The day of a credit is that of its bill.
    assert places(workspace, "2026-04-04") == {"undisputed": "28.33", "open": "18.67"}
    now = places(workspace, "2026-04-05")
    assert now == {"undisputed": "28.33", "credited": "18.67"}
    # April's own claim and its smaller pull come on top when it is pulled.
    assert places(workspace, "2026-04-20")["credited"] == "18.67"
    before = kept(workspace)
    night(workspace, "2026-04-20")
    assert kept(workspace) == before


def test_both_databases_keep_claims_and_their_credits_alike(
    tmp_path: Path, database_url: str
) -> None:
    workspace = copied(tmp_path / "w", march_came, database_url)
    file.submit(workspace, ["D-000001", "D-000002"], DAY("2026-03-22"), "ana", None)
    event(workspace, "D-000002", "grant_part", "2026-03-30", "1.25")
    came(workspace, 4, "2026-04-20", "adjustment - - -16.67 D-000001", "adjustment - - -1.25 -")
    found = claims(workspace)
    assert found["D-000001"] == ("credited", "16.67", "0.00")
    assert found["D-000002"] == ("credited", "1.25", "0.75")
    assert places(workspace, "2026-04-05") == {
        "undisputed": "28.33",
        "credited": "17.92",
        "denied": "0.75",
    }
    with pytest.raises(ConfigError, match="the night sees to that"):
        event(workspace, "D-000002", "expire", "2026-04-21")


def test_a_credit_of_the_header_is_a_credit_of_the_account(tmp_path: Path) -> None:
    workspace = filed(tmp_path / "w")
    came(workspace, 4, "2026-04-20", header="-16.67")
    assert claims(workspace)["D-000001"] == ("credited", "16.67", "0.00")
    assert credits(workspace) == [("16.67", "16.67", "taken", "D-000001", "claim")]


def test_a_short_credit_is_a_finding_from_the_bill_by_which_it_is_due(tmp_path: Path) -> None:
    workspace = filed(tmp_path / "w")
    event(workspace, "D-000001", "sustain", "2026-03-30")
    event(workspace, "D-000002", "sustain", "2026-03-30")
    came(workspace, 4, "2026-04-20", "adjustment - - -10.00 T-7781 in part")
    assert claims(workspace)["D-000001"] == ("short_credited", "10.00", "0.00")
    codes = pl.col("code").is_in(("credit_short", "credit_missing"))
    assert table(workspace, "findings").filter(codes).is_empty()
    came(workspace, 5, "2026-05-20")
    names = ["code", "cause", "reason", "billed", "expected", "amount_at_stake", "claim_no"]
    found = table(workspace, "findings").filter(codes).sort("claim_no")
    assert found.select(names).rows() == [
        ("credit_short", "granted", "CRED", "-10.00", "-16.67", "6.67", "D-000001"),
        ("credit_missing", "granted", "CRED", "0.00", "-2.00", "2.00", "D-000002"),
    ]
    assert "16.67 (granted D-000001) only 10.00" in found["message"][0]
    # What is missing is part of the claims already: no cent is claimed twice.
    assert places(workspace, "2026-05-10")["open"] == "8.67"
    came(workspace, 6, "2026-06-20", "adjustment - - -6.67 T-7781 rest")
    assert claims(workspace)["D-000001"] == ("credited", "16.67", "0.00")
    found = table(workspace, "findings").filter(codes)
    assert found["claim_no"].to_list() == ["D-000002"]


def test_a_denial_after_a_part_credit_leaves_what_was_credited(tmp_path: Path) -> None:
    workspace = filed(tmp_path / "w")
    came(workspace, 4, "2026-04-20", "adjustment - - -10.00 T-7781")
    event(workspace, "D-000001", "deny", "2026-04-25")
    assert claims(workspace)["D-000001"] == ("denied", "10.00", "6.67")
    event(workspace, "D-000001", "escalate", "2026-04-28")
    came(workspace, 5, "2026-05-20", "adjustment - - -6.67 T-7781")
    assert claims(workspace)["D-000001"] == ("credited", "16.67", "0.00")


def test_a_doubtful_credit_is_taken_by_a_person_or_is_for_nobody(tmp_path: Path) -> None:
    workspace = filed(tmp_path / "w")
    came(
        workspace,
        4,
        "2026-04-20",
        "adjustment 1FB 6145550131 -1.50 partly",
        "adjustment 1FB 6145550132 -20.00 whatever",
    )
    assert credits(workspace) == [
        ("1.50", "0.00", "offered", "D-000002", "part"),
        ("20.00", "0.00", "offered", "D-000001", "part"),
    ]
    first, second = table(workspace, "credits").sort("line_no")["credit_id"].to_list()
    with file.changing(workspace) as record:
        take_by_hand(record, first, "D-000002", None, DAY("2026-04-21"), "ana")
        dismiss(record, second, DAY("2026-04-21"), "ana", "another matter")
    assert claims(workspace)["D-000002"] == ("short_credited", "1.50", "0.00")
    assert [row[2] for row in credits(workspace)] == ["taken", "dismissed"]
    for wrong in (
        (first, "D-000002", None),  # nothing of it is left
        (second, "D-000001", Decimal("16.68")),  # more than is left of the claim
        ("none", "D-000001", None),
        (second, "D-9", None),
    ):
        with pytest.raises(ConfigError), file.changing(workspace) as record:
            credit, number, amount = wrong
            take_by_hand(record, credit, number, amount, DAY("2026-04-21"), "ana")
    night(workspace, "2026-04-22")
    assert claims(workspace)["D-000001"] == ("submitted", "0.00", "0.00")


def test_a_promised_credit_that_does_not_come_is_a_claim(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    path = workspace.root / "promised_credits.csv"
    path.write_text(
        "credit,carrier,ban,amount,promised_on,by_bill,reference\n"
        "P1,ILEC,305R010001,30.00,2026-03-10,2,LTR-55\n"
        "P2,ILEC,305R010001,12.00,2026-03-10,1,\n"
    )
    assert load(workspace, [path], given=NOW).ok
    came(workspace, 3, "2026-03-20")
    came(workspace, 4, "2026-04-20", "adjustment - - -12.00 allowance")
    found = table(workspace, "findings").filter(pl.col("code").str.starts_with("credit_"))
    assert found.is_empty()
    came(workspace, 5, "2026-05-20")
    found = table(workspace, "findings").filter(pl.col("code").str.starts_with("credit_"))
    assert found.select("code", "cause", "amount_at_stake").rows() == [
        ("credit_missing", "promised", "30.00")
    ]
    claim = table(workspace, "claims").filter(pl.col("reason") == "CRED")
    columns = ["bill_month", "amount", "status", "claim_no"]
    assert claim.select(columns[:3]).rows() == [("2026-05", "30.00", "ready")]
    assert claim["claim_no"].to_list() == found["claim_no"].to_list()
    night(workspace, "2026-05-21")
    assert table(workspace, "claims").filter(pl.col("reason") == "CRED").equals(claim)
    file.submit(workspace, claim["claim_no"].to_list(), DAY("2026-05-22"), None, "C-1004")
    came(workspace, 6, "2026-06-20", "adjustment - - -30.00 C1004")
    assert claims(workspace)[claim["claim_no"].item()][0] == "credited"
    places(workspace, "2026-06-20")


def test_a_late_charge_on_a_bill_that_was_pulled_on_time_is_not_due(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    came(workspace, 3, "2026-03-20", "late_charge - - 1.10 first bill")
    came(workspace, 4, "2026-04-20", "late_charge - - 1.25 on the last bill")
    found = table(workspace, "findings").filter(pl.col("code") == "late_charge_not_due")
    names = ["cause", "reason", "billed", "expected", "amount_at_stake", "message"]
    # Of the bill before the first one nothing is known.
    assert found.select(names).rows() == [
        (
            *("settled_on_time", "LPC", "1.25", "0.00", "1.25"),
            "invoice INV3 was pulled on time, on 2026-03-20",
        )
    ]
    lines = table(workspace, "lines").filter(pl.col("charge_class") == "late_charge")
    assert lines.sort("bill_date").select("amount", "expected", "at_stake").rows() == [
        ("1.10", "1.10", "0.00"),
        ("1.25", "0.00", "1.25"),
    ]
    assert ("LPC", "1.25") in table(workspace, "claims").select("reason", "amount").rows()
