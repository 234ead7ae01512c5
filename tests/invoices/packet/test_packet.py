"""Packets: every disputed line with both rates, safe to open, the same bytes every time."""

from __future__ import annotations

import csv
import datetime as dt
import io
import unicodedata
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices.packet.packet import COLUMNS, packet_csv, packets
from invoices.schema import CENTS, RATE

SCHEMA = {
    "claim_no": pl.String,
    "finding_id": pl.String,
    "carrier": pl.String,
    "ban": pl.String,
    "invoice_no": pl.String,
    "bill_date": pl.Date,
    "line_no": pl.Int64,
    "description": pl.String,
    "quantity": RATE,
    "unit_rate": RATE,
    "buy_rate": RATE,
    "billed": CENTS,
    "amount_at_stake": CENTS,
    "message": pl.String,
}


def line(number: str | None, line_no: int, stake: str, **cells: object) -> dict[str, object]:
    return {
        "claim_no": number,
        "finding_id": f"D-{line_no}:rate_above_contract",
        "carrier": "ILEC",
        "ban": "0305100100",
        "invoice_no": "A1",
        "bill_date": dt.date(2026, 11, 10),
        "line_no": line_no,
        "quantity": Decimal(2),
        "unit_rate": Decimal("12.5"),
        "buy_rate": Decimal("10"),
        "billed": Decimal("25.00"),
        "amount_at_stake": Decimal(stake),
        **cells,
    }


def frame(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


LINES = frame(
    line("N2", 7, "5.00"),
    line("N1", 10, "5.00"),
    line(None, 8, "0.00"),
    line("N1", 9, "2.50"),
)


def test_every_claim_has_its_packet_in_order_of_the_numbers() -> None:
    made = dict(packets(LINES))
    assert list(made) == ["N1", "N2"]
    rows = read(made["N1"])
    assert [row["line_no"] for row in rows] == ["9", "10"]
    assert sum(Decimal(row["amount_disputed"]) for row in rows) == Decimal("7.50")
    assert rows[0]["billed_rate"] == "12.500000"
    assert rows[0]["contract_rate"] == "10.000000"
    assert list(rows[0]) == [name for name, _, _ in COLUMNS]


def test_the_same_lines_in_any_order_give_the_same_bytes() -> None:
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        assert dict(packets(LINES[order])) == dict(packets(LINES))


def test_numbers_stay_plain_and_account_numbers_stay_text() -> None:
    cells = {"amount_at_stake": Decimal("-5.00"), "description": 'Port, 1.5" "basic"'}
    text = dict(packets(frame(line("N1", 1, "0", **cells))))["N1"]
    assert '"0305100100"' in text
    assert ",-5.00," in text
    assert read(text)[0]["description"] == 'Port, 1.5" "basic"'
    assert text.isascii() and text.endswith("\n")


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+15551234", "-2", "@SUM(A1)", "\tx", "\rx", "\nx", "  =1", "\uff1d1", "\uff0b1",
     "\uff0d1", "\uff20x", "\u00a0\ufeff=1", "\u200b\x00\uff1d1", "|x", "cmd|' /C calc'!A0"],
)  # fmt: skip
def test_text_that_begins_like_a_formula_gets_an_apostrophe(cell: str) -> None:
    text = dict(packets(frame(line("N1", 1, "5.00", description=cell))))["N1"]
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert rows[0]["description"] == f"'{cell}"


@pytest.mark.parametrize("cell", ["1FB", "a=b", "0305", "'quoted", "(-2)", "a|b", ""])
def test_other_text_stays_as_it_is(cell: str) -> None:
    text = dict(packets(frame(line("N1", 1, "5.00", description=cell))))["N1"]
    assert read(text)[0]["description"] == cell


def test_a_packet_of_one_claim_says_what_the_claim_says() -> None:
    claim = {
        "claim_no": "N7",
        "reason": "RATE",
        "dispute_closes_on": dt.date(2027, 2, 8),
        "file_by": None,
        "amount": Decimal("7.50"),
    }
    text = packet_csv(claim, LINES.filter(pl.col("claim_no") == "N1").drop("claim_no"))
    rows = read(text)
    assert {(row["claim_no"], row["reason"], row["deadline"]) for row in rows} == {
        ("N7", "RATE", "2027-02-08")
    }
    assert len(rows) == 2


def test_a_claim_without_lines_has_a_header_alone() -> None:
    text = packet_csv({"claim_no": "N1"}, LINES.head(0))
    assert text.count("\n") == 1
    assert dict(packets(LINES.head(0))) == {}


@settings(max_examples=15, deadline=None)
@given(
    cells=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30), max_size=8
    )
)
def test_no_cell_of_text_begins_like_a_formula(cells: list[str]) -> None:
    rows = [line("N1", n, "1.00", description=cell, message=cell) for n, cell in enumerate(cells)]
    for _, text in packets(frame(*rows)):
        found = list(csv.DictReader(io.StringIO(text, newline="")))
        assert [row["description"].replace("'", "") for row in found] == [
            cell.replace("'", "") for cell in cells
        ]
        for part in (part for row in found for part in row["narrative"].splitlines()):
            assert not unicodedata.normalize("NFKC", part).strip().startswith(tuple("=+-@|%"))


def test_a_cell_with_the_mark_between_records_stays_in_its_record() -> None:
    lines = frame(
        line("N1", 1, "1.00", message="one\x1e\ntwo"),
        line("N1", 2, "2.00", message='a "word"\nof two lines'),
        line("N2", 3, "3.00"),
    )
    texts = dict(packets(lines))
    own = [lines.filter(pl.col("claim_no") == number) for number in ("N1", "N2")]
    assert [texts["N1"], texts["N2"]] == [packet_csv({}, part) for part in own]
    assert [row["narrative"] for row in read(texts["N1"])] == [
        "one\x1e\ntwo",
        'a "word"\nof two lines',
    ]
