"""A profile cannot say that one column of a row is charged twice, nor ask a ledger in vain."""

from __future__ import annotations

import pytest
from flat_gate import through

from invoices.carrier import ProfileError, parse_profile

DERIVED = 'derive = ["current_charges", "total_due"]'
PROFILE = """
profile = "portal"
format = "flat"
carrier = "ILEC"
[flat]
{derive}
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


@pytest.mark.parametrize(
    ("part", "amount", "why"),
    [
        (
            'charges = { "Tax" = "tax" }',
            '{ column = "Amount", plus = "Tax" }',
            "`tax` would be counted twice",
        ),
        (
            'charges = { "Tax" = "tax", "TAX" = "one_time" }',
            '"Amount"',
            "`tax` would be counted twice",
        ),
        ("", '{ column = "Amount", plus = ["Fee", "fee"] }', "`fee` would be counted twice"),
        ("", '{ column = "Amount", less = "AMOUNT" }', "`amount` would be counted twice"),
        (
            'charges = { "Tax" = "tax" }\nties = { "Tax" = "lines" }',
            '"Amount"',
            "`tax` stands in ties and in charges",
        ),
    ],
)
def test_no_column_of_a_row_is_charged_twice(part: str, amount: str, why: str) -> None:
    with pytest.raises(ProfileError, match=why):
        parse_profile(PROFILE.format(derive=DERIVED, part=part, amount=amount))


LEDGER = """
[[flat.part]]
name = "ledger"
role = "totals"
{part}
[flat.part.fields]
current_charges = "Charges"
total_due = {due}
"""


def test_the_proofs_of_a_ledger_are_asked_like_those_of_lines() -> None:
    ledger = "Account,Invoice,Date,Charges,Due,Net,Tax\n0123,A1,2026-03-01,25.00,25.00,20.00,{}\n"
    lines = "Account,Invoice,Date,USOC,Text,Amount\n0123,A1,2026-03-01,1FB,a,25.00\n"
    profile = PROFILE.format(derive="", part="", amount='"Amount"')
    profile += LEDGER.format(part='sums = { "Charges" = ["Net", "Tax"] }', due='"Due"')
    files = {"lines.csv": lines}
    right = through(files | {"ledger.csv": ledger.format("5.00")}, profile)
    wrong = through(files | {"ledger.csv": ledger.format("6.00")}, profile)
    assert right.documents["status"].to_list() == ["loaded"], right.messages
    assert "Charges is 25.00, and Net + Tax come to 26.00" in wrong.messages


@pytest.mark.parametrize(
    ("part", "due", "why"),
    [
        ("", '{ column = "Due", less = "Net" }', "total_due: plus and less are for the amount"),
        ('subtotals = [{ column = "Account", equals = "All" }]', '"Due"', "say which column"),
    ],
)
def test_a_ledger_says_nothing_that_only_lines_have(part: str, due: str, why: str) -> None:
    text = PROFILE.format(derive=DERIVED, part="", amount='"Amount"') + LEDGER.format(
        part=part, due=due
    )
    with pytest.raises(ProfileError, match=why):
        parse_profile(text)
