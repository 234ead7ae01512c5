"""A customer service record says every service and code once, with what each costs."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.carrier.csr import is_csr, read_csr

TEXTBOOK = """\
CUSTOMER SERVICE RECORD
ACCOUNT NO: 614 555-0100 123
--- LIST ---
 (AN) MUSTER BAKERY 20.00 20.00
--- S&E ---
  1FB 20.00 20.00
  TTB 5.00 5.00
  9ZR 8.30 8.30
--- ACCOUNT SUMMARY ---
  1FB 20.00 20.00
--- RMKS ---
  9ZR 8.30 8.30
"""


def rows(text: str) -> list[dict[str, object]]:
    return read_csr(text, "x.csr").rows.to_dicts()


def one(row: str) -> dict[str, object]:
    found = read_csr(f"ACCOUNT 614 555-0100 123\nS&E\n{row}\n", "x.csr")
    assert found.unread.is_empty(), found.unread["reason"].to_list()
    return found.rows.row(0, named=True)


def fault(row: str) -> str:
    found = read_csr(f"ACCOUNT 614 555-0100 123\nS&E\n{row}\n", "x.csr")
    assert found.rows.is_empty()
    assert found.unread.row(0, named=True)["raw"] == row
    assert found.unread.row(0, named=True)["source_row"] == 3
    return str(found.unread.row(0, named=True)["reason"])


def test_the_textbook_record_comes_to_33_30() -> None:
    assert is_csr(TEXTBOOK)
    found = read_csr(TEXTBOOK, "x.csr")
    assert found.records.row(0, named=True)["ban"] == "6145550100123"
    assert found.rows["usoc"].to_list() == ["1FB", "TTB", "9ZR"]
    assert found.rows["total"].sum() == Decimal("33.30")
    assert found.rows["wtn"].unique().to_list() == ["6145550100"]
    assert found.unread.is_empty()


@pytest.mark.parametrize("row", ["614 555-0100 123", "(614) 555-0100 123", "6145550100123"])
def test_an_account_is_known_by_its_number_and_code_alone(row: str) -> None:
    found = read_csr(f"{row}\nS&E\n1FB 20.00 20.00\n", "x.csr")
    assert found.records["ban"].to_list() == ["6145550100123"]
    assert found.rows.height == 1


def test_a_row_with_everything_is_read_whole() -> None:
    row = one("  555 1234 B1W /RCU AR,CR,COT,TWC F 2 14.04 28.08 10-21-24 4308")
    assert (row["wtn"], row["usoc"], row["mark"]) == ("6145551234", "B1W", "F")
    assert (row["quantity"], row["unit"], row["total"]) == (2, Decimal("14.04"), Decimal("28.08"))
    assert (row["active_from"], row["order_no"]) == (dt.date(2024, 10, 21), "4308")
    assert row["fids"] == "/RCU AR,CR,COT,TWC"


def test_what_is_not_billable_costs_nothing_and_keeps_its_term() -> None:
    row = one("PGO9T/SPP (A)VT1 /TA 12,10-18-24 N")
    assert (row["total"], row["term_months"], row["mark"]) == (0, 12, "N")
    assert row["fids"] == "/SPP (A)VT1 /TA 12,10-18-24"


def test_a_row_without_amounts_has_none() -> None:
    row = one("ESX 3")
    assert (row["quantity"], row["unit"], row["total"]) == (3, None, None)


def test_rows_below_a_number_or_a_circuit_are_of_that_service_until_the_section_ends() -> None:
    found = rows(
        "ACCOUNT 614 555-0100 123\nS&E\n1FB 20.00 20.00\n614 555 0199 1FB 20.00 20.00\n"
        " ESM 1.00 1.00\nTMECS /CLS 45/HCGS/000001/BL /CD 1-2-24 84.50 84.50\n  /LPIC 0288\n"
        " 1L5XX 12 2.30 27.60\nSPECIAL SERVICE\nESX 1.00 1.00\n"
    )
    told = [(row["usoc"], row["wtn"], row["circuit_key"]) for row in found]
    assert told == [
        ("1FB", "6145550100", None),
        ("1FB", "6145550199", None),
        ("ESM", "6145550199", None),
        ("TMECS", None, "45/HCGS/000001/BL"),
        ("1L5XX", None, "45/HCGS/000001/BL"),
        ("ESX", "6145550100", None),
    ]
    assert str(found[3]["fids"]).endswith("/LPIC 0288")
    assert found[3]["active_from"] == dt.date(2024, 1, 2)


def test_a_file_may_hold_several_records() -> None:
    second = TEXTBOOK.replace("0100 123", "0200 456")
    found = read_csr(TEXTBOOK + second, "x.csr")
    assert found.records["ban"].to_list() == ["6145550100123", "6145550200456"]
    assert found.rows.group_by("record").len().sort("record")["len"].to_list() == [3, 3]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1FB 2 20.00 20.00", "quantity times unit is not the total"),
        ("1FB 20.00", "no USOC row"),
        ("what is this", "no USOC row"),
        ("1FB 20.00 20.00 13-45-24", "the date is no day"),
        ("1FB 20.005 20.005", "the total has parts of a cent"),
    ],
)
def test_a_row_that_cannot_be_taken_says_why(row: str, reason: str) -> None:
    assert reason in fault(row)


def test_an_account_without_a_number_needs_one_on_its_rows() -> None:
    found = read_csr("BAN 305R010001 123\nS&E\n1FB 1.00 1.00\n614 555 0100 TTB 2.00 2.00\n", "x")
    assert found.records.row(0, named=True)["ban"] == "305R010001123"
    assert found.rows.select("usoc", "wtn").rows() == [("TTB", "6145550100")]
    assert "no number and no circuit" in found.unread["reason"][0]


@pytest.mark.parametrize("text", ["", "\ufeff", "S&E\n1FB 20.00 20.00\n", "record,carrier\n"])
def test_what_is_no_record_has_no_rows(text: str) -> None:
    assert not is_csr(text)
    assert read_csr(text, "x").rows.is_empty()


ROW = st.tuples(
    st.sampled_from(["1FB", "TTB", "9ZR", "ESM", "B1W", "1L5XX", "PGO9T"]),
    st.none() | st.integers(0, 9999),
    st.sampled_from(["", "/RCU AR,CR", "/TA 24,10-18-24", "/SPP (A)VT1 /TA 12,1-2-24"]),
    st.sampled_from(["", "F", "N"]),
    st.none() | st.integers(1, 40),
    st.integers(0, 10_000_00),
    st.booleans(),
)


@given(st.lists(ROW, min_size=1, max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read(
    written: list[tuple[str, int | None, str, str, int | None, int, bool]], end: str
) -> None:
    texts, wanted, number = ["ACCT 614-555-0100-123", "*** S&E ***"], [], "6145550100"
    for usoc, line, fids, mark, units, cents, dated in written:
        unit = Decimal(cents).scaleb(-2)
        total = unit * (units or 1)
        number = number if line is None else f"614555{line:04d}"
        words = [
            "" if line is None else f"555 {line:04d}", usoc, fids, mark,
            "" if units is None else str(units),
            "" if mark == "N" else f"{unit:,} {total:,}", "12-31-25" if dated else "",
        ]  # fmt: skip
        if mark == "" or words[5] or not units:
            texts.append(" ".join(word for word in words if word))
            wanted.append((usoc, number, units or 1, 0 if mark == "N" else total))
        else:
            texts.append(" ".join(word for word in words if word))
            wanted.append((usoc, number, units or 1, 0))
    found = read_csr(end.join(texts), "x.csr")
    assert found.unread.is_empty(), found.unread["raw"].to_list()
    got = found.rows.select("usoc", "wtn", "quantity", "total").rows()
    assert got == wanted
    assert found.rows["source_row"].to_list() == list(range(3, 3 + len(written)))


def test_types_are_those_promised_even_of_nothing() -> None:
    assert read_csr("", "x").rows.schema["quantity"] == pl.Decimal(18, 6)


def test_a_short_number_takes_the_area_a_billing_account_begins_with() -> None:
    found = read_csr("BAN 305 R01-0000 1\nS&E\n555 0100 1FB 2.00 2.00\n TTB 1.00 1.00\n", "x")
    assert found.unread.is_empty()
    assert found.rows["wtn"].to_list() == ["3055550100", "3055550100"]
