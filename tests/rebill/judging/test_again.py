"""Months audited again: the difference is shown first, closed months stay."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import nights
import polars as pl
from decided import act, decide, finding, rows

from rebill.run.acts import AuditAgain, Compare
from rebill.workspace.settings import Workspace


def corrected(workspace: Workspace, rate: str) -> None:
    folder = workspace.root / "reference"
    text = (folder / "buy_rates.csv").read_text().replace("1FB,20.00", f"1FB,{rate}")
    (folder / "buy_rates.csv").write_text(text)
    nights.loaded(workspace, folder)


def bulk(workspace: Workspace) -> list[Path]:
    found = workspace.lines.rglob("*.parquet")
    return sorted(path for path in found if "reference" not in path.parts)


def test_months_again_show_the_difference_and_change_nothing(march: Workspace) -> None:
    corrected(march, "19.00")
    before = nights.kept(march)
    files = bulk(march)
    outcome = decide(march, AuditAgain("2026-03", act()), compare=Compare(keep=False))
    assert nights.kept(march) == before
    assert bulk(march) == files
    told = outcome.difference
    assert told is not None
    carrier = told.causes.filter(pl.col("side") == "carrier", pl.col("difference") != 0)
    assert set(carrier["cause"]) == {"rate"}
    # 1.00 of S1's rate; and the five days S2 was due cost 3.17, no longer 3.33.
    assert carrier["difference"].sum() == Decimal("1.16")
    assert told.causes.filter(pl.col("side") == "customer")["difference"].sum() < 0
    kept = decide(march, AuditAgain("2026-03", act()), compare=Compare(keep=True))
    assert kept.difference is not None
    for name in ("causes", "claims", "customers"):
        assert getattr(kept.difference, name).equals(getattr(told, name)), name
    stakes = [row["amount_at_stake"] for row in rows(march, "findings", code="rate_above_contract")]
    assert sorted(stakes) == ["0.00", "3.00"]
    again = decide(march, AuditAgain("2026-03", act()), compare=Compare(keep=True))
    assert not again.difference
    assert [row["act"] for row in rows(march, "decisions")] == ["reaudit", "reaudit"]


def test_months_again_are_what_one_night_with_the_new_tables_gives(tmp_path: Path) -> None:
    bills = [
        (f"{month}.csv", nights.bill(month, nights.USUAL, previous=previous))
        for month, previous in ((2, "0.00"), (3, "47.00"), (4, "47.00"))
    ]
    redone, fresh = nights.small(tmp_path / "redone"), nights.small(tmp_path / "fresh")
    nights.put(redone, bills)
    nights.night(redone, "2026-04-30")
    for workspace in (redone, fresh):
        corrected(workspace, "21.50")
    decide(
        redone, AuditAgain("2026-01", act("2026-04-30")), day="2026-04-30", compare=Compare(True)
    )
    nights.put(fresh, bills)
    nights.night(fresh, "2026-04-30")
    for name in ("documents", "lines", "customer_lines", "debits", "exposure"):
        assert nights.exported(redone, name) == nights.exported(fresh, name), name
    stakes = ["finding_id", "amount_at_stake", "message"]
    assert nights.table(redone, "findings")[stakes].equals(nights.table(fresh, "findings")[stakes])
    live = nights.table(redone, "claims").filter(pl.col("status") != "withdrawn")
    columns = ["ban", "reason", "bill_month", "amount"]
    assert live[columns].sort(columns).equals(nights.table(fresh, "claims")[columns].sort(columns))


def test_a_night_never_audits_a_closed_month_with_new_tables(march: Workspace) -> None:
    corrected(march, "19.00")
    nights.night(march, "2026-04-02")
    assert finding(march, "rate_above_contract")["amount_at_stake"] == "2.00"
