"""The worked example of a disputed bill, through files, nights and exports, to the cent."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import nights
import polars as pl
import pytest
from reference_files import write

from rebill.disputes.file import submit
from rebill.workspace.settings import SETTINGS_FILE, Workspace, open_workspace

CONTRACT = """
[[contract]]
id = "ACME-2026"
carrier = "ILEC"
effective_from = 2026-01-01
accounts = ["305R01*"]
[contract.dispute]
window = { anchor = "bill_date", days = 90 }
resolve_days = 60
credit_by_bill = 2
interest_per_day = "0.0005"
[contract.debit]
terms = { anchor = "bill_date", days = 15, unit = "calendar", roll = "next" }
[contract.security]
cost_of_capital = "0.12"
"""
TABLES = {
    "usocs": "carrier usoc description kind\nILEC 1FB Line recurring",
    "buy_rates": "contract charge_class usoc rate effective_from\n"
    "ACME-2026 recurring 1FB 96000.00 2026-01-01",
    "customers": "customer name bill_day due_days\nC1 One 15 30",
    "services": "service carrier ban wtn customer installed_on\n"
    "S1 ILEC 305R010001 6145550131 C1 2025-01-01",
    "service_elements": "service usoc quantity active_from\nS1 1FB 1 2025-01-01",
    "markups": "method value\npercent 0.10",
}
SETTINGS = """
[recovery]
prior_win_rate = "0.75"
[forecast]
dso_days = 45
"""
KEY = "ILEC,305R010001,INV11"
BILL = (
    f"{nights.HEADER}document,{KEY},2026-11-10,2026-12-10,0.00,0.00,0.00,100000.00,100000.00"
    f"{',' * 14}\n"
    f"line,{KEY},,,,,,,,1,recurring,1FB,,1,100000.00,100000.00,6145550131,,,,,2026-11-10,2026-12-10\n"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("worked") / "w"
    workspace = nights.make(root)
    with (root / SETTINGS_FILE).open("a") as settings:
        settings.write(SETTINGS)
    workspace = open_workspace(root)
    nights.loaded(workspace, write(root / "reference", contracts=CONTRACT, **TABLES))
    nights.put(workspace, [("november.csv", BILL)])
    nights.night(workspace, "2026-11-12")
    (claim,) = nights.table(workspace, "claims").to_dicts()
    assert (claim["amount"], claim["dispute_closes_on"]) == ("4000.00", "2027-02-08")
    submit(workspace, [claim["claim_no"]], dt.date(2026, 11, 30), "ana", None)
    nights.night(workspace, "2026-11-30")
    return workspace


def test_the_bill_waits_thirty_five_days_for_its_customers(place: Workspace) -> None:
    (gap,) = nights.table(place, "pull_gaps").to_dicts()
    assert (gap["debit_on"], gap["collect_on"], gap["gap_days"]) == (
        "2026-11-25",
        "2026-12-30",
        "35",
    )
    assert (gap["float_cost"], gap["peak_funding"]) == ("1150.68", "115068.37")


def test_three_quarters_come_back_after_a_hundred_and_twenty_days(place: Workspace) -> None:
    (row,) = nights.table(place, "recovery").to_dicts()
    assert (row["waiting"], row["expected_recovery"], row["provision"]) == (
        "4000.00",
        "3000.00",
        "1000.00",
    )
    days = (row["resolves_on"], row["credit_bill_on"], row["credit_cash_on"], row["lag_days"])
    assert days == ("2027-01-29", "2027-03-10", "2027-03-25", "120")
    assert (row["carry_cost"], row["interest"]) == ("118.36", "157.50")


def test_the_position_of_the_day_is_that_claim(place: Workspace) -> None:
    detail = {row["on"]: row for row in nights.table(place, "exposure_detail").to_dicts()}
    pulled, today = detail["2026-11-25"], detail["2026-11-30"]
    assert (detail["2026-11-24"]["pending"], pulled["pending"]) == ("100000.00", "0.00")
    assert detail["2026-11-24"]["pending_disputed"] == "4000.00"
    assert pulled["unfiled_over_60"] == "4000.00"
    assert (today["disputed"], today["expected_recovery"]) == ("4000.00", "3000.00")
    assert today["carry_cost"] == "4.93"  # 3,000 for the five days since the pull
    assert today["customer_exposure"] == "0.00"  # customers are charged what is due


def test_a_bill_is_collected_when_its_customers_pay_on_the_mean(tmp_path: Path) -> None:
    workspace = nights.small(tmp_path / "w")
    nights.put(workspace, [(f"{m}.csv", nights.bill(m, nights.USUAL)) for m in (2, 3)])
    nights.night(workspace, "2026-03-10")
    due = {
        row["invoice_no"]: dt.date.fromisoformat(row["due_date"]).toordinal()
        for row in nights.table(workspace, "customer_invoices").to_dicts()
    }
    lines = nights.table(workspace, "customer_lines").filter(pl.col("line_id").is_not_null())
    weights: dict[str, list[tuple[int, int]]] = {}
    for row in lines.to_dicts():
        cents = int(Decimal(row["price"]) * 100)
        if cents > 0:
            document = row["line_id"].rpartition("-")[0]
            weights.setdefault(document, []).append((cents, due[row["invoice_no"]]))
    assert len(weights) == 2
    for gap in nights.table(workspace, "pull_gaps").to_dicts():
        parts = weights[gap["document_id"]]
        total = sum(cents for cents, _ in parts)
        mean = sum(cents * day for cents, day in parts)
        day = dt.date.fromordinal((2 * mean + total) // (2 * total))
        assert gap["collect_on"] == str(day)
        assert Decimal(gap["charged"]) * 100 == total
