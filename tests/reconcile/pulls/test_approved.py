"""Which bills a person has to look at before they are pulled."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D

import polars as pl
import pytest
from frame_tables import frame, rows

from invoices.schema import CENTS
from reconcile.pulls.approved import APPROVALS, judged

PULLS = """
    document_id debit_on amount
    small       03-20     500.00
    new         03-20    1500.00
    seen        03-20    1500.00
    less        03-20    1400.00
    on_the_day  03-20    1500.00
    grown       03-20    1600.00
    limit       03-20    1000.00
    credit      .           0.00
    someday     .        9000.00
    """
GIVEN = """
    document_id decided_on who amount
    seen        03-10      ana 1500.00
    less        03-10      ana 1500.00
    grown       03-09      ana 1600.00
    grown       03-10      bea 1500.00
    new         03-22      ana 1500.00
    seen        03-22      bea 1500.00
    on_the_day  03-20      ana 1500.00
    """


def told(day: str, over: str | None = "1000.00") -> list[str]:
    pulls = frame(PULLS, amount=CENTS, debit_on=pl.Date())
    made = judged(
        pulls, frame(GIVEN, **APPROVALS), over and D(over), dt.date.fromisoformat(f"2026-{day}")
    )
    return rows(made, "document_id", "state", "approved_by")


@pytest.mark.parametrize(
    ("day", "state"), [("03-09", "waiting"), ("03-20", "waiting"), ("03-21", "unapproved")]
)
def test_a_large_bill_waits_until_its_pull(day: str, state: str) -> None:
    assert f"new {state} ." in told(day)


def test_an_approval_holds_for_as_much_or_less_and_from_its_day_on() -> None:
    assert told("03-23") == [
        "small not_needed .",
        "new unapproved ana",
        "seen approved ana",
        "less approved ana",
        "on_the_day approved ana",
        "grown changed bea",
        "limit not_needed .",
        "credit none .",
        "someday waiting .",
    ]
    assert "seen waiting ." in told("03-09") and "grown approved ana" in told("03-09")


def test_without_a_limit_nothing_is_asked() -> None:
    states = {row.split()[1] for row in told("03-23", None)}
    assert states == {"not_needed", "approved", "none"}


def test_a_word_after_the_pull_is_told_and_takes_no_earlier_one_back() -> None:
    assert "new unapproved ." in told("03-21") and "new unapproved ana" in told("03-22")
    assert "seen approved ana" in told("03-22")
