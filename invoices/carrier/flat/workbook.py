"""Sheets of a workbook become rows of cells, each cell by the type the workbook gives it.

Values come from calamine. What calamine does not tell, whether a cell is text or a number and how
the number is shown, is read from the sheet's own XML, so that an account number that a spreadsheet
made a number is refused where its digits are not all there. The two readings must agree on which
cells are filled; where they do not, the workbook is refused.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import polars as pl

from invoices.text import filled

if TYPE_CHECKING:
    import fastexcel

_SCIENTIFIC: tuple[tuple[str | None, str], ...] = (("11", "0.00E+00"), ("48", "##0.0E+0"))
"""Formats that need not be declared, and show a number cut short."""
MOST_CELLS = 40_000_000
"""A sheet is held as a whole, its empty cells too; one that spans more is refused."""
PREVIEW_ROWS = 30
"""So many rows of each sheet are looked at to tell what a workbook is."""
EXACT_DIGITS = 15
"""A spreadsheet keeps so many digits of a number; those behind are zeros of its own."""
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
_TEXT = ("s", "str", "inlineStr")


class WorkbookFault(ValueError):
    """A workbook cannot be read; the message says why."""


@dataclass(frozen=True)
class Sheet:
    """One sheet: its cells as text, and what kind each is."""

    name: str
    rows: pl.DataFrame
    """`row` (Int64, as the sheet counts), `cell 0`... (text, null where empty), `damage 0`... (why
    a number in the cell cannot be an identifier, null where it can) and `error 0`... (that it
    holds the error of a formula)."""
    width: int


def sheets(content: bytes, decimal: str = ".") -> list[Sheet]:
    """Return the sheets of a workbook; numbers print `decimal` as their point.

    Raises `WorkbookFault` where it is none. Whoever opened the file made sure that it inflates to
    no more than a setting allows.
    """
    import fastexcel

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            places, formats = _sheet_places(archive), _number_formats(archive)
            book = fastexcel.read_excel(io.BytesIO(content).getvalue())
            return [
                _sheet(book, name, archive.read(place).decode("utf-8-sig"), formats, decimal)
                for name, place in places
                if place in archive.namelist()
            ]
    except (*_FAULTS, fastexcel.FastExcelError, ElementTree.ParseError, KeyError) as fault:
        raise WorkbookFault(f"the workbook cannot be read: {fault}") from fault
    except UnicodeDecodeError as fault:
        raise WorkbookFault("the workbook cannot be read: it is not UTF-8") from fault


def _tree(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """Return a small part of a workbook; one with declarations of its own is refused."""
    text = archive.read(name)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise WorkbookFault(f"{name} declares entities")
    return ElementTree.fromstring(text)


def _sheet_places(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Return name and member of each sheet, in the order of the workbook."""
    targets = {
        link.get("Id"): str(link.get("Target"))
        for link in _tree(archive, "xl/_rels/workbook.xml.rels")
    }
    found = []
    for sheet in _tree(archive, "xl/workbook.xml").iter(f"{_MAIN}sheet"):
        target = targets.get(sheet.get(_RELATION), "")
        place = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        found.append((str(sheet.get("name")), place))
    return found


def _number_formats(archive: zipfile.ZipFile) -> list[str]:
    """Return the number format of each cell style, empty where it is the general one."""
    if "xl/styles.xml" not in archive.namelist():
        return []
    tree = _tree(archive, "xl/styles.xml")
    own = dict(_SCIENTIFIC) | {
        form.get("numFmtId"): str(form.get("formatCode")) for form in tree.iter(f"{_MAIN}numFmt")
    }
    styles = tree.find(f"{_MAIN}cellXfs")
    return [own.get(style.get("numFmtId"), "") for style in styles] if styles is not None else []


def _sheet(
    book: fastexcel.ExcelReader, name: str, xml: str, formats: list[str], decimal: str
) -> Sheet:
    """Return a sheet: values as calamine reads them, kinds as its XML says."""
    kinds = _cells(xml)
    if kinds.is_empty():
        return Sheet(name, pl.DataFrame(schema={"row": pl.Int64}), 0)
    first_row, last_row, first_column, last_column = kinds.select(
        pl.col("row").min(),
        pl.col("row").max().alias("last"),
        pl.col("column").min(),
        pl.col("column").max().alias("most"),
    ).row(0)
    if last_row * (last_column + 1) > MOST_CELLS:
        raise WorkbookFault(f"sheet {name} spans more than {MOST_CELLS:,} cells")
    values = _values(book, name, first_row, first_column)
    told = kinds.join(values, on=["row", "column"], how="full", coalesce=True)
    lost = told.filter(
        (pl.col("type").is_null() & (pl.col("text") != ""))
        | (pl.col("text").is_null() & ~pl.col("type").is_in(["e", *_TEXT]))
    )
    if lost.height:
        row = lost.select(pl.col("row").min()).item()
        raise WorkbookFault(f"sheet {name}: the kinds of its cells cannot be told in row {row}")
    shown = dict(enumerate(formats))
    cells = told.with_columns(
        form=pl.col("style").replace_strict(shown, default="", return_dtype=pl.String)
        if shown
        else pl.lit(""),
        number=pl.col("type") == "n",
    )
    cells = cells.with_columns(damage=_damage(), text=_point(decimal))
    return _wide(name, cells)


def _values(
    book: fastexcel.ExcelReader, name: str, first_row: int, first_column: int
) -> pl.DataFrame:
    """Return the cells of a sheet that hold something: row, column and text."""
    loaded = book.load_sheet(name, header_row=None, dtypes="string").to_polars()
    return (
        loaded.rename({old: str(place) for place, old in enumerate(loaded.columns)})
        .with_row_index("row")
        .with_columns(row=pl.col("row").cast(pl.Int64) + first_row)
        .unpivot(index="row", variable_name="column", value_name="text")
        .with_columns(pl.col("column").cast(pl.Int64) + first_column)
        .filter(pl.col("text").is_not_null())
    )


def _cells(xml: str) -> pl.DataFrame:
    """Return the filled cells of a sheet: row, column (from 0), type and style."""
    pieces = pl.Series("piece", [xml]).str.split("<c ").explode().slice(1).to_frame()
    piece, head = pl.col("piece"), pl.col("head")
    return (
        pieces.lazy()
        .with_columns(head=piece.str.extract("^([^>]*)>"))
        .filter(
            ~head.str.ends_with("/"),
            piece.str.contains("<v>[^<]|<v [^>]*>[^<]|<is>|<is "),
        )
        .select(
            letters=head.str.extract(r'(?:^|\s)r="([A-Z]{1,3})[0-9]{1,7}"'),
            row=head.str.extract(r'(?:^|\s)r="[A-Z]{1,3}([0-9]{1,7})"').cast(pl.Int64),
            style=head.str.extract(r'(?:^|\s)s="([0-9]{1,6})"').cast(pl.Int64),
            type=head.str.extract(r'(?:^|\s)t="([A-Za-z]+)"').fill_null("n"),
        )
        .with_columns(column=_column_number(pl.col("letters")))
        .drop("letters")
        .collect()
        .pipe(_all_placed)
    )


def _all_placed(cells: pl.DataFrame) -> pl.DataFrame:
    if cells["row"].null_count() or cells["column"].null_count():
        raise WorkbookFault("cells of the workbook do not say where they are")
    if cells.select("row", "column").is_duplicated().any():
        raise WorkbookFault("a cell of the workbook stands twice")
    return cells


def _column_number(letters: pl.Expr) -> pl.Expr:
    """Return the place of a column from 0: `A` is 0, `AA` is 26."""
    padded = letters.str.pad_start(3, "@")
    place = pl.lit(0, pl.Int64)
    for position in range(3):
        letter = padded.str.slice(position, 1)
        number = letter.replace_strict(
            {chr(code): code - 64 for code in range(64, 91)}, return_dtype=pl.Int64, default=None
        )
        place = place * 26 + number
    return place - 1


def _damage() -> pl.Expr:
    """Say why a number cannot be the identifier it stands for, null where it can."""
    text, form = pl.col("text"), pl.col("form")
    digits = text.str.replace_all(r"[^0-9]", "")
    whole = text.str.contains(r"^[0-9]+$")
    zeros = form.str.extract(r'^"?(0+)"?$').str.len_chars()
    long = filled(
        f"the number {{}} has more than the {EXACT_DIGITS} digits a spreadsheet keeps", text
    )
    padded = filled("the number {} is shown with zeros before it (format {})", text, form)
    return pl.when(pl.col("number")).then(
        pl.when(~whole)
        .then(filled("{} is a number, no identifier", text))
        .when(digits.str.len_chars() > EXACT_DIGITS)
        .then(long)
        .when(form.str.contains(r"E\+"))
        .then(filled("the number {} is shown as {}: it may have been a code with an E", text, form))
        .when(zeros > digits.str.len_chars())
        .then(padded)
    )


def _point(decimal: str) -> pl.Expr:
    """Return the text of a cell; a number with the point of the feed."""
    text = pl.col("text")
    if decimal == ".":
        return text
    return (
        pl.when(pl.col("number")).then(text.str.replace(".", decimal, literal=True)).otherwise(text)
    )


def _wide(name: str, cells: pl.DataFrame) -> Sheet:
    """Return cells as rows."""
    width = int(cells.select(pl.col("column").max()).item()) + 1
    last = int(cells.select(pl.col("row").max()).item())
    rows = pl.DataFrame({"row": range(1, last + 1)}, schema={"row": pl.Int64})
    error = pl.when(pl.col("type") == "e").then(pl.lit("a formula error"))
    cells = cells.with_columns(error=error)
    for what in ("text", "damage", "error"):
        prefix = "cell" if what == "text" else what
        wide = cells.pivot(on="column", index="row", values=what, aggregate_function="first")
        wide = wide.rename({c: f"{prefix} {c}" for c in wide.columns if c != "row"})
        rows = rows.join(wide, on="row", how="left", maintain_order="left")
    missing = [
        pl.lit(None, pl.String).alias(f"{prefix} {place}")
        for place in range(width)
        for prefix in ("cell", "damage", "error")
        if f"{prefix} {place}" not in rows.columns
    ]
    return Sheet(name, rows.with_columns(missing), width)


def preview(found: list[Sheet]) -> str:
    """Return the first rows of each sheet as JSON: `[[name, [[cell, ...], ...]], ...]`."""
    return json.dumps([[sheet.name, first_rows(sheet)] for sheet in found], ensure_ascii=False)


def first_rows(sheet: Sheet) -> list[list[str]]:
    """Return the first rows of a sheet as text, an empty one where nothing stands."""
    names = [f"cell {place}" for place in range(sheet.width)]
    rows = sheet.rows.head(PREVIEW_ROWS).select(pl.col(name).fill_null("") for name in names)
    return [list(row) for row in rows.rows()]
