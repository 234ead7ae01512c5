"""Findings that are waived, and exceptions that stand for bills to come."""

from __future__ import annotations

import datetime as dt

import nights
import pytest
from decided import act, decide, finding, only, rows

from rebill.run.acts import Exempt, Reopen, Waive
from rebill.workspace.settings import ConfigError, Workspace


def test_a_waived_finding_stays_as_it_was_and_is_not_claimed(march: Workspace) -> None:
    lines = nights.exported(march, "lines", "customer_lines")
    was = finding(march, "rate_above_contract")
    decide(march, Waive((was["finding_id"],), None, None, act()), lines=False)
    now = finding(march, "rate_above_contract")
    changed = {name for name, value in was.items() if now[name] != value}
    assert changed == {"claim_no", "waived", "waived_by"}
    assert now["claim_no"] is None
    assert nights.exported(march, "lines", "customer_lines") == lines
    (claim,) = rows(march, "claims", claim_no=was["claim_no"])
    assert (claim["status"], claim["amount"]) == ("withdrawn", "0.00")
    assert b"march.csv" in nights.outbox(march)["digest.html"], "the night's news stay"
    # Later nights leave it, and reopened it is claimed again.
    nights.night(march, "2026-04-02")
    assert finding(march, "rate_above_contract")["claim_no"] is None
    decide(
        march, Reopen((was["finding_id"],), (), act("2026-04-03")), day="2026-04-03", lines=False
    )
    back = finding(march, "rate_above_contract")
    assert back["waived"] == "false"
    (claim,) = rows(march, "claims", claim_no=back["claim_no"])
    assert (claim["status"], claim["amount"]) == ("ready", was["amount_at_stake"])


def test_a_waiver_ends_on_its_day(march: Workspace) -> None:
    was = finding(march, "rate_above_contract")
    until = dt.date(2026, 4, 10)
    decide(march, Waive((was["finding_id"],), None, until, act()), lines=False)
    nights.night(march, "2026-04-09")
    assert finding(march, "rate_above_contract")["claim_no"] is None
    nights.night(march, "2026-04-10")
    assert finding(march, "rate_above_contract")["claim_no"] is not None


def test_a_standing_exception_holds_for_bills_to_come(march: Workspace) -> None:
    exempt = Exempt("rate_above_contract", service="S1", usoc="1FB")
    decide(march, Waive((), exempt, None, act()), lines=False)
    nights.put(march, [("april.csv", nights.bill(4, nights.USUAL, previous="47.00"))])
    nights.night(march, "2026-04-30")
    found = rows(march, "findings", code="rate_above_contract")
    assert [row["waived"] for row in found] == ["true", "true"]
    assert [row["claim_no"] for row in found] == [None, None]
    assert rows(march, "findings", code="billed_after_disconnect")[-1]["claim_no"]
    number = only(march, "decisions")["id"]
    with pytest.raises(ConfigError, match="standing exception"):
        decide(
            march, Reopen((found[0]["finding_id"],), (), act("2026-05-01")), day="2026-05-01",
            lines=False,
        )  # fmt: skip
    decide(march, Reopen((), (int(number),), act("2026-05-01")), day="2026-05-01", lines=False)
    assert all(row["claim_no"] for row in rows(march, "findings", code="rate_above_contract"))


def test_what_the_carrier_knows_cannot_be_waived(march: Workspace) -> None:
    from rebill.disputes.file import submit

    was = finding(march, "rate_above_contract")
    submit(march, [was["claim_no"]], dt.date(2026, 4, 2), "ana", None)
    with pytest.raises(ConfigError, match="past waiving"):
        decide(march, Waive((was["finding_id"], "x:y"), None, None, act()), lines=False)
    exempt = Exempt("rate_above_contract", usoc="1FB")
    decide(march, Waive((), exempt, None, act()), lines=False)
    assert finding(march, "rate_above_contract")["claim_no"] == was["claim_no"]
    assert rows(march, "claims", claim_no=was["claim_no"])[0]["status"] == "submitted"
