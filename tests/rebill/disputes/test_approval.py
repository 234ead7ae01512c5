"""A claim over the amount waits for a second name."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from decided import act, rows

from rebill.workspace.settings import ConfigError, Workspace, open_workspace
from reconcile.claims.approval import lacking


def test_a_claim_over_the_amount_needs_a_second_name(march: Workspace) -> None:
    from rebill.disputes.approval import approve
    from rebill.disputes.file import submit

    settings = march.root / "rebill.toml"
    settings.write_text(settings.read_text() + '[approval]\nclaims_over = "10.00"\n')
    workspace = open_workspace(march.root)
    large, small = sorted(rows(workspace, "claims"), key=lambda row: -float(row["amount"]))
    day = dt.date(2026, 4, 2)
    submit(workspace, [small["claim_no"]], day, None, None)

    def refused(who: str | None, said: str) -> None:
        with pytest.raises(ConfigError, match=said):
            submit(workspace, [large["claim_no"]], day, who, None)

    refused(None, "say who files it")
    refused("ana", "is over 10.00: a second person has to approve it")
    with pytest.raises(ConfigError, match="there is no claim D-9; .* nothing to approve"):
        approve(workspace, ["D-9", small["claim_no"]], act())
    approve(workspace, [large["claim_no"]], act(who="Ana"))
    refused(" ana", "whoever approved it may not file it too")
    approve(workspace, [large["claim_no"]], act(who="bea"))
    submit(workspace, [large["claim_no"]], day, "ana", None)
    assert {row["status"] for row in rows(workspace, "claims")} == {"submitted"}
    kept = [(row["act"], row["subject"], row["who"]) for row in rows(workspace, "decisions")]
    assert kept == [("approve", large["claim_no"], who) for who in ("Ana", "bea")]


def test_an_approval_ends_when_the_claim_grows() -> None:
    claims = pl.DataFrame({"claim_no": ["D-1", "D-2"], "amount": [Decimal("20.00")] * 2})
    approvals = pl.DataFrame(
        {
            "claim_no": ["D-1", "D-2"],
            "who": ["bea", "bea"],
            "amount": [Decimal("19.99"), Decimal("20.00")],
        }
    )
    found = lacking(claims, approvals, Decimal("10.00"), "ana")
    assert found["claim_no"].to_list() == ["D-1"]
    assert "grown" in found["why"].item()
    assert lacking(claims, approvals, Decimal("20.00"), "ana").is_empty()
    assert lacking(claims, approvals, None, None).is_empty()
