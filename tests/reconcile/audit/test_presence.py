"""What stands beside what on the days that decide it, and what is on no line of its month."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from compare import agreed
from hand_bills import ELEMENTS, audit, table

from reconcile.audit.presence import without_partner

TEXTS = dict.fromkeys(
    ("line_id", "carrier", "service", "usoc", "package", "charge_class"), pl.String()
)
DAYS = dict.fromkeys(("period_from", "period_until", "rate_day", "bill_date"), pl.Date())
RULES = pl.LazyFrame(
    {"carrier": ["ILEC"], "usoc": ["1FB"], "relation": ["requires"], "other_usoc": ["PORT1"]}
).with_columns(valid_from=pl.lit(None, pl.Date()), valid_until=pl.lit(None, pl.Date()))


def lines(text: str) -> pl.LazyFrame:
    """Return recurring lines of one service from a table."""
    rows: list[dict[str, Any]] = [
        {
            "line_id": row["no"], "carrier": "ILEC", "service": "S1", "usoc": row["usoc"],
            "package": None, "charge_class": "recurring", "amount": row["amount"],
            "bill_date": row["bill"], "rate_day": row["from"], "period_from": row["from"],
            "period_until": row["until"],
        }
        for row in table(text)
    ]  # fmt: skip
    return pl.LazyFrame(rows, schema={**TEXTS, **DAYS, "amount": pl.Decimal(18, 2)})


HEAD = "no bill usoc amount from until\n"
ASKS = "a 2026-06-01 1FB {} 2026-06-01 2026-07-01\n"


@pytest.mark.parametrize(
    ("partner", "is_there"),
    [
        ("2026-06-30 7.00 2026-03-01 2026-04-01", True),  # on a bill of the month
        ("2026-06-01 0.00 2026-06-01 2026-07-01", True),  # for nothing
        ("2026-06-01 -7.00 2026-06-01 2026-07-01", False),  # its credit
        ("2026-05-31 7.00 2026-05-02 2026-06-02", True),  # billed before, for its first day
        ("2026-05-31 7.00 2026-05-01 2026-06-01", False),
        ("2026-05-31 7.00 2026-06-30 2026-07-30", True),  # and for its last
        ("2026-05-31 7.00 2026-07-01 2026-08-01", False),
        ("2026-07-01 7.00 2026-06-01 2026-07-01", False),  # billed later
        ("2026-05-31 7.00 . .", False),
    ],
)
def test_a_partner_is_there_on_a_bill_of_the_month_or_billed_before_for_a_day_of_it(
    partner: str, is_there: bool
):
    day, rest = partner.split(" ", 1)
    asks, other = ASKS.format("20.00"), f"p {day} PORT1 {rest}\n"
    for tonight, before in ((asks + other, ""), (asks, other)):
        found = without_partner(lines(HEAD + tonight), lines(HEAD + before), RULES)
        assert found.rows() == ([] if is_there else [("a", "PORT1")])


def test_a_line_of_nothing_needs_no_partner():
    for amount, gone in (("0.01", ["a"]), ("0.00", [])):
        found = without_partner(lines(HEAD + ASKS.format(amount)), lines(HEAD), RULES)
        assert found["line_id"].to_list() == gone


def missed(text: str, **more: Any) -> list[tuple[str, str]]:
    """Return what is found on no line of its month, and what it would have cost."""
    _, findings = agreed(audit(text, **more))
    return [(f["usoc"], str(f["expected"])) for f in findings if f["code"] == "element_not_billed"]


SHOWN = """
no class usoc quantity rate amount from       until
a  rec   1FB  1        .    {}     2026-06-01 2026-07-01
b  tax   STAX1 1       .    0.10   .          .
"""


@pytest.mark.parametrize(
    ("amount", "gone"), [("20.00", []), ("0.00", []), ("-0.01", [("1FB", "20.00")])]
)
def test_a_line_of_nothing_shows_its_element_and_a_credit_does_not(amount: str, gone: list[Any]):
    one = ELEMENTS[: ELEMENTS.index("S1       TTB")]
    assert missed(SHOWN.format(amount), service_elements=one) == [*gone, ("PKG1", "30.00")]


@pytest.mark.parametrize(("rounding", "cost"), [("line", "15.02"), ("unit", "15.03")])
def test_what_is_missed_costs_what_its_units_would_have_been_rounded_to(rounding: str, cost: str):
    gone = missed(
        SHOWN.format("20.00"),
        rates="""
        usoc   package charge_class state zone term_months rate  effective_from effective_until
        VM1OO  .       recurring    OH    .    .           5.005 2025-01-01     .
        TTB    .       recurring    OH    .    .           0.00  2025-01-01     .
        """,
        service_elements=ELEMENTS + "S1 VM1OO 3 . .\nS1 RECO1 1 . .\n",
        billing={"rounding": rounding},
    )
    assert gone == [("VM1OO", cost), ("PKG1", "30.00")]
