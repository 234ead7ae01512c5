"""A carrier's record, our inventory and the last bill beside one another, a code at a time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from invoices.schema import CENTS, RATE
from reconcile.audit.records_compared import COMPARED, DIFFERENCES, by_package, compare, subject

KEYS = {name: pl.String() for name in ("carrier", "ban", "wtn", "circuit_id", "circuit_key")}
SIDE = {**KEYS, "usoc": pl.String(), "quantity": RATE, "packaged": pl.Boolean()}
RECORD = {**SIDE, "total": CENTS, "source_file": pl.String(), "source_row": pl.Int64()}
OWNED = {**SIDE, "service": pl.String()}
BILLED = {**SIDE, "amount": CENTS}


def side(schema: dict[str, Any], *rows: dict[str, Any]) -> pl.DataFrame:
    """Return rows of account A1 and number 55; what they name is different."""
    usual = {"carrier": "ILEC", "ban": "A1", "wtn": "55", "usoc": "1FB", "packaged": False}
    return pl.DataFrame([{**usual, **row} for row in rows], schema=schema)


def units(schema: dict[str, Any], text: str, amount: str) -> pl.DataFrame:
    """Read a side of one code: its units and amount, `-` where it is not there, `?` unknown."""
    if text == "-":
        return side(schema)
    count, _, money = text.partition(" ")
    row = {"quantity": None if count == "?" else Decimal(count)}
    return side(schema, row | ({amount: None if money == "?" else Decimal(money)} if money else {}))


# on the record, owned, billed (None = the account has no bill); what differs
CASES: list[tuple[str, str, str | None, str | None]] = [
    ("1 20.00", "1", "1 20.00", None),
    ("- ", "-", "1 20.00", "billed_not_owned billed_not_on_record"),
    ("-", "1", "-", "owned_not_billed owned_not_on_record"),
    ("1 20.00", "-", "-", "on_record_not_billed on_record_not_owned"),
    ("1 20.00", "1", "-", "owned_not_billed on_record_not_billed"),
    ("1 20.00", "-", "1 20.00", "billed_not_owned on_record_not_owned"),
    ("-", "1", "1 20.00", "billed_not_on_record owned_not_on_record"),
    # What the record lists at 0.00 is on no bill; without an amount nothing says so.
    ("1 0.00", "1", "-", None),
    ("1 0.00", "-", "-", "on_record_not_owned"),
    ("1 0.01", "1", "-", "owned_not_billed on_record_not_billed"),
    ("1 ?", "1", "-", "owned_not_billed on_record_not_billed"),
    # Units and amounts; a line without units is one.
    ("2 40.00", "1", "2 40.00", "quantity_differs"),
    ("2 40.00", "2", "1 20.00", "quantity_differs"),
    ("1 20.00", "2", "2 40.00", "quantity_differs"),
    ("1 20.00", "1", "1 20.01", "amount_differs"),
    ("1 20.00", "2", "1 20.01", "quantity_differs amount_differs"),
    ("2 40.00", "2", "1 40.00", "quantity_differs"),  # the units say why
    ("1 ?", "1", "1 20.00", None),
    ("? 20.00", "1", "? 20.00", None),
    # Without a bill nothing is said of bills.
    ("1 20.00", "1", None, None),
    ("1 20.00", "-", None, "on_record_not_owned"),
    ("-", "1", None, "owned_not_on_record"),
    ("2 40.00", "1", None, "quantity_differs"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_differs_is_told_in_words(case: tuple[str, str, str | None, str | None]) -> None:
    record, owned, billed, differs = case
    found = compare(
        units(RECORD, record.strip(), "total"),
        units(OWNED, owned, "service"),
        None if billed is None else units(BILLED, billed, "amount"),
    )
    assert found.schema == COMPARED
    assert found["differs"].to_list() == [differs]
    known = [name for name, _ in DIFFERENCES]
    words = (differs or "").split()
    assert words == sorted(words, key=known.index)
    if billed is None:
        assert found.select("billed", "billed_amount").rows() == [(None, None)]


def test_the_lines_of_a_code_are_one_row_and_what_one_does_not_print_nobody_knows() -> None:
    record = side(
        RECORD,
        {"quantity": Decimal(2), "total": Decimal(40), "source_file": "a.csr", "source_row": 7},
        {"quantity": None, "total": Decimal(20), "source_file": "b.csr", "source_row": 8},
        {"usoc": "TTB", "quantity": Decimal(1), "total": Decimal(1)},
        {"usoc": "TTB", "quantity": Decimal(1), "total": None},
    )
    owned = side(OWNED, {"service": "S1", "quantity": Decimal(3)})
    found = compare(record, owned, None)
    columns = ["usoc", "service", "on_record", "record_amount", "source_file", "source_row"]
    assert found.select(columns).rows() == [
        ("1FB", "S1", 3, Decimal("60.00"), "a.csr", 7),
        ("TTB", "S1", 2, None, None, None),  # the line it is on is known by its other code
    ]


def test_a_service_is_its_circuit_else_its_number_else_the_account() -> None:
    row = {"wtn": "55", "circuit_key": "IB1"}
    kept = pl.DataFrame([row, {**row, "circuit_key": None}, dict.fromkeys(row)], schema=KEYS)
    named = kept.select(subject(pl.col("wtn"), pl.col("circuit_key")).alias("named"))
    assert named["named"].to_list() == ["CIB1", "T55", None]
    places = [
        {"circuit_key": "IB1", "circuit_id": "IB/1", "wtn": "55"},
        {"circuit_key": "IB1", "circuit_id": "IB 1", "wtn": None},
        {"wtn": None},
        {"wtn": "55"},
    ]
    found = compare(side(RECORD, *places), side(OWNED), side(BILLED, *places[1:]))
    assert found.select("circuit_id", "wtn", "on_record", "billed", "differs").rows() == [
        ("IB/1", "55", 2, 1, "billed_not_owned on_record_not_owned quantity_differs"),
        (None, "55", 1, 1, "billed_not_owned on_record_not_owned"),
        (None, None, 1, 1, "billed_not_owned on_record_not_owned"),
    ]


def test_a_package_is_one_whether_it_is_a_line_or_its_elements() -> None:
    services = pl.DataFrame(
        [("ILEC", "55", None, "PKG"), ("ILEC", "66", None, None)],
        schema={"carrier": pl.String, "wtn": pl.String, "circuit_key": pl.String,
                "package": pl.String},
        orient="row",
    )  # fmt: skip
    packages = pl.DataFrame(
        [("ILEC", "PKG", "1FB"), ("ILEC", "PKG", "ESX"), ("CLEC", "PKG", "TTB")],
        schema={"carrier": pl.String, "package": pl.String, "usoc": pl.String},
        orient="row",
    )
    plain = {name: kind for name, kind in BILLED.items() if name != "packaged"}
    rows = [
        ("55", "1FB"),
        ("55", "ESX"),
        ("55", "PKG"),
        ("55", "TTB"),
        ("66", "1FB"),
        (None, "ESX"),
    ]
    lines = [{"wtn": wtn, "usoc": usoc, "quantity": Decimal(2)} for wtn, usoc in rows]
    told = by_package(side(BILLED, *lines).select(list(plain)), services, packages)
    assert told.select("wtn", "usoc", "packaged").rows() == [
        *[("55", "PKG", True)] * 3,
        ("55", "TTB", False),
        ("66", "1FB", False),
        (None, "ESX", False),
    ]
    found = compare(side(RECORD), side(OWNED), told.select(list(BILLED)))
    assert found.select("wtn", "usoc", "billed").rows() == [
        ("55", "PKG", 1),  # however many its elements are
        ("55", "TTB", 2),
        ("66", "1FB", 2),
        (None, "ESX", 2),
    ]
