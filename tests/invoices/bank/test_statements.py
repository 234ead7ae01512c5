"""CSV statements: what is written is read, and what does not add up is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from bank_worlds import read_of

from invoices.bank import BankReading, identify
from invoices.bank.statement import StatementProfile

D = Decimal


def fields(reading: BankReading) -> list[tuple[object, ...]]:
    """Return row and field of every fault."""
    return reading.faults.select("row", "field").rows()


def test_words_after_a_tagged_id_are_no_part_of_it() -> None:
    text = "ACH DEBIT TRACE#:091000010000007 PAID CO ID:2222222226 MORE WORDS"
    content = f"settled_on,amount,description\n2026-03-20,-5.00,{text}\n"
    (entry,) = read_of(content.encode(), "csv").entries.to_dicts()
    assert (entry["company_id"], entry["trace"]) == ("2222222226", "091000010000007")


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


@pytest.mark.parametrize(
    ("form", "posted", "day"),
    [
        ("%m/%d/%Y", "03/25/2026", "2026-03-25"),
        ("%m/%d/%Y", "03/25/26", None),
        ("%m/%d/%Y", "03/25/0026", None),
        ("%m/%d/%Y", "03/25/2206", None),
        ("%m/%d/%y", "03/25/26", "2026-03-25"),
        ("%Y-%m-%d", "0000-00-00", None),
        ("%Y-%m-%d", "1989-12-31", None),
        ("%Y-%m-%d", "1990-01-01", "1990-01-01"),
    ],
)
def test_a_year_that_nobody_means_refuses_the_row(form: str, posted: str, day: str | None) -> None:
    profile = StatementProfile(name="x", date="Posted", date_format=form, amount="Amount")
    found = read_of(f"Posted,Amount\n{posted},-5.00\n".encode(), "csv", profile)
    assert fields(found) == ([] if day else [(2, "date")])
    assert found.entries["settled_on"].to_list() == ([dt.date.fromisoformat(day)] if day else [])


@pytest.mark.parametrize(
    ("header", "row", "right"),
    [
        ("settled_on,amount,trace,", "2026-03-25,-5.00,091000010000001,", True),
        ("settled_on,amount,trace", "2026-03-25,-5.00,091000010000001,,,", True),
        ("settled_on,amount,trace,,", "2026-03-25,-5.00,091000010000001", True),
        ("settled_on,amount,trace", "2026-03-25,-5.00,091000010000001,,x", False),
        ("settled_on,amount,trace", "2026-03-25,+0000000005.00-,", False),
        ("settled_on,amount,trace", "2026-03-25,-0000000000005.00,091000010000001", True),
        ("settled_on,amount,trace", "2026-03-25,5.00-,091000010000001", True),
        ("settled_on,amount,trace", "2026-03-25,-9999999999999999999.00,", False),
        ("settled_on,amount,trace", "2026-03-25,-5.00", False),
    ],
)
def test_commas_at_the_end_of_a_row_say_nothing(header: str, row: str, right: bool) -> None:
    found = read_of(f"{header}\r\n{row}\r\n".encode(), "csv")
    assert found.ok == right, found.faults.rows()
    told = found.entries.select("direction", "amount", "trace").rows()
    assert told == ([("debit", D("5.00"), "091000010000001")] if right else [])


def test_a_profile_says_one_way_what_an_amount_is() -> None:
    for wrong in ({}, {"amount": "a", "debit": "d"}, {"debit": "d"}):
        with pytest.raises(ValueError, match="give `amount`, or `debit` and `credit`"):
            StatementProfile(name="x", date="d", **wrong)


def test_a_carrier_file_is_no_statement() -> None:
    for text in ("record,carrier,ban\n", "", "\n\n", "ISA*00*", 'a,"b\n', "settled_on,total\n"):
        assert identify(text.encode()) is None
    assert identify(b"settled_on,amount\0") is None
