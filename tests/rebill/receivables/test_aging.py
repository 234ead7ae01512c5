"""What customers owe is aged as the slow model ages it, and comes to what the books say."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import aging_model
import nights
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nights import bill, night, put, table
from shell import Call

from invoices.customer import account
from invoices.schema import CENTS
from rebill.books.accounts import RECEIVABLE
from rebill.books.closing import books, proof
from rebill.books.journal import balances
from rebill.receivables.balances import balances as balances_on
from rebill.reference.load import load
from rebill.selling.issue import issue, void
from rebill.store.record import reading
from rebill.workspace.settings import Workspace

DAY = dt.date(2026, 6, 30)
DAYS = st.integers(-150, 10).map(lambda days: DAY + dt.timedelta(days=days))
AMOUNTS = st.integers(-300, 2000).map(lambda cents: D(cents) / 100)
CUSTOMERS = st.sampled_from(["C1", "C2"])
BILLS = pl.Schema(
    {
        **dict.fromkeys(("invoice_no", "customer", "status", "kind", "corrects"), pl.String()),
        **dict.fromkeys(("bill_date", "issued_on", "due_date"), pl.Date()),
        "total": CENTS,
    }
)
PAID = pl.Schema(
    {"customer": pl.String(), "invoice_no": pl.String(), "paid_on": pl.Date(), "amount": CENTS}
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    bills = []
    for number in range(draw(st.integers(0, 5))):
        row = {
            "invoice_no": f"N{number}",
            "customer": draw(CUSTOMERS),
            "status": draw(st.sampled_from(["issued", "issued", "issued", "draft", "void"])),
            "kind": "invoice",
            "corrects": None,
            "bill_date": draw(DAYS),
            "issued_on": draw(DAYS),
            "due_date": draw(DAYS),
            "total": draw(AMOUNTS),
        }
        bills.append(row)
        if row["status"] == "issued" and draw(st.booleans()):
            note = {"invoice_no": f"K{number}", "kind": "credit_note", "corrects": f"N{number}"}
            bills.append({**row, **note, "bill_date": draw(DAYS), "total": -row["total"]})
    numbers = st.sampled_from([None, "N0", "N1", "N2", "GONE"])
    paid = [
        {
            "customer": draw(CUSTOMERS),
            "invoice_no": draw(numbers),
            "paid_on": draw(DAYS),
            "amount": draw(AMOUNTS),
        }
        for _ in range(draw(st.integers(0, 5)))
    ]
    return bills, paid


@given(worlds())
def test_what_is_owed_is_aged_as_by_hand(world: tuple[list[Any], list[Any]]) -> None:
    bills, paid = world
    known = account.known_on(pl.DataFrame(bills, BILLS), pl.DataFrame(paid, PAID), DAY)
    found = account.balances(account.open_items(*known))
    parts = (*account.AGED, "unapplied")
    rows = {row["account"]: {name: row[name] for name in parts} for row in found.to_dicts()}
    assert rows == aging_model.aging(bills, paid, DAY)


# --- on record ------------------------------------------------------------------------------------

APRIL = """
    1FB 6145550131 20.00 20.00
    TTB 6145550131 5.00  5.00
    """


def _owed(root: Path) -> None:
    """March and April issued; C1 paid 10.00 for March, and 20.00 for nothing by name."""
    workspace = nights.billed(root)
    put(workspace, [("b.csv", bill(4, APRIL))])
    night(workspace, "2026-04-10")
    issue(workspace, [], dt.date(2026, 4, 20), nights.now)
    march = table(workspace, "customer_invoices").filter(customer="C1", bill_month="2026-03")
    number = march["invoice_no"].item()
    paid = f"payment,customer,invoice_no,paid_on,amount\nP1,C1,{number},2026-04-30,10.00\n"
    path = workspace.root / "customer_payments.csv"
    path.write_text(paid + "P2,C1,,2026-05-02,20.00\n")
    result = load(workspace, [path], given=nights.NOW)
    assert result.ok, [str(error) for error in result.errors]


@pytest.fixture
def owed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = nights.copied(tmp_path / "w", _owed)
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    return workspace


def _rows(workspace: Workspace, day: str) -> list[tuple[str | None, ...]]:
    text = nights.exported(workspace, "aging", as_of=day)["aging"]
    found = pl.read_csv(text.encode(), infer_schema=False)
    assert found.columns[:8] == ["as_of", "customer", "name", *account.AGED]
    assert set(found["as_of"]) <= {day}
    return found.drop("as_of", "name", "total").rows()


@pytest.mark.parametrize(
    ("day", "rows"),
    [
        ("2026-04-19", []),  # March is a draft yet
        (
            "2026-04-20",
            [
                ("C1", "27.50", "27.50", "0.00", "0.00", "0.00", "0.00", "2026-04-04"),
                ("C2", "0.00", "3.66", "0.00", "0.00", "0.00", "0.00", "2026-04-04"),
            ],
        ),
        (  # 10.00 for March, then 20.00 for nothing by name: 2.50 of it are April's
            "2026-05-05",
            [
                ("C1", "25.00", "0.00", "0.00", "0.00", "0.00", "0.00", "2026-05-05"),
                ("C2", "0.00", "0.00", "3.66", "0.00", "0.00", "0.00", "2026-04-04"),
            ],
        ),
        (
            "2026-08-01",
            [
                ("C1", "0.00", "0.00", "0.00", "25.00", "0.00", "0.00", "2026-05-05"),
                ("C2", "0.00", "0.00", "0.00", "0.00", "3.66", "0.00", "2026-04-04"),
            ],
        ),
    ],
)
def test_a_day_that_is_past_is_told_as_it_was(
    owed: Workspace, day: str, rows: list[tuple[str | None, ...]]
) -> None:
    assert _rows(owed, day) == rows


def test_what_all_owe_is_what_the_books_say(owed: Workspace) -> None:
    """Also where an invoice that was paid is taken back, and the customer has money with us."""
    (number,) = table(owed, "customer_invoices").filter(customer="C1", bill_month="2026-03")[
        "invoice_no"
    ]
    void(owed, [number], dt.date(2026, 5, 4), "wrong", nights.now)
    found = _rows(owed, "2026-05-05")
    assert found[0] == ("C1", "0.00", "0.00", "0.00", "0.00", "0.00", "2.50", None)
    with reading(owed) as record:
        posted = books(record).filter(pl.col("state") == "final")
        for day in (dt.date(2026, 4, 20), dt.date(2026, 5, 1), dt.date(2026, 5, 5)):
            stands = balances(posted, day).filter(pl.col("account").str.starts_with(RECEIVABLE))
            assert balances_on(record, day)["total"].sum() == stands["amount"].sum() > 0
        assert not proof(record, dt.date(2026, 5, 5))["difference"].abs().sum()


def test_the_command_lists_customers_or_what_is_open_of_one(owed: Workspace, rebill: Call) -> None:
    code, out, _ = rebill("receivables", "aging", "--as-of", "2026-05-05")
    rows = [line.split()[:2] for line in out.splitlines()]
    assert code == 0 and rows[-2:] == [["C1", "One"], ["C2", "Two"]]
    code, out, _ = rebill(
        "receivables",
        "aging",
        *("--customer", "C1", "--as-of", "2026-05-05"),
        "--invoices",
        "--json",
    )
    assert code == 0 and [row["open"] for row in json.loads(out)] == ["25.00"]
    assert rebill("receivables", "aging", "--customer", "nobody")[:2] == (0, "")
