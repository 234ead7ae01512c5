"""Rows, documents and files of usoc-lines that cannot be read: refused, held or set aside."""

from __future__ import annotations

import pytest
from gate import DIGEST, HEADER, document, file, line, row, through
from hypothesis import given
from hypothesis import strategies as st

from invoices import carrier
from invoices.carrier import document_id, usoc_lines


@given(st.data())
def test_a_broken_cell_never_raises(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(usoc_lines.COLUMNS[1:-1]))
    text = data.draw(st.text(st.characters(exclude_characters="\n"), max_size=20))
    record = data.draw(st.sampled_from([document, line]))
    rows = [document(), line()]
    rows[record is line] = record(**{name: text})
    gate = through(file(*rows))
    assert gate.documents.height == 1
    assert gate.lines.height + gate.quarantine.height <= 2


BAD_ROWS = [
    # cells of the row, what the finding says
    ({"amount": "12.505"}, "amount `12.505` is not an amount in dollars and cents"),
    ({"amount": ""}, "amount is empty"),
    ({"amount": "1e3"}, "amount `1e3`"),
    ({"charge_class": "monthly"}, "charge_class `monthly` is not a charge class"),
    ({"charge_class": ""}, "charge_class is empty"),
    ({"service_from": "2026-02-30"}, "service_from `2026-02-30` is not a date of the calendar"),
    ({"service_until": "0001-01-01"}, "service_until `0001-01-01` is not a date"),
    (
        {"service_from": "2026-11-10", "service_until": "2026-10-10"},
        "service_until 2026-10-10 lies before service_from 2026-11-10",
    ),
    ({"quantity": "-1"}, "quantity `-1` with amount `25.00`"),
    ({"unit_rate": "(5.00)"}, "unit_rate `(5.00)` with amount `25.00`"),
    ({"quantity": '"1234567890123456789"'}, "quantity `1234567890123456789` is not a quantity"),
    ({"amount": '"25.005"'}, "amount `25.005` is not an amount"),
    ({"quantity": "two"}, "quantity `two` is not a quantity"),
    ({"unit_rate": "1.2345678"}, "unit_rate `1.2345678` is not a rate"),
    ({"line_no": "1.5"}, "line_no `1.5` is not a whole number"),
    ({"description": '"open'}, "a quoted cell is not closed"),
    ({"description": '"a"b'}, "text follows its closing quote"),
    ({"description": "a,b"}, "the row has 26 cells, the header 25"),
    ({"record": "trailer"}, "record `trailer` is neither `document` nor `line`"),
    ({"record": ""}, "record `` is neither"),
    ({"carrier": "ILEC", "ban": "9", "invoice_no": "1"}, "no document row of the file is of ILEC"),
    ({"ban": "0305R01"}, "no document row of the file is of  / 0305R01 / "),
]


@pytest.mark.parametrize(("cells", "message"), BAD_ROWS)
def test_a_row_that_cannot_be_read_is_quarantined_with_its_reason(
    cells: dict[str, str], message: str
) -> None:
    values = {"record": "line", "charge_class": "tax", "amount": "25.00", **cells}
    bad = row(**values)
    gate = through(file(document(current_charges="50.00", total_due="50.00"), line(), bad, line()))
    assert gate.quarantine["raw"].to_list() == [bad]
    assert gate.quarantine["source_row"].to_list() == [4]
    assert message in gate.quarantine["reason"].item()
    found = gate.findings.filter(code="line_unreadable")
    assert found["message"].to_list() == gate.quarantine["reason"].to_list()
    assert found["remedy"].item()
    assert found["source_row"].item() == 4
    # The rows around it are read, and the document still foots on them.
    assert gate.lines["source_row"].to_list() == [3, 5]
    assert gate.documents["status"].item() == "loaded"


def test_a_row_with_several_faults_lists_all_of_them() -> None:
    gate = through(file(document(), line(amount="x", quantity="y", service_from="z" * 90)))
    reason = gate.quarantine["reason"].item()
    assert reason.count(";") == 2
    assert all(name in reason for name in ("amount `x`", "quantity `y`", "service_from `zzz"))
    assert "z" * 40 + "`" in reason
    assert "z" * 41 not in reason
    assert "YYYY-MM-DD" in gate.findings["remedy"][0]


def test_a_truncated_row_names_both_counts() -> None:
    gate = through(file(document(), "line,ILEC,0305R01,INV1", line()))
    assert gate.quarantine["reason"].item() == "the row has 4 cells, the header 25"
    assert gate.documents["lines"].item() == 1


REFUSED_FILES = [
    ("", "empty"),
    ("\n\n", "empty"),
    (HEADER + "\n", "no row whose record is `document`"),
    (file(line(), line()), "no row whose record is `document`"),
    (file(document(), line()).replace(",", ";"), "the columns are parted by `;`"),
    (file(document(), line()).replace(",", "\t"), "the columns are parted by a tab"),
    (file(document(), line()).replace(",", "|"), "the columns are parted by `|`"),
    (
        file(document(HEADER + ",colour"), header=HEADER + ",colour"),
        "unknown columns (1): `colour`",
    ),
    (file(document(HEADER + ",ban"), header=HEADER + ",ban"), "columns that stand twice: ban"),
    (file(document(HEADER + ","), header=HEADER + ","), "unknown columns (1): ``"),
    (HEADER.replace(",amount", "") + "\nx", "no column: amount"),
    (HEADER.replace("ban", '"ban') + "\nx", "the header cannot be read"),
    ("dear customer, your bill", "begins like no carrier invoice"),
    ("UNB+UNOA:1+NORTHLINE", "the file is EDIFACT"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED_FILES)
def test_a_file_that_is_no_invoice_is_one_refused_document(text: str, message: str) -> None:
    gate = through(text)
    [refused] = gate.documents.to_dicts()
    assert refused["status"] == "refused"
    assert (refused["carrier"], refused["ban"], refused["invoice_no"]) == (None, None, None)
    [finding] = gate.findings.to_dicts()
    assert finding["code"] == "document_unreadable"
    assert finding["finding_id"] == refused["document_id"] + ":document_unreadable"
    assert message in finding["message"]
    assert finding["remedy"]
    assert finding["source_file"] == "bill.csv"
    assert gate.lines.is_empty()
    assert gate.quarantine.is_empty()


BAD_DOCUMENTS = [
    ({"bill_date": ""}, "bill_date is empty"),
    ({"bill_date": "10/11/2026"}, "bill_date `10/11/2026` is not a date"),
    ({"ban": ""}, "ban is empty"),
    ({"total_due": "25.001"}, "total_due `25.001`"),
    ({"current_charges": ""}, "current_charges is empty"),
    ({"payments": "none"}, "payments `none`"),
    ({"due_date": "soon"}, "due_date `soon`"),
]


@pytest.mark.parametrize(("cells", "message"), BAD_DOCUMENTS)
def test_a_document_row_that_cannot_be_read_refuses_its_document_alone(
    cells: dict[str, str], message: str
) -> None:
    gate = through(file(document(**cells), line(), line(), document(invoice_no="OK"), line()))
    assert gate.documents["status"].to_list() == ["refused", "loaded"]
    assert gate.documents["lines"].to_list() == [0, 1]
    [finding] = gate.findings.to_dicts()
    assert (finding["code"], finding["source_row"]) == ("document_unreadable", 2)
    assert message in finding["message"]
    assert "2 line rows are not loaded" in finding["message"]
    assert gate.lines["source_row"].to_list() == [6]


def test_a_truncated_document_row_keeps_no_key_and_takes_the_lines_below_it() -> None:
    keyed = {"carrier": "ILEC", "ban": "0305R01"}
    gate = through(
        file(
            "document,ILEC,0305R01,INV",
            line(**keyed, invoice_no="INV1"),
            line(),
            document(invoice_no="INV2"),
            line(**keyed, invoice_no="INV2"),
        )
    )
    assert gate.documents["status"].to_list() == ["refused", "loaded"]
    assert gate.documents["invoice_no"].to_list() == [None, "INV2"]
    assert "4 cells, the header 25; its 2 line rows" in gate.findings["message"].item()
    assert gate.quarantine.is_empty()


@pytest.mark.parametrize("currency", ["EUR", "CAD", "$"])
def test_another_currency_refuses_the_document(currency: str) -> None:
    header = HEADER + ",currency"
    gate = through(file(document(header, currency=currency), line(header), header=header))
    assert gate.documents["status"].item() == "refused"
    assert f"currency `{currency}` is not read, only USD" in gate.findings["message"].item()


def test_a_refused_document_does_not_take_the_id_of_its_key() -> None:
    gate = through(file(document(bill_date=""), document(), line()))
    assert gate.documents["document_id"][1] == document_id("ILEC", "0305R01", "INV1")
    assert gate.documents["invoice_no"].to_list() == [None, "INV1"]


def test_a_file_without_a_single_readable_line_is_refused_only_when_it_is_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = file(document(), *[line(service_from="1/2/2026")] * 3)
    assert through(text).documents["status"].item() == "held"
    monkeypatch.setattr("invoices.carrier.usoc_lines.reader.HOPELESS", 2)
    gate = through(text)
    assert gate.documents["status"].item() == "refused"
    assert "none of the 3 line rows can be read; the first: service_from" in gate.messages
    assert gate.findings["source_row"].item() == 3


def test_an_unknown_profile_is_named() -> None:
    reading = carrier.read(carrier.source_of_bytes("x.csv", DIGEST, b"x"), "cabs")
    assert "no profile is called `cabs`" in reading.findings["message"].item()
    assert "usoc-lines" in reading.findings["remedy"].item()
