"""An exchange is sold: the buyer's bills are known from the first one, old months stay as found."""

from __future__ import annotations

from pathlib import Path

import nights
import polars as pl
import pytest
from decided import act, decide, rows
from nights import bill
from reference_files import write
from shell import Call

from rebill.reference.load import load
from rebill.run.acts import AuditAgain, Compare
from rebill.workspace.settings import Workspace

BUYER = ("NEWCO", "N20001")
CONTRACT = nights.CONTRACT + nights.CONTRACT.replace("ACME-2026", "NEWCO-2026").replace(
    '"ILEC"', '"NEWCO"'
).replace("305R01*", "N2*")
AFTER = {
    "contracts": CONTRACT,
    "usocs": """
        carrier usoc description kind
        NEWCO   1FB  Line        recurring
        NEWCO   TTB  Tones       recurring
        """,
    "buy_rates": """
        contract   charge_class usoc rate  effective_from
        NEWCO-2026 recurring    1FB  21.00 2026-05-01
        NEWCO-2026 recurring    TTB  5.00  2026-05-01
        """,
    "services": nights.TABLES["services"].replace("ILEC    305R010001", "NEWCO   N20001    "),
    "service_accounts": """
        service carrier ban        effective_until
        S1      ILEC    305R010001 2026-05-05
        S2      ILEC    305R010001 2026-05-05
        """,
}
"""S1 and S2 are NEWCO's now; until the 5th of May they were ILEC's."""
USUAL = {"previous": "47.00"}
FINAL = "1FB 6145550131 20.00 -20.00"
FIRST = """
    1FB 6145550131 23.00 23.00
    TTB 6145550131 5.00  5.00
    """
"""The buyer bills S1 2.00 above its contract."""


def after_sale(root: Path) -> None:
    """Make a workspace with bills of March and April, whose services were sold since."""
    workspace = nights.small(root)
    nights.put(workspace, [("march.csv", bill(3, nights.USUAL))])
    nights.night(workspace, "2026-03-10")
    nights.put(workspace, [("april.csv", bill(4, nights.USUAL, **USUAL))])
    nights.night(workspace, "2026-04-10")
    nights.loaded(workspace, write(root / "sale", **AFTER))


@pytest.fixture
def sold(tmp_path: Path) -> Workspace:
    """A workspace after the sale."""
    return nights.copied(tmp_path / "w", after_sale)


def of_buyer(text: str) -> str:
    """Return a bill as the buyer's, on its account."""
    return text.replace("ILEC,305R010001", ",".join(BUYER))


def bills_of_may(workspace: Workspace) -> None:
    """Let the seller's final bill and the buyer's first one come in one night."""
    final = bill(5, FINAL, charges="-20.00", **USUAL)
    nights.put(workspace, [("final.csv", final), ("first.csv", of_buyer(bill(5, FIRST)))])
    nights.night(workspace, "2026-05-10")


def of_old_months(workspace: Workspace) -> dict[str, str]:
    """Return what is said of March and April, as it is exported."""
    names = ("documents", "lines", "findings", "claims", "customer_lines", "exposure")
    return {
        f"{name} {month}": nights.exported(workspace, name, month=month)[name]
        for name in names
        for month in ("2026-03", "2026-04")
    }


def test_a_sale_does_not_rewrite_history(tmp_path: Path, database_url: str) -> None:
    sold = nights.copied(tmp_path / "w", after_sale, database_url)
    before = of_old_months(sold)
    assert "rate_above_contract" in before["findings 2026-03"]
    bills_of_may(sold)
    assert of_old_months(sold) == before

    lines = rows(sold, "lines", ban=BUYER[1])
    assert [(row["service"], row["contract"], row["at_stake"]) for row in lines] == [
        ("S1", "NEWCO-2026", "2.00"),
        ("S1", "NEWCO-2026", "0.00"),
    ]
    of_may = pl.col("bill_date").str.starts_with("2026-05")
    codes = nights.table(sold, "findings").filter(of_may).select("carrier", "code").rows()
    assert codes == [("NEWCO", "rate_above_contract")]

    again = decide(
        sold, AuditAgain("2026-03", act("2026-05-11")), day="2026-05-11", compare=Compare(keep=True)
    )
    assert not again.difference
    assert of_old_months(sold) == before


def test_without_the_old_homes_the_old_months_would_be_rewritten(sold: Workspace) -> None:
    folder = sold.root / "nothing"
    folder.mkdir()
    (folder / "service_accounts.csv").write_text("service,carrier,ban\n")
    assert load(sold, [folder], replace=True).ok
    again = decide(
        sold, AuditAgain("2026-03", act("2026-05-11")), day="2026-05-11", compare=Compare(keep=True)
    )
    assert again.difference
    assert {row["code"] for row in rows(sold, "findings")} >= {"service_unknown"}


def test_what_the_seller_bills_on_is_not_at_home_there(sold: Workspace, rebill: Call) -> None:
    nights.put(sold, [("june.csv", bill(6, "1FB 6145550131 20.00 20.00", **USUAL))])
    nights.night(sold, "2026-06-10")
    (found,) = rows(sold, "findings", code="service_unknown")
    assert found["amount_at_stake"] == "20.00"
    assert found["message"] == "circuit none, number 6145550131: not at home with ILEC then"
    # The seller is not asked for what it has no more, nor for a bill of July.
    nights.night(sold, "2026-07-20")
    missing = [row["message"] for row in rows(sold, "findings", code="document_missing")]
    assert not [one for one in missing if "305R010001" in one and "2026-07" in one], missing
    bills_of_may(sold)
    (line,) = [row["line_id"] for row in rows(sold, "lines", ban=BUYER[1], usoc="TTB")]
    code, out, _ = rebill("explain", line, "--workspace", sold.root)
    assert code == 0
    assert "ILEC 305R010001 until 2026-05-05; NEWCO N20001 from 2026-05-05" in out


def test_a_late_bill_of_the_seller_makes_the_same_days_of_the_buyer_a_repeat(
    tmp_path: Path,
) -> None:
    workspace = nights.small(tmp_path / "w")
    nights.loaded(workspace, write(tmp_path / "sale", **AFTER))
    april = of_buyer(bill(5, "TTB 6145550131 5.00 5.00"))
    april = april.replace("2026-05-05,2026-06-05", "2026-04-05,2026-05-05")
    nights.put(workspace, [("first.csv", april)])
    nights.night(workspace, "2026-05-10")
    assert not rows(workspace, "findings", code="charged_twice")
    nights.put(workspace, [("late.csv", bill(4, "TTB 6145550131 5.00 5.00"))])
    nights.night(workspace, "2026-05-11")
    (found,) = rows(workspace, "findings", code="charged_twice")
    assert (found["carrier"], found["amount_at_stake"]) == ("NEWCO", "5.00")


def test_in_the_month_of_the_sale_the_buyers_bill_shows_what_the_sellers_did_not(
    tmp_path: Path,
) -> None:
    workspace = nights.small(tmp_path / "w")
    homes = AFTER["service_accounts"].replace("2026-05-05", "2026-05-20")
    nights.loaded(workspace, write(tmp_path / "sale", **{**AFTER, "service_accounts": homes}))
    nights.put(workspace, [("may.csv", bill(5, "1FB 6145550131 20.00 20.00"))])
    nights.night(workspace, "2026-05-10")
    (found,) = rows(workspace, "findings", code="element_not_billed")
    assert (found["carrier"], found["service"], found["usoc"]) == ("ILEC", "S1", "TTB")
    first = of_buyer(bill(5, "TTB 6145550131 5.00 5.00")).replace("2026-05-05", "2026-05-25")
    nights.put(workspace, [("first.csv", first.replace("2026-06-05", "2026-06-25"))])
    nights.night(workspace, "2026-05-26")
    assert not rows(workspace, "findings", code="element_not_billed")
