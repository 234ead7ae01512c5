"""Payments and deposits as reference tables: both databases, and what is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import nights
import polars as pl
import pytest

from rebill.reference.current import current_frame
from rebill.reference.load import load
from rebill.store.record import reading
from rebill.workspace.settings import Workspace

PAYMENTS = "payment,customer,invoice_no,paid_on,amount\n"
DEPOSITS = "contract,kind,reference,amount,rate,effective_from,effective_until\n"


def loaded(workspace: Workspace, folder: Path, **tables: str) -> list[str]:
    """Load tables; return what was wrong with them."""
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return [str(error) for error in load(workspace, [folder], given=nights.NOW).errors]


def test_payments_and_deposits_come_back_as_they_were_given(
    database_url: str, tmp_path: Path
) -> None:
    workspace = nights.small(tmp_path / "w", database_url)
    faults = loaded(
        workspace,
        tmp_path / "in",
        customer_payments=f"{PAYMENTS}P1,C1,,2026-03-01,12.34\nP2,C1,,2026-03-02,-12.34\n",
        deposits=f"{DEPOSITS}ACME-2026,deposit,,1000.00,0.005,2026-01-01,2026-07-01\n"
        "ACME-2026,deposit,,2000.00,,2026-07-01,\n",
    )
    assert faults == []
    with reading(workspace) as record:
        payments, deposits = (
            current_frame(workspace, record.connection, name).collect()
            for name in ("customer_payments", "deposits")
        )
    assert payments.select("payment", "invoice_no", "paid_on", "amount").rows() == [
        ("P1", None, dt.date(2026, 3, 1), Decimal("12.34")),
        ("P2", None, dt.date(2026, 3, 2), Decimal("-12.34")),
    ]
    assert deposits["amount"].to_list() == [Decimal(1000), Decimal(2000)]
    # What is in force today is what counts.
    row = nights.table(workspace, "security")
    assert row.height == 0  # no day is known yet
    nights.put(workspace, [("3.csv", nights.bill(3, nights.USUAL))])
    nights.night(workspace, "2026-07-01")
    (row,) = nights.table(workspace, "security").to_dicts()
    assert (row["deposit"], row["held"], row["cost"]) == ("2000.00", "2000.00", None)


@pytest.mark.parametrize(
    ("table", "row", "said"),
    [
        ("customer_payments", "P1,C9,,2026-03-01,1.00", "C9"),
        ("customer_payments", "P1,C1,,,1.00", "paid_on"),
        ("customer_payments", "P1,C1,,2026-02-30,1.00", "paid_on"),
        ("customer_payments", "P1,C1,,2026-03-01,1.005", "amount"),
        ("customer_payments", "P1,C1,,2026-03-01,1.00\nP1,C2,,2026-03-01,1.00", "same payment"),
        ("deposits", "NOBODY,bond,,1.00,,,", "NOBODY"),
        ("deposits", "ACME-2026,gold,,1.00,,,", "kind"),
        ("deposits", "ACME-2026,bond,,-1.00,,,", "amount"),
        ("deposits", "ACME-2026,bond,,1.00,,2026-02-01,2026-01-01", "effective_until"),
        (
            "deposits",
            "ACME-2026,bond,,1.00,,2026-01-01,2026-03-01\nACME-2026,bond,,1.00,,2026-02-01,",
            "overlap",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_row(
    tmp_path: Path, table: str, row: str, said: str
) -> None:
    workspace = nights.small(tmp_path / "w")
    head = PAYMENTS if table == "customer_payments" else DEPOSITS
    faults = loaded(workspace, tmp_path / "in", **{table: f"{head}{row}\n"})
    assert len(faults) == 1
    assert f"{table}.csv row" in faults[0] and said in faults[0]
    with reading(workspace) as record:
        kept = current_frame(workspace, record.connection, table).select(pl.len()).collect().item()
    assert kept == 0
