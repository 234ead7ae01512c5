"""Printed totals are held against sums, to the cent; what does not add up is held and explained."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from gate import document, file, line, read, through

from invoices.footing import foot, line_sums
from invoices.schema import DOCUMENTS, FINDINGS

TABLE = """
current  previous  payments  adjustments  total   lines         status  cause                printed  sum
25.00    -         -         -            25.00   25.00         loaded  -                    -        -
25.00    10.00     -10.00    -            25.00   20.00,5.00    loaded  -                    -        -
25.00    10.00     -10.00    -3.00        22.00   25.00         loaded  -                    -        -
0.00     -         -         -            0.00    -             loaded  -                    -        -
-5.00    -         -         -            -5.00   -5.00         loaded  -                    -        -
25.00    -         -         -            25.00   24.99         held    charges              25.00    24.99
25.00    10.00     -         -            25.00   25.00         held    balance              25.00    35.00
25.00    10.00     -         -            25.00   20.00         held    charges_and_balance  25.00    20.00
25.00    -         -         -            25.00   -             held    charges              25.00    0.00
"""  # noqa: E501


@pytest.mark.parametrize("case", TABLE.strip().splitlines()[1:])
def test_a_document_is_loaded_if_it_foots_and_held_if_not(case: str) -> None:
    current, previous, payments, adjustments, total, lines, *expected = case.split()
    amounts = [] if lines == "-" else lines.split(",")
    balances = {"previous_balance": previous, "payments": payments, "adjustments": adjustments}
    gate = through(
        file(
            document(
                current_charges=current,
                total_due=total,
                **{name: cell for name, cell in balances.items() if cell != "-"},
            ),
            *(line(amount=amount) for amount in amounts),
        )
    )
    found = gate.findings.select("cause", "billed", "expected")
    row = [str(value) for value in found.row(0)] if found.height else ["-"] * 3
    assert [gate.documents["status"].item(), *row] == expected
    assert gate.documents["lines"].item() == len(amounts)


def test_a_held_document_says_by_how_much_and_what_could_not_be_read() -> None:
    gate = through(
        file(
            document(current_charges="30.00", total_due="31.00"),
            line(),
            line(amount="5.00", charge_class="?"),
        )
    )
    [held] = gate.findings.filter(code="document_does_not_foot").to_dicts()
    assert held["finding_id"] == gate.documents["document_id"].item() + ":document_does_not_foot"
    assert (
        "current_charges is printed as 30.00, 1 lines add up to 25.00: 5.00 apart"
        in (held["message"])
    )
    assert "total_due is printed as 31.00" in held["message"]
    assert "1 rows could not be read and are quarantined" in held["message"]
    assert held["amount_at_stake"] == Decimal("0.00")
    assert (held["severity"], held["reason"], held["source_row"]) == ("error", None, 2)


def test_refused_documents_are_not_footed() -> None:
    gate = through(file(document(bill_date="", current_charges="1.00"), line()))
    assert gate.documents["status"].to_list() == ["refused"]
    assert gate.documents["line_sum"].to_list() == [None]
    assert gate.findings["code"].to_list() == ["document_unreadable"]


def test_sums_beyond_any_amount_hold_the_document_instead_of_failing() -> None:
    huge = "999999999.99"
    gate = through(file(document(), *[line(amount=huge)] * 1200))
    assert gate.documents["status"].item() == "held"
    assert gate.documents["line_sum"].item() is None
    assert "1199999999988.00" in gate.messages


def test_footing_keeps_order_and_columns() -> None:
    rows = [
        row
        for number in range(9, 0, -1)
        for row in (document(invoice_no=number), line(amount=f"{number}.00"))
    ]
    reading = read(file(*rows))
    documents, findings = foot(reading.documents, line_sums(reading.lines).collect())
    assert documents["invoice_no"].to_list() == [str(n) for n in range(9, 0, -1)]
    assert documents.schema == DOCUMENTS
    assert findings.schema == FINDINGS
    assert findings.height == 9


def test_documents_without_any_sum_have_no_lines() -> None:
    reading = read(file(document(current_charges="0.00", total_due="0.00")))
    nothing = line_sums(reading.lines).collect()
    assert nothing.is_empty()
    documents, _ = foot(reading.documents, nothing, pl.DataFrame(schema=FINDINGS))
    assert documents.select("lines", "line_sum", "status").row(0) == (0, Decimal("0.00"), "loaded")
