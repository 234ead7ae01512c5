"""What the analyst does today: the days of each claim, and the most urgent and dear first."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from invoices.calendar import closed_weekdays
from reconcile.claims.timers import TASKS, TIMED, tasks

DAY = dt.date.fromisoformat
CLOSED = closed_weekdays(dt.date(2025, 1, 1), dt.date(2028, 1, 1))


def claim(number: str, status: str, **how: Any) -> dict[str, Any]:
    dates = {
        name: DAY(value) if isinstance(value, str) and name != "tracking_no" else value
        for name, value in how.items()
    }
    return {
        "claim_no": number,
        "carrier": "ILEC",
        "ban": "1",
        "reason": "RATE",
        "bill_month": "2026-03",
        "status": status,
        "level": 1,
        "to_win": Decimal("10.00"),
        "denied": Decimal(0),
        "file_by": DAY("2026-06-03"),
        "dispute_closes_on": DAY("2026-06-03"),
        "credit_offered": False,
        "levels": [60, 90, 120],
        "acknowledge_banking_days": 2,
        "resolve_days": 45,
        "escalate_banking_days": 10,
        "credit_by_bill": 2,
        **dates,
    }


def todo(as_of: str, *claims: dict[str, Any], within: int = 0) -> list[str]:
    found = tasks(pl.DataFrame(claims, schema=TIMED), DAY(as_of), within, CLOSED)
    assert found.schema == TASKS
    return [f"{d} {t} {n}" for d, t, n in found.select("due_on", "task", "claim_no").iter_rows()]


FILED = {"filed_on": "2026-03-20"}
# status and what is known, as of, what is to be done
CASES: list[tuple[dict[str, Any], str, list[str]]] = [
    (claim("N", "ready"), "2026-06-02", []),
    (claim("N", "ready"), "2026-06-03", ["2026-06-03 file N"]),
    (claim("N", "draft"), "2026-06-03", ["2026-06-03 file N"]),
    (claim("N", "ready"), "2026-06-04", []),
    # Friday; two banking days on is Tuesday.
    (claim("N", "submitted", **FILED), "2026-03-23", []),
    (claim("N", "submitted", **FILED), "2026-03-24", ["2026-03-24 ask_acknowledgement N"]),
    (claim("N", "submitted", **FILED), "2026-05-04", ["2026-05-04 ask_answer N"]),
    (claim("N", "submitted", **FILED), "2026-05-19", ["2026-05-19 escalate N"]),
    (claim("N", "acknowledged", **FILED), "2026-03-24", []),
    (claim("N", "in_review", **FILED), "2026-05-18", ["2026-05-04 ask_answer N"]),
    (claim("N", "escalated", level=2, **FILED), "2026-06-17", []),
    (claim("N", "escalated", level=2, **FILED), "2026-06-18", ["2026-06-18 escalate N"]),
    (claim("N", "escalated", level=4, **FILED), "2027-01-18", []),
    (claim("N", "rejected_for_form", **FILED), "2026-06-03", ["2026-06-03 send_again N"]),
    (
        claim("N", "denied", denied=Decimal(10), answered_on="2026-05-01", **FILED),
        "2026-05-15",
        ["2026-05-15 escalate_or_close N"],
    ),
    # A part that was granted waits for its credit; the part denied may be escalated first.
    (
        claim("N", "partial", denied=Decimal("0.01"), answered_on="2026-05-01", **FILED),
        "2026-05-15",
        ["2026-05-15 escalate_or_close N"],
    ),
    (claim("N", "partial", answered_on="2026-05-01", **FILED), "2026-05-15", []),
    (
        claim("N", "credited", denied=Decimal(5), answered_on="2026-05-01", **FILED),
        "2026-05-15",
        [],
    ),
    (
        claim("N", "sustained", answered_on="2026-05-10", last_bill_on="2026-05-05", **FILED),
        "2026-07-05",
        ["2026-07-05 ask_credit N"],
    ),
    (
        claim("N", "partial", answered_on="2026-05-10", last_bill_on="2026-03-31", **FILED),
        "2026-05-31",
        ["2026-05-31 ask_credit N"],
    ),
    (
        claim("N", "partial", answered_on="2026-03-05", last_bill_on="2026-02-28", **FILED)
        | {"bill_day": 30},
        "2026-04-30",
        ["2026-04-30 ask_credit N"],
    ),
    (claim("N", "short_credited", **FILED), "2026-05-01", ["2026-05-01 escalate_or_close N"]),
    (
        claim("N", "submitted", credit_offered=True, **FILED),
        "2026-03-20",
        ["2026-03-20 decide_credit N"],
    ),
    # Ready, and holding what another claim lacks of its lines: told at once.
    (claim("N", "ready", grown=True), "2026-04-01", ["2026-06-03 file N"]),
    (claim("N", "draft", grown=True), "2026-04-01", []),
    (claim("N", "submitted", grown=True, **FILED), "2026-03-23", []),
    (
        claim("N", "ready", grown=True, credit_offered=True),
        "2026-04-01",
        ["2026-04-01 decide_credit N"],
    ),
    (claim("N", "withdrawn", **FILED), "2027-01-01", []),
    (claim("N", "credited", **FILED), "2027-01-01", []),
    (claim("N", "closed", **FILED), "2027-01-01", []),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_a_claim_has_its_task_from_the_day_it_is_due(case: int) -> None:
    known, as_of, expected = CASES[case]
    assert todo(as_of, known) == expected


def test_the_most_urgent_stand_first_and_of_a_day_the_most_money() -> None:
    small = claim("A", "ready", to_win=Decimal(1))
    large = claim("B", "ready", to_win=Decimal(900))
    soon = claim("C", "submitted", **FILED)
    later = claim("D", "ready", file_by="2026-06-12", dispute_closes_on="2026-06-13")
    assert todo("2026-05-29", small, large, soon, later, within=5) == [
        "2026-05-19 escalate C",
        "2026-06-03 file B",
        "2026-06-03 file A",
    ]
