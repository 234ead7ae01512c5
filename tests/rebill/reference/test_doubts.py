"""What a load takes and tells: shares and taxes for all that own charges fall under."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from nights import NOW, small
from reference_files import write
from shell import Call

from rebill.reference.load import load
from rebill.workspace.settings import Workspace

BASE = {
    "customers": """
        customer name federal_usf  tax_source
        C1       One  charge       table
        C2       Two  pass_through none
        """,
    "customer_charges": """
        customer charge amount percent product  charge_class effective_from effective_until
        C1       ROUTER 99     -       hardware one_time     2026-01-01     -
        C1       CARE   30     -       -        recurring    -              -
        C1       OLD    5      -       -        recurring    -              2020-01-01
        C1       LOYAL  -      -0.05   -        recurring    -              -
        C1       LESS   -2     -       -        recurring    -              -
        C2       ROUTER 99     -       hardware one_time     -              -
        """,
    "tax_jurisdictions": """
        customer jurisdiction
        C1       OH
        """,
    "interstate_shares": """
        usoc product share effective_from
        1FB  -       0.5   2024-01-01
        -    -       0.25  2024-01-01
        """,
    "tax_rates": """
        jurisdiction tax     charge_class product  rate effective_from
        OH           sales   -            -        0.05 2024-01-01
        OH           911     recurring    -        0.01 2024-01-01
        OH           free    -            -        0    2024-01-01
        KY           sales   -            -        0.06 2024-01-01
        """,
}
SHARE = (
    "interstate_shares.csv row 3: the share for all, 0.25, also makes own charges interstate: {};"
    " name their product (customer_charges.product, commitments.product) and give it a row with a"
    " share of its own; 0 is one"
)
TAX = (
    "tax_rates.csv row {}: OH {} names no product: it also taxes own charges: {}; if that is not"
    " meant, name their product (customer_charges.product, commitments.product) and give it a row"
    " with a rate of its own; 0 is one"
)
CARE = "CARE of C1 (customer_charges.csv row 3), without a product"
ROUTER = "ROUTER of C1 (customer_charges.csv row 2), product hardware"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small(tmp_path / "w")


def told(workspace: Workspace, **texts: str) -> list[str]:
    folder = workspace.root / "more"
    shutil.rmtree(folder, ignore_errors=True)
    result = load(workspace, [write(folder, **texts)], given=NOW)
    assert result.ok, result.errors
    return [str(warning) for warning in result.warnings]


def test_rows_for_all_that_own_charges_fall_under_are_told_with_row_and_remedy(
    workspace: Workspace,
) -> None:
    wanted = [
        SHARE.format(f"{CARE} and 1 more"),
        TAX.format(2, "sales", f"{CARE} and 1 more"),
        TAX.format(3, "911", CARE),
    ]
    assert told(workspace, **BASE) == wanted
    assert told(workspace, **BASE) == wanted, "the same again changes nothing and tells it again"
    assert told(workspace, markups="method value\npercent 0.2") == [], "it is not about markups"
    # What is loaded by itself is held against what is there.
    one = "customer charge amount product\nC1 CARE 31 support"
    told_now = told(workspace, customer_charges=one)
    place = "interstate_shares (loaded before)"
    care = "CARE of C1 (customer_charges.csv row 2), product support"
    assert told_now[0] == SHARE.replace("interstate_shares.csv row 3", place).format(
        f"{care} and 1 more"
    )


def test_nothing_is_told_once_the_products_have_rows_of_their_own(workspace: Workspace) -> None:
    own = BASE["customer_charges"].replace("30     -       -       ", "30     -       hardware")
    named = {
        **BASE,
        "customer_charges": own,
        "interstate_shares": BASE["interstate_shares"] + "\n-    hardware 0   -",
        "tax_rates": BASE["tax_rates"]
        + "\nOH sales - hardware 0.05 2024-01-01\nOH 911 - hardware 0 2024-01-01",
    }
    assert told(workspace, **named) == []


def test_a_minimum_is_told_too(workspace: Workspace) -> None:
    texts = {**BASE, "commitments": "customer amount\nC1 100"}
    del texts["customer_charges"]
    assert told(workspace, **texts)[0] == SHARE.format(
        "the minimum of C1 (commitments.csv row 2), without a product"
    )


def test_the_command_tells_it_and_loads(
    workspace: Workspace, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    code, _, said = rebill("load", str(write(workspace.root / "more", **BASE)))
    assert code == 0
    assert "warning: interstate_shares.csv row 3: the share for all" in said
