"""A draft of what carriers really deliver: totals of all sorts, several files, hidden sheets."""

from __future__ import annotations

import io

import polars as pl
import pytest
import xlsxwriter

from invoices.carrier import Profiles, parse_profile, read, source_of_bytes
from invoices.carrier.draft import Draft, draft_of, sample_of

KEY = "Account,Invoice,Bill Date"
BILL = "0123,A1,2026-03-14"


def bill(head: str, *rows: str) -> str:
    """A file whose rows are of one bill."""
    return "\n".join([f"{KEY},{head}", *(f"{BILL},{row}" for row in rows)]) + "\n"


def drafted(*files: bytes | str) -> Draft:
    """The draft of files of one delivery."""
    contents = [file.encode() if isinstance(file, str) else file for file in files]
    return draft_of(
        [sample_of(content, f"file{n}") for n, content in enumerate(contents, 1)], "mine", "files"
    )


def sums(draft: Draft, *files: bytes | str) -> dict[str, str]:
    """What a draft reads of files as charges: class -> sum; its questions as it assumes."""
    profile = parse_profile(draft.trial.replace("# carrier", "carrier"))
    found = []
    for file in files:
        content = file.encode() if isinstance(file, str) else file
        source = source_of_bytes("file", "0" * 64, content)
        reading = read(source, "mine", Profiles((profile,)))
        assert reading.quarantine.is_empty(), reading.quarantine["reason"].to_list()
        found.append(reading.lines.select("charge_class", "amount").collect())
    each = pl.concat(found).group_by("charge_class").agg(pl.col("amount").sum())
    return {name: str(amount) for name, amount in each.sort("charge_class").rows()}


def asked(draft: Draft) -> list[str]:
    return [one.setting for one in draft.questions]


# --- totals among the rows -----------------------------------------------------------------------

TOTALS = {
    "a plan with a code among totals of numbers and accounts": (
        bill(
            "TN,USOC,Type,Description,Amount",
            "6145550101,1FB,MRC,Line,20.00",
            "6145550101,TCP,MRC,Total Care Plan,5.00",
            "6145550101,,,Total 6145550101,25.00",
            "6145550102,1FB,MRC,Line,20.00",
            "6145550102,,,Total 6145550102,20.00",
            ",,,Account Total,45.00",
        )
        + "Grand Total,,,,,,,45.00\n",
        {"recurring": "45.00"},
    ),
    "a total of each section, with a name of its own": (
        bill(
            "TN,Section,Description,Amount",
            "6145550101,Recurring,Line,15.00",
            ",Recurring,Total Recurring Charges,15.00",
            "6145550101,OCC,Order charge,-2.00",
            "6145550101,OCC,Order charge,1.50",
            ",OCC,Total Other Charges,-0.50",
        ),
        {"one_time": "-0.50", "recurring": "15.00"},
    ),
    "totals of one line each, as full as lines": (
        bill(
            "TN,Type,Description,Amount",
            "6145550101,MRC,Line,15.00",
            "6145550101,MRC,Total for 6145550101,15.00",
            "6145550102,MRC,Line,16.00",
            "6145550102,MRC,Total for 6145550102,16.00",
        ),
        {"recurring": "31.00"},
    ),
}


@pytest.mark.parametrize(("text", "wanted"), TOTALS.values(), ids=TOTALS)
def test_totals_prove_beside_charges_that_are_called_alike(
    text: str, wanted: dict[str, str]
) -> None:
    draft = drafted(text)
    assert sums(draft, text) == wanted
    assert asked(draft) == []


def test_a_plan_called_total_of_the_amount_above_it_is_asked_for() -> None:
    rows = ("614 555-0101,MRC,Line,20.00", "614 555-0101,MRC,Total Care Plan,20.00")
    draft = drafted(bill("TN,Type,Description,Amount", *rows))
    assert asked(draft) == ['skip = [{ column = "Description", matches = "?" }]']
    assert 'like_totals = "charges"' in draft.questions[0].words
    assert sums(draft, bill("TN,Type,Description,Amount", *rows)) == {"recurring": "40.00"}


def test_balances_and_payments_among_the_rows_are_no_charges() -> None:
    text = bill(
        "TN,Section,Description,Amount",
        ",Summary,Previous Balance,200.00",
        ",Summary,Payment - Thank You,-150.00",
        "6145550101,Monthly,Line,33.00",
        "6145550101,Taxes,State tax,2.10",
        ",Summary,Total Current Charges,35.10",
    )
    draft = drafted(text)
    assert sums(draft, text) == {"recurring": "33.00", "tax": "2.10"}
    assert '"Summary"' not in draft.text
    (question,) = draft.questions
    assert "Previous Balance" in question.words and "Payment" in question.words


# --- amounts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "amounts", "question", "said"),
    [
        ("Amount", ("2550", "1000"), ['places = "?"'], "35.50, or 3550.00"),
        ("Amount", ("2550", "0310"), ['places = "?"'], "28.60"),
        ("Amt_Cents", ("2550", "310"), [], "28.60"),
        ("Amount", ("2550", "10.00"), [], "2560.00"),
    ],
)
def test_amounts_without_a_point_may_be_cents(
    name: str, amounts: tuple[str, str], question: list[str], said: str
) -> None:
    text = bill(f"TN,Type,{name}", *(f"6145550101,MRC,{amount}" for amount in amounts))
    draft = drafted(text)
    assert asked(draft) == question
    assert sums(draft, text)["recurring"] in said


def test_a_duration_is_units_and_its_columns_are_known() -> None:
    text = bill("Originating Number,Duration,Call Charge", "6145550101,00:04:30,0.18")
    draft = drafted(text)
    assert 'quantity = { column = "Duration", clock = "h:m:s" }' in draft.text
    assert 'wtn = "Originating Number"' in draft.text
    assert sums(draft, text) == {"usage": "0.18"}
    assert "quantity" not in drafted(text.replace("00:04:30", "270")).text


def test_a_column_named_in_one_word_says_its_class() -> None:
    text = bill("TN,TaxAmount", "6145550101,1.10")
    assert sums(drafted(text), text) == {"tax": "1.10"}
    beside = bill("TN,CHRG_TYP_CD,CHRG_AMT,TAX_AMT,TOT_AMT", "6145550101,MRC,22.00,1.32,23.32")
    draft = drafted(beside)
    assert sums(draft, beside) == {"recurring": "22.00", "tax": "1.32"}
    assert asked(draft) == []


# --- labels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("above", "open_"),
    [
        ("Acct: 0443-22,Bill Date: 03/25/2026", []),
        ("Acct: 0443-22 Bill Date: 03/25/2026", ['ban = "?"', 'bill_date = "?"']),
    ],
    ids=["a cell each", "two labels in a cell"],
)
def test_a_label_is_read_as_far_as_it_is_known_where_its_value_ends(
    above: str, open_: list[str]
) -> None:
    draft = drafted(f"{above}\nTN,Charge Type,Amount\n6145550101,MRC,20.00\n")
    assert asked(draft) == open_


# --- several files and sheets --------------------------------------------------------------------


def test_files_that_are_laid_out_alike_are_looked_at_together() -> None:
    first = bill("TN,Type,Amount", "6145550101,MRC,20.00")
    second = bill("TN,Type,Amount", "6145550102,Hookup,7.00").replace("0123,", "98765,")
    draft = drafted(first, second)
    assert asked(draft) == ['"Hookup" = "?"', 'ban = { column = "Account", width = "?" }']
    assert sums(draft, first, second) == {"one_time": "7.00", "recurring": "20.00"}
    assert ("with those of", "file2") in draft.seen


def book(*hidden: str) -> bytes:
    """A workbook of the sheets Detail and Old, which are laid out alike."""
    into = io.BytesIO()
    with xlsxwriter.Workbook(into) as workbook:
        for name, amount in (("Old", 90), ("Detail", 15)):
            sheet = workbook.add_worksheet(name)
            head = ("Account", "Invoice", "Bill Date", "TN", "Type", "Amount")
            sheet.write_row(0, 0, head)
            for row in (1, 2):
                values = ("A-12", name, "2026-03-14", "6145550101", "MRC", amount)
                sheet.write_row(row, 0, values)
            if name in hidden:
                sheet.hide()
            else:
                sheet.activate()
    return into.getvalue()


@pytest.mark.parametrize(
    ("hidden", "question", "wanted"),
    [
        ((), [], "210.00"),
        (("Old",), ['sheet = "?"'], "30.00"),
    ],
)
def test_a_hidden_sheet_is_asked_for(
    hidden: tuple[str, ...], question: list[str], wanted: str
) -> None:
    draft = drafted(book(*hidden))
    assert asked(draft) == question
    assert sums(draft, book(*hidden)) == {"recurring": wanted}


def test_a_hidden_sheet_that_is_asked_for_is_told_with_its_sum() -> None:
    (question,) = drafted(book("Old")).questions
    assert "Sheet Old is hidden" in question.words
    assert "2 rows, 180.00 in all" in question.words
