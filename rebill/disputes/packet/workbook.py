"""The spreadsheet of a dispute packet: summary, dispute lines, evidence, earlier bills.

Text is written as text, so that account numbers keep their zeros and nothing is run; what begins
like a formula gets an apostrophe besides. Money is written from its decimals, never from a float.
The same packet gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from typing import Any

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]

from invoices.packet.packet import on_one_line
from invoices.schema import CENTS
from invoices.text import formula_safe
from rebill.disputes.packet.sheet_rows import cell_writer, put_rows

MOST_ROWS = 1_000_000
"""A sheet of Excel has 1,048,576 rows."""
MOST_CHARACTERS = 32_000
EVIDENCE = (
    *("claim_no", "finding_id", "code", "cause", "narrative", "amount_disputed", "ban"),
    *("invoice_no", "bill_date", "line_no", "usoc", "description", "charge_class"),
    *("service", "circuit_id", "wtn", "from_date", "until_date", "billed_qty", "expected_qty"),
    *("amount_billed", "amount_expected", "billed_rate", "billed_rate_source", "contract_rate"),
    *("rate_source", "contract", "rate_from", "rate_until", "zone_billed", "zone_expected"),
    *("state", "term_months", "package", "product", "inventory", "installed_on"),
    *("disconnect_date", "service_order_no", "so_completion_date", "nrc_waived", "matched_by"),
    *("source_file", "source_row", "line_id", "document_id"),
)
"""Columns of the evidence, in order."""
OF_BEFORE = ("amount_before", "parent_claim_no")
"""Columns that follow where earlier claims hold some of the lines."""
_WIDE = {"narrative": 60, "finding_id": 34, "rate_source": 34, "billed_rate_source": 34,
         "description": 30, "inventory": 30, "source_file": 26, "attachments": 30}  # fmt: skip


def book(
    head: Mapping[str, Any], lines: pl.DataFrame, evidence: pl.DataFrame, earlier: pl.DataFrame
) -> bytes:
    """Return the workbook of a packet (`head` as for the letter, with `day` and `form`).

    The amounts of the sheet of lines and of the evidence both add up to the summary's total.
    Raises ValueError where a sheet cannot hold the rows.
    """
    if max(lines.height, evidence.height, earlier.height) > MOST_ROWS:
        raise ValueError(f"more than {MOST_ROWS:,} rows: split the claim")
    out = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_numbers": False,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "default_date_format": "yyyy-mm-dd",
    }
    made = dt.datetime.combine(head["day"], dt.time())
    with xlsxwriter.Workbook(out, options) as workbook:
        workbook.set_properties({"title": f"Dispute {head['claims'][0]}", "created": made})
        styles = _styles(workbook)
        _summary(workbook, styles, head, lines, evidence)
        _sheet(workbook, styles, "Dispute lines", lines)
        said = [name for name in OF_BEFORE if name in evidence.columns]
        more = [name for name in said if evidence[name].null_count() < evidence.height]
        told = evidence.select(
            (pl.col(name) if name in evidence.columns else pl.lit(None)).alias(name)
            for name in (*EVIDENCE, *more)
        )
        _sheet(workbook, styles, "Evidence", told)
        if earlier.height:
            _sheet(workbook, styles, "Earlier bills", earlier)
    return out.getvalue()


def _styles(workbook: Any) -> dict[str, Any]:
    font = {"font_name": "Arial", "font_size": 9}
    head = {**font, "bold": True, "bg_color": "#E8EDF3", "bottom": 1, "text_wrap": True,
            "valign": "top"}  # fmt: skip
    named: dict[str, dict[str, Any]] = {
        "text": {**font, "num_format": "@"},
        "head": head,
        "money": {**font, "num_format": "#,##0.00;[Red]-#,##0.00"},
        "rate": {**font, "num_format": "#,##0.00####"},
        "whole": {**font, "num_format": "0"},
        "date": {**font, "num_format": "yyyy-mm-dd", "align": "left"},
        "total": {**font, "bold": True, "num_format": "#,##0.00;[Red]-#,##0.00", "top": 1},
        "word": {**font, "bold": True, "top": 1},
        "title": {"font_name": "Arial", "font_size": 15, "bold": True},
        "label": {**font, "font_color": "#69727D"},
        "late": {"font_name": "Arial", "font_size": 12, "bold": True, "font_color": "#A4262C"},
        "section": {"font_name": "Arial", "font_size": 11, "bold": True},
    }
    return {name: workbook.add_format(options) for name, options in named.items()}


def _style(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Decimal):
        return "money" if dtype.scale == CENTS.scale else "rate"
    if dtype == pl.Date:
        return "date"
    return "whole" if dtype.is_integer() else "text"


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose text is safe and short enough for cells."""
    words = pl.col(pl.Boolean).cast(pl.String)
    short = on_one_line(pl.col(pl.String)).str.head(MOST_CHARACTERS)
    long = pl.col(pl.String).str.len_bytes() > MOST_CHARACTERS
    # Excel counts signs beyond the usual ones twice.
    pairs = short.str.contains(r"[\x{10000}-\x{10FFFF}]")
    short = pl.when(long & pairs).then(short.str.head(MOST_CHARACTERS // 2)).otherwise(short)
    return frame.with_columns(words).with_columns(_unformatted(formula_safe(short)))


def _unformatted(text: pl.Expr) -> pl.Expr:
    """Return text that is not taken for the markup of a formatted cell."""
    return text.str.replace("^<r>(.*)</r>$", "'<r>${1}</r>")


def _sheet(workbook: Any, styles: dict[str, Any], name: str, frame: pl.DataFrame) -> None:
    """Write a frame as a sheet: a head that stays, a filter, and nothing but rows below.

    Totals stand on the summary, so that whoever adds a column up gets the claim.
    """
    sheet = workbook.add_worksheet(name)
    plain = _plain(frame)
    kinds = [_style(dtype) for dtype in plain.dtypes]
    for at, (column, kind) in enumerate(zip(plain.columns, kinds, strict=True)):
        usual = 11 if kind in ("money", "rate", "date") else 14
        sheet.set_column(at, at, _WIDE.get(column, max(usual, min(len(column) + 2, 20))))
    sheet.freeze_panes(1, 1)
    sheet.set_row(0, 27)
    for at, column in enumerate(plain.columns):
        sheet.write_string(0, at, column, styles["head"])
    put_rows(sheet, styles, kinds, plain)
    if frame.height:
        sheet.autofilter(0, 0, frame.height, frame.width - 1)


def _summary(
    workbook: Any,
    styles: dict[str, Any],
    head: Mapping[str, Any],
    lines: pl.DataFrame,
    evidence: pl.DataFrame,
) -> None:
    """Write what a person reads first: who disputes what, how much, until when, why."""
    sheet = workbook.add_worksheet("Summary")
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 5, 19)
    total = lines["amount_disputed"].sum()
    facts: list[tuple[str, Any]] = [
        ("Claims", ", ".join(head["claims"])),
        ("Carrier", head["carrier"]),
        ("Accounts", ", ".join(head["accounts"])),
        ("Carrier's number", head["tracking_no"]),
        ("Sent again", "yes" if head["resend"] else "no"),
        ("Form", f"{head['form']}: {head['title']}"),
        ("Prepared on", head["day"]),
        ("Dispute window closes", head["deadline"]),
        ("From", head["contact"]["company"]),
        ("Contact", ", ".join(head["contact"][n] for n in ("name", "email", "phone")
                              if head["contact"][n])),
        ("Rows", lines.height),
        ("Amount billed", lines["amount_billed"].sum()),
        ("Amount in dispute", total),
        ("Amount withheld", lines["amount_withheld"].sum()),
    ]  # fmt: skip
    sheet.write_string(0, 0, head["title"], styles["title"])
    if head["late"]:
        sheet.write_string(1, 0, "LATE: the dispute window has closed", styles["late"])
    row = 3
    for label, value in facts:
        sheet.write_string(row, 0, label, styles["label"])
        _fact(sheet, row, value, styles)
        row += 1
    reasons = evidence.group_by("reason_code", "code", "cause").agg(
        pl.len().cast(pl.Int64).alias("findings"), pl.col("amount_disputed").sum()
    )
    months = lines.group_by("claim_no", "bill_month", "ban").agg(
        pl.len().cast(pl.Int64).alias("rows"), pl.col("amount_disputed").sum()
    )
    for title, frame, key in (
        ("By reason", reasons, ["reason_code", "code", "cause"]),
        ("By claim and bill month", months, ["claim_no", "bill_month", "ban"]),
    ):
        row = _small_table(sheet, styles, row + 1, title, frame.sort(key, nulls_last=False))


def _fact(sheet: Any, row: int, value: Any, styles: dict[str, Any]) -> None:
    if isinstance(value, dt.date):
        sheet.write_datetime(row, 1, value, styles["date"])
    elif isinstance(value, str) or value is None:
        words = on_one_line(pl.lit((value or "")[:MOST_CHARACTERS]))
        safe = pl.select(_unformatted(formula_safe(words))).item()
        sheet.write_string(row, 1, safe, styles["text"])
    else:
        sheet.write_number(row, 1, value, styles["whole" if isinstance(value, int) else "money"])


def _small_table(sheet: Any, styles: dict[str, Any], row: int, title: str, frame: Any) -> int:
    """Write a table with its total on the summary, and return the next free row."""
    sheet.write_string(row, 0, title, styles["section"])
    for at, column in enumerate(frame.columns):
        sheet.write_string(row + 1, at, column, styles["head"])
    kinds = [_style(dtype) for dtype in frame.dtypes]
    row += 2
    for values in _plain(frame).iter_rows():
        for at, (value, kind) in enumerate(zip(values, kinds, strict=True)):
            if value is not None:
                cell_writer(sheet, kind, styles)(row, at, value)
        row += 1
    sheet.write_string(row, 0, "Total", styles["word"])
    last = frame.width - 1
    sheet.write_number(row, last, frame["amount_disputed"].sum(), styles["total"])
    return row + 2
