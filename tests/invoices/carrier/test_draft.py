"""A draft of a profile reads the file it was made from, and asks what it is not sure of."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices.carrier import Known, Profiles, parse_profile, read, source_of_bytes
from invoices.carrier.describe import describe
from invoices.carrier.draft import Draft, NoDraft, draft_of, open_questions, sample_of
from invoices.carrier.draft.trial import report
from invoices.carrier.reading import Reading


def drafted(text: str) -> Draft:
    return draft_of([sample_of(text.encode(), "bill.csv")], "mine", "bill.csv")


def tried(draft: Draft, text: str) -> Reading:
    """What the draft reads of the file it was made from, its questions taken as it assumes."""
    profile = parse_profile(draft.trial.replace("# carrier", "carrier"))
    return read(source_of_bytes("bill.csv", "0" * 64, text.encode()), "mine", Profiles((profile,)))


def lines(draft: Draft, text: str) -> list[str]:
    """The lines a draft reads, each as class and amount."""
    reading = tried(draft, text)
    assert reading.findings.is_empty(), reading.findings["message"].to_list()
    rows = reading.lines.collect().sort("source_row", "line_id")
    return sorted(
        f"{name} {amount}" for name, amount in rows.select("charge_class", "amount").rows()
    )


def asked(draft: Draft) -> list[str]:
    return [one.setting for one in draft.questions]


KEY = "Account,Invoice,Bill Date"
BILL = "0123,A1,2026-03-01"


def bill(head: str, *rows: str) -> str:
    """A file whose rows are of one bill."""
    return "\n".join([f"{KEY},{head}", *(f"{BILL},{row}" for row in rows)]) + "\n"


# --- which column is the amount ------------------------------------------------------------------

MONEY = {
    "charges and credits, both positive": (
        bill("Type,Charges,Credits", "Recurring,25.00,", "OCC,,8.00"),
        ["one_time -8.00", "recurring 25.00"],
    ),
    "a total that is amount and tax": (
        bill("Type,Amount,Tax,Total", "Recurring,20.00,1.20,21.20", "OCC,5.00,0.00,5.00"),
        ["one_time 5.00", "recurring 20.00", "tax 1.20"],
    ),
    "a tax on top, as the invoice total says": (
        bill("Type,Amount,Tax,Invoice Total", "Recurring,20.00,1.20,26.20", "OCC,5.00,,26.20"),
        ["one_time 5.00", "recurring 20.00", "tax 1.20"],
    ),
    "a tax inside, as the invoice total says": (
        bill("Type,Amount,Tax,Invoice Total", "Recurring,20.00,1.20,25.00", "OCC,5.00,,25.00"),
        ["one_time 5.00", "recurring 20.00"],
    ),
    "monthly and one-time charges in columns of their own": (
        bill("USOC,MRC,NRC", "1FB,20.00,0.00", "NRC1,0.00,55.00"),
        ["one_time 55.00", "recurring 0.00", "recurring 20.00"],
    ),
    "a discount that is part of the net": (
        bill("Type,Amount,Discount,Net Total", "Recurring,20.00,-2.00,18.00", "OCC,5.00,0.00,5.00"),
        ["one_time 5.00", "recurring 18.00"],
    ),
    "a net of charges, credits and tax": (
        bill("Type,Charges,Credits,Tax,Total", "MRC,20.00,,1.00,21.00", "NRC,,5.00,-0.25,-5.25"),
        ["one_time -5.00", "recurring 20.00", "tax -0.25", "tax 1.00"],
    ),
}


@pytest.mark.parametrize("text, wanted", MONEY.values(), ids=MONEY)
def test_the_columns_of_money_are_told_by_their_sums(text: str, wanted: list[str]) -> None:
    draft = drafted(text)
    assert lines(draft, text) == wanted
    assert asked(draft) == []


@pytest.mark.parametrize(
    "head, rows, setting",
    [
        ("Type,Amount,Tax", ("MRC,20.00,1.20", "MRC,5.00,0.30"), '"Tax" = "?"'),
        ("Type,Amount,Net", ("MRC,20.00,18.00", "MRC,5.00,5.00"), 'amount = "?"'),
        ("Type,Amount,Dr/Cr", ("MRC,20.00,DR", "MRC,5.00,CR"), 'amount = "?"'),
        ("Type,Note", ("MRC,a", "MRC,b"), 'amount = "?"'),
        ("Type,Qty,Rate,Amount", ("MRC,2,20.00,20.00",), 'amount_rule = "?"'),
        ("Type,Amount", ("MRC,20.005", "MRC,5.00"), 'rounding = "?"'),
    ],
)
def test_money_that_may_be_read_otherwise_is_asked_for(
    head: str, rows: tuple[str, ...], setting: str
) -> None:
    assert asked(drafted(bill(head, *rows))) == [setting]


# --- kinds of charges ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word, meant",
    [
        ("Other Charges & Credits", "one_time"),
        ("OC&C", "one_time"),
        ("Charges/Credits", None),
        ("Monthly Service", "recurring"),
        ("Non-Recurring", "one_time"),
        ("Prorated MRC", "prorated"),
        ("Federal Tax", "tax"),
        ("Taxes & Surcharges", None),
        ("Late Payment Charge", "late_charge"),
        ("Adjustment", None),
        ("Discount", None),
    ],
)
def test_a_word_of_which_the_draft_is_not_sure_is_asked_for(word: str, meant: str | None) -> None:
    draft = drafted(bill("Type,Amount", f"{word},8.30"))
    assert asked(draft) == ([] if meant else [f'"{word}" = "?"'])
    assert f'"{word}" = "{meant or "?"}"' in draft.text


def test_credits_alone_are_an_adjustment() -> None:
    assert '"Adjustment" = "adjustment"' in drafted(bill("Type,Amount", "Adjustment,-8.30")).text


def test_a_charge_whose_kind_nothing_says_is_asked_for() -> None:
    assert asked(drafted(bill("Description,Amount", "Line,8.30"))) == ['charge_class = "?"']
    some = bill("Type,Description,Amount", "MRC,Line,8.30", ",Gift,2.00", "MRC,Line,1.00")
    assert asked(drafted(some)) == ['charge_class = "?"']


# --- rows that are no charges --------------------------------------------------------------------

TOTALS = {
    "a subtotal by its words": bill(
        "Type,Description,Amount", "MRC,Line,25.00", "OCC,Install,55.00", ",Subtotal 0123,80.00"
    ),
    "a total in the first column": bill(
        "Type,Description,Amount", "MRC,Line,25.00", "OCC,Install,55.00"
    )
    + "Total,,,,,80.00\n",
    "subtotals and a grand total": bill("Type,Description,Amount", "MRC,Line,25.00")
    + f"Sub Total,,,,,25.00\n{BILL},OCC,Install,55.00\n"
    + "Sub Total,,,,,55.00\nGrand Total,,,,,80.00\n",
    "a total without a word": bill("Type,Description,Amount", "MRC,Line,25.00", "OCC,Install,55.00")
    + ",,,,,80.00\n",
    "the header again": bill("Type,Description,Amount", "MRC,Line,25.00")
    + bill("Type,Description,Amount", "OCC,Install,55.00"),
    "pages and a foot": bill("Type,Description,Amount", "MRC,Line,25.00")
    + "Page 2\n"
    + bill("Type,Description,Amount", "OCC,Install,55.00")
    + "*** end of report ***\n",
}


@pytest.mark.parametrize("text", TOTALS.values(), ids=TOTALS)
def test_rows_that_are_no_charges_are_none(text: str) -> None:
    draft = drafted(text)
    assert lines(draft, text) == ["one_time 55.00", "recurring 25.00"]
    assert asked(draft) == []


def test_a_total_that_proves_nothing_is_asked_for() -> None:
    rows = ("MRC,Line,25.00", "MRC,Total Care,7.00", "OCC,Install,55.00")
    draft = drafted(bill("Type,Description,Amount", *rows))
    assert asked(draft) == ['skip = [{ column = "Description", matches = "?" }]']
    assert len(lines(draft, bill("Type,Description,Amount", *rows))) == 3


# --- days ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "day, formats",
    [
        ("03/04/2026", '["?"]'),
        ("13/04/2026", '["%d/%m/%Y"]'),
        ("04/13/2026", '["%m/%d/%Y"]'),
        ("04/04/2026", '["%m/%d/%Y"]'),
        ("13.04.2026", '["%d.%m.%Y"]'),
        ("Apr 13, 2026", '["%b %d, %Y"]'),
        ("20260413", '["%Y%m%d"]'),
    ],
)
def test_a_day_that_may_be_two_is_asked_for(day: str, formats: str) -> None:
    text = f'{KEY},Type,Amount\n0123,A1,"{day}",MRC,1.00\n'
    assert f"dates = {formats}" in drafted(text).text


@pytest.mark.parametrize(
    "periods, setting",
    [
        ([("2026-03-01", "2026-03-31")], 'service_through = "To"'),
        ([("2026-03-15", "2026-04-14")], 'service_through = "To"'),
        ([("2026-03-07", "2026-03-07")], 'service_through = "To"'),
        ([("2026-03-01", "2026-04-01")], 'service_until = "To"'),
        ([("2026-03-15", "2026-04-15")], 'service_until = "To"'),
        ([("2026-03-05", "2026-03-09"), ("2026-03-09", "2026-03-20")], 'service_until = "To"'),
        ([("2026-03-05", "2026-03-20")], 'service_through = "?"'),
        ([("2026-03-01", "2026-03-31"), ("2026-03-01", "2026-04-01")], 'service_through = "?"'),
    ],
)
def test_the_days_say_whether_the_end_is_billed(
    periods: list[tuple[str, str]], setting: str
) -> None:
    rows = [f"MRC,{start},{end},1.00" for start, end in periods]
    assert f"\n{setting}" in drafted(bill("Type,From,To,Amount", *rows)).text


# --- names and identifiers -----------------------------------------------------------------------

NAMED = """Acct #,Inv No,Inv Date,Charge Code,Service ID,Ckt ID,Desc,Order/PON,Qty,Rate,Ext Amt,Type
0045118,77-1,2026-05-15,1FB,6145550131,,Line,C12,2,20.00,40.00,MRC
0045118,77-1,2026-05-15,T1X,,45/HCGS/012345,Circuit,C13,1,90.00,90.00,MRC
"""


def test_the_usual_names_are_known() -> None:
    text = drafted(NAMED).text
    for field, name in {
        "invoice_no": "Inv No",
        "bill_date": "Inv Date",
        "usoc": "Charge Code",
        "wtn": "Service ID",
        "circuit_id": "Ckt ID",
        "description": "Desc",
        "order_no": "Order/PON",
        "quantity": "Qty",
        "unit_rate": "Rate",
        "amount": "Ext Amt",
        "charge_class": "Type",
    }.items():
        assert f'\n{field} = "{name}"' in text
    assert 'ban = { column = "Acct #", width = 7 }' in text


def test_accounts_that_lost_zeros_are_asked_for() -> None:
    text = f"{KEY},Type,Amount\n0045118,A1,2026-03-01,MRC,1.00\n45119,A2,2026-03-01,MRC,1.00\n"
    assert asked(drafted(text)) == ['ban = { column = "Account", width = "?" }']


def test_the_guard_of_a_spreadsheet_is_taken_off_an_account() -> None:
    text = f'{KEY},Type,Amount\n="0123-456",A1,2026-03-01,MRC,1.00\n'
    reading = tried(drafted(text), text)
    assert reading.documents["ban"].to_list() == ["0123456"]


# --- reports of several tables -------------------------------------------------------------------

REPORT = """SOUTH BELL
"Billing Number:","614 R01-0000"
"Statement Date:","Mar 01, 2026"
Previous Balance,100.00
Payments,100.00
Current Charges,38.30
Total Amount Due,38.30

Monthly Service - Mar 1 thru Mar 31
Number,USOC,Description,Amount
614 555-0131,1FB,Line,25.00
Total for 614 555-0131,,,25.00

Other Charges and Credits
Number,Order,Description,Amount
614 555-0131,C1,Order charge,10.00
Total,,,10.00

Taxes and Surcharges
Description,Amount
State tax,2.30
Universal service fee,1.00
Total,3.30
Grand Total,38.30
"""


def test_a_report_of_several_tables_is_finished() -> None:
    draft = drafted(REPORT)
    assert asked(draft) == []
    assert lines(draft, REPORT) == [
        "one_time 10.00",
        "recurring 25.00",
        "surcharge 1.00",
        "tax 2.30",
    ]
    document = tried(draft, REPORT).documents
    assert document.select("ban", "payments", "current_charges", "total_due").rows() == [
        ("614R010000", Decimal("-100.00"), Decimal("38.30"), Decimal("38.30"))
    ]


RECORDS = """00|1946|20260301|SOUTH
10|1946|8310009|6145550131|1FB|BUSINESS LINE|20.00
10|1946|8310009|6145550131|9ZR|SLC|8.30
99|1946|3
"""


def test_typed_records_are_named_with_their_cells() -> None:
    draft = drafted(RECORDS)
    assert not draft.is_tried
    assert 'format = "records"' in draft.text
    assert 'id = ["10"]' in draft.text
    shown = 'columns = ["id", "number 2", "number 3", "telephone 4", "code 5", "text 6", "money 7"]'
    assert shown in draft.text
    assert "money 7: 28.30" in draft.text


# --- the report of the trial ---------------------------------------------------------------------


def reported(text: str, known: Known | None = None) -> list[str]:
    draft = drafted(text)
    reading = tried(draft, text)
    said = report(draft, describe(reading), reading.lines, known or Known())
    return [f"{heading}: {words}" for heading, words in said]


def test_a_code_that_the_catalogue_knows_otherwise_is_told() -> None:
    codes = pl.DataFrame({"usoc": ["1FB", "NRC1"], "kind": ["recurring", "one_time"]})
    known = Known(kinds=codes.lazy())
    said = reported(bill("Type,USOC,Amount", "MRC,1FB,25.00", "MRC,NRC1,55.00"), known)
    assert "recurring: 2 lines, 80.00 (MRC); NRC1 is one_time in the catalogue (1)" in said


def test_rows_set_aside_and_columns_not_read_are_told() -> None:
    rows = ("MRC,25.00,1.00,x", "MRC,55.0x,2.00,y", "MRC,5.00,3.00,z")
    said = reported(bill("Type,Amount,Tax,Note", *rows))
    assert "set aside: 1 row: amount `55.0x` is not an amount in dollars and cents" in said[4]
    assert "not read: money: Tax 6.00 (asked)" in said
    assert "not read: columns Note" in said


def test_a_row_like_a_total_beyond_the_rules_is_told() -> None:
    said = reported(bill("Type,Description,Amount", "MRC,Total Care,7.00", "MRC,Line,5.00"))
    assert "totals?: 1 row read as charges, such as row 2: Total Care 7.00" in said


def test_identifiers_of_their_own_are_told() -> None:
    text = f'{KEY},Type,TN,Amount\n="0123",A1,2026-03-01,MRC,6145550131,1.00\n'
    said = [one for one in reported(text) if one.startswith("identifiers")]
    assert "account 4 characters, zeros before, with the guard of a spreadsheet" in said[0]
    assert "number 10 characters" in said[0]


# --- questions -----------------------------------------------------------------------------------


def test_a_question_is_open_until_its_setting_is_answered() -> None:
    text = '# ? Which?\n# ? Tell.\namount = "?"    # x\n"A # = b" = "?"\nstrip = "?"\n'
    assert [(q.line, q.words, q.setting) for q in open_questions(text)] == [
        (3, "Which? Tell.", 'amount = "?"')
    ]
    assert open_questions(text.replace('amount = "?"', 'amount = "Net"    # was "?"')) == []
    assert open_questions('# ? Which?\n"?" = "x"\n') == []


def test_what_an_eye_does_not_see_is_no_toml_and_becomes_some() -> None:
    text = bill("Ty\x7fpe\u200b,Amount", "MRC\x07,1.00").replace("Ty\x7fpe", "Type")
    draft = drafted(text)
    assert parse_profile(draft.trial).profile == "mine"
    assert '"MRC" = "recurring"' in draft.text
    assert lines(draft, text) == ["recurring 1.00"]


@given(
    st.lists(
        st.lists(
            st.sampled_from(["", "Account", "Total", "1.00", "x", '"', "2026-03-01", "=", "|"])
        ),
        max_size=6,
    ),
    st.sampled_from([",", "\t", ";"]),
)
@settings(max_examples=30, deadline=None)
def test_whatever_a_file_holds_a_draft_is_made_or_refused_in_words(
    rows: list[list[str]], sign: str
) -> None:
    text = "\n".join([f"Account{sign}Amount", *(sign.join(row) for row in rows)])
    try:
        draft = drafted(text)
    except NoDraft as fault:
        assert str(fault)
    else:
        assert draft.text.startswith("# A draft")
