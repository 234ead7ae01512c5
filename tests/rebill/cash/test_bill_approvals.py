"""A person approves carrier bills before their pull, on a record that nights have made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nights
import pytest
from nights import bill, night, put, table
from shell import Call

from rebill.cli.failures import NEEDS_A_PERSON, WRONG_USAGE
from rebill.workspace.settings import SETTINGS_FILE, Workspace


@pytest.fixture
def billed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace whose night took one bill in; bills over one dollar want approval."""
    workspace = nights.billed(tmp_path / "w")
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    with (workspace.root / SETTINGS_FILE).open("a") as file:
        file.write('[approval]\nbills_over = "1.00"\n')
    return workspace


def waiting(rebill: Call) -> list[dict[str, Any]]:
    code, out, _ = rebill("bills", "list", "--waiting", "--json")
    told: list[dict[str, Any]] = json.loads(out)
    assert code == (NEEDS_A_PERSON if told else 0)
    return told


def test_a_bill_waits_until_somebody_approves_it(billed: Workspace, rebill: Call) -> None:
    (bill,) = waiting(rebill)
    code, out, _ = rebill("status")
    assert code == NEEDS_A_PERSON and "1 bill to approve before the pull" in out
    code, out, _ = rebill("bills", "approve", bill["document_id"], "--reason", "ok", "--who", "ana")
    assert code == 0 and bill["amount"] in out
    assert waiting(rebill) == []
    assert "to approve before the pull" not in rebill("status")[1]
    (row,) = table(billed, "bill_approvals").to_dicts()
    assert (row["state"], row["approved_by"]) == ("approved", "ana")
    assert row["approved_amount"] == row["amount"] and row["at_stake"] is not None


def test_nothing_at_stake_is_zero_and_what_nobody_audited_is_not_known(billed: Workspace) -> None:
    clean = "1FB 6145550131 20.00 20.00\nTTB 6145550131 5.00 5.00"
    files = [("b4.csv", bill(4, clean, previous="47.00")), ("h.csv", bill(5, clean, charges="9"))]
    put(billed, files)
    night(billed, "2026-05-10")
    told = table(billed, "bill_approvals").select("invoice_no", "at_stake").rows()
    assert told[1:] == [("INV4", "0.00"), ("INV5", None)]


def test_a_login_that_may_not_approve_is_kept_and_does_not_count(
    billed: Workspace, rebill: Call
) -> None:
    with (billed.root / SETTINGS_FILE).open("a") as file:
        file.write('names = ["somebody-else"]\n')
    (bill,) = waiting(rebill)
    code, _, err = rebill("bills", "approve", bill["document_id"], "--reason", "ok")
    assert code == NEEDS_A_PERSON and "does not count" in err
    assert len(waiting(rebill)) == 1


def test_the_same_approval_again_is_one_and_another_is_a_second(
    billed: Workspace, rebill: Call
) -> None:
    (bill,) = waiting(rebill)
    for who in ("ana", "ana", "bea", "bea", "ana"):
        approve = ("bills", "approve", bill["document_id"], "--reason", "ok", "--who", who)
        assert rebill(*approve)[0] == 0
    told = json.loads(rebill("export", "decisions", "--format", "json")[1])
    assert [row["who"] for row in told] == ["ana", "bea", "ana"]


def test_an_approval_after_the_pull_is_kept_and_ends_with_a_word(
    billed: Workspace, rebill: Call
) -> None:
    (bill,) = waiting(rebill)
    late = ("--as-of", "2026-03-21", "--yes")
    code, _, err = rebill(
        "bills", "approve", bill["document_id"], "--reason", "ok", "--who", "ana", *late
    )
    assert code == NEEDS_A_PERSON and f"was to be pulled on {bill['debit_on']}" in err
    told = json.loads(rebill("bills", "list", "--as-of", "2026-03-21", "--json")[1])
    assert [(row["state"], row["approved_by"]) for row in told] == [("unapproved", "ana")]


def test_what_is_no_bill_is_refused_and_nothing_is_kept(billed: Workspace, rebill: Call) -> None:
    (bill,) = waiting(rebill)
    code, _, err = rebill("bills", "approve", bill["document_id"], "nothing", "--reason", "ok")
    assert code == WRONG_USAGE and "no document nothing" in err
    assert len(waiting(rebill)) == 1
