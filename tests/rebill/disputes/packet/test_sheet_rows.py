"""The rows of a sheet written as text are those that `xlsxwriter` writes cell by cell."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from rebill.disputes.packet import sheet_rows
from rebill.disputes.packet.sheet_rows import cell_writer, put_rows
from rebill.disputes.packet.workbook import _plain, _style, _styles

HEIGHTS = (27, None)
"""Points that every other row is high."""
SCHEMA = pl.Schema(
    {
        "words": pl.String(),
        "amount": pl.Decimal(18, 2),
        "rate": pl.Decimal(18, 6),
        "day": pl.Date(),
        "line_no": pl.Int64(),
        "more": pl.String(),
    }
)
ODD = (
    *("<r>bold</r>", "a & b < c > d", '"quoted"', "_x0041_", "_x00_x0041_", "\ufffe\uffff", "=1+1"),
    *(" blank before", "\u00a0hard blank", "two\nlines", "", "\U0001f4de call", "007"),
)


def sheet_of(frame: pl.DataFrame, by_text: bool) -> bytes:
    """Return the sheet that holds the rows of a frame: as they are written, or cell by cell."""
    plain = _plain(frame)
    kinds = [_style(dtype) for dtype in plain.dtypes]
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as workbook:
        styles = _styles(workbook)
        sheet = workbook.add_worksheet("Rows")
        for at, name in enumerate(plain.columns):
            sheet.write_string(0, at, name, styles["head"])
        high = pl.Series([HEIGHTS[row % 2] for row in range(plain.height)], dtype=pl.Int64)
        (put_rows if by_text else by_cell)(sheet, styles, kinds, plain, high)
    with zipfile.ZipFile(out) as book:
        return book.read("xl/worksheets/sheet1.xml") + book.read("xl/styles.xml")


def by_cell(
    sheet: Any, styles: dict[str, Any], kinds: list[str], plain: pl.DataFrame, high: pl.Series
) -> None:
    for row, values in enumerate(plain.iter_rows(), 1):
        if high[row - 1] is not None:
            sheet.set_row(row, high[row - 1])
        for at, value in enumerate(values):
            if value is not None:
                cell_writer(sheet, kinds[at], styles)(row, at, value)


cents = st.decimals(-(10**9), 10**9, places=2)
texts = st.sampled_from(ODD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
rows = st.tuples(
    st.none() | texts,
    st.none() | cents,
    st.none() | st.decimals(0, 10**6, places=6),
    st.none() | st.dates(dt.date(1899, 12, 25), dt.date(2199, 12, 31)),
    st.none() | st.integers(-(10**9), 10**12),
    texts,
)


@settings(max_examples=30, deadline=None)
@given(st.lists(rows, min_size=1, max_size=7))
def test_rows_as_text_are_the_bytes_of_rows_written_cell_by_cell(
    some: list[tuple[Any, ...]],
) -> None:
    frame = pl.DataFrame(some, schema=SCHEMA, orient="row")
    assert sheet_of(frame, by_text=True) == sheet_of(frame, by_text=False)


def test_rows_are_the_same_in_however_many_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    row = ("a", Decimal("22.00"), Decimal("1.250000"), dt.date(2026, 3, 5), 17, "b")
    frame = pl.DataFrame([row] * 11, schema=SCHEMA, orient="row")
    whole = sheet_of(frame, by_text=True)
    assert b"<v>22.00</v>" in whole and b"<v>46086</v>" in whole
    monkeypatch.setattr(sheet_rows, "AT_ONCE", 3)
    assert sheet_of(frame, by_text=True) == whole


def test_what_looks_like_the_markup_of_a_cell_is_shown_as_text() -> None:
    frame = pl.DataFrame({"words": ["<r><t>x</t></r>"] * 2})
    for by_text in (True, False):
        sheet = sheet_of(frame, by_text)
        assert sheet.count(b"&lt;r&gt;&lt;t&gt;x&lt;/t&gt;&lt;/r&gt;") == 2


def test_a_text_longer_than_a_cell_holds_is_cut_and_its_cell_stays() -> None:
    frame = pl.DataFrame({"words": ["\U0001f4de" * 40_000, "a" * 40_000]})
    sheet = sheet_of(frame, by_text=True)
    assert sheet == sheet_of(frame, by_text=False)
    assert sheet.count("\U0001f4de".encode()) == 16_000 and b"a" * 32_000 in sheet
