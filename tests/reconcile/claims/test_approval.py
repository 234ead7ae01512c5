"""A second name for claims over an amount: on the amount, by oneself, and for so much of it."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from invoices.schema import CENTS
from reconcile.claims.approval import lacking

OVER = Decimal("10.00")
APPROVAL = {"claim_no": pl.String, "who": pl.String, "amount": CENTS}
SECOND, OWN = "a second person has to approve it", "whoever approved it may not file it too"


@pytest.mark.parametrize(
    ("amount", "approved", "who", "why"),
    [
        # What is not over the amount needs nobody.
        ("10.00", [], "ana", None),
        ("10.00", [], None, None),
        ("10.01", [], "ana", SECOND),
        ("10.01", [("bea", "10.01")], "ana", None),
        ("10.01", [("bea", "10.01")], " ", "say who files it"),
        ("10.01", [("Ana ", "10.01")], "ana", OWN),
        ("10.01", [("ana", "10.01"), ("bea", "10.01")], "ana", None),
        # It was approved for so much and no more; of several approvals the largest counts.
        ("10.01", [("bea", "10.00")], "ana", "it has grown since"),
        ("10.01", [("bea", "10.01"), ("cyd", "9.00")], "ana", None),
        ("10.01", [("bea", "10.00"), ("ana", "10.01")], "ana", "it has grown since"),
    ],
)
def test_who_may_file_a_claim_over_the_amount(
    amount: str, approved: list[tuple[str, str]], who: str | None, why: str | None
) -> None:
    claims = pl.DataFrame({"claim_no": ["N1"], "amount": [Decimal(amount)]})
    given = [("N1", name, Decimal(much)) for name, much in approved]
    # An approval of another claim says nothing of this one.
    given.append(("N2", "bea", Decimal("99.00")))
    found = lacking(claims, pl.DataFrame(given, schema=APPROVAL, orient="row"), OVER, who)
    assert found["claim_no"].to_list() == ([] if why is None else ["N1"])
    assert why is None or found["why"].item().startswith(why)
