"""Journals for a general ledger: each balances, none says more or less than the books."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal as D

import polars as pl
import pytest
from frame_tables import frame
from hypothesis import given
from hypothesis import strategies as st

from rebill.books.general_ledger import KIND_WORDS, journals, named, netsuite, quickbooks, unnamed
from rebill.books.journal import POSTINGS
from rebill.workspace.sections import Books

ACCOUNTS = {
    "Expenses:Carrier": "5000 Cost of service",
    "Expenses:Carrier:*:Taxes": "5090 Taxes paid",
    "Expenses:Carrier:HARBOR": "5010 Harbor",
    "Liabilities": "2000 Payables",
}
BILLS = """
    on         key    kind    state party   account                          amount words
    2026-03-05 bill:a bill    final HARBOR  Expenses:Carrier:HARBOR:Usage     60.00 Bill_A
    2026-03-05 bill:a bill    final HARBOR  Expenses:Carrier:HARBOR:Taxes      6.00 Bill_A
    2026-03-05 bill:a bill    final HARBOR  Liabilities:Payable:HARBOR       -66.00 Bill_A
    2026-03-20 bill:b bill    final HARBOR  Expenses:Carrier:HARBOR:Usage     40.00 Bill_B
    2026-03-20 bill:b bill    final HARBOR  Liabilities:Payable:HARBOR       -40.00 Bill_B
    2026-03-20 inv:c  invoice final C1      Assets:Receivable:Customers:C1    50.00 Invoice_C
    2026-03-20 inv:c  invoice final C1      Income:Revenue:Usage             -50.00 Invoice_C
    2026-03-21 inv:d  invoice draft C1      Assets:Receivable:Customers:C1    99.00 Invoice_D
    2026-03-21 inv:d  invoice draft C1      Income:Revenue:Usage             -99.00 Invoice_D
    """


def postings(text: str = BILLS) -> pl.DataFrame:
    return frame(text, **POSTINGS)


def test_a_month_is_one_journal_a_kind_without_drafts() -> None:
    assert quickbooks(journals(postings(), ACCOUNTS)).splitlines() == [
        "JournalNo,JournalDate,AccountName,Debits,Credits,Description,Name",
        "202603-bill,03/31/2026,2000 Payables,,106.00,Carrier bills,HARBOR",
        "202603-bill,03/31/2026,5010 Harbor,100.00,,Carrier bills,HARBOR",
        "202603-bill,03/31/2026,5090 Taxes paid,6.00,,Carrier bills,HARBOR",
        "202603-invoice,03/31/2026,Assets:Receivable:Customers:C1,50.00,,Customer invoices,C1",
        "202603-invoice,03/31/2026,Income:Revenue:Usage,,50.00,Customer invoices,",
    ]
    assert unnamed(postings(), ACCOUNTS) == [
        "Assets:Receivable:Customers:C1",
        "Income:Revenue:Usage",
    ]


def test_entries_by_themselves_keep_their_day_and_words() -> None:
    rows = list(csv.DictReader(io.StringIO(netsuite(journals(postings(), {}, "entry"), "West"))))
    first = rows[0]
    assert first["Date"] == "03/05/2026" and first["Memo"] == first["Line Memo"] == "Bill_A"
    assert {row["Subsidiary"] for row in rows} == {"West"}
    assert all(len(row["External ID"]) <= 21 for row in rows)
    assert len({row["External ID"] for row in rows}) == 3


@pytest.mark.parametrize(
    ("account", "name"),
    [
        ("Expenses:Carrier:OTHER:Usage", "5000 Cost of service"),
        ("Expenses:Carrier:HARBOR:Usage", "5010 Harbor"),
        ("Expenses:Carrier:HARBOR:Taxes", "5090 Taxes paid"),
        ("Expenses:Carriers", None),
        ("Assets:Bank", None),
    ],
)
def test_the_longest_beginning_names_an_account(account: str, name: str | None) -> None:
    assert named(account, ACCOUNTS) == name


def test_a_setting_that_names_no_account_is_a_fault() -> None:
    for wrong in (
        {"Cost:Carrier": "5000"},
        {"Expenses": " "},
        {"Expenses": "50\n00"},
        {"Expenses::X": "5000"},
        {"Expenses: X": "5000"},
    ):
        with pytest.raises(ValueError, match="account"):
            Books(accounts=wrong)
    with pytest.raises(ValueError, match="cannot be printed"):
        Books(subsidiary="West\nEast")
    assert Books(accounts={"Expenses": " 5000 "}).accounts == {"Expenses": "5000"}


entry = st.tuples(
    st.dates(dt.date(2026, 1, 1), dt.date(2026, 4, 30)),
    st.sampled_from(sorted(KIND_WORDS)),
    st.sampled_from(["C1", "HARBOR", "=x"]),
    st.integers(-500, 500),
)


@given(st.lists(entry, max_size=12), st.sampled_from(["month", "day", "entry"]))
def test_every_journal_balances_and_all_of_them_are_the_books(made: list, summed: str) -> None:
    rows = [
        (on, f"{kind}:{n}", kind, "final", party, account, sign * D(cents) / 100, "w")
        for n, (on, kind, party, cents) in enumerate(made)
        for account, sign in (("Expenses:Carrier:X", 1), ("Assets:Bank", -1))
    ]
    made_rows = pl.DataFrame(rows, schema=POSTINGS, orient="row")
    said = journals(made_rows, {"Expenses": "5"}, summed)
    sums = said.group_by("journal").agg(pl.col("amount").sum())
    assert not sums.filter(pl.col("amount") != 0).height
    assert said.filter(account="5")["amount"].sum() == sum((D(m[3]) for m in made), D(0)) / 100
    for row in csv.DictReader(io.StringIO(quickbooks(said))):
        assert (row["Debits"] == "") != (row["Credits"] == "")
        assert not row["Name"].startswith("=")
