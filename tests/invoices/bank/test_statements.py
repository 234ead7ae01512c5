"""BAI2 and CSV statements: what is written is read, and what does not add up is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from bank_worlds import DAYS, WORDS, amounts
from bank_writers import BAI2_QUIRKS, Move, Statement, bai2
from hypothesis import given
from hypothesis import strategies as st

from invoices.bank import BankReading, StatementProfile, identify, read
from invoices.bank.schema import ENTRIES

D = Decimal
FUNDS = st.sampled_from(
    [("",), ("0",), ("Z",), ("S", "1", "2", "3"), ("D", "2", "0", "5", "1", "6")]
)
TEXTS = st.text("ABC xyz0123,*-", max_size=30).map(lambda text: " ".join(text.split()))


def moves() -> st.SearchStrategy[Move]:
    """Transactions of all kinds."""
    return st.builds(
        Move,
        amount=amounts(),
        type_code=st.sampled_from(["455", "451", "165", "475", "495", "257", "557"]),
        bank_reference=st.one_of(st.just(""), WORDS),
        customer_reference=st.one_of(st.just(""), WORDS),
        text=TEXTS,
        funds=FUNDS,
    )


def statements() -> st.SearchStrategy[list[Statement]]:
    """The days of an account or two."""
    one = st.builds(
        Statement,
        st.lists(moves(), max_size=5),
        account=st.sampled_from(["0012345678", "99"]),
        day=DAYS,
        summaries=st.lists(
            st.tuples(st.sampled_from(["010", "015", "100"]), st.integers(-(10**9), 10**9)),
            max_size=3,
        ),
    )
    return st.lists(one, min_size=1, max_size=3)


def read_of(content: bytes, kind: str, *profiles: StatementProfile) -> BankReading:
    """Return what a file says; it is recognised as what it is."""
    assert identify(content[:4096], profiles) == kind
    reading = read(content, profiles)
    assert reading is not None
    return reading


def fields(reading: BankReading) -> list[tuple[object, ...]]:
    """Return row and field of every fault."""
    return reading.faults.select("row", "field").rows()


@given(statements(), st.sampled_from(BAI2_QUIRKS))
def test_a_balance_report_is_read_in_every_dress(days: list[Statement], quirk: str) -> None:
    reading = read_of(bai2(days, quirk), "bai2")
    assert reading.faults.rows() == []
    assert reading.entries.schema == ENTRIES
    written = [(day, move) for day in days for move in day.moves]
    found = reading.entries.iter_rows(named=True)
    for row, (day, move) in zip(found, written, strict=True):
        assert (row["amount"], row["settled_on"]) == (move.amount, day.day)
        ach = move.type_code in ("455", "451", "165")
        back = move.type_code in ("257", "557")
        assert row["kind"] == ("return" if back else "entry" if ach else "other")
        takes = move.type_code in ("455", "451", "475", "495", "257")
        assert row["direction"] == ("debit" if takes else "credit")
        assert row["account"] == day.account[-4:]
        assert (row["description"] or "").replace(" ", "") == move.text.replace(" ", "")
    assert reading.entries["entry_id"].is_unique().all()
    assert reading.entries["entry_id"].equals(read_of(bai2(days), "bai2").entries["entry_id"])


@given(statements(), st.data())
def test_a_wrong_digit_of_a_report_is_noticed(days: list[Statement], data: st.DataObject) -> None:
    lines = bai2(days).decode().splitlines()
    number = data.draw(
        st.sampled_from([n for n, line in enumerate(lines) if line[:2] in ("16", "49", "98", "99")])
    )
    code, *parts = lines[number].rstrip("/").split(",")
    place = 1 if code == "16" else data.draw(st.integers(0, len(parts) - 1))
    parts[place] = str(int(parts[place]) + data.draw(st.sampled_from([1, -1, 10, 99])))
    lines[number] = ",".join([code, *parts]) + ("" if code == "16" else "/")
    reading = read_of("\n".join(lines).encode(), "bai2")
    assert not reading.ok and reading.entries.is_empty()


@given(statements(), st.data(), st.sampled_from(["drop", "double", "swap", "cut"]))
def test_a_record_of_a_report_that_is_not_where_it_was_is_noticed(
    days: list[Statement], data: st.DataObject, how: str
) -> None:
    lines = bai2(days).decode().splitlines()
    at = data.draw(st.integers(2, len(lines) - 1))
    changed = {
        "drop": lines[:at] + lines[at + 1 :],
        "double": [*lines[: at + 1], *lines[at:]],
        "swap": [*lines[: at - 1], lines[at], lines[at - 1], *lines[at + 1 :]],
        "cut": lines[:at],
    }[how]
    same_place = how == "swap" and lines[at][:2] == lines[at - 1][:2] == "16"
    if changed != lines and not same_place:
        assert not read_of("\n".join(changed).encode(), "bai2").ok


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (",2/\n02", ",3/\n02", "version"),
        ("122099999,1,", "122099999,4,", "group status"),
        ("122099999,1,", "122099999,2,", "group status"),
        (",USD,2/", ",CAD,2/", "currency"),
        ("03,0012345678,USD", "03,0012345678,EUR", "currency"),
        ("03,0012345678", "03,", "account number"),
        ("16,455,1000,", "16,455,-1000,", "amount"),
        ("16,455,1000,", "16,455,10.00,", "amount"),
        ("16,455,1000,", "16,ACH,1000,", "type code"),
        ("16,455,1000,,", "16,455,1000,Q,", "funds type"),
        ("1,260320,", "1,260231,", "as-of date"),
    ],
)
def test_a_fault_of_a_report_names_its_field(old: str, new: str, field: str) -> None:
    text = bai2([Statement([Move(D("10.00"))])]).decode()
    assert old in text
    found = fields(read_of(text.replace(old, new, 1).encode(), "bai2"))
    assert field in [name for _, name in found], found


def test_a_report_that_is_cut_off_is_refused() -> None:
    text = bai2([Statement([Move(D("10.00"))])])
    assert fields(read_of(text[: text.rindex(b"99,")], "bai2")) == [(6, "record code")]


def test_the_tags_of_a_text_say_who_took_it() -> None:
    text = (
        "ORIG CO NAME:ILEC TELEPHONE ORIG ID:1234567890 DESC DATE:260320 CO ENTRY DESCR:TELECOM "
        "SEC:CCD TRACE#:091000010000001 EED:260320 IND ID:305R010001 IND NAME:ACME RESALE"
    )
    returned = "RETURN CODE:R29 ORIG TRACE#:091000010000001"
    report = bai2([Statement([Move(D("1"), text=text), Move(D("1"), "257", text=returned)])])
    row, back = read_of(report, "bai2").entries.iter_rows(named=True)
    assert row["company_name"] == "ILEC TELEPHONE" and row["company_id"] == "1234567890"
    assert row["sec"] == "CCD" and row["trace"] == "091000010000001"
    assert row["individual_id"] == "305R010001" and row["individual_name"] == "ACME RESALE"
    assert (back["code"], back["original_trace"], back["trace"]) == ("R29", row["trace"], None)


def test_words_after_a_tagged_id_are_no_part_of_it() -> None:
    text = "ACH DEBIT TRACE#:091000010000007 PAID CO ID:2222222226 MORE WORDS"
    content = f"settled_on,amount,description\n2026-03-20,-5.00,{text}\n"
    (entry,) = read_of(content.encode(), "csv").entries.to_dicts()
    assert (entry["company_id"], entry["trace"]) == ("2222222226", "091000010000007")


def test_the_same_movement_in_the_next_statement_has_the_same_id() -> None:
    twice = [Move(D("10.00"), text="ILEC"), Move(D("10.00"), text="ILEC")]
    first = read_of(bai2([Statement(twice)]), "bai2").entries["entry_id"].to_list()
    later = [Statement([*twice, Move(D("9.99"))])]
    second = read_of(bai2(later), "bai2").entries["entry_id"].to_list()
    assert len(set(first)) == 2 and second[:2] == first and second[2] not in first


# --- CSV -------------------------------------------------------------------------------------

BANK = StatementProfile(
    name="first",
    delimiter=";",
    skip_rows=1,
    date="Posted",
    date_format="%m/%d/%Y",
    debit="Withdrawal",
    credit="Deposit",
    balance="Balance",
    description="Details",
)
HEAD = "Account 5678;;;;\nPosted;Details;Withdrawal;Deposit;Balance\n"


def test_our_own_statement_is_read() -> None:
    text = (
        "settled_on,amount,company_id,individual_id,trace,code,description\n"
        "2026-03-20,-100.00,1234567890,305R010001,091000010000001,,TELECOM\n"
        "2026-03-21,100.00,1234567890,,,R01,RETURNED\n"
        "2026-03-22,-7.50,,,,,CHECK 101\n"
        "2026-03-23,12.00,,,,,ACH CREDIT\n"
    )
    rows = read_of(text.encode(), "csv").entries.select("kind", "direction", "amount").rows()
    assert rows == [
        ("entry", "debit", D("100.00")),
        ("return", "debit", D("100.00")),
        ("other", "debit", D("7.50")),
        ("entry", "credit", D("12.00")),
    ]


def test_a_declared_statement_is_read_newest_or_oldest_first() -> None:
    rows = ["03/20/2026;ACH ILEC;100.00;;400.00", "03/23/2026;DEPOSIT;;1,050.25;1,450.25"]
    for order in (rows, rows[::-1]):
        reading = read_of((HEAD + "\r\n".join(order)).encode(), "csv", BANK)
        assert reading.ok, reading.faults.rows()
        found = set(reading.entries.select("settled_on", "direction", "amount").rows())
        assert found == {
            (dt.date(2026, 3, 20), "debit", D("100.00")),
            (dt.date(2026, 3, 23), "credit", D("1050.25")),
        }


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("03/21/2026;X;50.00;;300.00", (4, "balance")),
        ("03/21/2026;X;-50.00;;450.00", (4, "debit")),
        ("03/21/2026;X;50.00;50.00;400.00", (4, "debit")),
        ("03/21/2026;X;;;400.00", (4, "amount")),
        ("2026-03-21;X;50.00;;350.00", (4, "date")),
        ("03/21/2026;X;50.005;;350.00", (4, "debit")),
        ("03/21/2026;X;5e1;;350.00", (4, "debit")),
        ("03/21/2026;X;50.00;;?", (4, "balance")),
        ("03/21/2026;X;50.00", (4, "cells")),
    ],
)
def test_a_row_that_does_not_come_out_refuses_the_statement(
    row: str, fault: tuple[int, str]
) -> None:
    content = f"{HEAD}03/20/2026;ACH ILEC;100.00;;400.00\n{row}\n".encode()
    reading = read_of(content, "csv", BANK)
    assert not reading.ok and reading.entries.is_empty()
    assert fault in fields(reading)


def test_a_profile_says_one_way_what_an_amount_is() -> None:
    for wrong in ({}, {"amount": "a", "debit": "d"}, {"debit": "d"}):
        with pytest.raises(ValueError, match="give `amount`, or `debit` and `credit`"):
            StatementProfile(name="x", date="d", **wrong)


def test_a_carrier_file_is_no_statement() -> None:
    for text in ("record,carrier,ban\n", "", "\n\n", "ISA*00*", 'a,"b\n', "settled_on,total\n"):
        assert identify(text.encode()) is None
    assert identify(b"settled_on,amount\0") is None
