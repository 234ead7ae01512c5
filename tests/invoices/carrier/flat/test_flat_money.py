"""Money of a flat feed that stands in several columns, and rows and columns that only prove."""

from __future__ import annotations

from decimal import Decimal

import pytest
from examples import few
from flat_gate import Gate, through
from hypothesis import given
from hypothesis import strategies as st

PROFILE = """
profile = "portal"
format = "flat"
carrier = "ILEC"
[charge_classes]
Monthly = "recurring"
[flat]
derive = ["current_charges", "total_due"]
[flat.fields]
ban = "Account"
invoice_no = "Invoice"
bill_date = "Date"
[[flat.part]]
name = "lines"
charge_class = "recurring"
{part}
[flat.part.fields]
usoc = "USOC"
description = "Text"
amount = {amount}
"""
HEAD = "Account,Invoice,Date,USOC,Text"


def read(text: str, part: str = "", amount: str = '"Amount"') -> Gate:
    """Read a table whose first five columns go without saying, rows of one bill."""
    head, *rows = text.strip().split("\n")
    lines = [f"{HEAD},{head.strip()}", *(f"0123,A1,2026-03-01,{row.strip()}" for row in rows)]
    return through({"bill.csv": "\n".join(lines) + "\n"}, PROFILE.format(part=part, amount=amount))


def told(gate: Gate) -> list[str]:
    """The lines, each as class, code, words and amount."""
    shown = gate.lines.select("charge_class", "usoc", "description", "amount").rows()
    return [" ".join("-" if cell is None else str(cell) for cell in row) for row in shown]


# --- two columns: charges, and credits that are printed positive --------------------------------

TWO = '{ column = "Charges", less = "Credits" }'


def test_a_column_of_credits_is_taken_away() -> None:
    gate = read(
        """Charges,Credits
        1FB,Line,25.00,
        1FB,Refund,,8.00
        9ZR,Both,10.00,4.00
        9ZR,Nought,0.00,""",
        amount=TWO,
    )
    assert told(gate) == [
        "recurring 1FB Line 25.00",
        "recurring 1FB Refund -8.00",
        "recurring 9ZR Both 6.00",
        "recurring 9ZR Nought 0.00",
    ]
    assert gate.documents["current_charges"].to_list() == [Decimal("23.00")]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("1FB,None,,", "amount is empty"),
        ("1FB,Credit,,-8.00", "Credits `-8.00` is negative, and the profile takes it away"),
        ("1FB,Word,25.00,abc", "Credits `abc` is not an amount in dollars and cents"),
        ("1FB,Word,abc,8.00", "amount `abc` is not an amount in dollars and cents"),
    ],
)
def test_what_cannot_be_taken_away_is_said_and_nothing_else(row: str, why: str) -> None:
    gate = read(f"Charges,Credits\n1FB,Line,25.00,\n{row}", amount=TWO)
    said = gate.findings.filter(code="line_unreadable")["message"].to_list()
    assert said == [why]
    assert gate.documents["status"].to_list() == ["held"], "its total is derived, and a row unread"


def test_credits_that_are_printed_negative_are_added() -> None:
    gate = read(
        "Charges,Credits\n1FB,Line,25.00,\n1FB,Refund,,-8.00",
        amount='{ column = "Charges", plus = ["Credits"] }',
    )
    assert [line.split()[-1] for line in told(gate)] == ["25.00", "-8.00"]


# --- one row that is a charge and its taxes -----------------------------------------------------

TAXED = """
[flat.part.charges]
"State tax" = "tax"
"USF" = "surcharge"
"""


def test_a_tax_on_the_row_of_its_charge_is_a_line_of_its_own() -> None:
    gate = read(
        """Amount,State tax,USF
        1FB,Line,20.00,1.20,0.80
        9ZR,SLC,8.30,0.00,
        1FB,Refund,-5.00,-0.30,""",
        part=TAXED,
    )
    assert told(gate) == [
        "recurring 1FB Line 20.00",
        "tax - State tax 1.20",
        "surcharge - USF 0.80",
        "recurring 9ZR SLC 8.30",
        "recurring 1FB Refund -5.00",
        "tax - State tax -0.30",
    ]
    assert gate.documents["current_charges"].to_list() == [Decimal("25.00")]
    assert gate.documents["status"].to_list() == ["loaded"]
    assert gate.lines["line_id"].is_unique().all()


def test_a_tax_that_cannot_be_read_sets_its_row_aside_whole() -> None:
    gate = read("Amount,State tax,USF\n1FB,Line,20.00,x,0.80\n1FB,Line,1.00,,", part=TAXED)
    assert told(gate) == ["recurring 1FB Line 1.00"]


@few(15, long=200)
@given(
    st.lists(
        st.tuples(*(st.decimals(-99, 99, places=4, allow_nan=False) for _ in range(3))),
        min_size=1,
        max_size=6,
    )
)
def test_taxes_of_four_decimals_foot_in_every_column(rows: list[tuple[Decimal, ...]]) -> None:
    text = "\n".join(f"1FB,x,{','.join(map(str, row))}" for row in rows)
    gate = read(f"Amount,State tax,USF\n{text}", part=f'rounding = "total"\n{TAXED}')
    sums = [sum(column, Decimal(0)) for column in zip(*rows, strict=True)]
    cents = [s.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP") for s in sums]
    assert gate.lines["amount"].sum() == sum(cents)
    assert gate.documents["current_charges"].to_list() == [sum(cents)]


# --- columns and rows that prove ----------------------------------------------------------------


def test_a_total_on_the_row_proves_it() -> None:
    part = '[flat.part.sums]\n"Total" = ["Amount", "State tax"]\n' + TAXED.replace(
        '"USF" = "surcharge"\n', ""
    )
    gate = read(
        """Amount,State tax,Total
        1FB,Line,20.00,1.20,21.20
        1FB,Free,3.00,,
        9ZR,Wrong,8.30,0.50,8.30""",
        part=part,
    )
    assert told(gate) == [
        "recurring 1FB Line 20.00",
        "tax - State tax 1.20",
        "recurring 1FB Free 3.00",
    ]
    said = gate.findings.filter(code="line_unreadable")["message"].to_list()
    assert said == ["Total is 8.30, and Amount + State tax come to 8.80"]


SUBTOTALS = """
[[flat.part.subtotals]]
column = "Text"
matches = "^Sub"
amount = "Amount"
"""


@pytest.mark.parametrize(
    ("rows", "status", "why"),
    [
        ("1FB,a,25.00|NRC,b,55.00|,Subtotal,80.00", "loaded", ""),
        ("1FB,a,25.00|,Sub 1,25.00|NRC,b,55.00|,Sub 2,55.00|9ZR,c,1.00", "loaded", ""),
        (
            "1FB,a,25.00|,Sub 1,25.00|NRC,b,55.00|,Sub 2,80.00",
            "held",
            "row 5 prints 80.00 as a sub-total, and its rows add up to 55.00",
        ),
        (
            "1FB,a,25.00|,Sub 1,n/a",
            "held",
            "row 3 prints no amount that can be read as a sub-total, and its rows add up to 25.00",
        ),
        (
            "1FB,a,25.00|,Sub 1,25.00|,Sub 2,9.00",
            "held",
            "row 4 prints 9.00 as a sub-total, and its rows add up to 0.00",
        ),
    ],
)
def test_subtotals_prove_the_rows_above_them(rows: str, status: str, why: str) -> None:
    gate = read("Amount\n" + rows.replace("|", "\n"), part=SUBTOTALS)
    assert gate.documents["status"].to_list() == [status]
    assert why in gate.messages
    assert not any("Sub" in line for line in told(gate)), "they are no charges"


def test_a_subtotal_may_stand_above_its_rows_and_anywhere_in_them() -> None:
    above = SUBTOTALS.replace('amount = "Amount"', 'stands = "above"')
    rows = ",Sub 1,,30.00|1FB,a,25.00|1FB,b,5.00|,Sub 2,7.00|9ZR,c,7.00"
    gate = read("Amount\n" + rows.replace("|", "\n"), part=above)
    assert gate.documents["status"].to_list() == ["loaded"], gate.messages
    assert gate.documents["current_charges"].to_list() == [Decimal("37.00")]


def test_a_row_that_cannot_be_read_is_told_once_and_not_again_by_its_subtotal() -> None:
    gate = read("Amount\n1FB,a,25.00\n1FB,b,x\n,Sub,30.00", part=SUBTOTALS)
    assert "sub-total" not in gate.messages
    assert gate.documents["status"].to_list() == ["held"]


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (",Subtotal 0123,80.00", "held"),
        (",Total for 0123,1.00", "held"),
        (",** TOTAL **,80.00", "held"),
        (",Your total,80.00", "held"),
        (",Your total protection,12.00", "loaded"),
        ("TOT,Total Care,80.00", "loaded"),
        ("TOTAL,,80.00", "held"),
        ("TOTAL,Line,80.00", "held"),
        (",Subtotal of nothing,0.00", "loaded"),
    ],
)
def test_a_row_like_a_total_is_never_charged_without_a_word(row: str, status: str) -> None:
    rows = f"Amount\n1FB,Line,25.00\nNRC1,Install,55.00\n{row}"
    gate = read(rows)
    assert gate.documents["status"].to_list() == [status], gate.messages
    assert ("reads like a total" in gate.messages) == (status == "held")
    said = read(rows, part='like_totals = "charges"')
    assert said.documents["status"].to_list() == ["loaded"]


def test_a_total_may_stand_in_a_cell_that_no_field_reads() -> None:
    rows = "Amount,Level\n1FB,Line,25.00,\n1FB,Line,5.00,Line total\n,,30.00,** Total **"
    gate = read(rows)
    assert "row 4 (`** Total **`, 30.00) reads like a total" in gate.messages
    assert gate.documents["status"].to_list() == ["held"]


def test_a_subtotal_is_printed_as_the_amounts_above_it() -> None:
    gate = read(
        "Amount\n1FB,Credit,25.00\n,Sub,25.00",
        part=SUBTOTALS,
        amount='{ column = "Amount", negate = true }',
    )
    assert gate.messages == ""
    assert gate.documents["current_charges"].to_list() == [Decimal("-25.00")]


def test_a_column_of_lines_may_tie_to_another_part() -> None:
    profile = (
        PROFILE.format(part='[flat.part.ties]\n"Tax" = "taxes"\n', amount='"Amount"')
        + """
[[flat.part]]
name = "taxes"
charge_class = "tax"
[flat.part.fields]
description = "Tax name"
amount = "Tax amount"
"""
    )
    key = "0123,A1,2026-03-01"
    lines = f"{HEAD},Amount,Tax\n{key},1FB,a,20.00,1.20\n{key},1FB,b,5.00,0.30\n"

    def taxes(amount: str) -> str:
        return f"Account,Invoice,Date,Tax name,Tax amount\n0123,A1,2026-03-01,State,{amount}\n"

    right = through({"lines.csv": lines, "tax.csv": taxes("1.50")}, profile)
    wrong = through({"lines.csv": lines, "tax.csv": taxes("1.40")}, profile)
    assert right.documents.select("status", "current_charges").rows() == [
        ("loaded", Decimal("26.50"))
    ]
    assert wrong.documents["status"].to_list() == ["held"]
    assert "`Tax` is 1.50, the rows of part taxes add up to 1.40" in wrong.messages


@pytest.mark.parametrize(
    ("clock", "printed", "minutes"),
    [
        ("h:m:s", "00:12:30", "12.5"),
        ("h:m:s", "1:00:06", "60.1"),
        ("h:m:s", "0:00:01", "0.016667"),
        ("m:s", "90:06", "90.1"),
        ("h:m", "2:05", "125"),
        ("m:s", "1:60", None),
        ("m:s", "1:2:3", None),
        ("m:s", "90", None),
    ],
)
def test_a_duration_is_read_in_minutes(clock: str, printed: str, minutes: str | None) -> None:
    more = f'"Amount"\nquantity = {{ column = "Time", clock = "{clock}" }}'
    gate = read(f"Amount,Time\n1FB,Call,0.10,{printed}\n1FB,Call,0.20,", amount=more)
    found = gate.lines["quantity"].drop_nulls().to_list()
    assert found == ([Decimal(minutes)] if minutes else [])
    assert (f"quantity `{printed}` is not a time as {clock}" in gate.messages) == (minutes is None)


def test_a_file_total_of_long_decimals_proves_the_rounded_lines() -> None:
    part = 'rounding = "total"\ntotal = { column = "Text", equals = "All", amount = "Amount" }'
    good = read("Amount\n1FB,Call,0.0236\n1FB,Call,0.0236\n,All,0.0472", part=part)
    assert good.documents.select("status", "current_charges").rows() == [
        ("loaded", Decimal("0.05"))
    ]
    off = read("Amount\n1FB,Call,0.0236\n,All,0.0472", part=part)
    assert "row 3 prints 0.05 as the total of the file, its rows add up to 0.02" in off.messages


def test_one_table_of_bad_rows_refuses_no_other_table_of_its_file() -> None:
    profile = """
profile = "report"
format = "flat"
carrier = "ILEC"
[flat]
sections = true
derive = ["current_charges", "total_due"]
[flat.fields]
ban = { label = "Account" }
invoice_no = { label = "Invoice" }
bill_date = { label = "Date" }
[[flat.part]]
name = "lines"
charge_class = "recurring"
fields = { usoc = "USOC", amount = "Amount" }
[[flat.part]]
name = "taxes"
charge_class = "tax"
fields = { description = "Tax", amount = "Tax amount" }
"""
    top = "Account:,0123\nInvoice:,A1\nDate:,2026-03-01\nUSOC,Amount\n1FB,25.00\n"
    gate = through({"r.csv": top + "Tax,Tax amount\nState,x\n"}, profile)
    assert gate.documents.select("ban", "status").rows() == [("0123", "held")]
    assert gate.lines.height == 1
    assert "1 row of the file cannot be read" in gate.messages


@pytest.mark.parametrize(
    ("day", "remedy"),
    [("2026-02-31", "the calendar has no such day"), ("03/01/2026", "add its format to `dates`")],
)
def test_a_day_that_is_none_is_not_cured_by_another_format(day: str, remedy: str) -> None:
    text = f"{HEAD},Amount\n0123,A1,2026-03-01,1FB,a,1.00\n0123,A1,{day},1FB,b,1.00\n"
    gate = through({"bill.csv": text}, PROFILE.format(part="", amount='"Amount"'))
    told = gate.findings.filter(code="line_unreadable")
    assert told["message"].to_list() == [f"bill_date `{day}` is not a date of the calendar"]
    assert told["remedy"].item().startswith(remedy)
