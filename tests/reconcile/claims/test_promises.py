"""Promised credits that are not on the bill by which they are due."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from invoices.schema import CENTS, FINDINGS
from reconcile.claims.promises import PROMISES, missing

DOCUMENT = {
    **dict.fromkeys(("carrier", "ban", "document_id", "invoice_no", "status"), pl.String),
    "bill_date": pl.Date,
    "source_file": pl.String,
    "source_row": pl.Int64,
}


def bills(text: str) -> pl.DataFrame:
    """Read days of bills, a star where one is held."""
    rows = [
        {
            "carrier": "ILEC",
            "ban": "1",
            "document_id": f"D{word.rstrip('*')}",
            "invoice_no": word.rstrip("*"),
            "status": "held" if word.endswith("*") else "loaded",
            "bill_date": dt.date.fromisoformat(f"2026-{word.rstrip('*')}"),
        }
        for word in text.split()
    ]
    return pl.DataFrame(rows, schema=DOCUMENT)


@pytest.mark.parametrize(
    ("promise", "documents", "told"),
    [
        # Promised on 03-10, by the nth bill; how much of it came.
        ("granted 1 10.00 0.00", "04-05", "credit_missing D04-05 0.00 -10.00 10.00 N1"),
        ("granted 1 10.00 4.00", "04-05", "credit_short D04-05 -4.00 -10.00 6.00 N1"),
        ("granted 1 10.00 9.99", "04-05", "credit_short D04-05 -9.99 -10.00 0.01 N1"),
        ("granted 1 10.00 10.00", "04-05", ""),
        ("granted 1 0.00 0.00", "04-05", ""),
        # What was not granted on a claim names none.
        ("promised 1 10.00 0.00", "04-05", "credit_missing D04-05 0.00 -10.00 10.00 None"),
        # The bill of the day itself does not count, and bill 0 is the first.
        ("granted 1 10.00 0.00", "03-10", ""),
        ("granted 1 10.00 0.00", "03-10 03-11", "credit_missing D03-11 0.00 -10.00 10.00 N1"),
        ("granted 0 10.00 0.00", "03-10 03-11", "credit_missing D03-11 0.00 -10.00 10.00 N1"),
        ("granted 2 10.00 0.00", "04-05", ""),
        (
            "granted 2 10.00 0.00",
            "04-05 05-05 06-05",
            "credit_missing D05-05 0.00 -10.00 10.00 N1",
        ),
        # A bill that cannot be read may hold it; one before or after does not matter.
        ("granted 2 10.00 0.00", "04-05* 05-05", ""),
        ("granted 2 10.00 0.00", "04-05 05-05*", ""),
        (
            "granted 1 10.00 0.00",
            "02-05* 04-05 05-05*",
            "credit_missing D04-05 0.00 -10.00 10.00 N1",
        ),
    ],
)
def test_a_promise_is_due_with_its_bill(promise: str, documents: str, told: str) -> None:
    cause, by_bill, promised, credited = promise.split()
    row = {
        "name": "N1",
        "cause": cause,
        "carrier": "ILEC",
        "ban": "1",
        "since": dt.date(2026, 3, 10),
        "by_bill": int(by_bill),
        "promised": Decimal(promised),
        "credited": Decimal(credited),
    }
    found = missing(pl.DataFrame([row], schema=PROMISES), bills(documents))
    assert found.drop("claim_no").schema == FINDINGS
    columns = ("code", "document_id", "billed", "expected", "amount_at_stake", "claim_no")
    assert " ".join(str(cell) for row in found.select(columns).rows() for cell in row) == told


def test_what_is_missing_says_so_in_words() -> None:
    rows = [
        (name, cause, "ILEC", "1", dt.date(2026, 3, 10), 1, Decimal("10.00"), Decimal(credited))
        for name, cause, credited in (("N1", "granted", "0.00"), ("P1", "promised", "4.00"))
    ]
    promises = pl.DataFrame(rows, schema=list(PROMISES.items())[:8], orient="row")
    promises = promises.with_columns(usoc=pl.lit(None, pl.String), service=pl.lit(None, pl.String))
    found = missing(promises, bills("04-05"))
    assert found.select("message", "remedy").rows()[0][0] == (
        "the credit of 10.00 (granted N1) is not on the bill of 2026-04-05"
    )
    assert found.select("message", "remedy").rows()[1] == (
        "of the credit of 10.00 (promised P1) only 4.00 came up to the bill of 2026-04-05",
        "dispute with the carrier's promise",
    )
    assert found.schema["amount_at_stake"] == CENTS
