"""Pulls against their paper, on the day and on the cent."""

from __future__ import annotations

import polars as pl
import pytest
from pull_worlds import seen

from reconcile.pulls.against_paper import (
    amount_differs,
    pulled_early,
    pulled_though_credited,
    pulled_twice,
)


def told(found: pl.DataFrame) -> list[str]:
    """Return entry and cause, what was pulled and what the paper allows, in cents."""
    if "cause" not in found.columns:
        found = found.with_columns(cause=pl.lit("-"))
    told = found.select("entry_id", "cause", "pulled", "expected").sort("entry_id", "cause")
    return [" ".join(map(str, row)) for row in told.iter_rows()]


@pytest.mark.parametrize(
    ("pulls", "early"),
    [
        ("E1 F1 02-19 100.00", ["E1 - 10000 10000"]),
        ("E1 F1 02-20 100.00", []),
        # What is pulled twice is not early besides.
        ("E1 F1 02-18 100.00\nE2 F1 02-19 100.00", ["E1 - 10000 10000"]),
    ],
)
def test_a_pull_is_early_before_its_day(pulls: str, early: list[str]) -> None:
    assert told(pulled_early(seen(pulls))) == early


@pytest.mark.parametrize(
    ("pulls", "twice"),
    [
        ("E1 F1 02-20 100.00\nE2 F1 02-20 100.00", ["E2 - 10000 0"]),
        # Until the last cent of it was pulled it is not pulled again.
        ("E1 F1 02-20 99.99\nE2 F1 02-21 100.00", []),
        ("E1 F1 02-20 60.00\nE2 F1 02-21 40.00\nE3 F1 02-22 0.01", ["E3 - 1 0"]),
        # What came back, then or later, does not stand.
        ("E1 F1 02-20 100.00\nR1 F1 02-21 100.00 E1\nE2 F1 02-22 100.00", []),
        ("E1 F1 02-20 100.00\nE2 F1 02-21 100.00\nR2 F1 02-22 100.00 E2", []),
        # Of what lets nothing be pulled nothing is pulled again.
        ("E1 F2 03-20 5.00\nE2 F2 03-21 5.00", []),
    ],
)
def test_a_pull_is_the_second_one_when_all_was_pulled(pulls: str, twice: list[str]) -> None:
    assert told(pulled_twice(seen(pulls))) == twice


@pytest.mark.parametrize(
    ("pulls", "differs"),
    [
        ("E1 F1 02-20 100.00", []),
        ("E1 F1 02-20 99.99", ["E1 less 9999 10000"]),
        ("E1 F1 02-20 100.01", ["E1 more 10001 10000"]),
        ("E1 F1 02-20 60.00\nE2 F1 02-21 40.00", []),
        # All of a document is told with its last pull.
        ("E1 F1 02-20 60.00\nE2 F1 02-21 39.00", ["E2 less 9900 10000"]),
        ("E1 F1 02-20 60.00\nR1 F1 02-21 60.00 E1\nE2 F1 02-21 39.00", ["E2 less 3900 10000"]),
        # Nothing was due: that is told as such.
        ("E1 F2 03-20 5.00", []),
    ],
)
def test_an_amount_differs_by_a_cent(pulls: str, differs: list[str]) -> None:
    assert told(amount_differs(seen(pulls))) == differs


@pytest.mark.parametrize(
    ("pulls", "credited", "over"),
    [
        ("E1 F1 02-20 100.00", "F1 30.00 02-19", ["E1 claim_credited 10000 7000"]),
        # What was credited on the day of the pull should have been taken off it.
        ("E1 F1 02-20 100.00", "F1 30.00 02-20", ["E1 claim_credited 10000 7000"]),
        ("E1 F1 02-20 100.00", "F1 30.00 02-21", []),
        ("E1 F1 02-20 70.00", "F1 30.00 02-19", []),
        ("E1 F1 02-20 70.01", "F1 30.00 02-19", ["E1 claim_credited 7001 7000"]),
        # No more than the credit is pulled in spite of it; the rest differs from the paper.
        ("E1 F1 02-20 150.00", "F1 30.00 02-19", ["E1 claim_credited 15000 12000"]),
        (
            "E1 F1 02-20 100.00",
            "F1 30.00 02-19\nF1 5.00 02-20",
            ["E1 claim_credited 10000 6500"],
        ),
        ("E1 F2 03-20 5.00", "", ["E1 nothing_due 500 0"]),
        ("E1 F2 03-20 5.00", "F2 3.00 03-19", ["E1 nothing_due 500 0"]),
    ],
)
def test_what_is_pulled_though_it_was_credited(pulls: str, credited: str, over: list[str]) -> None:
    assert told(pulled_though_credited(seen(pulls, credited))) == over
