"""Debits nobody authorised: on the maximum, and on the first and the last day of a contract."""

from __future__ import annotations

import polars as pl
import pytest
from pull_worlds import debits, entries

from invoices.bank.schema import REMITTANCES
from invoices.schema import empty
from reconcile.contracts import read_contracts
from reconcile.pulls.events import pull_events
from reconcile.pulls.settle import Known, settle

CONTRACTS = """
[[contract]]
id = "C1"
carrier = "ILEC"
effective_from = 2026-01-05
effective_until = 2026-06-01
accounts = ["305*"]
[contract.debit]
company_id = "1234567890"
maximum = "500.00"
"""


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ("E1 2026-03-20 500.00 A", None),
        ("E1 2026-03-20 500.01 A", "above_maximum"),
        # In force from its first day to the one before its end.
        ("E1 2026-01-05 7.00 A", None),
        ("E1 2026-01-02 7.00 A", "not_in_force"),
        ("E1 2026-05-29 7.00 A", None),
        ("E1 2026-06-01 7.00 A", "not_in_force"),
        # What its invoice explains may settle after its end.
        ("E1 2026-06-01 100.00 A", None),
    ],
)
def test_a_pull_is_within_its_authorisation(row: str, cause: str | None) -> None:
    due = debits("""
        document ban      debit_on   amount
        F100     305R0001 2026-05-29 100.00
        F200     305R0001 2026-05-29 200.00
        """)
    known = Known(due, read_contracts(CONTRACTS))
    banked = settle(entries(f"id on amount company\n{row}"), empty(REMITTANCES), known)
    events = pull_events(known, banked).filter(pl.col("code") == "outside_authorisation")
    assert events["cause"].to_list() == ([] if cause is None else [cause])


def test_only_an_entry_of_the_network_has_an_originator_we_do_not_know() -> None:
    due = debits("document ban debit_on amount\nF100 305R0001 2026-05-29 100.00")
    known = Known(due, read_contracts(CONTRACTS))
    for kind, told in (("entry", ["unknown_originator"]), ("other", [])):
        table = f"id on amount company kind\nE1 2026-03-20 7.00 5555555555 {kind}"
        banked = settle(entries(table), empty(REMITTANCES), known)
        assert pull_events(known, banked)["code"].to_list() == told
