"""The spreadsheet of a dispute packet: summary, dispute lines, evidence, earlier bills.

Each sheet begins with what a person looks for, and that is what is printed; a column nothing stands
in is left out. Text is written as text, so that account numbers keep their zeros and nothing is
run; what begins like a formula gets an apostrophe besides. Money is written from its decimals,
never from a float. The same packet gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from typing import Any

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]

from invoices.packet.letter import WHY
from invoices.packet.packet import on_one_line
from invoices.schema import CENTS
from invoices.text import formula_safe
from rebill.disputes.packet.sheet_rows import cell_writer, put_rows

MOST_ROWS = 1_000_000
"""A sheet of Excel has 1,048,576 rows."""
MOST_CHARACTERS = 32_000
LINES = (
    *("claim_no", "ban", "service_identifier", "usoc", "description", "amount_billed"),
    *("amount_expected", "amount_disputed", "reason_in_words", "invoice_no", "bill_date"),
    *("from_date", "thru_date", "deadline"),
)
"""The columns of the dispute lines that come first and are printed; the others follow."""
EVIDENCE = (
    *("claim_no", "ban", "circuit_id", "wtn", "usoc", "amount_billed", "amount_expected"),
    *("amount_disputed", "narrative", "billed_rate", "contract_rate", "rate_source"),
    *("invoice_no", "bill_date", "line_no", "from_date", "until_date"),
)
"""The same of the evidence."""
MORE_EVIDENCE = (
    *("description", "charge_class", "service", "billed_qty", "expected_qty"),
    *("billed_rate_source", "contract", "rate_from", "rate_until", "zone_billed", "zone_expected"),
    *("state", "term_months", "package", "product", "inventory", "installed_on"),
    *("disconnect_date", "service_order_no", "so_completion_date", "nrc_waived", "matched_by"),
    *("code", "cause", "source_file", "source_row", "finding_id", "line_id", "document_id"),
    *("amount_before", "parent_claim_no"),
)
EARLIER = (
    *("claim_no", "ban", "usoc", "amount", "quantity", "invoice_no", "bill_date", "line_no"),
    *("period_from", "period_until"),
)
"""The same of the bills on which a charge stood before."""
_SUMMED = {"Dispute lines": LINES, "Evidence": ("amount_disputed",), "Earlier bills": ()}
"""Columns whose total a sheet shows, where they are money: no line of it counts twice."""
_NAMES = {
    "claim_no": "Claim", "ban": "Account (BAN)", "service_identifier": "Circuit or number",
    "amount_billed": "Billed", "amount_expected": "Due", "amount_disputed": "Disputed",
    "reason_in_words": "Why", "invoice_no": "Invoice", "from_date": "From",
    "thru_date": "Through", "until_date": "Until, excluded", "deadline": "Window closes",
    "narrative": "In detail", "rate_source": "Where the rate stands", "line_no": "Line of the bill",
    "contract_rate": "Rate agreed", "billed_rate": "Rate billed", "circuit_id": "Circuit",
    "wtn": "Telephone number", "usoc": "USOC", "btn": "BTN", "ocn": "OCN", "acna": "ACNA",
    "pon": "PON", "billed_qty": "Units billed", "expected_qty": "Units due",
    "nrc_waived": "NRC waived", "so_completion_date": "Order completed on",
}  # fmt: skip
"""What a column is called; others are called by their field, in words."""
_WIDE = {
    "claim_no": 10, "ban": 14, "service_identifier": 20, "usoc": 8, "description": 22,
    "reason_in_words": 30, "invoice_no": 20, "narrative": 40, "finding_id": 34, "rate_source": 18,
    "billed_rate_source": 34, "inventory": 30, "source_file": 26, "attachments": 30,
    "circuit_id": 20, "wtn": 13, "line_no": 8, "contact_address": 34, "contact_email": 26,
    "line_id": 20,
}  # fmt: skip
WRAPPED = ("description", "reason_in_words", "narrative", "rate_source")
"""Columns whose text takes more than one line of its cell."""
LINE, MOST_LINES = 12, 30
"""Points that a line of text is high, and lines a row has at most: Excel bounds both."""


def book(
    head: Mapping[str, Any], lines: pl.DataFrame, evidence: pl.DataFrame, earlier: pl.DataFrame
) -> bytes:
    """Return the workbook of a packet (`head` as for the letter).

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
        told = evidence.select(n for n in (*EVIDENCE, *MORE_EVIDENCE) if n in evidence.columns)
        for name, frame, first in (
            ("Dispute lines", lines, LINES),
            ("Evidence", told, EVIDENCE),
            ("Earlier bills", earlier, EARLIER),
        ):
            if frame.height:
                _sheet(workbook, styles, name, _ordered(frame, first), head, first)
    return out.getvalue()


def _ordered(frame: pl.DataFrame, first: tuple[str, ...]) -> pl.DataFrame:
    """Return the columns something stands in, what a person looks for first."""
    said = frame.select(
        ((pl.col(name) != "") if dtype == pl.String else pl.col(name).is_not_null()).any()
        for name, dtype in frame.schema.items()
    )
    kept = [name for name, some in said.row(0, named=True).items() if some]
    ahead = [name for name in first if name in kept]
    return frame.select(*ahead, *(name for name in kept if name not in ahead))


def _styles(workbook: Any) -> dict[str, Any]:
    font = {"font_name": "Arial", "font_size": 9, "valign": "top"}
    left = {**font, "align": "left", "indent": 1}
    head = {**font, "bold": True, "bg_color": "#E8EDF3", "bottom": 1, "text_wrap": True}
    money = "#,##0.00;[Red]-#,##0.00"
    named: dict[str, dict[str, Any]] = {
        "text": {**left, "num_format": "@"},
        "words": {**left, "num_format": "@", "text_wrap": True},
        "head": {**head, "align": "left", "indent": 1},
        "head of numbers": {**head, "align": "right"},
        "money": {**font, "num_format": money},
        "rate": {**font, "num_format": "#,##0.00####"},
        "whole": {**font, "num_format": "0"},
        "date": {**left, "num_format": "yyyy-mm-dd"},
        "whole left": {**left, "num_format": "#,##0"},
        "money left": {**left, "num_format": "#,##0.00"},
        "total": {**font, "bold": True, "num_format": money, "top": 1},
        "word": {**left, "bold": True, "top": 1},
        "title": {"font_name": "Arial", "font_size": 15, "bold": True},
        "label": {**left, "font_color": "#69727D"},
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


def _sheet(
    workbook: Any,
    styles: dict[str, Any],
    name: str,
    frame: pl.DataFrame,
    head: Mapping[str, Any],
    first: tuple[str, ...],
) -> None:
    """Write a frame as a sheet: a head that stays, a filter, its rows, their total below."""
    sheet = workbook.add_worksheet(name)
    plain = _plain(frame)
    kinds = [_kind(*column) for column in zip(plain.columns, plain.dtypes, strict=True)]
    for at, (column, kind) in enumerate(zip(plain.columns, kinds, strict=True)):
        sheet.set_column(at, at, _width(column, kind))
        sheet.write_string(0, at, called(column), styles[_head(kind)])
    sheet.freeze_panes(1, 1)
    sheet.set_row(0, 27)
    put_rows(sheet, styles, kinds, plain, _heights(plain))
    sheet.autofilter(0, 0, frame.height, frame.width - 1)
    _total(sheet, styles, frame, [one for one in _SUMMED[name] if frame.schema.get(one) == CENTS])
    printed = sum(column in first for column in frame.columns)
    sheet.print_area(0, 0, frame.height + 1, printed - 1)
    sheet.repeat_rows(0)
    _set_up(sheet, head, name)


def _total(sheet: Any, styles: dict[str, Any], frame: pl.DataFrame, summed: list[str]) -> None:
    """Write what the columns of money come to, below them."""
    row = frame.height + 1
    if summed:
        for at, column in enumerate(frame.columns):
            if column in summed:
                sheet.write_number(row, at, frame[column].sum(), styles["total"])
            else:
                sheet.write_string(row, at, "" if at else "Total", styles["word"])


def _set_up(sheet: Any, head: Mapping[str, Any], name: str) -> None:
    """Let a sheet be printed on letter paper, as wide as a page, with its title and page number."""
    title = f"{head['title']} {head['claims'][0]} · {head['carrier']} · {name}"
    shown = _seen(title)[:100].replace("&", "&&")
    sheet.set_landscape()
    sheet.set_paper(1)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
    sheet.set_header(f"&L&10&B{shown}&R&9 {head['late'] or head['day'].isoformat()}")
    sheet.set_footer("&R&9 Page &P of &N")
    sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})


def _kind(column: str, dtype: pl.DataType) -> str:
    return "words" if column in WRAPPED else _style(dtype)


def _width(column: str, kind: str) -> int:
    usual = 11 if kind in ("money", "rate", "date") else max(14, min(len(column) + 2, 20))
    return _WIDE.get(column, usual)


def _head(kind: str) -> str:
    return "head" if kind in ("text", "words", "date") else "head of numbers"


def _heights(plain: pl.DataFrame) -> pl.Series:
    """Return how high each row is so that its longest text fits; null where one line is enough."""
    long = [
        (pl.col(name).str.len_chars() + _WIDE[name] - 2) // (_WIDE[name] - 1)
        for name in WRAPPED
        if name in plain.columns
    ]
    lines = pl.max_horizontal(1, *long).clip(1, MOST_LINES).cast(pl.Int64)
    return plain.select(high=pl.when(lines > 1).then(lines * LINE + 3))["high"]


def called(column: str) -> str:
    """Return what a column is called on a sheet."""
    return _NAMES.get(column) or column.replace("_", " ").capitalize()


def _seen(text: str) -> str:
    """Return text of the head on one line and without what a spreadsheet would run."""
    words = on_one_line(pl.lit(text[:MOST_CHARACTERS]))
    return str(pl.select(_unformatted(formula_safe(words))).item())


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
    sheet.set_column(1, 1, 46)
    sheet.set_column(2, 5, 15)
    sheet.write_string(0, 0, head["title"], styles["title"])
    if head["late"]:
        sheet.write_string(1, 0, "LATE: the dispute window has closed", styles["late"])
    row = 3
    for label, value in _facts(head, lines):
        if value is not None and value != "":
            sheet.write_string(row, 0, label, styles["label"])
            _fact(sheet, row, value, styles)
            row += 1
    why = pl.col("code").replace_strict(WHY, default=pl.col("code").str.replace_all("_", " "))
    reasons = evidence.group_by("reason_code", why=why).agg(
        pl.len().cast(pl.Int64).alias("findings"), pl.col("amount_disputed").sum()
    )
    months = lines.group_by("claim_no", "ban", "bill_month").agg(
        pl.len().cast(pl.Int64).alias("rows"), pl.col("amount_disputed").sum()
    )
    by_money = reasons.sort(
        "amount_disputed", "reason_code", "why", descending=[True, False, False]
    )
    for title, frame in (
        ("By reason", by_money),
        ("By claim and bill month", months.sort("claim_no", "ban", "bill_month", nulls_last=False)),
    ):
        row = _small_table(sheet, styles, row + 1, title, frame)
    _set_up(sheet, head, "Summary")


def _facts(head: Mapping[str, Any], lines: pl.DataFrame) -> list[tuple[str, Any]]:
    """Return what stands above the tables of the summary, each with its label."""
    sender = head["sender"]
    return [
        ("Claims", ", ".join(head["claims"])),
        ("Carrier", head["carrier"]),
        ("Accounts", ", ".join(head["accounts"])),
        ("Carrier's number", head["tracking_no"]),
        ("Sent again", "yes" if head["resend"] else "no"),
        ("Form", f"{head['form']}: {head['title']}"),
        ("Prepared on", head["day"]),
        ("Dispute window closes", head["deadline"]),
        ("Answer asked for by", head["answer_by"]),
        ("From", sender["company"]),
        ("Contact", ", ".join(sender[n] for n in ("name", "email", "phone") if sender[n])),
        ("Lines", lines.height),
        ("Amount billed", lines["amount_billed"].sum()),
        ("Amount in dispute", lines["amount_disputed"].sum()),
        ("Amount withheld", lines["amount_withheld"].sum()),
    ]


def _fact(sheet: Any, row: int, value: Any, styles: dict[str, Any]) -> None:
    if isinstance(value, dt.date):
        sheet.write_datetime(row, 1, value, styles["date"])
    elif isinstance(value, str):
        sheet.write_string(row, 1, _seen(value), styles["words"])
    elif isinstance(value, int):
        sheet.write_number(row, 1, value, styles["whole left"])
    else:
        sheet.write_number(row, 1, value, styles["money left"])


def _small_table(sheet: Any, styles: dict[str, Any], row: int, title: str, frame: Any) -> int:
    """Write a table with its total on the summary, and return the next free row."""
    sheet.write_string(row, 0, title, styles["section"])
    for at, column in enumerate(frame.columns):
        name = "Why" if column == "why" else called(column)
        sheet.write_string(row + 1, at, name, styles[_head(_style(frame.schema[column]))])
    kinds = ["words" if n == "why" else _style(d) for n, d in frame.schema.items()]
    row += 2
    for values in _plain(frame).iter_rows():
        for at, (value, kind) in enumerate(zip(values, kinds, strict=True)):
            if value is not None:
                cell_writer(sheet, kind, styles)(row, at, value)
        row += 1
    last = frame.width - 1
    for at in range(last):
        sheet.write_string(row, at, "" if at else "Total", styles["word"])
    sheet.write_number(row, last, frame["amount_disputed"].sum(), styles["total"])
    return row + 2
