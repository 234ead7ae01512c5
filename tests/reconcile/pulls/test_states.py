"""What became of every invoice that was pulled, and what of its pulls stands."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from pull_worlds import DUE, banked, codes, debits, entries, items, seen, settlements

from reconcile.pulls.settle import standing_pulls, states
from reconcile.pulls.unexplained import pull_returned

BACK = "E1 F1 02-20 60.00\nE2 F1 02-23 40.00\nR1 F1 02-24 60.00 E1"


@pytest.mark.parametrize(
    ("pulls", "state", "standing"),
    [
        ("E1 F1 02-20 100.00", "debited 100.00 2026-02-20 0.00 None", "100.00"),
        (
            "E1 F1 02-20 100.00\nR1 F1 02-24 100.00 E1",
            "returned 100.00 2026-02-20 100.00 2026-02-24",
            "",
        ),
        # The day is that of the first pull that stands, else of the last.
        (
            "E1 F1 02-20 60.00\nE2 F1 02-23 40.00",
            "debited 100.00 2026-02-20 0.00 None",
            "60.00 40.00",
        ),
        (BACK, "debited 100.00 2026-02-23 60.00 2026-02-24", "40.00"),
        (
            f"{BACK}\nR2 F1 02-25 40.00 E2",
            "returned 100.00 2026-02-23 100.00 2026-02-25",
            "",
        ),
    ],
)
def test_what_became_of_an_invoice(pulls: str, state: str, standing: str) -> None:
    settled = settlements(pulls)
    (row,) = states(settled).drop("document_id").select(
        "status", "pulled", "pulled_on", "returned", "returned_on"
    ).iter_rows()  # fmt: skip
    assert " ".join(map(str, row)) == state
    stands = standing_pulls(settled).sort("settled_on")["amount"].to_list()
    assert " ".join(map(str, stands)) == standing


def test_a_return_is_told_with_what_came_back() -> None:
    found = pull_returned(seen(BACK))
    assert found.drop("message").rows() == [("R1", "F1", "R01", -6000)]
    assert found["message"].item().startswith("60.00 for invoice F1 came back: R01, ")
    assert pull_returned(seen(BACK.splitlines()[0])).is_empty()
    assert found.schema["pulled"] == pl.Int64


def test_a_notice_that_asks_for_a_change_is_told_and_no_pull() -> None:
    table = """
        id on         amount kind   code trace
        N1 2026-02-20 0.00   change C01  T1
        N2 2026-02-20 100.00 entry  -    T2
        """
    events = banked(debits(DUE), entries(table))[1]
    assert codes(events) == [("change_asked", "C01", "N1")]
    assert events["pulled"].to_list() == [Decimal(0)]


def test_what_is_left_of_a_pull_is_told_to_the_cent() -> None:
    took = entries("id on amount\nE1 2026-02-20 100.00\nE2 2026-04-20 7.00")
    named = items("entry_id reference paid\nE1 F1 99.99\nE1 LATER 0.01")
    events = banked(debits(DUE), took, named)[1].filter(pl.col("code") == "pull_unmatched")
    told = [f"{entry} {cause} {much}" for entry, cause, much in
            events.select("entry_id", "cause", "pulled").sort("entry_id").iter_rows()]  # fmt: skip
    assert told == ["E1 part 0.01", "E2 whole 7.00"]
