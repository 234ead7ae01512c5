"""Where the carriers' money stands on each day, against a model that looks at every day."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from exposure_model import DAY, START, ZERO, histories, model
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.cash.exposure import DISPUTED, EXPOSURE, PLACES, as_pulled, by_bill, exposure
from reconcile.claims.places import CREDIT_PARTS, PARTS, STEPS, TOTALS, faults, steps
from reconcile.pulls.debits import DEBITS


def day(text: str) -> dt.date | None:
    return None if text == "-" else dt.date.fromisoformat(f"2026-{text}")


def pulls(table: str) -> pl.DataFrame:
    """Read a table: document_id, carrier, bill_date, debit_on, amount, status, closes (2026)."""
    names = ["document_id", "carrier", "bill_date", "debit_on", "amount", "status"]
    rows = []
    for line in table.strip().splitlines():
        document, carrier, billed, pulled, amount, status, closes = line.split()
        cells = (document, carrier, day(billed), day(pulled), Decimal(amount), status)
        rows.append({**dict(zip(names, cells, strict=True)), "dispute_closes_on": day(closes)})
    return pl.DataFrame(rows, schema=DEBITS)


def claimed(table: str) -> pl.DataFrame:
    """Return the steps of claims (`lives`)."""
    return stepped(lives(table))


def lives(table: str) -> list[dict[str, Any]]:
    """Read a table: document_id, amount, status, filed, closes, resolved, credited, denied."""
    rows = []
    for n, line in enumerate(table.strip().splitlines()):
        document, amount, status, filed, closes, resolved, credited, denied = line.split()
        rows.append(
            {
                "document_id": document,
                "claim_no": f"N{n}",
                "amount": Decimal(amount),
                "status": status,
                "filed_on": day(filed),
                "dispute_closes_on": day(closes),
                "resolved_on": day(resolved),
                "credited": Decimal(credited),
                "denied": Decimal(denied),
            }
        )
    return rows


def stepped(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return the steps of claims that were filed and had an outcome, or not, each on one bill."""
    events = []
    for row in rows:
        gone = row["amount"] - row["credited"] - row["denied"]
        outcome = {
            "at": row["resolved_on"],
            "what": "withdraw" if row["status"] == "withdrawn" else "answer",
            "credited": row["credited"],
            "denied": row["denied"],
            "withdrawn": gone if row["status"] == "withdrawn" else ZERO,
        }
        told = [{"at": row["filed_on"], "what": "submit"}, outcome]
        number = 0
        for event in told:
            if event["at"] is not None:
                number += 1
                events.append({"claim_no": row["claim_no"], "event": number, **event})
    claims = pl.DataFrame(
        [(row["claim_no"], row["dispute_closes_on"]) for row in rows],
        schema={"claim_no": pl.String, "dispute_closes_on": pl.Date},
        orient="row",
    )
    parts = pl.DataFrame([{name: row[name] for name in PARTS} for row in rows], schema=PARTS)
    totals = pl.DataFrame(events, schema=TOTALS)
    found = steps(claims, parts, totals, pl.DataFrame(schema=CREDIT_PARTS))
    assert found.schema == STEPS
    return found


def story(frame: pl.DataFrame, carrier: str = "ILEC") -> list[str]:
    """Say each day on which something changed, with the places that are not 0.00."""
    told, last = [], None
    for row in frame.filter(pl.col("carrier") == carrier).iter_rows(named=True):
        now = "  ".join(f"{p} {row[p]}" for p in ("debited", *PLACES) if row[p] != ZERO)
        if now != last:
            told.append(f"{row['on']:%m-%d}  {now}".strip())
        last = now
    return told


BILL = "D1  ILEC  01-10  01-26  100.00  expected  04-10"


def test_a_pull_is_undisputed_until_something_of_it_is_claimed() -> None:
    found = exposure(pulls(BILL), claimed(""), dt.date(2026, 2, 1))
    assert story(found) == ["01-10", "01-26  debited 100.00  undisputed 100.00"]
    assert found.schema == EXPOSURE
    assert (found["on"].min(), found["on"].max()) == (dt.date(2026, 1, 10), dt.date(2026, 4, 10))
    assert found.height == 91


# a claim of 30.00 of the bill, and what becomes of it
LIVES = {
    "never filed": (
        "D1  30.00  ready  -  04-10  -  0.00  0.00",
        ["01-26  undisputed 70.00  unfiled 30.00", "04-11  undisputed 70.00  expired 30.00"],
    ),
    "filed and not answered": (
        "D1  30.00  submitted  02-02  04-10  -  0.00  0.00",
        ["01-26  undisputed 70.00  unfiled 30.00", "02-02  undisputed 70.00  open 30.00"],
    ),
    "filed on the last day": (
        "D1  30.00  submitted  04-10  04-10  -  0.00  0.00",
        ["01-26  undisputed 70.00  unfiled 30.00", "04-10  undisputed 70.00  open 30.00"],
    ),
    "filed before the pull": (
        "D1  30.00  submitted  01-20  04-10  -  0.00  0.00",
        ["01-26  undisputed 70.00  open 30.00"],
    ),
    "filed too late": (
        "D1  30.00  submitted  04-12  04-10  -  0.00  0.00",
        [
            "01-26  undisputed 70.00  unfiled 30.00",
            "04-11  undisputed 70.00  expired 30.00",
            "04-12  undisputed 70.00  open 30.00",
        ],
    ),
    "credited in part": (
        "D1  30.00  partial  02-02  04-10  03-01  20.00  4.00",
        [
            "01-26  undisputed 70.00  unfiled 30.00",
            "02-02  undisputed 70.00  open 30.00",
            "03-01  undisputed 70.00  open 6.00  credited 20.00  denied 4.00",
        ],
    ),
    "credited in part, the rest given up": (
        "D1  30.00  withdrawn  02-02  04-10  03-01  20.00  4.00",
        [
            "01-26  undisputed 70.00  unfiled 30.00",
            "02-02  undisputed 70.00  open 30.00",
            "03-01  undisputed 70.00  credited 20.00  denied 4.00  withdrawn 6.00",
        ],
    ),
    "withdrawn before it was filed": (
        "D1  30.00  withdrawn  -  04-10  02-05  0.00  0.00",
        ["01-26  undisputed 70.00  unfiled 30.00", "02-05  undisputed 70.00  withdrawn 30.00"],
    ),
    "withdrawn after it was filed": (
        "D1  30.00  withdrawn  02-02  04-10  02-05  0.00  0.00",
        [
            "01-26  undisputed 70.00  unfiled 30.00",
            "02-02  undisputed 70.00  open 30.00",
            "02-05  undisputed 70.00  withdrawn 30.00",
        ],
    ),
    "under no window": (
        "D1  30.00  ready  -  -  -  0.00  0.00",
        ["01-26  undisputed 70.00  unfiled 30.00"],
    ),
    "more than the pull": (
        "D1  130.00  ready  -  -  -  0.00  0.00",
        ["01-26  undisputed -30.00  unfiled 130.00"],
    ),
}


@pytest.mark.parametrize("name", LIVES)
def test_a_claimed_cent_stands_where_its_claim_stands(name: str) -> None:
    table, lines = LIVES[name]
    told = ["01-10", *(line.replace("  ", "  debited 100.00  ", 1) for line in lines)]
    assert story(exposure(pulls(BILL), claimed(table), dt.date(2026, 4, 20))) == told
    ended = pl.DataFrame(lives(table), schema=DISPUTED)
    assert story(exposure(pulls(BILL), ended, dt.date(2026, 4, 20))) == told


def test_every_carrier_has_a_row_on_every_day() -> None:
    bills = pulls(
        """
        D1  ILEC   01-10  01-26  100.00  expected  04-10
        D2  OTHER  02-10  02-26   50.00  held      05-10
        """
    )
    found = exposure(bills, claimed(""), dt.date(2026, 1, 1))
    days = (dt.date(2026, 5, 10) - dt.date(2026, 1, 10)).days + 1
    assert found.group_by("carrier").len().sort("carrier").rows() == [
        ("ILEC", days),
        ("OTHER", days),
    ]
    assert found.equals(found.sort("on", "carrier"))
    assert story(found, "OTHER") == ["01-10", "02-26  debited 50.00  undisputed 50.00"]


def test_a_pull_the_bank_returned_or_without_a_day_counts_for_nothing() -> None:
    bills = pulls(
        """
        D1  ILEC  01-10  01-26  100.00  returned  04-10
        D2  ILEC  01-10  -       50.00  expected  04-10
        """
    )
    table = "D1 30.00 ready - 04-10 - 0 0\nD2 3.00 ready - 04-10 - 0 0"
    assert story(exposure(bills, claimed(table), dt.date(2026, 5, 1))) == ["01-10"]


@pytest.mark.parametrize(
    ("bank", "expected"),
    [  # status, pulled_on, pulled, returned; the day and the amount that count
        ("expected  -      0.00    0.00", "01-26  100.00"),  # the bank has not spoken
        ("debited   01-27  99.00   0.00", "01-27   99.00"),
        ("debited   01-27  150.00  51.00", "01-27   99.00"),  # pulled twice, one came back in part
        ("returned  01-27  100.00  100.00", "01-26  100.00"),  # what the paper says
    ],
)
def test_where_the_bank_has_spoken_its_day_and_amount_count(bank: str, expected: str) -> None:
    status, on, pulled, returned = bank.split()
    told = pulls(BILL.replace("expected", status)).with_columns(
        pulled_on=pl.lit(day(on), dtype=pl.Date),
        pulled=pl.lit(Decimal(pulled)),
        returned=pl.lit(Decimal(returned)),
    )
    row = as_pulled(told).row(0, named=True)
    assert f"{row['debit_on']:%m-%d} {row['amount']:>7}" == expected


def test_nothing_received_is_no_exposure() -> None:
    found = exposure(pulls(""), claimed(""), dt.date(2026, 1, 1))
    assert (found.height, found.schema) == (0, EXPOSURE)


def shown(found: pl.DataFrame) -> list[str]:
    """Say where the money of each document stands at each step, places of 0.00 left out."""
    told = []
    for row in found.iter_rows(named=True):
        places = (f"{name} {row[name]}" for name in PLACES[1:] if row[name] != ZERO)
        told.append(f"{row['document_id']} {row['on'] or 'start'}  " + "  ".join(places))
    return told


def test_what_is_credited_stands_on_its_document_and_what_is_denied_fills_the_rest() -> None:
    claims = pl.DataFrame(
        {"claim_no": ["N1"], "dispute_closes_on": [dt.date(2026, 4, 10)], "amount": [10]}
    ).with_columns(
        pl.col("amount").cast(PARTS["amount"]),
        credited=pl.lit(Decimal("5.00")),
        denied=pl.lit(Decimal("4.00")),
        withdrawn=pl.lit(Decimal("0.00")),
    )
    parts = pl.DataFrame(
        [("N1", "D2", Decimal(7)), ("N1", "D1", Decimal(3))], schema=PARTS, orient="row"
    )
    nil = Decimal(0)
    rows = [
        ("N1", 1, dt.date(2026, 2, 2), "submit", None, None, None),
        ("N1", 2, dt.date(2026, 3, 1), "credit", Decimal(4), nil, nil),
        ("N1", 3, dt.date(2026, 3, 2), "deny", Decimal(4), Decimal(6), nil),
        ("N1", 4, dt.date(2026, 3, 3), "escalate", Decimal(4), nil, nil),
        ("N1", 5, dt.date(2026, 3, 4), "credit", Decimal(5), nil, nil),
        ("N1", 6, dt.date(2026, 3, 5), "grant_part", Decimal(5), Decimal(4), nil),
    ]
    totals = pl.DataFrame(rows, schema=TOTALS, orient="row")
    given = pl.DataFrame([("N1", "D2", 2, Decimal(4))], schema=CREDIT_PARTS, orient="row")
    found = steps(claims, parts, totals, given)
    assert shown(found) == [
        "D1 start  unfiled 3.00",
        "D1 2026-02-02  open 3.00",
        "D1 2026-03-01  open 3.00",
        "D1 2026-03-02  denied 3.00",
        "D1 2026-03-03  open 3.00",
        "D1 2026-03-04  open 2.00  credited 1.00",
        "D1 2026-03-05  open 1.00  credited 1.00  denied 1.00",
        "D1 2026-04-11  open 1.00  credited 1.00  denied 1.00",
        "D2 start  unfiled 7.00",
        "D2 2026-02-02  open 7.00",
        "D2 2026-03-01  open 3.00  credited 4.00",
        "D2 2026-03-02  credited 4.00  denied 3.00",
        "D2 2026-03-03  open 3.00  credited 4.00",
        "D2 2026-03-04  open 3.00  credited 4.00",
        "D2 2026-03-05  credited 4.00  denied 3.00",
        "D2 2026-04-11  credited 4.00  denied 3.00",
    ]
    assert faults(found, claims, parts) == []
    wrong = claims.with_columns(denied=pl.lit(Decimal("3.00")))
    assert faults(found, wrong, parts) == ["N1 is not where its events left it"]
    off = found.with_columns(open=pl.col("open") + 1)
    assert len(faults(off, claims, parts)) == 17


def test_a_credit_taken_back_leaves_the_last_document_first() -> None:
    claims = pl.DataFrame(
        {"claim_no": ["N1"], "dispute_closes_on": [None]},
        schema={"claim_no": pl.String, "dispute_closes_on": pl.Date},
    )
    parts = pl.DataFrame(
        [("N1", "D1", Decimal(3)), ("N1", "D2", Decimal(7))], schema=PARTS, orient="row"
    )
    nil = Decimal(0)
    rows = [
        ("N1", 1, dt.date(2026, 2, 2), "submit", None, None, None),
        ("N1", 2, dt.date(2026, 3, 1), "credit", Decimal(10), nil, nil),
        ("N1", 3, dt.date(2026, 3, 2), "reverse_credit", Decimal(2), nil, nil),
    ]
    given = pl.DataFrame(
        [("N1", "D1", 2, Decimal(3)), ("N1", "D2", 2, Decimal(7))],
        schema=CREDIT_PARTS,
        orient="row",
    )
    found = steps(claims, parts, pl.DataFrame(rows, schema=TOTALS, orient="row"), given)
    assert shown(found)[-1:] == ["D2 2026-03-02  open 7.00"]
    assert shown(found)[3] == "D1 2026-03-02  open 1.00  credited 2.00"


def test_each_bill_says_where_its_money_stands_on_a_day() -> None:
    bills = pulls(
        """
        D1  ILEC   01-10  01-26  100.00  expected  04-10
        D2  ILEC   02-10  02-26   50.00  expected  05-10
        """
    )
    claims = claimed("D1 30.00 partial 02-02 04-10 03-01 20.00 4.00")
    taken = {"01-20": [0, 0], "01-26": [100, 0], "02-02": [100, 0], "03-01": [100, 50]}
    for on, debited in ((dt.date.fromisoformat(f"2026-{d}"), sums) for d, sums in taken.items()):
        rows = by_bill(bills, claims, on)
        assert rows["debited"].to_list() == debited, on
        summed = exposure(bills, claims, dt.date(2026, 5, 1)).filter(pl.col("on") == on)
        for name in ("debited", *PLACES):
            assert rows[name].sum() == summed[name].item(), (on, name)
        assert rows.filter(pl.col("debited") != pl.sum_horizontal(PLACES)).is_empty()


@settings(max_examples=15, deadline=None)
@given(history=histories(), span=st.integers(0, 120))
def test_every_day_is_what_the_model_of_that_day_says_and_every_row_foots(
    history: list[tuple[dict[str, Any], list[dict[str, Any]]]], span: int
) -> None:
    as_of = START + DAY * span
    bills = pl.DataFrame([bill for bill, _ in history], schema=DEBITS)
    claims = [claim for _, claims in history for claim in claims]
    found = exposure(bills, stepped(claims), as_of)
    closes = [b["dispute_closes_on"] for b, _ in history if b["dispute_closes_on"]]
    first, last = min(b["bill_date"] for b, _ in history), max([as_of, *closes])
    carriers = sorted({b["carrier"] for b, _ in history})
    days = [first + DAY * n for n in range((last - first).days + 1)]
    assert found.select("on", "carrier").rows() == [(d, c) for d in days for c in carriers]
    for row in found.iter_rows(named=True):
        expected = dict.fromkeys(("debited", *PLACES), ZERO)
        for bill, claims in history:
            if bill["carrier"] == row["carrier"]:
                for place, amount in model(bill, claims, row["on"]).items():
                    expected[place] += amount
        assert {place: row[place] for place in expected} == expected
        assert row["debited"] == sum((row[place] for place in PLACES), ZERO)
