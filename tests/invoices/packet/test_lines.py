"""Dispute lines: a USOC of a service and bill is one row, sums foot, layouts say what they say."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.packet.form import Layout, with_words
from invoices.packet.letter import letter
from invoices.packet.lines import DISPUTE_LINES, ROW_KEY, dispute_lines
from invoices.packet.upload import lacking, upload_csv
from invoices.schema import CENTS, RATE
from reconcile.claims.forms import FormError, parse_form, shipped

EVIDENCE = pl.Schema(
    {
        **{
            name: pl.String()
            for name in (
                *("claim_no", "finding_id", "line_id", "carrier", "ban", "invoice_no", "service"),
                *("circuit_id", "wtn", "usoc", "charge_class", "description", "rate_source"),
                *("billed_rate_source", "zone_billed", "zone_expected", "service_order_no"),
                *("narrative", "reason_code", "state", "product", "package", "contract"),
            )
        },
        **{name: pl.Date() for name in ("bill_date", "from_date", "until_date", "deadline",
                                        "paid_date", "so_completion_date")},
        **{name: RATE for name in ("billed_qty", "expected_qty", "billed_rate", "contract_rate")},
        **{name: CENTS for name in ("amount_billed", "amount_expected", "amount_disputed")},
        "line_no": pl.Int64(),
    }
)  # fmt: skip
DAY = dt.date(2026, 3, 5)


def row(**cells: object) -> dict[str, object]:
    usual = {
        "claim_no": "D-1", "finding_id": "f", "line_id": "l", "carrier": "ILEC", "ban": "0305",
        "invoice_no": "I1", "service": "S1", "usoc": "1FB", "charge_class": "recurring",
        "bill_date": DAY, "from_date": DAY, "until_date": dt.date(2026, 4, 5), "line_no": 1,
        "billed_qty": Decimal(1), "expected_qty": Decimal(1), "billed_rate": Decimal("22"),
        "contract_rate": Decimal("20"), "amount_billed": Decimal("22.00"),
        "amount_expected": Decimal("20.00"), "amount_disputed": Decimal("2.00"),
        "narrative": "too high", "reason_code": "RATE", "wtn": "6145550131",
    }  # fmt: skip
    return {**dict.fromkeys(EVIDENCE.names()), **usual, **cells}


def frame(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=EVIDENCE)


def test_lines_of_a_usoc_service_and_bill_are_one_row():
    lines = dispute_lines(
        frame(
            row(),
            # The same line under another finding of the claim: billed once, disputed twice.
            row(finding_id="g", amount_disputed=Decimal("1.00"), narrative="days"),
            row(finding_id="h", line_id="m", line_no=2, billed_rate=Decimal("23"),
                amount_billed=Decimal("23.00"), until_date=dt.date(2026, 4, 6)),
            row(finding_id="i", line_id="n", charge_class="one_time", line_no=3),
        )
    )  # fmt: skip
    assert lines.height == 2
    regular, once = lines.sort("charge_type").to_dicts()
    assert (regular["charge_type"], once["charge_type"]) == ("MRC", "NRC")
    assert regular["amount_billed"] == Decimal("45.00")
    assert regular["amount_disputed"] == Decimal("5.00")
    assert regular["billed_qty"] == Decimal(2)
    assert regular["billed_rate"] is None  # two rates are no rate
    assert regular["contract_rate"] == Decimal(20)
    assert regular["line_ref"] == "1, 2"
    assert regular["narrative"] == "too high; days"
    assert (regular["from_date"], regular["thru_date"]) == (DAY, dt.date(2026, 4, 5))
    assert once["amount_nonrecurring"] == Decimal("2.00")
    assert once["amount_withheld"] == Decimal("0.00")


@given(
    st.lists(
        st.builds(
            row,
            claim_no=st.sampled_from(["D-1", "D-2"]),
            line_id=st.sampled_from(["a", "b", "c", None]),
            usoc=st.sampled_from(["1FB", "TTB", None]),
            circuit_id=st.sampled_from(["C1", None]),
            charge_class=st.sampled_from(["recurring", "prorated", "one_time", "tax"]),
            amount_disputed=st.decimals(0, 10**6, places=2),
            amount_expected=st.one_of(st.none(), st.decimals(-100, 100, places=2)),
            until_date=st.sampled_from([None, DAY, dt.date(2026, 4, 5)]),
        ),
        max_size=12,
    )
)
def test_every_disputed_cent_is_on_one_row_whatever_a_row_is(rows: list[dict[str, object]]):
    evidence = frame(*rows)
    lines = dispute_lines(evidence)
    assert lines.schema == DISPUTE_LINES
    total = sum((r["amount_disputed"] for r in rows), Decimal(0))  # type: ignore[misc]
    parts = ("amount_recurring", "amount_nonrecurring")
    assert lines["amount_disputed"].sum() == total
    assert sum(lines[name].sum() for name in parts) == total
    assert lines.select(ROW_KEY).is_duplicated().sum() == 0
    for name in ("usoc", "service", "claim"):
        layout = Layout.model_validate(
            {"upload": {"row": name, "columns": [{"name": "A", "field": "amount_disputed"}]}}
        )
        told = csv.DictReader(io.StringIO(upload_csv(layout.upload, lines)))
        assert sum((Decimal(r["A"]) for r in told), Decimal(0)) == total


def layout_of(columns: list[dict[str, object]], **more: object) -> Layout:
    return Layout.model_validate({"upload": {"columns": columns}, **more})


def test_a_column_is_written_as_the_carrier_wants_it():
    layout = layout_of(
        [
            {"name": "Date", "field": "bill_date", "date": "%m/%d/%Y"},
            {"name": "BAN", "field": "ban", "mask": "## ##"},
            {"name": "TN", "field": "wtn", "mask": "### ### ####"},
            {"name": "Qty", "field": "billed_qty"},
            {"name": "Why", "field": "narrative", "width": 6},
            {"name": "New", "field": "usoc", "values": {"1FB": "LINE"}},
            {"name": "Fixed", "text": "X"},
        ]
    )
    hostile = "\x0b\u202e=cmd()\nmore"
    text = upload_csv(layout.upload, dispute_lines(frame(row(narrative=hostile))))
    head, line = text.split("\r\n")[:2]
    assert head == "Date,BAN,TN,Qty,Why,New,Fixed"
    assert line == "03/05/2026,03 05,614 555 0131,1,'=cmd(),LINE,X"


def test_what_the_form_requires_and_nothing_says_is_told():
    layout = layout_of(
        [
            {"name": "Who", "field": "contact_name", "required": True},
            {"name": "BAN", "field": "ban", "required": True},
        ]
    )
    lines = dispute_lines(frame(row(), row(usoc="TTB")))
    assert lacking(layout.upload, lines) == ["Who (contact_name) on 2 row(s)"]


def test_no_amount_day_or_identifier_is_cut_and_one_without_room_is_told():
    columns = [
        {"name": "Sum", "field": "amount_disputed", "width": 3},
        {"name": "Day", "field": "bill_date", "width": 10},
        {"name": "BAN", "field": "ban", "width": 2},
        {"name": "Qty", "field": "billed_qty", "width": 9},
    ]
    layout, lines = layout_of(columns), dispute_lines(frame(row()))
    (said,) = upload_csv(layout.upload, lines).split("\r\n")[1:-1]
    total, day, ban, _ = said.split(",")
    assert (total, day, ban) == (str(lines["amount_disputed"][0]), "2026-03-05", lines["ban"][0])
    assert lacking(layout.upload, lines) == [
        "Sum (amount_disputed) in 3 signs, longer on 1 row(s)",
        "BAN (ban) in 2 signs, longer on 1 row(s)",
    ]


def test_rules_of_a_layout_say_words_of_lines():
    layout = layout_of(
        [{"name": "A", "field": "ban"}],
        reasons={"RATE": "T01"},
        fill=[
            {"when": {"usoc": "1*"}, "set": {"class_of_service": "POTS"}},
            {"set": {"class_of_service": "Other", "billing_system": "CRIS"}},
        ],
    )
    told = with_words(layout, frame(row(), row(usoc="TTB", reason_code="DUP")))
    assert told["class_of_service"].to_list() == ["POTS", "Other"]
    assert told["billing_system"].to_list() == ["CRIS", "CRIS"]
    assert told["carrier_reason"].to_list() == ["T01", "DUP"]


FORM = """
form = "mine"
[layout.upload]
columns = [{ name = "No", field = "claim_no" }]
"""


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("{ name = 'A' }", "a field, or a text"),
        ("{ name = 'A', field = 'ban', text = 'y' }", "a field, or a text"),
        ("{ name = 'A', field = 'moon' }", "there is no field moon"),
        ("{ name = 'A', field = 'bill_date', date = '%H' }", "year, month and day"),
        ("{ name = 'No', field = 'ban' }", "columns of one name"),
        ("{ name = 'A', field = 'ban', hidden = true }", 'has no setting "hidden"'),
    ],
)
def test_a_faulty_layout_is_refused_with_its_fault(column: str, said: str):
    assert parse_form(FORM).layout
    with pytest.raises(FormError, match=said):
        parse_form(FORM.replace("}]", "}, " + column + "]"))


def test_the_shipped_layouts_are_those_known_of_the_trade():
    forms = shipped()
    assert all(form.layout for form in forms.values())
    bar = forms["att-southeast-bar"].layout
    assert bar is not None
    numbers = {column.name.split()[0].rstrip("AB") for column in bar.upload.columns}
    assert numbers == {str(number) for number in range(1, 21)}
    southwest = forms["att-southwest"].layout
    assert southwest is not None
    assert (southwest.join, southwest.upload.row) == (("region",), "usoc")


def test_the_letter_says_why_in_plain_words_whatever_the_bill_says():
    said = "\x0b#let x\u202e\n" + "y" * 900
    evidence = frame(
        row(narrative=said), row(usoc="TTB", finding_id="g", line_id="m")
    ).with_columns(code=pl.lit("rate_above_contract"), cause=pl.lit("retail_rate"))
    sender = dict.fromkeys(("company", "name", "email", "phone", "fax", "address"), "us")
    head = {
        "name": "D-1", "title": "Dispute", "carrier": "ILEC", "claims": ["D-1"],
        "accounts": ["0305"], "tracking_no": "", "resend": False, "late": "", "deadline": None,
        "filed_on": None, "acknowledge_by": DAY, "answer_by": DAY, "credit_by_bill": 2,
        "sender": sender, "to": ["them"], "codes": [], "files": ["D-1.xlsx"],
    }  # fmt: skip
    told = letter(head, dispute_lines(evidence), evidence, DAY)
    (ground,) = told["grounds"]
    assert (told["total"], ground["amount"], ground["lines"]) == ("4.00", "4.00", "2 lines")
    assert "It is the retail rate" in ground["why"]
    example = ground["example"]
    assert "#let x" in example
    assert not set(example) & set("\x0b\n\u202e")
    assert max(len(word) for word in example.replace("\u200b", " ").split()) <= 41
    assert len(example) < 600
