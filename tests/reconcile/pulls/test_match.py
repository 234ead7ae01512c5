"""Which invoice a pull paid by its amount alone: how far it may be, and where two are as good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import polars as pl
import pytest
from pull_worlds import rows

from reconcile.pulls import pull_pool, several_invoices
from reconcile.pulls.match import match
from reconcile.pulls.names import REFERENCES
from reconcile.pulls.pull_pool import INVOICES, Open
from reconcile.pulls.several_invoices import only_sum

PULL = {
    "entry_id": pl.String,
    "settled_on": pl.Date,
    "cents": pl.Int64,
    "company": pl.String,
}


def cents(text: str | None) -> int:
    return int(Decimal(text or "") * 100)


def day(text: str | None) -> dt.date:
    return dt.date.fromisoformat(f"2026-{text}")


def invoices(table: str) -> pl.DataFrame:
    """Read document, debit_on, due [invoice_no]; all are of one account of the carrier A."""
    made = [
        {
            "document_id": row["document"],
            "company": "A",
            "carrier": "ILEC",
            "ban": "305R0001",
            "invoice_no": row.get("number", row["document"]),
            "debit_on": day(row["on"]),
            "due": cents(row["due"]),
        }
        for row in rows("document on due number\n" + table)
    ]
    return pl.DataFrame(made, schema=INVOICES)


def pulls(table: str) -> pl.DataFrame:
    """Read entry, settled_on, amount; all are of the originator A."""
    made = [
        (row["entry"], day(row["on"]), cents(row["amount"]), "A")
        for row in rows("entry on amount\n" + table)
    ]
    return pl.DataFrame(made, schema=PULL, orient="row")


def paid(took: str, due: str, names: Sequence[tuple[object, ...]] = ()) -> list[str]:
    """Return which pull paid how much of which invoice, and by what."""
    named = pl.DataFrame(list(names), schema=REFERENCES, orient="row")
    found = match(pulls(took), named, invoices(due))
    return [
        f"{entry} {document} {Decimal(amount).scaleb(-2)} {how}"
        for entry, document, amount, how in found.iter_rows()
    ]


@pytest.mark.parametrize(
    ("took", "due", "expected"),
    [
        # A pull is looked for from 10 days before its day to 25 after it.
        ("E1 03-10 100.00", "D1 03-20 100.00", ["E1 D1 100.00 originator"]),
        ("E1 03-09 100.00", "D1 03-20 100.00", []),
        ("E1 04-14 100.00", "D1 03-20 100.00", ["E1 D1 100.00 originator"]),
        ("E1 04-15 100.00", "D1 03-20 100.00", []),
        # Of two as near the later one paid it; the other took it again.
        (
            "E1 03-18 100.00\nE2 03-22 100.00",
            "D1 03-20 100.00",
            ["E1 D1 100.00 again", "E2 D1 100.00 originator"],
        ),
        (
            "E1 03-18 100.00\nE2 03-23 100.00",
            "D1 03-20 100.00",
            ["E1 D1 100.00 originator", "E2 D1 100.00 again"],
        ),
        # All that is due of a day, at once or a day later.
        (
            "E1 03-21 100.00",
            "D1 03-20 40.00\nD2 03-20 60.00",
            ["E1 D1 40.00 several", "E1 D2 60.00 several"],
        ),
        # That of one day says more than any other choice that comes to it.
        (
            "E1 03-21 100.00",
            "D1 03-20 40.00\nD2 03-20 60.00\nD3 03-24 30.00\nD4 03-26 70.00",
            ["E1 D1 40.00 several", "E1 D2 60.00 several"],
        ),
        # An amount that differs is told of the only open invoice, and of the only pull.
        ("E1 03-20 99.00", "D1 03-20 100.00", ["E1 D1 99.00 differs"]),
        ("E1 03-20 99.00", "D1 03-20 100.00\nD2 03-25 100.00", []),
        ("E1 03-20 99.00\nE2 03-21 98.00", "D1 03-20 100.00", []),
        ("E1 03-20 99.00", "D1 03-20 0.00", []),
        # Parts are looked for as long as a whole.
        (
            "E1 04-13 60.00\nE2 04-14 40.00",
            "D1 03-20 100.00",
            ["E1 D1 60.00 part", "E2 D1 40.00 part"],
        ),
        ("E1 04-14 60.00\nE2 04-15 40.00", "D1 03-20 100.00", ["E1 D1 60.00 differs"]),
        # All open invoices together, whatever their days; one that is all of it stands for itself.
        (
            "E1 03-20 100.00",
            "D1 03-20 40.00\nD2 03-25 60.00",
            ["E1 D1 40.00 several", "E1 D2 60.00 several"],
        ),
    ],
)
def test_what_a_pull_paid(took: str, due: str, expected: list[str]) -> None:
    assert paid(took, due) == expected


def test_a_pull_is_looked_for_about_its_day() -> None:
    on = dt.date(2026, 3, 20)
    first, last = pull_pool.EARLIEST, pull_pool.LATEST
    for days, there in ((first - 1, 0), (first, 1), (last, 1), (last + 1, 0)):
        pull = f"E1 {on + dt.timedelta(days):%m-%d} 100.00"
        assert len(paid(pull, f"D1 {on:%m-%d} 100.00")) == there


def item(number: int, key: str, paid: int | None, invoice: bool = True) -> tuple[object, ...]:
    return ("E1", number, key, None, paid, invoice)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        # What an item does not say it pays is what is due; the last one takes what is left.
        ([item(1, "N1", 4000), item(2, "N2", None)], ["E1 D1 40.00 named", "E1 D2 58.00 named"]),
        ([item(1, "N1", None), item(2, "N2", None)], ["E1 D1 40.00 named", "E1 D2 58.00 named"]),
        ([item(1, "N1", None)], ["E1 D1 98.00 named"]),
        ([item(0, "N2", None, False)], ["E1 D2 98.00 named"]),
        # One that is not here yet keeps its share open.
        ([item(1, "N1", 4000), item(2, "N9", 5800)], ["E1 D1 40.00 named"]),
        # Of two of one number the one that has something due, then the nearest.
        ([item(1, "N3", None)], ["E1 D4 98.00 named"]),
        # An account is the invoice of it that is due with just that amount.
        (
            [item(1, "305R0001", 6000), item(2, "N1", None)],
            ["E1 D1 38.00 named", "E1 D2 60.00 named"],
        ),
        ([item(1, "305R0001", 6100)], []),
    ],
)
def test_what_a_pull_paid_that_names_its_invoices(
    names: list[tuple[object, ...]], expected: list[str]
) -> None:
    due = """
        D1 03-20 40.00 N1
        D2 03-20 60.00 N2
        D3 03-20 0.00  N3
        D4 03-22 9.00  N3
        D5 03-29 9.00  N3
        """.strip()
    assert paid("E1 03-20 98.00", due, names) == expected


@pytest.mark.parametrize(
    ("account", "document"), [("305R0001", "D1"), ("305R0002", "D2"), (None, "D2"), ("9", None)]
)
def test_of_two_invoices_of_one_number_that_of_the_account_named_is_paid(
    account: str | None, document: str | None
) -> None:
    # D2 is nearer.
    due = invoices("D1 03-15 50.00 N1\nD2 03-20 50.00 N1")
    due = due.with_columns(ban=pl.Series(["305R0001", "305R0002"]))
    named = pl.DataFrame([("E1", 1, "N1", account, 4000, True)], schema=REFERENCES, orient="row")
    found = match(pulls("E1 03-20 40.00"), named, due)
    assert found["document_id"].to_list() == ([] if document is None else [document])


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        (["305R0002"], ("D2", "account")),
        (["305R0002", "305R0001"], ("D1", "originator")),
        ([], ("D1", "originator")),
    ],
)
def test_a_pull_is_of_the_one_account_it_names(
    accounts: list[str], expected: tuple[str, str]
) -> None:
    # D1 is nearer.
    due = invoices("D1 03-20 50.00\nD2 03-15 50.00")
    due = due.with_columns(ban=pl.Series(["305R0001", "305R0002"]))
    rows = [("E1", -n, account, None, None, False) for n, account in enumerate(accounts, 1)]
    named = pl.DataFrame(rows, schema=REFERENCES, orient="row")
    found = match(pulls("E1 03-20 50.00"), named, due)
    assert found.select("document_id", "how").rows() == [expected]


def test_a_group_of_too_many_pairs_is_left_to_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    took, due = pulls("E1 03-20 70.00\nE2 03-21 60.00"), invoices("D1 03-20 50.00\nD2 03-21 80.00")
    for most, pairs in ((3, 0), (4, 4)):
        monkeypatch.setattr(several_invoices, "MOST_PAIRS", most)
        assert several_invoices._near(Open(took, due, due), ["company"]).height == pairs


def test_a_sum_may_be_of_all_amounts_and_of_twelve() -> None:
    assert only_sum([5, 5], 10) == (0, 1)
    assert only_sum([1, 2, 4], 7) == (0, 1, 2)
    assert only_sum([1] * 12, 12) == tuple(range(12))
    assert only_sum([1] * 13, 13) is None
    assert only_sum([7], 7) is None
