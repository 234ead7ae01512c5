"""What a price list would change is what it changes once it is loaded; looking keeps nothing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import nights
import polars as pl
import pytest
from nights import bill, copied, loaded, night, now, put, small, table
from reference_files import write

from rebill.night import batch
from rebill.night.job import Job
from rebill.reference.load import gather, load
from rebill.run import plan
from rebill.selling import issue, rerate
from rebill.selling.what_if import WhatIf, what_if
from rebill.workspace.settings import ConfigError, Workspace

ON = dt.date(2026, 3, 16)
LINES = """
    1FB 6145550131 20.00 20.00
    TTB 6145550131 5.00  5.00
    """
DEARER = "usoc method value effective_from\n1FB percent 0.30 2026-01-01"


@pytest.fixture
def march(tmp_path: Path) -> Workspace:
    """S1 of customer C1 at ten percent: 22.00 and 5.50 on a draft of March."""
    return copied(tmp_path / "w", _march)


def _march(root: Path) -> None:
    workspace = small(root)
    put(workspace, [("b3.csv", bill(3, LINES))])
    night(workspace, "2026-03-20")


def asked(workspace: Workspace, month: str = "2026-03", **texts: Any) -> WhatIf:
    at_once = bool(texts.pop("at_once", False))
    folder = write(workspace.root / "to-come", **texts)
    return what_if(workspace, gather(workspace, [folder]), month, None, at_once=at_once)


def everything(workspace: Workspace) -> dict[str, bytes]:
    """Every folder and file of a workspace but the tables to come, to the byte."""
    found = {path.relative_to(workspace.root): path for path in workspace.root.rglob("*")}
    return {
        str(name): path.read_bytes() if path.is_file() else b""
        for name, path in found.items()
        if name.parts[0] != "to-come"
    }


@pytest.mark.parametrize("issued", [False, True], ids=["draft", "issued"])
def test_what_is_told_is_what_loading_does(march: Workspace, issued: bool) -> None:
    if issued:
        issue.issue(march, [], ON, now, "2026-03")
    before = everything(march)
    told = asked(march, markups=DEARER)
    assert everything(march) == before, "looking keeps nothing"
    assert told.differences.select("usoc", "was", "now", "difference").rows() == [
        ("1FB", D("22.00"), D("26.00"), D("4.00"))
    ]
    columns = ("customer", "lines", "was", "now", "difference", "cost", "margin_was", "margin_now")
    assert told.customers.select(columns).rows() == [
        ("C1", 1, D("27.50"), D("31.50"), D("4.00"), D("25.00"), D("2.50"), D("6.50"))
    ]
    loaded(march, march.root / "to-come")
    if issued:
        done = rerate.rerate(march, "2026-03", None, ON, now, issue=False, note="")
        assert done.differences.drop("rule").equals(told.differences.drop("rule"))
    job = Job("invoices build", plan.plan_prices(("2026-03",)), ON)
    batch.run(march, job, nights.QUIET, now)
    totals = table(march, "customer_invoices")["total"].to_list()
    assert totals == ["27.50" if issued else "31.50"]


def test_rows_of_later_days_change_nothing_unless_they_are_to_count_at_once(
    march: Workspace,
) -> None:
    later = DEARER.replace("2026-01-01", "2026-05-01")
    told = asked(march, markups=later)
    assert told.differences.is_empty() and told.customers.is_empty()
    assert "1 row(s) take effect after 2026-03" in told.notes[0]
    told = asked(march, markups=later, at_once=True)
    assert told.differences["difference"].to_list() == [D("4.00")] and not told.notes


TO_WAIT = "the invoice of C1 would have to wait: "


@pytest.mark.parametrize(
    ("name", "text", "note"),
    [
        ("markups", "usoc method value\n1FB flat 3.00", "1 line(s) are priced below cost"),
        (
            "tax_rates",
            "jurisdiction tax rate effective_from\nOH Sales 0.05 2026-01-01",
            "no jurisdiction is known for some charges",
        ),
    ],
)
def test_it_is_said_which_invoice_would_have_to_wait(
    march: Workspace, name: str, text: str, note: str
) -> None:
    before = everything(march)
    (told,) = asked(march, **{name: text, "bundles": BUNDLES}).notes
    assert told.startswith(TO_WAIT + note)
    assert everything(march) == before, "not even a folder for a table that was never loaded"


BUNDLES = "bundle usoc effective_from\nLine 1FB 2026-01-01"


def test_a_customer_without_an_invoice_so_far_is_priced_too(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    folder = write(tmp_path / "mine", markups="customer method value\nC1 percent 0.10")
    assert load(workspace, [folder], replace=True).ok
    put(workspace, [("b2.csv", bill(2, LINES + "    1FB 6145550132 20.00 20.00\n"))])
    night(workspace, "2026-02-20")
    new = "customer method value\nC2 percent 0.30"
    told = asked(workspace, "2026-02", markups=new)
    assert told.customers.select("customer", "was", "now", "margin_now").rows() == [
        ("C2", D("0.00"), D("26.00"), D("6.00"))
    ]
    assert what_if(workspace, gather(workspace, [folder]), "2026-02", "C1").customers.is_empty()
    loaded(workspace, workspace.root / "to-come")
    batch.run(
        workspace, Job("invoices build", plan.plan_prices(("2026-02",)), ON), nights.QUIET, now
    )
    assert table(workspace, "customer_invoices")["total"].to_list() == ["27.50", "26.00"]


def test_an_invoice_that_was_taken_back_is_no_matter_of_the_tables(march: Workspace) -> None:
    issue.void(march, table(march, "customer_invoices")["invoice_no"].to_list(), ON, "no", now)
    with pytest.raises(ConfigError, match="nothing to compare with"):
        asked(march, markups=DEARER)


def test_several_steps_of_a_price_are_not_seen_at_once(march: Workspace) -> None:
    steps = "usoc method value effective_from\n1FB percent 0.30 2026-05-01\n"
    told = asked(march, markups=steps + "1FB percent 0.40 2026-09-01", at_once=True)
    assert "ties with" in str(told.errors[0])
    assert told.notes[-1].endswith("begin on 2026-03-01: of several steps of one price, give one")


def test_what_cannot_be_loaded_and_what_the_audit_reads_is_said(march: Workspace) -> None:
    told = asked(march, markups=DEARER.replace("percent", "percen"))
    assert "'percen' is not one of" in str(told.errors[0]) and told.differences.is_empty()
    with pytest.raises(ConfigError, match="no invoice of 2026-04: nothing to compare with"):
        asked(march, "2026-04", markups=DEARER)
    usocs = "carrier usoc description kind valid_from\nILEC 9ZZ other recurring 2026-01-01"
    told = asked(march, markups=DEARER, usocs=usocs)
    assert told.notes[0].startswith("usocs: lines are priced as they were audited")
    assert told.differences.select(pl.col("difference").sum()).item() == D("4.00")
