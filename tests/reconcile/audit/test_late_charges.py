"""Late charges that are not due: on time, nothing to pull, or on what is disputed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from invoices.schema import FINDINGS
from reconcile.audit.late_charges import PULLED, VERDICTS, findings, judged, verdicts
from reconcile.schema import AUDITED

DAY = dt.date.fromisoformat
LATE = pl.DataFrame(
    {"document_id": ["L"], "carrier": ["ILEC"], "ban": ["1"], "bill_date": [DAY("2026-04-05")]}
)


def pulled(**how: Any) -> pl.DataFrame:
    row = {
        "document_id": "P",
        "carrier": "ILEC",
        "ban": "1",
        "invoice_no": "I3",
        "bill_date": DAY("2026-03-05"),
        "due_on": DAY("2026-03-25"),
        "debit_on": DAY("2026-03-20"),
        "amount": Decimal("200.00"),
        "status": "expected",
        "disputed": Decimal(0),
        **{k: DAY(v) if k.endswith("_on") else v for k, v in how.items()},
    }
    return pl.DataFrame([row], schema=PULLED)


# what is known of the pull, the cause, and what of a late charge of 10.01 is not due (4.00 taken)
CASES: list[tuple[dict[str, Any], str | None, str | None]] = [
    ({}, "settled_on_time", "6.01"),
    ({"status": "debited", "settled_on": "2026-03-25"}, "settled_on_time", "6.01"),
    ({"status": "debited", "settled_on": "2026-03-26"}, None, None),
    ({"debit_on": "2026-03-30"}, "settled_on_time", "6.01"),
    ({"status": "none", "amount": Decimal(0)}, "nothing_pulled", "6.01"),
    ({"status": "returned"}, None, None),
    ({"status": "returned", "disputed": Decimal("50.00")}, "disputed", "2.50"),
    ({"status": "returned", "disputed": Decimal("300.00")}, "disputed", "6.01"),
    ({"due_on": "2026-04-06"}, None, None),
    ({"due_on": "2026-04-05"}, None, None),  # due on the day of the late charge: it is not of it
    ({"due_on": "2026-04-04"}, "settled_on_time", "6.01"),
    # No bill bears a late charge for itself, or for another of that day.
    ({"bill_date": DAY("2026-04-05")}, None, None),
    ({"bill_date": DAY("2026-04-04")}, "settled_on_time", "6.01"),
    ({"status": "returned", "disputed": Decimal("0.01")}, "disputed", "0.00"),
    # Of a bill with nothing to pull every disputed cent is more than all of it.
    ({"status": "returned", "amount": Decimal(0), "disputed": Decimal(1)}, "disputed", "6.01"),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_a_late_charge_is_due_or_not_by_what_became_of_the_pull(case: int) -> None:
    how, cause, stake = CASES[case]
    found = verdicts(LATE, pulled(**how))
    assert found.schema == VERDICTS
    assert found["cause"].to_list() == ([cause] if cause else [])
    line = {
        "line_id": "L-1",
        "document_id": "L",
        "carrier": "ILEC",
        "ban": "1",
        "charge_class": "late_charge",
        "amount": Decimal("10.01"),
        "at_stake": Decimal("4.00"),
        "expected": Decimal("6.01"),
    }
    other = {**line, "line_id": "L-2", "charge_class": "recurring"}
    lines = pl.DataFrame([line, other], schema=AUDITED).lazy()
    told = findings(lines, found)
    assert told.schema == FINDINGS
    assert [str(amount) for amount in told["amount_at_stake"]] == ([stake] if stake else [])
    after = judged(lines, found).collect()
    assert after.schema == AUDITED
    sums = (after["expected"] + after["at_stake"]).to_list()
    assert sums == [Decimal("10.01"), Decimal("10.01")]
    assert after["at_stake"].to_list() == [
        Decimal("4.00") + Decimal(stake or 0),
        Decimal("4.00"),
    ]


# of a late charge: its amount, what of it is at stake and due; then what is at stake, due, units
LINES = [
    ("10.01", "4.00", "6.01", "10.01  0.00  0"),  # nothing of it is due
    ("10.01", "4.00", "8.00", "10.01  1.99  1"),  # more was due than billed
    ("10.01", "10.01", "0.00", "10.01  0.00  1"),  # nothing was left to take
    ("10.01", "12.00", "0.00", "12.00  0.00  1"),
    ("0.01", "0.00", "0.01", "0.01  0.00  0"),
    ("0.00", "0.00", "0.00", "0.00  0.00  1"),  # no late charge
    ("-5.00", "0.00", "-5.00", "0.00  -5.00  1"),  # one given back
]


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line[0]} {line[1]}")
def test_what_is_left_of_a_late_charge_is_taken(line: tuple[str, str, str, str]) -> None:
    amount, taken, due, expected = line
    row = {
        **{"line_id": "L-1", "document_id": "L", "charge_class": "late_charge"},
        **{"amount": Decimal(amount), "at_stake": Decimal(taken), "expected": Decimal(due)},
        "due_units": Decimal(1),
    }
    lines = pl.DataFrame([row], schema=AUDITED).lazy()
    found = verdicts(LATE, pulled())
    after = judged(lines, found).collect().row(0, named=True)
    told = f"{after['at_stake']}  {after['expected']}  {after['due_units'].normalize()}"
    assert told == expected
    findings_of = findings(lines, found).select("amount_at_stake", "billed", "expected").rows()
    at_stake = after["at_stake"] - Decimal(taken)
    late = Decimal(amount) > 0
    assert findings_of == [(at_stake, Decimal(amount), after["expected"])] * late


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({}, "invoice I3 was pulled on time, on 2026-03-20"),
        ({"status": "none"}, "nothing of invoice I3 was to be pulled"),
        ({"status": "returned", "disputed": Decimal(50)}, "50.00 of invoice I3 is disputed"),
    ],
)
def test_a_finding_says_why_the_late_charge_is_not_due(how: dict[str, Any], words: str) -> None:
    row = {"line_id": "L-1", "document_id": "L", "charge_class": "late_charge"}
    row |= dict.fromkeys(("amount", "expected"), Decimal(10)) | {"at_stake": Decimal(0)}
    told = findings(pl.DataFrame([row], schema=AUDITED).lazy(), verdicts(LATE, pulled(**how)))
    assert told["message"].to_list() == [words]


def test_a_late_charge_is_for_the_last_bill_that_was_due_before_it() -> None:
    bills = [
        pulled(invoice_no="I1", bill_date=DAY("2026-01-05"), due_on="2026-01-25"),
        pulled(invoice_no="I2", bill_date=DAY("2026-02-05"), due_on="2026-02-25"),
        pulled(invoice_no="I9", bill_date=DAY("2026-02-05"), due_on="2026-02-25"),
        pulled(invoice_no="I3", due_on="2026-04-05"),
        pulled(invoice_no="X1", ban="2"),
    ]
    for rows in (bills, bills[::-1]):
        assert verdicts(LATE, pl.concat(rows))["of_invoice"].to_list() == ["I9"]
