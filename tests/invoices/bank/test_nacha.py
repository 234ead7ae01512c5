"""Nacha files: what is written is read in every dress, and no slip of a digit goes unnoticed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from bank_worlds import files, read_of, settled_model, told
from bank_writers import QUIRKS, Advice, Batch, Entry, File, Item, nacha, records, x820, yymmdd
from hypothesis import given
from hypothesis import strategies as st

from invoices.bank import identify, read
from invoices.bank.returns import return_deadlines, with_return_deadlines
from invoices.bank.schema import ENTRIES, REMITTANCES
from invoices.calendar import add_banking_days

D = Decimal
day = dt.date.fromisoformat


def one(entry: Entry, **batch: object) -> File:
    """Return a file with a single entry."""
    return File([Batch([entry], **batch)])  # type: ignore[arg-type]


SMALL = File(
    [
        Batch([Entry(D("100.00"), individual_id="305R010001"), Entry(D("7.25"))]),
        Batch(
            [Entry(D("35.00"), addenda=x820(Advice([Item("A1", D("10")), Item("A2", D("25"))])))],
            sec="CTX",
        ),
    ]
)


@given(files(), st.sampled_from(QUIRKS))
def test_what_is_written_is_read_in_every_dress(file: File, quirk: str) -> None:
    reading = read_of(nacha(file, quirk))
    assert reading.faults.rows() == []
    assert reading.entries.schema == ENTRIES
    assert reading.remittances.schema == REMITTANCES
    written = [(batch, entry) for batch in file.batches for entry in batch.entries]
    assert reading.entries["amount"].to_list() == [entry.amount for _, entry in written]
    assert reading.entries["company_id"].to_list() == [batch.company_id for batch, _ in written]
    for row, (batch, entry) in zip(reading.entries.iter_rows(named=True), written, strict=True):
        kind = "change" if entry.changed else "return" if entry.returned else "entry"
        assert row["kind"] == ("prenote" if entry.code == "28" else kind)
        assert row["direction"] == ("debit" if int(entry.code[1]) >= 5 else "credit")
        assert row["individual_id"] == (entry.individual_id or None)
        assert row["sec"] == batch.sec and row["account"] == "5678"
        said = entry.returned or entry.changed
        if said:
            assert (row["code"], row["original_trace"]) == said[:2]
        when = (file.created, yymmdd(batch.effective), batch.settlement_day)
        assert row["settled_on"] == settled_model(*when)
    plain = read_of(nacha(file))
    assert reading.content_key == plain.content_key
    assert reading.entries.drop("source_row").equals(plain.entries.drop("source_row"))


@given(files())
def test_an_820_is_read_item_by_item(file: File) -> None:
    reading = read_of(nacha(file))
    paid = reading.remittances.filter(pl.col("qualifier") == "IV")
    totals = dict(paid.group_by("entry_id").agg(pl.col("paid").sum()).iter_rows())
    for row in reading.entries.iter_rows(named=True):
        if row["entry_id"] in totals:
            assert totals[row["entry_id"]] == row["amount"]
    spoken = [e for b in file.batches for e in b.entries if "RMR" in e.addenda]
    assert len(totals) == len(spoken)


NUMBERS = {
    "6": [(4, 12), (30, 39)],
    "8": [(2, 44), (80, 94)],
    "9": [(2, 55)],
}
"""Where a record has digits that something else depends on."""


@given(files().filter(lambda file: file.batches), st.data())
def test_a_wrong_digit_is_noticed(file: File, data: st.DataObject) -> None:
    lines = records(file)
    places = [n for n, line in enumerate(lines) if line[0] in NUMBERS]
    number = data.draw(st.sampled_from(places))
    line = lines[number]
    first, last = data.draw(st.sampled_from(NUMBERS[line[0]]))
    at = data.draw(st.integers(first, last)) - 1
    other = data.draw(st.sampled_from([d for d in "0123456789 -" if d != line[at]]))
    lines[number] = line[:at] + other + line[at + 1 :]
    reading = read_of("\n".join(lines).encode())
    assert not reading.ok and reading.entries.is_empty()
    assert all(reading.faults["message"].to_list()) and all(reading.faults["remedy"].to_list())


@given(files(), st.data(), st.sampled_from(["drop", "double", "swap", "cut"]))
def test_a_record_that_is_not_where_it_was_is_noticed(
    file: File, data: st.DataObject, how: str
) -> None:
    lines = records(file)
    at = data.draw(st.integers(1, len(lines) - 1))
    changed = {
        "drop": lines[:at] + lines[at + 1 :],
        "double": [*lines[: at + 1], *lines[at:]],
        "swap": [*lines[: at - 1], lines[at], lines[at - 1], *lines[at + 1 :]],
        "cut": lines[:at],
    }[how]
    if changed == lines or changed[0][0] != "1":
        return
    reading = read_of("\n".join(changed).encode())
    assert not reading.ok and reading.entries.is_empty()


def test_a_file_cut_inside_its_totals_is_noticed() -> None:
    whole = "\n".join(records(SMALL))
    tail = whole.rindex("\n9")
    for size in range(200, tail + 55, 7):
        reading = read(whole[:size].encode())
        assert reading is not None and not reading.ok, size


@pytest.mark.parametrize(
    ("record", "place", "text", "field"),
    [
        (0, 2, "02", "priority_code (2-3)"),
        (0, 35, "094", None),
        (0, 35, "095", "record_size (35-37)"),
        (0, 38, "99", "blocking_factor (38-39)"),
        (0, 40, "2", "format_code (40)"),
        (0, 24, "260231", "file_creation_date (24-29)"),
        (1, 2, "280", "service_class (2-4)"),
        (1, 51, "ZZZ", "sec (51-53)"),
        (1, 70, "261332", "effective_date (70-75)"),
        (1, 76, "400", "settlement_day (76-78)"),
        (2, 2, "99", "transaction_code (2-3)"),
        (2, 12, "9", "check_digit (12)"),
        (2, 30, "-000010000", "amount (30-39)"),
        (2, 79, "1", "addenda_indicator (79)"),
        (2, 80, "09100001X000001", "trace (80-94)"),
        (2, 80, "999999999999999", "trace (80-94)"),
        (4, 5, "000009", "entry_addenda_count (5-10)"),
        (4, 11, "0000000001", "entry_hash (11-20)"),
        (4, 21, "000000000001", "total_debit (21-32)"),
        (4, 33, "000000000001", "total_credit (33-44)"),
        (4, 45, "9999999999", "company_id (45-54)"),
        (4, 80, "09100002", "odfi (80-87)"),
        (4, 88, "0000009", "batch_number (88-94)"),
        (6, 55, "0009", "addenda_count (55-58)"),
        (7, 84, "0007", "sequence (84-87)"),
        (7, 88, "0000000", "entry_sequence (88-94)"),
        (-1, 2, "000009", "batch_count (2-7)"),
        (-1, 8, "000009", "block_count (8-13)"),
        (-1, 14, "00000009", "entry_addenda_count (14-21)"),
        (-1, 22, "0000000009", "entry_hash (22-31)"),
        (-1, 32, "000000000009", "total_debit (32-43)"),
        (-1, 44, "000000000009", "total_credit (44-55)"),
    ],
)
def test_a_fault_names_its_record_and_field(
    record: int, place: int, text: str, field: str | None
) -> None:
    lines = records(SMALL)
    number = record % len(lines)
    line = lines[number]
    lines[number] = line[: place - 1] + text + line[place - 1 + len(text) :]
    reading = read_of("\n".join(lines).encode())
    if field is None:
        assert reading.ok
        return
    found = told(reading)
    names = {"1": "file header", "5": "batch header", "6": "entry", "7": "addenda"}
    names |= {"8": "batch control", "9": "file control"}
    if (number, place) == (2, 80) and text.startswith("999"):
        number += 1  # the next trace is the one out of order
    assert any(row == number + 1 and name == field for row, _, name in found), found
    assert names[line[0]] in {kind for _, kind, _ in found}


def test_the_entry_hash_of_a_known_file_comes_out() -> None:
    batch = Batch([Entry(D("1"), rdfi=number) for number in ("05600507", "05140225", "11400065")])
    control = records(File([batch]))[-1]
    assert control[21:31] == "0022140797"
    assert read_of(nacha(File([batch]))).ok


def test_every_fault_of_a_stage_is_told_at_once() -> None:
    lines = records(SMALL)
    lines[4] = lines[4][:10] + "0" * 34 + lines[4][44:]
    lines[-1] = lines[-1][:31] + "0" * 24 + lines[-1][55:]
    rows = [row for row, _, _ in told(read_of("\n".join(lines).encode()))]
    assert rows.count(5) == 2 and rows.count(len(lines)) == 1


def test_an_820_that_does_not_come_out_refuses_the_file() -> None:
    for advice, fields in (
        (Advice([Item("A", D("10"))], total=D("11")), ["BPR02", "RMR04"]),
        (Advice([Item("A", D("11"))]), ["BPR02"]),
        (Advice([Item("A", D("10")), Item("B", D("1"))], total=D("10")), ["RMR04"]),
    ):
        reading = read_of(nacha(one(Entry(D("10.00"), addenda=x820(advice)), sec="CTX")))
        assert [name for _, _, name in told(reading)] == fields
    text = x820(Advice([Item("A", D("10"))]))
    for old, new, field in (
        ("SE*8", "SE*7", "SE01"),
        ("GE*1*7", "GE*1*8", "GE02"),
        ("IEA*1*000000007", "IEA*1*000000008", "IEA02"),
        ("IEA*1", "IEA*2", "IEA01"),
        ("RMR*IV*A**10*", "RMR*IV*A**1O*", "RMR"),
    ):
        assert old in text, old
        wrong = Entry(D("10.00"), addenda=text.replace(old, new))
        reading = read_of(nacha(one(wrong, sec="CTX")))
        assert field in [name for _, _, name in told(reading)], (old, told(reading))


def test_adjustments_stand_within_the_items_or_beside_them() -> None:
    beside = Advice([Item("A", D("10.00"))], [D("-2.50")])
    within = Advice([Item("A", D("7.50"))], [D("-2.50")], total=D("7.50"))
    for advice in (beside, within):
        reading = read_of(nacha(one(Entry(D("7.50"), addenda=x820(advice)), sec="CTX")))
        assert reading.ok, reading.faults.rows()
        assert reading.remittances["qualifier"].to_list() == ["IV", "AJ"]


@pytest.mark.parametrize(
    ("sent", "paid"),
    [
        ("7.50", "7.50"),
        ("+7.50", "7.50"),
        ("0000000000000000007.5", "7.50"),
        ("7.5000000000", "7.50"),
        ("100000000007.50", None),
        ("7.501", None),
        ("7,50", None),
        ("+", None),
    ],
)
def test_zeros_around_an_amount_of_a_remittance_say_nothing(sent: str, paid: str | None) -> None:
    note = f"RMR*IV*INV-77**{sent}\\DTM*003*00000000\\"
    reading = read_of(nacha(one(Entry(D("7.50"), addenda=note))))
    assert told(reading) == ([] if paid else [(3, "820 in the addenda", "RMR")])
    rows = reading.remittances.select("paid", "invoice_date").rows()
    assert rows == ([(D(paid), None)] if paid else [])


def test_a_note_behind_a_debit_is_a_note() -> None:
    reading = read_of(nacha(one(Entry(D("7.50"), addenda="REFER TO INVOICE A*1 ~ THANKS"))))
    assert reading.ok and reading.remittances.is_empty()
    assert (reading.entries["addenda"].item() or "").startswith("REFER TO")


def test_a_lone_segment_names_its_invoice() -> None:
    reading = read_of(nacha(one(Entry(D("7.50"), addenda="RMR*IV*INV-77**7.50\\"))))
    assert reading.remittances.select("qualifier", "reference", "paid").rows() == [
        ("IV", "INV-77", D("7.50"))
    ]


def test_what_is_empty_or_longer_than_a_record_is_refused() -> None:
    for content in (b"101 \n", "\n".join(records(SMALL)).replace("ILEC", "ILECX", 1).encode()):
        reading = read(content)
        assert reading is None or not reading.ok
    assert identify(b"") is None and identify(b"record,carrier,ban") is None
    assert identify(b"\0\xff1") is None


def test_a_file_of_no_activity_is_read() -> None:
    reading = read_of(nacha(File([])))
    assert reading.ok and reading.entries.is_empty()


@pytest.mark.parametrize(
    ("settled", "at_originator", "send_by", "extended"),
    [
        ("2026-11-20", "2026-11-24", "2026-11-23", "2027-01-20"),
        ("2026-11-25", "2026-11-30", "2026-11-27", "2027-01-25"),
        ("2026-12-24", "2026-12-29", "2026-12-28", "2027-02-23"),
        ("2027-07-02", "2027-07-07", "2027-07-06", "2027-09-01"),
        ("2027-12-31", "2028-01-04", "2028-01-03", "2028-03-01"),
    ],
)
def test_a_return_is_in_time_until_the_second_banking_day(
    settled: str, at_originator: str, send_by: str, extended: str
) -> None:
    found = return_deadlines(day(settled))
    assert (found.send_by, found.at_originator_by) == (day(send_by), day(at_originator))
    assert found.extended_until == day(extended)
    assert found.extended_send_by == add_banking_days(day(extended), -1)
    frame = with_return_deadlines(pl.DataFrame({"settled_on": [day(settled), None]}))
    assert frame.row(0)[1:] == tuple(vars(found).values())
    assert frame.row(1) == (None,) * 5
