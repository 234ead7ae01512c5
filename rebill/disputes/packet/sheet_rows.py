"""The rows of a sheet as text, many at a time: what `xlsxwriter` writes by the cell, byte for byte.

A packet of 20,000 rows has 1.4 million cells, and five calls for each are most of what it costs.
So the rows are made as columns of text and put where `xlsxwriter` keeps those it has written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl
from xlsxwriter.utility import xl_col_to_name  # type: ignore[import-untyped]

AT_ONCE = 4_000
"""Rows that are made as text at a time."""
DATE, TEXTS = "date", ("text", "words")
"""The kinds of columns that are not written as the number they are."""
_DAY_0 = dt.date(1899, 12, 31)
_LEAP = 59
"""Days after which Excel counts one more: it takes 1900 for a leap year."""


def put_rows(
    sheet: Any,
    styles: Mapping[str, Any],
    kinds: list[str],
    plain: pl.DataFrame,
    heights: pl.Series | None = None,
) -> None:
    """Leave the rows of a frame in a sheet whose head is written, and nothing else so far.

    `plain` holds text that is fit for cells, whole numbers, decimals and dates; `kinds` says the
    style of each column. A null leaves its cell out. The sheet is one of constant memory. A row is
    as high as `heights` says, in points that three divides (these are whole pixels); a null leaves
    it as it is.
    """
    last = plain.height - 1
    if last < 0:
        return
    high = (
        pl.Series([None], dtype=pl.Int64).extend_constant(None, last)
        if heights is None
        else heights
    )
    if high[last] is not None:
        sheet.set_row(last + 1, high[last])
    # The last row goes the usual way: it makes the sheet write what it holds and know its size.
    for at, value in enumerate(plain.row(last)):
        if value is not None:
            cell_writer(sheet, kinds[at], styles)(last + 1, at, value)
    if last == 0:
        return
    if not any(value is not None for value in plain.row(last)):
        sheet.write_blank(last + 1, 0, None, styles[kinds[0]])
    numbers = _style_numbers(styles, kinds, plain)
    for start in range(0, last, AT_ONCE):
        part = plain.slice(start, min(AT_ONCE, last - start))
        own = high.slice(start, part.height)
        sheet.row_data_fh.writelines(_rows_text(part, kinds, numbers, start + 2, own))


def cell_writer(sheet: Any, kind: str, styles: Mapping[str, Any]) -> Any:
    """Return what writes a value of a kind at a row and column."""
    style = styles[kind]
    if kind == DATE:
        return lambda row, at, value: sheet.write_datetime(row, at, value, style)
    if kind in TEXTS:
        return lambda row, at, value: sheet.write_string(row, at, value, style)
    return lambda row, at, value: sheet.write_number(row, at, value, style)


def _style_numbers(
    styles: Mapping[str, Any], kinds: list[str], plain: pl.DataFrame
) -> dict[str, int]:
    """Return the number of each style: given out in the order in which the cells want them."""
    wanted: dict[str, tuple[int, int]] = {}
    for at, (kind, column) in enumerate(zip(kinds, plain.iter_columns(), strict=True)):
        if column.null_count() < len(column):
            place = column.is_not_null().arg_max() or 0, at
            wanted[kind] = min(wanted.get(kind, place), place)
    return {kind: styles[kind]._get_xf_index() for kind in sorted(wanted, key=lambda k: wanted[k])}


def _rows_text(
    part: pl.DataFrame,
    kinds: list[str],
    numbers: Mapping[str, int],
    first: int,
    high: pl.Series,
) -> list[str]:
    """Return each row of a frame as an element of the sheet; `first` is the number of the first."""
    row = pl.int_range(first, first + part.height, eager=True).cast(pl.String)
    cells = [
        _cell(pl.col(name), kind, f'<c r="{xl_col_to_name(at)}', numbers.get(kind, 0))
        for at, (name, kind) in enumerate(zip(part.columns, kinds, strict=True))
    ]
    height = pl.concat_str(pl.lit('" ht="'), _HIGH, pl.lit('" customHeight="1">'))
    opened = [pl.lit('<row r="'), _ROW, height.fill_null('">')]
    text = pl.concat_str(*opened, *cells, pl.lit("</row>"))
    known = row.alias(_NUMBER), high.alias(_HEIGHT)
    return part.with_columns(*known).select(text).to_series().to_list()


_NUMBER = "the number of the row"
_ROW = pl.col(_NUMBER)
_HEIGHT = "the height of the row"
_HIGH = pl.col(_HEIGHT).cast(pl.String)


def _cell(column: pl.Expr, kind: str, opening: str, style: int) -> pl.Expr:
    """Return a cell as text, empty where the value is null."""
    if kind in TEXTS:
        kept = pl.when(column.str.contains(r"^\s|\s$")).then(pl.lit(' xml:space="preserve"'))
        said = [pl.lit(f'" s="{style}" t="inlineStr"><is><t'), kept.otherwise(pl.lit(""))]
        said += [pl.lit(">"), _escaped(column), pl.lit("</t></is></c>")]
    else:
        number = _days(column) if kind == DATE else column
        said = [pl.lit(f'" s="{style}"><v>'), number.cast(pl.String), pl.lit("</v></c>")]
    return pl.concat_str(pl.lit(opening), _ROW, *said).fill_null("")


def _escaped(text: pl.Expr) -> pl.Expr:
    """Return text as it stands in an element; what looks like an escape of Excel is none."""
    return (
        text.str.replace_all(r"(_x[0-9a-fA-F]{4}_)", "_x005F${1}")
        .str.replace_all("\ufffe", "_xFFFE_", literal=True)
        .str.replace_all("\uffff", "_xFFFF_", literal=True)
        .str.replace_all("&", "&amp;", literal=True)
        .str.replace_all("<", "&lt;", literal=True)
        .str.replace_all(">", "&gt;", literal=True)
    )


def _days(date: pl.Expr) -> pl.Expr:
    """Return a date as the number Excel has for it."""
    days = (date - pl.lit(_DAY_0)).dt.total_days()
    return pl.when(days > _LEAP).then(days + 1).otherwise(days)
