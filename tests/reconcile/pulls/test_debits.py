"""What is pulled for each bill, month after month, as an analyst would write it down."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices.schema import CENTS
from reconcile.contracts import Contract
from reconcile.pulls.debits import DEBITS, debits
from reconcile.window import deadlines

ZERO = Decimal("0.00")


def contract(amount: str = "total_due", days: int = 15) -> Contract:
    return Contract.model_validate(
        {
            "id": "C",
            "carrier": "ILEC",
            "effective_from": dt.date(2025, 1, 1),
            "accounts": ["*"],
            "debit": {"amount": amount, "terms": {"days": days}},
        }
    )


def bills(table: str, under: str | None = "C") -> pl.DataFrame:
    """Read a table: bill_date, invoice_no, status, previous, payments, current, total."""
    names = ("previous_balance", "payments", "current_charges", "total_due")
    rows = []
    for line in table.strip().splitlines():
        date, number, status, *money = line.split()
        amounts = (None if cell == "-" else Decimal(cell) for cell in money)
        rows.append(
            {
                "document_id": number,
                "carrier": "ILEC",
                "ban": "0305",
                "invoice_no": number,
                "bill_date": dt.date.fromisoformat(date),
                "status": status,
                "contract": under,
                **dict(zip(names, amounts, strict=True)),
            }
        )
    schema = {
        **dict.fromkeys(("document_id", "carrier", "ban", "invoice_no"), pl.String),
        **dict.fromkeys(("bill_date", "due_date", "received_on"), pl.Date),
        **dict.fromkeys(("status", "contract"), pl.String),
        **dict.fromkeys(names, CENTS),
    }
    return pl.DataFrame(rows, schema=schema)


def pulled(documents: pl.DataFrame, *contracts: Contract) -> list[tuple[str, str, str]]:
    found = debits(deadlines(documents, list(contracts)), list(contracts))
    return [
        (row["invoice_no"], str(row["amount"]), row["status"])
        for row in found.sort("bill_date", "invoice_no", "status").iter_rows(named=True)
    ]


def test_a_bill_paid_before_the_next_is_pulled_whole() -> None:
    documents = bills(
        """
        2026-01-10  A  loaded    0.00     0.00  100.00  100.00
        2026-02-10  B  loaded  100.00  -100.00   50.00   50.00
        2026-03-10  C  loaded        -       -   60.00   60.00
        """
    )
    assert pulled(documents, contract()) == [
        ("A", "100.00", "expected"),
        ("B", "50.00", "expected"),
        ("C", "60.00", "expected"),
    ]


def test_what_was_pulled_and_is_not_yet_shown_as_paid_is_not_pulled_again() -> None:
    # The pull settles 45 days after the bill, so that each bill still shows the last as unpaid.
    documents = bills(
        """
        2026-01-10  A  loaded    0.00     0.00  100.00  100.00
        2026-02-10  B  loaded  100.00     0.00   50.00  150.00
        2026-03-10  C  loaded  150.00  -100.00   60.00  110.00
        2026-04-10  D  loaded  110.00  -110.00   70.00   70.00
        """
    )
    assert pulled(documents, contract(days=45)) == [
        ("A", "100.00", "expected"),
        ("B", "50.00", "expected"),
        ("C", "60.00", "expected"),
        ("D", "70.00", "expected"),
    ]


def test_a_balance_our_record_does_not_know_is_pulled() -> None:
    documents = bills(
        """
        2026-02-10  B  loaded  100.00  0.00  50.00  150.00
        2026-03-10  C  loaded  175.00  0.00  60.00  235.00
        """
    )
    assert pulled(documents, contract()) == [
        ("B", "150.00", "expected"),
        ("C", "85.00", "expected"),
    ]


def test_zero_or_less_is_no_pull() -> None:
    documents = bills(
        """
        2026-01-10  A  loaded     0.00    0.00   -20.00  -20.00
        2026-02-10  B  loaded   -20.00    0.00    20.00    0.00
        2026-03-10  C  held       0.00    0.00     0.00    0.00
        """
    )
    assert pulled(documents, contract()) == [
        ("A", "0.00", "none"),
        ("B", "0.00", "none"),
        ("C", "0.00", "none"),
    ]


def test_a_held_document_is_pulled_by_its_printed_total_and_counts_for_the_next() -> None:
    documents = bills(
        """
        2026-01-10  A  held      0.00    0.00  100.00  100.00
        2026-02-10  B  loaded  100.00    0.00   50.00  150.00
        """
    )
    assert pulled(documents, contract()) == [("A", "100.00", "held"), ("B", "50.00", "expected")]


def test_a_held_copy_of_a_bill_never_stands_between_two_bills() -> None:
    documents = bills(
        """
        2026-01-10  A  loaded    0.00     0.00  100.00  100.00
        2026-02-10  B  loaded  100.00     0.00   50.00  150.00
        2026-02-10  B  held    100.00     0.00   10.00  110.00
        2026-03-10  C  loaded  150.00  -100.00   60.00  110.00
        """
    ).with_columns(document_id=pl.Series(["1", "2", "3", "4"]))
    assert pulled(documents, contract()) == [
        ("A", "100.00", "expected"),
        ("B", "50.00", "expected"),
        ("B", "10.00", "held"),
        ("C", "60.00", "expected"),
    ]


@pytest.mark.parametrize(
    ("unpaid", "next_pull"), [("100.00", "150.00"), ("40.00", "90.00"), ("0.00", "50.00")]
)
def test_what_the_bank_did_not_let_go_is_pulled_with_the_next_bill(
    unpaid: str, next_pull: str
) -> None:
    documents = bills(
        """
        2026-01-10  A  loaded    0.00     0.00  100.00  100.00
        2026-02-10  B  loaded  100.00     0.00   50.00  150.00
        """
    )
    back = pl.DataFrame({"document_id": ["A"], "unpaid": [Decimal(unpaid)]})
    found = debits(deadlines(documents, [contract()]), [contract()], back)
    assert [str(amount) for amount in found["amount"]] == ["100.00", next_pull]


def test_current_charges_are_pulled_as_they_stand() -> None:
    documents = bills(
        """
        2026-01-10  A  loaded    0.00    0.00  100.00  100.00
        2026-02-10  B  loaded  100.00    0.00   50.00  150.00
        2026-03-10  C  loaded  150.00    0.00   -5.00  145.00
        """
    )
    assert pulled(documents, contract("current_charges")) == [
        ("A", "100.00", "expected"),
        ("B", "50.00", "expected"),
        ("C", "0.00", "none"),
    ]


def test_an_account_under_no_contract_has_its_debit_row_all_the_same() -> None:
    table = "2026-01-10  A  loaded  0.00  0.00  100.00  100.00"
    documents = bills(table, under=None).with_columns(due_date=dt.date(2026, 1, 31))
    found = debits(deadlines(documents, []), [])
    row = found.row(0, named=True)
    assert found.schema == DEBITS
    assert row["contract"] is None
    assert row["debit_on"] == dt.date(2026, 2, 2)
    assert (row["amount"], row["status"]) == (Decimal("100.00"), "expected")
    assert row["dispute_closes_on"] is None


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_the_order_of_arrival_changes_nothing(order: list[int]) -> None:
    documents = bills(
        """
        2026-01-10  A  loaded    0.00     0.00  100.00  100.00
        2026-02-10  B  held    100.00     0.00   50.00  150.00
        2026-03-10  C  loaded  150.00  -100.00   60.00  110.00
        """
    )
    assert pulled(documents[order], contract()) == pulled(documents, contract())


@settings(max_examples=15, deadline=None)
@given(
    charges=st.lists(st.integers(0, 99999), min_size=1, max_size=12),
    days=st.integers(0, 80),
)
def test_a_carrier_that_books_each_pull_is_paid_each_bill_once(
    charges: list[int], days: int
) -> None:
    """Play the carrier: it prints as payments what settled since the last bill."""
    policy = contract(days=days)
    dates = [dt.date(2026 + n // 12, n % 12 + 1, 10) for n in range(len(charges))]
    blank = bills("\n".join(f"{date}  {date}  loaded  0 0 0 0" for date in dates))
    settled = deadlines(blank, [policy])["debit_on"].to_list()
    rows, last, shown = [], ZERO, dt.date(2025, 12, 10)
    for date, cents in zip(dates, charges, strict=True):
        current = Decimal(cents).scaleb(-2)
        pairs = zip(settled, charges, strict=True)
        paid = sum((Decimal(c).scaleb(-2) for day, c in pairs if shown < day <= date), ZERO)
        paid = min(paid, last)
        total = last - paid + current
        rows.append(f"{date}  {date}  loaded  {last} {-paid} {current} {total}")
        last, shown = total, date
    found = debits(deadlines(bills("\n".join(rows)), [policy]), [policy])
    assert found["amount"].to_list() == [Decimal(cents).scaleb(-2) for cents in charges]
