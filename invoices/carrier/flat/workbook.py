"""Sheets of a workbook become rows of cells, each cell by the type the workbook gives it.

Values come from calamine. What calamine does not tell, whether a cell is text or a number and how
the number is shown, is read from the sheet's own XML, so that an account number that a spreadsheet
made a number is refused where its digits are not all there. The two readings must agree on which
cells are filled; where they do not, the workbook is refused.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

import polars as pl

from invoices.carrier.flat.sheet_xml import (
    MERGED,
    NO_VALUE,
    SheetFault,
    column_letters,
    marks_of,
)
from invoices.carrier.strangers import damage
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
_TRUE = ("1", "true")


SAVE_AGAIN = "save it again as .xlsx with a spreadsheet program, or ask for text"
UNREADY = "open and save it in a spreadsheet, which reckons its formulas, and send it again"


class WorkbookFault(ValueError):
    """A workbook cannot be read; the message says why, `remedy` what to do."""

    def __init__(self, what: str, remedy: str = SAVE_AGAIN) -> None:
        super().__init__(what, remedy)
        self.remedy = remedy

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Sheet:
    """One sheet: its cells as text, and what kind each is."""

    name: str
    rows: pl.DataFrame
    """`row` (Int64, as the sheet counts), `cell 0`... (text, null where empty), `damage 0`... (why
    a number in the cell cannot be an identifier, null where it can) and `error 0`... (what a
    formula came to that is no value, such as `#REF!`; else `sheet_xml.NO_VALUE` or `MERGED`)."""
    width: int
    is_hidden: bool = False
    hidden_rows: tuple[int, ...] = ()
    since_1904: bool = False
    """Whether days count from 1904-01-01, as some workbooks do, and not from 1899-12-30."""

    def faults(self, places: Sequence[int]) -> tuple[pl.Expr, pl.Expr]:
        """Return what is wrong with the first faulty cell of a row, and what to do; null where
        nothing is. `places` are the columns that count."""
        name = f"'{self.name}'" if re.search(r"\W", self.name) else self.name
        nothing = pl.lit(None, pl.String)
        told = [_told(f"{name}!{column_letters(n)}{{}}", pl.col(f"error {n}")) for n in places]
        wrong = pl.coalesce(nothing, *(pl.col(f"error {n}") for n in places))
        remedy = (
            pl.when(wrong == NO_VALUE)
            .then(pl.lit(UNREADY))
            .when(wrong.str.starts_with(MERGED))
            .then(pl.lit("unmerge the cells and fill each in, or ask for a plain table"))
            .when(wrong.is_not_null())
            .then(pl.lit("have the workbook made again with values in place of the error"))
        )
        return pl.coalesce(nothing, *told), remedy


def _told(cell: str, error: pl.Expr) -> pl.Expr:
    """Return what is wrong with a cell in words; `cell` is called after its row."""
    unready = f"{cell} is a formula without a value: the workbook was saved without its values"
    merged = f"{cell} is merged with {{}}, where the value stands"
    return (
        pl.when(error == NO_VALUE)
        .then(filled(unready, "row"))
        .when(error.str.starts_with(MERGED))
        .then(filled(merged, "row", error.str.strip_prefix(MERGED)))
        .when(error.is_not_null())
        .then(filled(f"{cell} holds {{}}, a formula error", "row", error))
    )


def sheets(content: bytes, decimal: str = ".") -> list[Sheet]:
    """Return the sheets of a workbook; numbers print `decimal` as their point.

    Raises `WorkbookFault` where it is none. Whoever opened the file made sure that it inflates to
    no more than a setting allows.
    """
    import fastexcel

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if other := _other(archive.namelist()):
                raise WorkbookFault(*other)
            book = _book(archive)
            reader = fastexcel.read_excel(io.BytesIO(content).getvalue())
            return [
                _sheet(reader, book, place, archive.read(place.member).decode("utf-8-sig"), decimal)
                for place in book.places
                if place.member in archive.namelist()
            ]
    except (*_FAULTS, fastexcel.FastExcelError, ElementTree.ParseError, KeyError) as fault:
        raise WorkbookFault(f"the workbook cannot be read: {damage(fault)}") from fault
    except UnicodeDecodeError as fault:
        raise WorkbookFault("the workbook cannot be read: it is not UTF-8") from fault


_OTHERS = {
    "xl/workbook.bin": "a binary workbook (.xlsb)",
    "content.xml": "an OpenDocument file (.ods)",
    "word/document.xml": "a text document (.docx)",
    "ppt/presentation.xml": "a presentation (.pptx)",
}
"""What else a zip of a spreadsheet's kind may be, by a member it has."""


def _other(members: list[str]) -> tuple[str, str] | None:
    """Return what a zip is where it is no workbook that is read, and what to do; null where it may
    be one."""
    what = next((name for member, name in _OTHERS.items() if member in members), None)
    if what is None:
        return None
    is_table = what.endswith(("xlsb)", "ods)"))
    open_it = "open it in a spreadsheet and save it as .xlsx"
    remedy = open_it if is_table else "ask the carrier for the data as CSV or .xlsx"
    return f"the file is {what}, which is not read", remedy


class _Place(NamedTuple):
    name: str
    member: str
    is_hidden: bool


class _Book(NamedTuple):
    """What a workbook says of all its sheets."""

    places: list[_Place]
    formats: list[str]
    reckoned: bool
    since_1904: bool


def _book(archive: zipfile.ZipFile) -> _Book:
    tree = _tree(archive, "xl/workbook.xml")
    if tree.tag != f"{_MAIN}workbook":
        what = "the workbook is saved as Strict Open XML, which is not read"
        raise WorkbookFault(what, "save it as the plain .xlsx that a spreadsheet offers first")
    reckons = [one.get("fullCalcOnLoad") for one in tree.iter(f"{_MAIN}calcPr")]
    days = [one.get("date1904") for one in tree.iter(f"{_MAIN}workbookPr")]
    return _Book(
        _sheet_places(archive, tree),
        _number_formats(archive),
        not any(said in _TRUE for said in reckons),
        any(said in _TRUE for said in days),
    )


def _tree(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """Return a small part of a workbook; one with declarations of its own is refused."""
    text = archive.read(name)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise WorkbookFault(f"{name} declares entities")
    return ElementTree.fromstring(text)


def _sheet_places(archive: zipfile.ZipFile, tree: ElementTree.Element) -> list[_Place]:
    """Return the sheets that have cells, in the order of the workbook."""
    targets = {
        link.get("Id"): str(link.get("Target"))
        for link in _tree(archive, "xl/_rels/workbook.xml.rels")
    }
    found = []
    for sheet in tree.iter(f"{_MAIN}sheet"):
        target = targets.get(sheet.get(_RELATION), "")
        member = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        is_hidden = sheet.get("state", "visible") != "visible"
        found.append(_Place(str(sheet.get("name")), member, is_hidden))
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
    reader: fastexcel.ExcelReader, book: _Book, place: _Place, xml: str, decimal: str
) -> Sheet:
    """Return a sheet: values as calamine reads them, kinds as its XML says."""
    name = place.name
    try:
        marks = marks_of(xml, book.reckoned)
    except SheetFault as fault:
        raise WorkbookFault(f"sheet {name}: {fault}") from fault
    kinds = marks.cells
    if kinds.is_empty():
        return Sheet(name, pl.DataFrame(schema={"row": pl.Int64}), 0, place.is_hidden)
    first_row, last_row, first_column, last_column = kinds.select(
        pl.col("row").min(),
        pl.col("row").max().alias("last"),
        pl.col("column").min(),
        pl.col("column").max().alias("most"),
    ).row(0)
    if last_row * (last_column + 1) > MOST_CELLS:
        raise WorkbookFault(*_too_wide(name, kinds, last_row, last_column))
    values = _values(reader, name, first_row, first_column)
    unready = marks.wrong.select("row", "column")
    values = values.join(unready, on=["row", "column"], how="anti")
    told = kinds.join(values, on=["row", "column"], how="full", coalesce=True)
    lost = told.filter(
        (pl.col("type").is_null() & (pl.col("text") != ""))
        | (pl.col("text").is_null() & ~pl.col("type").is_in(["e", *_TEXT]))
    )
    if lost.height:
        row = lost.select(pl.col("row").min()).item()
        raise WorkbookFault(f"sheet {name}: the kinds of its cells cannot be told in row {row}")
    shown = dict(enumerate(book.formats))
    cells = told.with_columns(
        form=pl.col("style").replace_strict(shown, default="", return_dtype=pl.String)
        if shown
        else pl.lit(""),
        number=pl.col("type") == "n",
    )
    cells = cells.with_columns(damage=_damage(), text=_point(decimal))
    rows, width = _wide(pl.concat([cells, marks.wrong], how="diagonal"))
    return Sheet(name, rows, width, place.is_hidden, marks.hidden, book.since_1904)


def _too_wide(name: str, kinds: pl.DataFrame, last_row: int, last_column: int) -> tuple[str, str]:
    """Say that a sheet is too large to be held, and which cell makes it so."""
    far = kinds.sort(pl.col("row") * (pl.col("column") + 1), descending=True)
    row, column = far.select("row", "column").row(0)
    farthest = f"{column_letters(column)}{row}"
    what = f"sheet {name} spans more than {MOST_CELLS:,} cells, up to {farthest}"
    if kinds.height > MOST_CELLS // 10:
        return what, "split the workbook, or ask for text"
    beyond = "delete the rows and columns beyond the table"
    return f"{what}, and only {kinds.height:,} hold something", f"{beyond}, and save it again"


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


def _wide(cells: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return cells as rows, and how many cells a row has."""
    width = int(cells.select(pl.col("column").max()).item()) + 1
    last = int(cells.select(pl.col("row").max()).item())
    rows = pl.DataFrame({"row": range(1, last + 1)}, schema={"row": pl.Int64})
    for what, prefix in (("text", "cell"), ("damage", "damage"), ("error", "error")):
        filled = cells.filter(pl.col(what).is_not_null())
        wide = filled.pivot(on="column", index="row", values=what, aggregate_function="first")
        wide = wide.rename({c: f"{prefix} {c}" for c in wide.columns if c != "row"})
        rows = rows.join(wide, on="row", how="left", maintain_order="left")
    missing = [
        pl.lit(None, pl.String).alias(f"{prefix} {place}")
        for place in range(width)
        for prefix in ("cell", "damage", "error")
        if f"{prefix} {place}" not in rows.columns
    ]
    return rows.with_columns(missing), width


def preview(found: list[Sheet]) -> str:
    """Return the first rows of each sheet as JSON: `[[name, [[cell, ...], ...]], ...]`."""
    return json.dumps([[sheet.name, first_rows(sheet)] for sheet in found], ensure_ascii=False)


def first_rows(sheet: Sheet) -> list[list[str]]:
    """Return the first rows of a sheet as text, an empty one where nothing stands."""
    names = [f"cell {place}" for place in range(sheet.width)]
    rows = sheet.rows.head(PREVIEW_ROWS).select(pl.col(name).fill_null("") for name in names)
    return [list(row) for row in rows.rows()]
