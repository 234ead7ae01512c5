"""Credits for a line that several claims hold: what one lacked when the line's finding grew."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from reconcile.claims.credit_pool import CREDITS, WAITING, WANTED
from reconcile.claims.crediting import match

FINDINGS = {
    "N1": "L:rate_above_contract",
    "N2": "L:rate_above_contract",
    "N3": "L:charged_twice",
}
BILLED, FILED, CREDITED = (dt.date(2026, month, 5) for month in (2, 3, 4))


@pytest.mark.parametrize(
    ("claims", "waited_for", "credits", "outcome"),
    [
        # 3.00 were filed, then another 5.00 of the same line: 8.00 are both.
        ("N1 N2", "3.00 5.00", "8.00", "N1 3.00, N2 5.00"),
        ("N1 N2", "3.00 5.00", "5.00", "N2 5.00"),
        ("N1 N2", "3.00 5.00", "3.00", "N1 3.00"),
        ("N1 N3", "3.00 5.00", "8.00", "N1 3.00, N3 5.00"),
        # Less than all of it may be meant for either.
        ("N1 N2", "3.00 5.00", "6.00", "offer N1, offer N2"),
        # The second is not filed when the bill comes.
        ("N1 N2-", "3.00 5.00", "8.00", "offer N1"),
        ("N1 N2 N3", "3.00 5.00 8.00", "8.00", "N3 8.00"),
        ("N1 N2 N3", "3.00 5.00 2.00", "10.00", "N1 3.00, N2 5.00, N3 2.00"),
        ("N1 N2", "3.00 3.00", "3.00", "offer N1, offer N2"),
        ("N1 N2", "3.00 3.00", "3.00 3.00", "N1 3.00, N2 3.00"),
        ("N1 N2", "3.00 5.00", "8.00 8.00", "offer N1, offer N2, offer N1, offer N2"),
    ],
)
def test_a_credit_for_a_line_that_several_claims_hold(
    claims: str, waited_for: str, credits: str, outcome: str
) -> None:
    waits, lines = [], []
    for word, amount in zip(claims.split(), waited_for.split(), strict=True):
        name, filed = word.rstrip("-"), None if word.endswith("-") else FILED
        room = Decimal(amount)
        waits.append((name, "ILEC", None, filed, room, room, None, Decimal("0.05")))
        line = (name, FINDINGS[name], "D", "1", BILLED, "S", "1FB", BILLED, FILED, room)
        lines.append(line)
    given = [
        {
            "credit_id": f"C{n}",
            "document_id": "E",
            "carrier": "ILEC",
            "ban": "1",
            "bill_date": CREDITED,
            "invoice_no": "I",
            "line_no": n,
            "amount": Decimal(amount),
            "subject": "S",
            "usoc": "1FB",
            "certain": True,
        }
        for n, amount in enumerate(credits.split())
    ]
    found = match(
        pl.DataFrame(given, schema=CREDITS),
        pl.DataFrame(waits, schema=WAITING, orient="row"),
        pl.DataFrame(lines, schema=WANTED, orient="row"),
    )
    taken = found.taken.sort("claim_no").select("claim_no", "amount").iter_rows()
    told = [f"{name} {amount}" for name, amount in taken]
    told += [f"offer {name}" for name in found.offered["claim_no"]]
    assert ", ".join(told) == outcome
