"""What stands in a column of a record, a number written out with sign and point.

A number is written out where it can be read, and left as it stands where it cannot: then the row is
set aside with its reason like any other.
"""

from __future__ import annotations

import polars as pl

from invoices.carrier.typed_records.kinds import Column
from invoices.schema import RATE

POSITIVE, NEGATIVE = "{ABCDEFGHI", "}JKLMNOPQR"
"""The over-punched digits 0 to 9."""
_DIGIT = {sign: str(digit) for row in (POSITIVE, NEGATIVE) for digit, sign in enumerate(row)}
_SIGN = {**dict.fromkeys(POSITIVE, ""), **dict.fromkeys(NEGATIVE, "-")}

NO_NUMBER = "x'"
"""How bytes that are no number are shown: `x'4040'`."""


def written_out(column: Column, printed: pl.Expr) -> pl.Expr:
    """Return what is printed in a column, trimmed, as text: of a number sign, digits and point."""
    if column.type == "text":
        return printed.replace(column.words) if column.words else printed
    sign, digits = _parted(column, printed)
    whole = digits.str.contains(r"^[0-9]+$")
    padded = digits.str.strip_chars_start("0").str.zfill(column.decimals + 1)
    point = pl.concat_str(
        padded.str.head(-column.decimals), pl.lit("."), padded.str.tail(column.decimals)
    )
    written = pl.concat_str(sign, point if column.decimals else padded)
    # A number that prints its point has the decimals it prints.
    pointed = digits.str.contains(r"^[0-9]*\.[0-9]+$")
    return (
        pl.when(whole)
        .then(written)
        .when(pointed)
        .then(pl.concat_str(sign, digits))
        .otherwise(printed)
    )


def _parted(column: Column, printed: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the sign (`-` or nothing) and the digits of a number."""
    if column.marks in ("leading", "trailing"):
        leads = column.marks == "leading"
        mark = printed.str.head(1) if leads else printed.str.tail(1)
        marked = mark.is_in(["+", "-"])
        rest = printed.str.slice(1) if leads else printed.str.head(-1)
        sign = pl.when(mark == "-").then(pl.lit("-")).otherwise(pl.lit(""))
        return sign, pl.when(marked).then(rest).otherwise(printed).str.strip_chars(" ")
    if column.marks in ("overpunch", "overpunch_leading"):
        leads = column.marks == "overpunch_leading"
        mark = printed.str.head(1) if leads else printed.str.tail(1)
        digit = mark.replace_strict(_DIGIT, default=mark)
        rest = printed.str.slice(1) if leads else printed.str.head(-1)
        sign = mark.replace_strict(_SIGN, default="")
        return sign, pl.concat_str(digit, rest) if leads else pl.concat_str(rest, digit)
    return pl.lit(""), printed


def number(text: pl.Expr) -> pl.Expr:
    """Return a number written out (`RATE`), null where it is none."""
    readable = text.str.contains(r"^-?[0-9]{0,20}\.?[0-9]{1,12}$")
    return pl.when(readable).then(text).str.to_decimal(scale=6).cast(RATE, strict=False)
