"""The carrier's upload: dispute lines laid out in the columns its form profile names."""

from __future__ import annotations

from typing import Any

import polars as pl

from invoices.packet.form import Column, Upload
from invoices.packet.lines import DISPUTE_LINES
from invoices.packet.packet import on_one_line
from invoices.schema import CENTS
from invoices.text import formula_safe

_KEYS = {
    "usoc": None,
    "service": ("claim_no", "carrier", "ban", "invoice_no", "bill_date", "circuit_id", "wtn"),
    "claim": ("claim_no", "carrier"),
}
_MONEY = tuple(name for name, dtype in DISPUTE_LINES.items() if dtype == CENTS)
WHOLE = (
    *("claim_no", "carrier_tracking_no", "parent_claim_no", "master_ban", "ban", "btn", "wtn"),
    *("circuit_id", "service_identifier", "usoc", "invoice_no", "service_order_no", "pon"),
)
"""Texts that are never cut to a width, as no number and no day is: a part of one is another."""
SEVERAL = "several"
"""Stands where a row of the upload bears lines that differ and the carrier wants a word."""


def upload_csv(upload: Upload, lines: pl.DataFrame) -> str:
    """Return the upload of dispute lines (`DISPUTE_LINES`) as delimited text.

    Sums of money foot to those of the lines whatever a row is.
    """
    rows = _rows(upload, lines)
    cells = rows.select(_cell(column) for column in upload.columns)
    safe = cells.with_columns(formula_safe(pl.col(column.name)) for column in upload.columns
                              if not _is_number(column))  # fmt: skip
    return safe.write_csv(
        separator=upload.delimiter,
        include_header=upload.header,
        quote_style="necessary",
        line_terminator="\r\n",
    )


def _rows(upload: Upload, lines: pl.DataFrame) -> pl.DataFrame:
    """Return one row for what the form wants a row to be."""
    key = _KEYS[upload.row]
    if key is None:
        return lines
    rest = [name for name in lines.columns if name not in key]
    told = [_joined(name) for name in rest if name not in (*_MONEY, "from_date", "thru_date")]
    return lines.group_by(key, maintain_order=True).agg(
        *told,
        *(_summed(name) for name in _MONEY),
        pl.col("from_date").min(),
        pl.col("thru_date").max(),
    ).select(lines.columns)  # fmt: skip


def _joined(name: str) -> pl.Expr:
    """Return what all lines of a row say; several sentences follow each other."""
    values = pl.col(name).drop_nulls().unique(maintain_order=True)
    if name in ("narrative", "line_ref"):
        return values.str.join("; ").alias(name)
    if name in ("deadline", "filed_at", "paid_date", "bill_date", "so_completion_date"):
        return values.min().alias(name)
    one: Any = pl.when(values.len() == 1).then(values.first())
    if DISPUTE_LINES.get(name) == pl.String():
        one = one.when(values.len() > 1).then(pl.lit(SEVERAL))
    told: pl.Expr = one.alias(name)
    return told


def _summed(name: str) -> pl.Expr:
    return pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name)


def lacking(upload: Upload, lines: pl.DataFrame) -> list[str]:
    """Return what the form requires and some row does not have: column, field and how many rows.

    So is a number, day or identifier that is longer than its column is wide.
    """
    rows = _rows(upload, lines)
    absent = []
    for column in upload.columns:
        if column.required and column.field is not None:
            values = rows.get_column(column.field).cast(pl.String)
            missing = values.is_null() | (values.str.strip_chars() == "").fill_null(True)
            if missing.any():
                absent.append(f"{column.name} ({column.field}) on {missing.sum()} row(s)")
        if column.width is not None and _is_whole(column):
            long = rows.select(_cell(column).str.len_chars() > column.width).to_series().sum()
            room = f"{column.name} ({column.field}) in {column.width} signs, longer on"
            absent += [f"{room} {long} row(s)"] if long else []
    return absent


def _is_whole(column: Column) -> bool:
    """Return whether a value of a column stands whole, however wide it is."""
    field = column.field or ""
    return DISPUTE_LINES.get(field, pl.String()) != pl.String() or field in WHOLE


def _is_number(column: Column) -> bool:
    dtype = DISPUTE_LINES.get(column.field or "")
    return isinstance(dtype, pl.Decimal)


def _cell(column: Column) -> pl.Expr:
    """Return a column of the upload as text."""
    if column.text is not None:
        return pl.lit(column.text).alias(column.name)
    field = column.field or ""
    dtype = DISPUTE_LINES[field]
    if dtype == pl.Date():
        value = pl.col(field).dt.strftime(column.date or "%Y-%m-%d")
    elif isinstance(dtype, pl.Decimal):
        value = pl.col(field).cast(pl.String)
        if dtype != CENTS:
            value = value.str.strip_chars_end("0").str.strip_chars_end(".")
    else:
        value = pl.col(field)
    if column.values:
        value = value.replace(column.values)
    if column.mask is not None:
        value = _masked(value, column.mask)
    value = on_one_line(value.fill_null(""))
    most = None if _is_whole(column) else column.width
    return (value if most is None else value.str.head(most)).alias(column.name)


def _masked(value: pl.Expr, mask: str) -> pl.Expr:
    """Return letters and digits set as the mask says, where they are as many as it has places."""
    bare = value.str.replace_all(r"[^A-Za-z0-9]", "")
    parts, at = [], 0
    for char in mask:
        if char == "#":
            parts.append(bare.str.slice(at, 1))
            at += 1
        else:
            parts.append(pl.lit(char))
    return pl.when(bare.str.len_chars() == at).then(pl.concat_str(parts)).otherwise(value)
