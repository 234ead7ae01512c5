"""What a description of a file counts: exactly, equal faults once, rows like totals by name."""

from __future__ import annotations

from decimal import Decimal

from invoices.carrier import Profiles, parse_profile, read, source_of_bytes
from invoices.carrier.describe import Description, describe

PROFILE = """
profile = "portal"
format = "flat"
carrier = "NORTH"
[flat]
derive = ["current_charges", "total_due"]
[[flat.part]]
name = "lines"
charge_class = "recurring"
[flat.part.fields]
ban = "Account"
invoice_no = "Invoice"
bill_date = "Date"
usoc = "USOC"
description = "Text"
amount = "Amount"
"""


def described(rows: list[str]) -> Description:
    lines = ["Account,Invoice,Date,USOC,Text,Amount", *(f"0123,A1,2026-03-01,{r}" for r in rows)]
    source = source_of_bytes("bill.csv", "0" * 64, "\n".join(lines).encode())
    return describe(read(source, None, Profiles((parse_profile(PROFILE),))))


def test_values_are_counted_exactly() -> None:
    told = described([f"1FB,line {number},1.00" for number in range(30_011)])
    counted = {name: (filled, distinct) for name, filled, distinct in told.coverage.rows()}
    assert counted["description"] == (30_011, 30_011)
    assert counted["amount"] == (30_011, 1)
    assert counted["usoc"] == (30_011, 1)


def test_equal_faults_are_one_line_with_a_count() -> None:
    told = described(["1FB,a,1.00", "1FB,b,1.0x", "1FB,c; d,1;0y", "1FB,c,", "1FB,d"])
    rows = told.set_aside.select("rows", "first", "reason").rows()
    assert rows == [
        (2, 3, "amount `1.0x` is not an amount in dollars and cents"),
        (1, 5, "amount is empty"),
        (1, 6, "the row has 5 cells, the header 6"),
    ]
    assert told.set_aside["remedy"][1] == "fill in amount"


def test_lines_that_look_like_totals_are_named() -> None:
    named = described(["1FB,Line,25.00", "1FB,Total Care,5.00", ",Subtotal 0123,30.00"])
    assert named.like_totals.rows() == [
        (3, "Total Care", Decimal("5.00")),
        (4, "Subtotal 0123", Decimal("30.00")),
    ]
    silent = described(["1FB,Line,25.00", "1FB,Line,5.00", ",0123,30.00"])
    assert silent.like_totals["source_row"].to_list() == [4]
    assert described(["1FB,Line,25.00", "1FB,Line,5.00"]).like_totals.is_empty()
