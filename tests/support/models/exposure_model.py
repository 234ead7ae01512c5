"""Where the money of a bill stands on a day, reckoned one day at a time; and histories of bills."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from reconcile.cash.exposure import PLACES
from reconcile.claims.moves import MOVES, UNFILED

ZERO = Decimal("0.00")
DAY = dt.timedelta(1)


def model(bill: dict[str, Any], claims: list[dict[str, Any]], today: dt.date) -> dict[str, Decimal]:
    """Say where the money of one bill stands today, claim by claim."""
    places = dict.fromkeys(("debited", *PLACES), ZERO)
    if today < bill["debit_on"]:
        return places
    places["debited"] = places["undisputed"] = bill["amount"]
    for claim in claims:
        amount = claim["amount"]
        places["undisputed"] -= amount
        answered = claim["resolved_on"] is not None and today >= claim["resolved_on"]
        if answered and claim["status"] == "withdrawn":
            rest = "withdrawn"
        elif claim["filed_on"] is not None and today >= claim["filed_on"]:
            rest = "open"
        elif claim["dispute_closes_on"] and today > claim["dispute_closes_on"]:
            rest = "expired"
        else:
            rest = "unfiled"
        if answered:
            places["credited"] += claim["credited"]
            places["denied"] += claim["denied"]
            amount -= claim["credited"] + claim["denied"]
        places[rest] += amount
    return places


START = dt.date(2026, 1, 1)
SPANS = st.integers(0, 40)
CENTS = st.integers(0, 10_000).map(lambda cents: Decimal(cents).scaleb(-2))


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Bills of two carriers, each with claims that lived as claims may."""
    bills = []
    for n in range(draw(st.integers(1, 4))):
        billed = START + DAY * draw(SPANS)
        closes = draw(st.none() | SPANS.map(lambda days, billed=billed: billed + DAY * days))
        bill = {
            "document_id": f"D{n}",
            "carrier": draw(st.sampled_from(["A", "B"])),
            "bill_date": billed,
            "debit_on": billed + DAY * draw(SPANS),
            "amount": draw(CENTS),
            "status": draw(st.sampled_from(["expected", "held", "none"])),
            "dispute_closes_on": closes,
        }
        claims = []
        for m in range(draw(st.integers(0, 3))):
            status = draw(st.sampled_from(sorted(MOVES)))
            filed = billed + DAY * draw(SPANS)
            filed_on = None if status in (*UNFILED, "expired") else filed
            if status == "withdrawn" and draw(st.booleans()):
                filed_on = None
            answered = filed_on is not None and status not in ("submitted", "acknowledged")
            answered = answered or status == "withdrawn"
            amount, credited, denied = draw(CENTS), ZERO, ZERO
            if answered and filed_on is not None:
                credited = min(draw(CENTS), amount)
                denied = min(draw(CENTS), amount - credited)
            claims.append(
                {
                    "document_id": f"D{n}",
                    "claim_no": f"N{n}-{m}",
                    "amount": amount,
                    "status": status,
                    "filed_on": filed_on,
                    "dispute_closes_on": closes,
                    "resolved_on": filed + DAY * draw(SPANS) if answered else None,
                    "credited": credited,
                    "denied": denied,
                }
            )
        bills.append((bill, claims))
    return bills
