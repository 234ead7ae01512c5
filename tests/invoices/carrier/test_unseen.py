"""Whatever the format: marks that cannot be seen make no other account, and no row is too long."""

from __future__ import annotations

import pytest
from flat_gate import through as through_feed
from gate import document, file, line, through

STD = """
profile = "std"
format = "flat"
carrier = "NORTH"
[flat]
dates = ["%m/%d/%Y"]
[[flat.part]]
name = "lines"
charge_class = "recurring"
[flat.part.fields]
ban = { column = "Account", strip = " -" }
invoice_no = "Invoice"
bill_date = "Bill Date"
current_charges = "Invoice Total"
total_due = "Invoice Total"
usoc = "USOC"
circuit_id = "Circuit"
description = "Description"
amount = "Amount"
"""
HEADER = "Account,Invoice,Bill Date,Invoice Total,USOC,Circuit,Description,Amount"


def feed(*rows: str) -> dict[str, str | bytes]:
    return {"bill.csv": "\n".join([HEADER, *rows]) + "\n"}


@pytest.mark.parametrize(
    "account",
    [
        '="0123-456"',
        "=0123456",
        "'0123456",
        "0123\u200b456",
        "\u202d0123456\u202c",
        "0123\u00a0456",
    ],
)
def test_rows_of_one_account_however_it_is_guarded_are_one_bill(account: str) -> None:
    row = "{},D1,03/01/2026,$33.30\u00a0,1FB,{},Line,16.65\u200b"
    files = feed(row.format(account, "12/A\u200bB"), row.format("0123-456", "12/AB"))
    gate = through_feed(files, STD)
    assert gate.documents.select("ban", "status").rows() == [("0123456", "loaded")]
    assert set(gate.lines["circuit_key"]) == {"12/AB"}


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ("1FB,12/A,Line", ""),
        ("\uff11FB,12/A,Line", "usoc `\uff11FB` has characters that only look like others"),
        (f"{'F' * 65},12/A,Line", "usoc has 65 characters, and no usoc more than 64"),
        (f"1FB,{'1' * 81},Line", "circuit_id has 81 characters"),
        (f"1FB,12/A,{'x' * 1001}", "description has 1001 characters"),
        ("=B1,12/A,Line", "usoc `=B1` is a formula"),
    ],
)
def test_a_row_whose_identifier_cannot_be_read_is_set_aside(cells: str, why: str) -> None:
    good = "0123,D1,03/01/2026,2.00,1FB,12/A,Line,1.00"
    gate = through_feed(feed(good, f"0123,D1,03/01/2026,2.00,{cells},1.00"), STD)
    assert why in gate.messages
    assert gate.documents["status"].to_list() == ["held" if why else "loaded"]


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize(
    "cells",
    [
        {"ban": "0305\u200bR01"},
        {"invoice_no": "'INV1"},
        {"usoc": "1\u200eFB"},
        {"circuit_id": "\u2066A  B\u2069"},
        {"description": "Li\u00adne"},
        {"amount": "25.00\u00a0"},
        {"service_from": "\u200f2026-11-10"},
    ],
)
def test_a_line_of_our_own_format_is_what_can_be_seen_of_it(
    cells: dict[str, str], quoted: bool
) -> None:
    key = {"carrier": "ILEC", "ban": "0305R01", "invoice_no": "INV1"}
    usual = {
        "usoc": "1FB",
        "circuit_id": "A B",
        "description": "Line",
        "service_from": "2026-11-10",
    }

    def told(said: dict[str, str]) -> list[tuple[object, ...]]:
        rows = [document(), line(**{**key, **usual, **said})]
        text = file(*rows)
        if quoted:
            text = "\n".join(
                '"' + row.replace(",", '","') + '"' if row else "" for row in text.split("\n")
            )
        gate = through(text)
        assert gate.documents["status"].to_list() == ["loaded"], gate.messages
        return gate.lines.drop("unit_rate_places").rows()

    assert told(cells) == told({})


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("name", ["usoc", "circuit_id", "order_no", "zone", "wtn"])
def test_an_identifier_that_is_too_long_sets_its_line_aside(name: str, quoted: bool) -> None:
    text = file(document(), line(usoc="1FB"), line(**{name: "9" * 90}))
    if quoted:
        text = text.replace("1FB", '"1FB"')
    gate = through(text)
    assert f"{name} has 90 characters" in gate.messages
    assert gate.quarantine.height == 1


def test_a_bill_whose_number_is_too_long_is_refused_with_its_lines() -> None:
    long = document(invoice_no="I" * 65)
    gate = through(file(document(), line(), long))
    assert gate.documents["status"].to_list() == ["loaded", "refused"]
    assert "invoice_no has 65 characters" in gate.messages
