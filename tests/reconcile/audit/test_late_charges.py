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
