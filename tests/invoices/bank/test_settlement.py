"""Days, doubts and zeros of a Nacha file: what cannot be meant is not believed, and is told."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from bank_worlds import read_of, told
from bank_writers import Batch, Entry, File, nacha, records

from invoices.bank.settlement import settlement

D = Decimal
day = dt.date.fromisoformat


@pytest.mark.parametrize(
    ("created", "effective", "julian", "settled"),
    [
        ("2026-12-30", "261231", "001", "2027-01-01"),
        ("2026-12-30", "261231", "365", "2026-12-31"),
        ("2027-01-04", "270102", "365", "2026-12-31"),
        ("2026-12-24", "      ", "   ", "2026-12-28"),
        ("2026-12-24", "261225", "000", "2026-12-28"),
        ("2028-02-28", "280229", "060", "2028-02-29"),
        # A year or a day that nobody means: the year nearest to the day the file was made.
        ("2026-03-29", "000101", "085", "2026-03-26"),
        ("2026-03-29", "991231", "085", "2026-03-26"),
        ("2026-03-26", "250326", "085", "2026-03-26"),
        ("2026-01-02", "250105", "005", "2026-01-05"),
        ("2026-03-29", "000101", "   ", "2026-03-30"),
        ("2026-01-02", "250105", "000", "2026-01-05"),
        ("2026-12-31", "000000", "004", "2027-01-04"),
        ("2027-01-04", "000000", "365", "2026-12-31"),
        # A file that was made again months later.
        ("2026-08-03", "260112", "012", "2026-01-12"),
        # On the bound, and a day beyond it.
        ("2026-10-28", "260101", "   ", "2026-01-02"),
        ("2026-10-29", "260101", "   ", "2026-10-30"),
        ("2026-03-02", "260501", "   ", "2026-05-01"),
        ("2026-03-01", "260501", "   ", "2026-03-02"),
        # Zeros say as little as blanks.
        ("2026-03-24", "000000", "085", "2026-03-26"),
        ("2026-03-24", "000000", "000", "2026-03-25"),
        ("2026-03-24", "260326", "000", "2026-03-26"),
        # Day 366 is that of a leap year.
        ("2029-01-02", "000000", "366", "2028-12-31"),
        ("2028-12-29", "281229", "366", "2028-12-31"),
        ("2026-03-24", "260326", "366", None),
        ("2027-12-30", "271231", "366", None),
        ("2029-12-28", "291231", "366", None),
        ("2026-03-24", "260326", "367", None),
    ],
)
def test_the_day_of_the_operator_says_when_a_batch_settles(
    created: str, effective: str, julian: str, settled: str | None
) -> None:
    assert settlement(day(created), effective, julian) == (day(settled) if settled else None)


@pytest.mark.parametrize(("created", "right"), [("2026-03-19", False), ("2028-12-28", True)])
def test_day_366_of_a_year_of_365_is_refused(created: str, right: bool) -> None:
    batch = Batch([Entry(D("1"))], effective=None, settlement_day="366")
    reading = read_of(nacha(File([batch], created=day(created))))
    assert told(reading) == ([] if right else [(2, "batch header", "settlement_day (76-78)")])
    assert reading.entries["settled_on"].to_list() == ([day("2028-12-31")] if right else [])


FAR_OFF = [
    # effective, day of the year, doubted field, settles (the file is of Sunday, 29 March 2026)
    ("000101", "085", ["effective_date (70-75)"], "2026-03-26"),
    ("000101", "   ", ["effective_date (70-75)"], "2026-03-30"),
    ("270329", "000", ["effective_date (70-75)"], "2026-03-30"),
    ("      ", "200", ["settlement_day (76-78)"], "2026-07-19"),
    ("000000", "085", [], "2026-03-26"),
    ("260326", "085", [], "2026-03-26"),
]


@pytest.mark.parametrize(("effective", "julian", "fields", "settled"), FAR_OFF)
def test_a_day_that_is_not_believed_is_told_and_the_file_is_read(
    effective: str, julian: str, fields: list[str], settled: str
) -> None:
    batch = Batch([Entry(D("1"))], effective=effective, settlement_day=julian)
    reading = read_of(nacha(File([batch], created=day("2026-03-29"))))
    assert reading.ok and reading.doubts["field"].to_list() == fields
    assert reading.doubts["row"].to_list() == [2] * len(fields)
    assert all("2026-03-29" in words for words in reading.doubts["message"])
    assert reading.entries["settled_on"].to_list() == [day(settled)]


ORIGINAL = "091000010000001"


@pytest.mark.parametrize(
    ("own", "doubted"), [("", False), ("076401250000099", True), ("0" * 15, False)]
)
@pytest.mark.parametrize("kind", ["return", "change"])
def test_a_return_or_a_change_whose_own_trace_is_another_is_read_with_a_doubt(
    kind: str, own: str, doubted: bool
) -> None:
    said = {"trace": "076401250000001", "own_trace": own}
    entry = (
        Entry(D("5.00"), "26", returned=("R01", ORIGINAL), **said)
        if kind == "return"
        else Entry(D("0"), "26", changed=("C01", ORIGINAL, "0099"), **said)
    )
    reading = read_of(nacha(File([Batch([entry], sec="CCD" if kind == "return" else "COR")])))
    assert reading.ok
    assert reading.entries.select("kind", "original_trace", "trace").rows() == [
        (kind, ORIGINAL, "076401250000001")
    ]
    expected = [(4, "addenda", "trace (80-94)")] if doubted else []
    assert reading.doubts.select("row", "record", "field").rows() == expected


def test_a_change_may_leave_open_of_which_entry_it_speaks_a_return_may_not() -> None:
    for silent in ("0" * 15, " " * 15):
        changed = Entry(D("0"), "26", changed=("C01", silent, "0099"))
        reading = read_of(nacha(File([Batch([changed], sec="COR")])))
        assert reading.ok and reading.entries["original_trace"].to_list() == [None]
        assert reading.doubts["field"].to_list() == ["original_trace (7-21)"]
        returned = Entry(D("5"), "26", returned=("R01", silent))
        back = read_of(nacha(File([Batch([returned])])))
        assert told(back) == [(4, "addenda", "original_trace (7-21)")]


def test_numbers_of_nothing_but_zeros_are_no_numbers() -> None:
    zeros = {"individual_id": "0" * 15, "account": "0" * 17, "trace": "0" * 15}
    batch = Batch([Entry(D("5"), **zeros), Entry(D("6"), trace=ORIGINAL)], company_id="0" * 10)
    first, second = read_of(nacha(File([batch]))).entries.to_dicts()
    names = ("company_id", "individual_id", "account", "trace")
    assert [first[name] for name in names] == [None] * 4
    assert second["trace"] == ORIGINAL


def test_a_control_need_not_say_again_whose_batch_it_is() -> None:
    lines = records(File([Batch([Entry(D("5"))])]))
    for said, right in ((" " * 10, True), ("0" * 10, True), ("0000000001", False)):
        lines[3] = lines[3][:44] + said + lines[3][54:]
        found = read_of("\n".join(lines).encode())
        assert told(found) == ([] if right else [(4, "batch control", "company_id (45-54)")])
