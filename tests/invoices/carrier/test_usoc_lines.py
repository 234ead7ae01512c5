"""The gate reads usoc-lines whole: nothing raises, nothing is guessed, nothing gets lost."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

import polars as pl
import pytest
import writers
from gate import DIGEST, HEADER, document, file, line, read, row, through
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices import carrier
from invoices.carrier import document_id, usoc_lines
from invoices.schema import DOCUMENTS, FINDINGS, LINES


def test_the_textbook_record_foots() -> None:
    gate = through(
        file(
            document(current_charges="33.30", total_due="33.30"),
            line(usoc="1FB", amount="20.00"),
            line(usoc="TTB", amount="5.00"),
            line(usoc="9ZR", amount="8.30"),
        )
    )
    assert gate.documents["status"].to_list() == ["loaded"]
    assert gate.documents["line_sum"].to_list() == [Decimal("33.30")]
    assert gate.lines["usoc"].to_list() == ["1FB", "TTB", "9ZR"]
    assert gate.findings.is_empty()


def test_frames_have_the_promised_columns() -> None:
    for text in (file(document(), line(), "junk"), HEADER, "", "no invoice"):
        reading = read(text)
        assert reading.documents.schema == DOCUMENTS
        assert reading.lines.collect_schema() == LINES
        assert reading.findings.schema == FINDINGS
        assert reading.quarantine.columns == ["source_file", "source_row", "raw", "reason"]


@given(writers.documents(), writers.styles())
def test_what_a_carrier_writes_is_what_is_read(
    written: list[writers.Values], style: writers.Style
) -> None:
    gate = through(writers.usoc_lines(written, style))
    assert gate.messages == ""
    assert gate.documents["status"].to_list() == ["loaded"] * len(written)
    said = [line for one in written for line in one["lines"]]
    for name in ("line_no", "charge_class", "quantity", "unit_rate", "amount", "zone", "order_no",
                 "service_from", "service_until", "wtn", "circuit_id", "usoc"):  # fmt: skip
        assert gate.lines[name].to_list() == [line[name] for line in said], name
    texts = [line["description"] for line in said]
    assert gate.lines["description"].to_list() == [text and text.strip() or None for text in texts]
    for name in usoc_lines.DOCUMENT_CELLS:
        assert gate.documents[name].to_list() == [one[name] for one in written], name
    ids = [document_id(one["carrier"], one["ban"], one["invoice_no"]) for one in written]
    expected = [
        f"{name}-{position}"
        for name, one in zip(ids, written, strict=True)
        for position, _ in enumerate(one["lines"], 1)
    ]
    assert gate.lines["line_id"].to_list() == expected


@settings(max_examples=25)
@given(writers.documents(max_documents=1))
def test_a_row_spelled_plainly_says_what_the_same_row_says_in_full_dress(
    written: list[writers.Values],
) -> None:
    plain = through(writers.usoc_lines(written))
    dressed = through(
        writers.usoc_lines(
            written,
            writers.Style(money=writers.dollars, quoted=True, padded=True, capitals=True,
                          telephone="({0}) {1}-{2}"),
        )
    )  # fmt: skip
    assert plain.lines.equals(dressed.lines)
    assert plain.documents.equals(dressed.documents)


MUTATIONS = ("drop", "double", "cent", "cut", "class")


@settings(max_examples=25)
@given(
    writers.documents(max_documents=2),
    st.sampled_from(MUTATIONS),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_whatever_happens_to_a_file_is_noticed(
    written: list[writers.Values], mutation: str, keys: bool, chance: random.Random
) -> None:
    for one in written:
        for number, said in enumerate(one["lines"], 1):
            said.update(amount=abs(said["amount"]) + 1, line_no=number)
        one["current_charges"] = writers.total([said["amount"] for said in one["lines"]])
        one["total_due"] = one["current_charges"] + writers.total(
            [one[name] or Decimal(0) for name in ("previous_balance", "payments", "adjustments")]
        )
        for said in one["lines"]:
            said["quantity"] = said["unit_rate"] = None
    text = writers.usoc_lines(written, writers.Style(keys_on_lines=keys))
    before, after = through(text), through(_mutated(text, mutation, chance))
    assert (
        after.findings.height > 0
        or not after.documents.drop("source_row").equals(before.documents.drop("source_row"))
        or not after.lines.drop("source_row").equals(before.lines.drop("source_row"))
    )
    if mutation != "class":
        assert set(after.documents["status"]) & {"held", "refused"}


def test_rows_that_change_places_say_the_same_only_if_they_name_their_document() -> None:
    one = {"carrier": "ILEC", "ban": "0305R01", "invoice_no": "INV1", "amount": "10.00"}
    two = {**one, "invoice_no": "INV2", "amount": "15.00"}
    totals = {"INV1": "10.00", "INV2": "15.00"}
    first, second = (
        document(invoice_no=name, current_charges=amount, total_due=amount)
        for name, amount in totals.items()
    )
    keyed = through(file(first, line(**two), second, line(**one)))
    assert keyed.documents["status"].to_list() == ["loaded", "loaded"]
    unnamed = through(file(first, line(amount="15.00"), second, line(amount="10.00")))
    assert unnamed.documents["status"].to_list() == ["held", "held"]


def _mutated(text: str, mutation: str, chance: random.Random) -> str:
    rows = text.splitlines()
    at = chance.choice([n for n, row in enumerate(rows) if row.startswith("line")])
    cells = rows[at].split(",")
    amount = HEADER.split(",").index("amount")
    if mutation == "drop":
        del rows[at]
    elif mutation == "double":
        rows.insert(at, rows[at])
    elif mutation == "cent":
        # Descriptions may hold commas, so the cell is found from the end of the row.
        at_end = len(HEADER.split(",")) - amount
        cells[-at_end] = str(Decimal(cells[-at_end]) + Decimal("0.01"))
        rows[at] = ",".join(cells)
    elif mutation == "class":
        rows[at] = rows[at].replace("line,", "lime,", 1)
    else:
        whole = "\n".join(rows)
        start = len("\n".join(rows[:at])) + 1
        return whole[: chance.randint(start, start + len(rows[at]) - 1)]
    return "\n".join(rows)


@given(st.text(max_size=300) | st.lists(st.text(max_size=40), max_size=6).map(",".join))
def test_no_text_whatever_raises(noise: str) -> None:
    through(noise)
    through(file(document(), noise, line()))


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


def test_a_credit_has_both_signs_negative_or_only_the_rate_positive() -> None:
    gate = through(
        file(
            document(current_charges="-15.00", total_due="-15.00"),
            line(quantity="-1", unit_rate="5.00", amount="-5.00"),
            line(quantity="1", unit_rate="-5.00", amount="(5.00)"),
            line(quantity="1", unit_rate="5.00", amount="5.00-"),
        )
    )
    assert gate.messages == ""
    assert gate.lines["amount"].to_list() == [Decimal("-5.00")] * 3


def test_a_point_in_time_is_a_period_that_can_be_read() -> None:
    gate = through(file(document(), line(service_from="2024-02-29", service_until="2024-02-29")))
    assert gate.lines["service_until"].to_list() == [dt.date(2024, 2, 29)]
    assert gate.messages == ""


def test_blank_lines_and_rows_of_commas_are_no_rows() -> None:
    gate = through("\n \n" + file(document(), "", "," * 24, " , ,\t", line(), ""))
    assert gate.messages == ""
    assert gate.lines["source_row"].to_list() == [8]


def test_columns_stand_in_any_order_and_case() -> None:
    header = " TOTAL_DUE ,current_charges,Bill_Date,invoice_no,ban,carrier,RECORD,Amount," + (
        '"charge_class"'
    )
    gate = through(
        f"\ufeff{header}\n25.00,25.00,2026-11-10,1,007,ILEC,Document,,\n,,,,,,LINE,25.00,Tax\n"
    )
    assert gate.messages == ""
    assert gate.documents["ban"].to_list() == ["007"]
    assert gate.lines["charge_class"].to_list() == ["tax"]
    assert gate.lines["usoc"].to_list() == [None]


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
    ("UNB+UNOA:1+NORTHLINE", "begins like no carrier invoice"),
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


def test_usd_is_read_by_name() -> None:
    header = HEADER + ",currency"
    gate = through(
        file(document(header, currency="usd"), line(header, currency="USD"), header=header)
    )
    assert gate.documents["status"].item() == "loaded"


def test_lines_find_their_document_by_key_wherever_they_stand() -> None:
    one = {"carrier": "ILEC", "ban": "0305R01", "invoice_no": "INV1"}
    two = {**one, "invoice_no": "INV2"}
    gate = through(
        file(
            line(**two, amount="1.00"),
            document(**one, current_charges="5.00", total_due="5.00"),
            document(**two, current_charges="7.00", total_due="7.00"),
            line(**one, amount="2.00"),
            line(**two, amount="6.00"),
            line(**one, amount="3.00"),
        )
    )
    assert gate.documents["status"].to_list() == ["loaded", "loaded"]
    first, second = gate.documents["document_id"]
    assert gate.lines["line_id"].to_list() == [
        f"{second}-1",
        f"{first}-1",
        f"{second}-2",
        f"{first}-2",
    ]


def test_two_document_rows_of_one_key_are_two_documents() -> None:
    keyed = {"carrier": "ILEC", "ban": "0305R01", "invoice_no": "INV1"}
    text = file(document(), line(**keyed), document(), line(**keyed), line())
    gate = through(text)
    first, second = gate.documents["document_id"]
    assert first == document_id("ILEC", "0305R01", "INV1")
    assert first != second
    assert gate.documents["lines"].to_list() == [1, 2]
    assert through(text).documents["document_id"].to_list() == [first, second]


def test_a_refused_document_does_not_take_the_id_of_its_key() -> None:
    gate = through(file(document(bill_date=""), document(), line()))
    assert gate.documents["document_id"][1] == document_id("ILEC", "0305R01", "INV1")
    assert gate.documents["invoice_no"].to_list() == [None, "INV1"]


def test_leading_zeros_of_account_numbers_are_kept() -> None:
    assert through(file(document(ban="000305"), line())).lines["ban"].to_list() == ["000305"]


def test_a_due_date_before_the_bill_date_can_be_read() -> None:
    gate = through(file(document(due_date="2026-11-01"), line()))
    assert gate.documents["due_date"].to_list() == [dt.date(2026, 11, 1)]


def test_a_file_without_a_single_readable_line_is_refused_only_when_it_is_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = file(document(), *[line(service_from="1/2/2026")] * 3)
    assert through(text).documents["status"].item() == "held"
    monkeypatch.setattr(usoc_lines, "HOPELESS", 2)
    gate = through(text)
    assert gate.documents["status"].item() == "refused"
    assert "none of the 3 line rows can be read; the first: service_from" in gate.messages
    assert gate.findings["source_row"].item() == 3


def test_a_format_is_known_by_content_alone() -> None:
    def names(head: bytes) -> list[str]:
        return [profile.profile for profile in carrier.identify(head)]

    text = file(document(), line()).encode()
    for head in (
        text,
        b"\xef\xbb\xbf" + text,
        b"\r\n" + text.replace(b"\n", b"\r\n")[:300],
        text.replace(b",", b";"),
    ):
        assert names(head) == ["usoc-lines"]
    for head in (text.decode().encode("utf-16"), b"", "é".encode()[:1]):
        assert names(head) == []


def test_an_unknown_profile_is_named() -> None:
    reading = carrier.read(carrier.source_of_bytes("x.csv", DIGEST, b"x"), "cabs")
    assert "no profile is called `cabs`" in reading.findings["message"].item()
    assert "usoc-lines" in reading.findings["remedy"].item()


def test_lines_of_any_number_keep_their_documents() -> None:
    keyed = [{"carrier": "ILEC", "ban": f"{n:04}", "invoice_no": "1"} for n in range(40)]
    rows = [line(**key, amount="1.00") for _ in range(50) for key in keyed]
    random.Random(7).shuffle(rows)
    documents = [document(**key, current_charges="50.00", total_due="50.00") for key in keyed]
    gate = through(file(*documents, *rows))
    assert gate.documents["status"].to_list() == ["loaded"] * 40
    positions = gate.lines.with_columns(
        position=pl.col("line_id").str.split("-").list.get(1).cast(pl.Int64)
    )
    expected = pl.int_range(1, pl.len() + 1).over("document_id", order_by="source_row")
    assert positions.select((pl.col("position") == expected).all()).item()
