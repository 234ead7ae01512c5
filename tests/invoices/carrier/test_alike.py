"""Rows that are set aside for one cause are told once."""

from __future__ import annotations

import polars as pl

from invoices.carrier.alike import CAUSES, causes
from invoices.carrier.reading import QUARANTINE

ROWS = [
    ("a.csv", 2, "amount `x` is not an amount"),
    ("a.csv", 3, "amount `y; z` is not an amount; ban is empty"),
    ("a.csv", 4, "the row has 7 cells, the header 9"),
    *(("a.csv", row, f"amount `{row}` is not an amount") for row in range(5, 1_000)),
    ("a.csv", 1_000, "the row has 8 cells, the header 9"),
    ("b.xlsx!Data", 4, "Data!E4 is a formula without a value"),
    ("b.xlsx!Data", 5, "Data!AB5 is a formula without a value"),
    ("b.xlsx!Data", 6, "Data!E6 is a formula without a value"),
    ("b.xlsx!Data", 7, "bill_date is empty"),
]


def test_a_cause_is_told_once_with_its_first_rows_and_how_many_there_are() -> None:
    frame = pl.DataFrame(
        [(file, row, "as it stood", reason) for file, row, reason in ROWS], QUARANTINE, orient="row"
    )
    found = causes(frame)
    assert found.schema == CAUSES
    assert found.select("source_file", "source_row", "rows", "told").rows() == [
        (
            *("a.csv", 2, 997),
            "amount `x` is not an amount (and in 996 rows more: 3, 5, 6, 7, 8, ...)",
        ),
        ("a.csv", 3, 1, "ban is empty"),
        ("a.csv", 4, 2, "the row has 7 cells, the header 9 (and in row 1000)"),
        (
            *("b.xlsx!Data", 4, 3),
            "Data!E4 is a formula without a value (and in 2 rows more: 5, 6)",
        ),
        ("b.xlsx!Data", 7, 1, "bill_date is empty"),
    ]
    assert causes(frame.clear()).is_empty()
