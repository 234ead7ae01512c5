"""Bytes that are a number, as mainframes store them: packed decimals and binary integers.

A column is looked at as the hexadecimal figures of its bytes, two a byte. What is no number is
shown as it is, `x'4040'`, and its record is set aside.
"""

from __future__ import annotations

import polars as pl

from invoices.carrier.fixed.layout import FixedColumn
from invoices.carrier.typed_records.numbers import NO_NUMBER

PLUS, MINUS = "acef", "bd"
"""What stands in the last half byte of a packed number."""


def packed_digits(figures: pl.Expr) -> pl.Expr:
    """Return sign and digits of a packed number (COMP-3); nothing where the record ends before."""
    minus = figures.str.ends_with(MINUS[0]) | figures.str.ends_with(MINUS[1])
    sign = pl.when(minus).then(pl.lit("-")).otherwise(pl.lit(""))
    digits = pl.concat_str(sign, figures.str.head(-1))
    return _or_shown(figures, figures.str.contains(f"^[0-9]+[{PLUS}{MINUS}]$"), digits)


def binary_digits(figures: pl.Expr, column: FixedColumn) -> pl.Expr:
    """Return sign and digits of a signed integer (COMP), the highest byte first."""
    whole = figures.str.len_bytes() == 2 * column.length
    shown = pl.when(whole).then(figures)
    # Four bytes at the end are apart, so that eight fit what they are reckoned in.
    low = min(4, column.length)
    value = shown.str.tail(2 * low).str.to_integer(base=16, strict=False)
    below_zero = shown.str.contains("^[89a-f]")
    if column.length > low:
        high = shown.str.head(2 * (column.length - low)).str.to_integer(base=16, strict=False)
        high = high - below_zero.cast(pl.Int64) * (1 << 8 * (column.length - low))
        value = high * (1 << 32) + value
    else:
        value = value - below_zero.cast(pl.Int64) * (1 << 8 * low)
    return _or_shown(figures, whole, value.cast(pl.String))


def _or_shown(figures: pl.Expr, is_number: pl.Expr, digits: pl.Expr) -> pl.Expr:
    return (
        pl.when(figures.str.len_bytes() == 0)
        .then(pl.lit(""))
        .when(is_number)
        .then(digits)
        .otherwise(pl.concat_str(pl.lit(NO_NUMBER), figures, pl.lit("'")))
    )
