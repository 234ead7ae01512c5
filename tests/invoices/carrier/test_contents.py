"""Two documents of one key say the same, or they do not; and a file can be looked at first."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
import writers
from examples import few
from gate import document, file, line, read
from hypothesis import given

from invoices.carrier import contents_differ
from invoices.carrier.describe import describe

LINE = {"line_no": 1, "usoc": "1FB", "quantity": "1", "unit_rate": "20.00", "amount": "20.00"}
OTHER = {"line_no": 2, "usoc": "TTB", "amount": "5.00"}


def equal(text_a: str, text_b: str) -> list[bool]:
    a, b = read(text_a), read(text_b)
    pairs = pl.DataFrame({"a": a.documents["document_id"], "b": b.documents["document_id"]})
    return contents_differ(a.documents, a.lines, b.documents, b.lines, pairs)["equal"].to_list()


def test_the_order_and_the_spelling_of_lines_do_not_matter() -> None:
    first = file(document(), line(**LINE), line(**OTHER))
    second = file(
        document(current_charges="$25.00"),
        line(**OTHER),
        "",
        line(**{**LINE, "amount": "$20.00", "unit_rate": "20.0000"}),
    )
    assert equal(first, second) == [True]


CHANGES = [
    {"amount": "20.01"},
    {"unit_rate": "20.000001"},
    {"quantity": ""},
    {"usoc": "1FC"},
    {"line_no": "3"},
    {"description": "x"},
    {"wtn": "6145550131"},
    {"circuit_id": "A"},
    {"zone": "1"},
    {"state": "OH"},
    {"order_no": "N1"},
    {"service_from": "2026-01-01"},
    {"service_until": "2026-01-01"},
    {"charge_class": "tax"},
]


@pytest.mark.parametrize("change", CHANGES)
def test_any_other_value_of_a_line_is_another_content(change: dict[str, str]) -> None:
    first = file(document(), line(**LINE), line(**OTHER))
    assert equal(first, file(document(), line(**{**LINE, **change}), line(**OTHER))) == [False]


@pytest.mark.parametrize(
    "change", [{"due_date": "2026-12-01"}, {"payments": "0.00"}, {"bill_date": "2026-11-11"}]
)
def test_any_other_value_of_the_header_is_another_content(change: dict[str, str]) -> None:
    assert equal(file(document(), line()), file(document(**change), line())) == [False]


def test_a_value_that_moves_to_another_column_is_another_content() -> None:
    first = file(document(), line(state="OH"))
    assert equal(first, file(document(), line(zone="OH"))) == [False]


def test_repeated_lines_count_as_often_as_they_stand() -> None:
    once, twice = file(document(), line()), file(document(), line(), line())
    assert equal(once, twice) == [False]
    assert equal(twice, twice) == [True]
    three = file(document(), line(), line(**OTHER), line(**OTHER))
    assert equal(three, file(document(), line(), line(), line(**OTHER))) == [False]


def test_many_documents_are_compared_at_once() -> None:
    def bill(*amounts: str) -> str:
        rows = [(document(invoice_no=n), line(amount=a)) for n, a in enumerate(amounts)]
        return file(*(row for pair in rows for row in pair))

    assert equal(bill("1.00", "2.00", "3.00"), bill("1.00", "2.01", "3.00")) == [True, False, True]
    assert equal(file(document()), file(document())) == [True]


@few(8, long=300)
@given(writers.documents())
def test_a_document_says_the_same_as_itself_in_any_style(written: list[writers.Values]) -> None:
    other = [{**one, "lines": one["lines"][::-1]} for one in written]
    style = writers.Style(money=writers.parentheses, quoted=True)
    texts = writers.usoc_lines(written), writers.usoc_lines(other, style)
    assert equal(*texts) == [True] * len(written)


def test_a_description_tells_what_a_file_says() -> None:
    told = describe(
        read(file(document(), line(**LINE), line(**OTHER), line(amount="x"), line(amount="1.00"))),
        lines=2,
    )
    assert told.documents["status"].to_list() == ["held"]
    assert told.classes.rows() == [("recurring", 3, Decimal("26.00"))]
    assert told.first_lines["usoc"].to_list() == ["1FB", "TTB"]
    filled = {name: (filled, distinct) for name, filled, distinct in told.coverage.rows()}
    assert filled["usoc"] == (2, 2)
    assert filled["zone"] == (0, 0)
    assert filled["amount"] == (3, 3)
    assert told.findings["code"].to_list() == ["line_unreadable", "document_does_not_foot"]


def test_a_refused_file_is_described_too() -> None:
    told = describe(read("no invoice"))
    assert told.documents["status"].to_list() == ["refused"]
    assert told.classes.is_empty()
