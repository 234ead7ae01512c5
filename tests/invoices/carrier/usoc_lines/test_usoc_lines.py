"""The gate reads usoc-lines whole: nothing raises, nothing is guessed, nothing gets lost."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

import polars as pl
import writers
from examples import few
from gate import HEADER, document, file, line, read, through
from hypothesis import given
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


@few(12)
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


@few(12, long=500)
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


@few(12, long=500)
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


def test_leading_zeros_of_account_numbers_are_kept() -> None:
    assert through(file(document(ban="000305"), line())).lines["ban"].to_list() == ["000305"]


def test_a_due_date_before_the_bill_date_can_be_read() -> None:
    gate = through(file(document(due_date="2026-11-01"), line()))
    assert gate.documents["due_date"].to_list() == [dt.date(2026, 11, 1)]


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
