"""What goes out about money that is waited for, after whole nights."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import nights
import polars as pl
import pytest

from rebill.cash.as_of import passed_on, standing
from rebill.disputes.file import submit
from rebill.store.record import reading
from rebill.workspace.settings import SETTINGS_FILE, Workspace, open_workspace

D = Decimal
DAY = dt.date(2026, 3, 31)


@pytest.fixture
def filed(tmp_path: Path) -> Workspace:
    """A night with two claims, of which the larger one was filed."""
    workspace = nights.small(tmp_path / "w")
    nights.put(workspace, [("march.csv", nights.bill(3, nights.USUAL))])
    nights.night(workspace, "2026-03-25")
    claims = nights.table(workspace, "claims").sort("amount")
    assert claims["amount"].to_list() == ["16.67", "2.00"]
    submit(workspace, [claims["claim_no"][0]], dt.date(2026, 3, 26), "ana", None)
    return workspace


def test_what_is_expected_today_is_the_sum_of_what_is_waited_for(filed: Workspace) -> None:
    with reading(filed) as record:
        known = standing(record, DAY)
    waits = known.recovery().filter(pl.col("debit_on") <= DAY)
    today = known.position().filter(pl.col("on") == DAY).row(0, named=True)
    at_carrier = waits.filter(pl.col("status") == "submitted")
    assert today["disputed"] == at_carrier["waiting"].sum() == D("16.67")
    assert today["expected_recovery"] == at_carrier["expected_recovery"].sum() == D("8.34")
    assert today["provision"] == D("8.33")
    assert today["unfiled_over_60"] == D("2.00")  # 90 days from 5 March: 64 are left


def test_the_prior_is_a_setting(filed: Workspace) -> None:
    text = (filed.root / SETTINGS_FILE).read_text()
    (filed.root / SETTINGS_FILE).write_text(f'{text}\n[recovery]\nprior_win_rate = "0.75"\n')
    with reading(open_workspace(filed.root)) as record:
        rates = standing(record, DAY).rates
    assert set(rates["win_rate"]) == {D("0.75")}


def test_tables_hold_the_bills_of_a_month_only_where_one_is_asked_for(filed: Workspace) -> None:
    assert nights.exported(filed, "recovery", month="2026-03") == nights.exported(filed, "recovery")
    other = nights.exported(filed, "recovery", "exposure_detail", month="2026-02")
    assert [len(text.splitlines()) for text in other.values()] == [1, 1]


def test_an_empty_record_has_empty_tables(workspace: Workspace) -> None:
    for text in nights.exported(workspace, "exposure_detail", "recovery", "win_rates").values():
        assert len(text.splitlines()) == 1


def test_customers_carry_what_their_cost_is_above_what_was_expected() -> None:
    cents = pl.Decimal(18, 2)
    findings = pl.DataFrame(
        [
            ("F1", "D1", "L1", "N1", D(2)),
            ("F2", "D1", "L1", "N2", D(3)),
            ("F3", "D1", "L2", "N2", D(4)),
            ("F4", "D1", None, "N2", D(9)),
        ],
        schema={
            **dict.fromkeys(("finding_id", "document_id", "line_id", "claim_no"), pl.String()),
            "amount": cents,
        },
        orient="row",
    )
    lines = pl.LazyFrame(
        [("L1", D(20), D(5)), ("L2", D(10), D(4)), ("L3", D(1), D(1))],
        schema={"line_id": pl.String(), "amount": cents, "at_stake": cents},
        orient="row",
    )
    costs = pl.LazyFrame(
        [("L1", D(18)), ("L2", D(6)), ("L3", D(1))],
        schema={"line_id": pl.String(), "cost": cents},
        orient="row",
    )
    found = passed_on(findings, lines, costs).sort("claim_no")
    # Of L1 15 were due and 18 are the customer's cost: 3 of the 5, the first 2 of them in F1.
    assert found.rows() == [("D1", "N1", D("2.00")), ("D1", "N2", D("1.00"))]


def test_what_customers_carry_of_a_line_is_spread_over_all_claims_that_hold_it() -> None:
    cents, D = pl.Decimal(18, 2), Decimal
    names = ("finding_id", "document_id", "line_id", "claim_no")
    held = pl.DataFrame(
        [("F1", "D1", "L1", "N1", D(2)), ("F1", "D1", "L1", "N2", D(5))],
        schema={**dict.fromkeys(names, pl.String()), "amount": cents},
        orient="row",
    )
    line = {"line_id": ["L1"], "amount": [D(22)], "at_stake": [D(7)]}
    audited = pl.LazyFrame(line, schema_overrides={"amount": cents, "at_stake": cents})
    for cost, carried in ((22, [2, 5]), (18, [2, 1]), (15, [0, 0])):
        costs = pl.LazyFrame(
            {"line_id": ["L1"], "cost": [D(cost)]}, schema_overrides={"cost": cents}
        )
        found = passed_on(held, audited, costs).sort("claim_no")
        assert found["customer_exposure"].to_list() == [D(n) for n in carried]
