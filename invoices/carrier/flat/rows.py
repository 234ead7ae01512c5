"""Rows of a delimited feed become cells, every physical line by itself.

A quoted cell ends on its own line, so that a row that cannot be read never swallows the next one.
Lines without a quote are split at the delimiter; only lines that have one pay for a regular
expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from invoices.carrier.flat.profile import At, Flat, Part, folded, label_of
from invoices.carrier.flat.told_rows import Rows
from invoices.carrier.flat.workbook import Sheet
from invoices.identifiers import odd_row
from invoices.text import filled

TITLE = "title"
"""What the title above the table of a row says, where a profile asks for it."""
BILL = "bill from"
"""The row with which the bill of a row begins, in a file of several tables."""
BLANKS = " \t\r\f\v\u00a0"
SIGNS = {",": "`,`", ";": "`;`", "\t": "a tab", "|": "`|`"}
"""Usual delimiters, and how a message names them."""


@dataclass(frozen=True)
class Table:
    """A part of a feed as rows of cells, whatever the file is."""

    part: Part
    names: tuple[str, ...]
    """The columns as they are compared (`folded`), in the order of the file."""
    rows: pl.LazyFrame
    """`row` (Int64, as the file counts), `text` (as it stood), `whole`, `fault` and `remedy` (why a
    row is not whole), and `cell N` for each column that a field, rule or tie looks at; for a
    workbook also `damage N`, why a number in a cell cannot be an identifier."""
    source_file: str
    damaged: bool = False
    """Whether there are columns `damage N`: the rows are those of a sheet."""
    since_1904: bool = False
    """Whether the days of the workbook count from 1904."""
    hidden: tuple[int, ...] = ()
    """Rows that are hidden in the workbook, by hand or by a filter."""
    delimiter: str = ","
    odd: bool = True
    """Whether a cell may hold what cannot be seen, or a sign by which a spreadsheet keeps text."""

    def last(self) -> pl.Expr:
        """Return the last cell of a row that is not empty, null where there is none."""
        sign = "\t" if self.damaged else self.delimiter
        inner = rf'(?:"((?:[^"]|"")+)"|([^"{re.escape(sign)}]*[^"{re.escape(sign)}\s]))'
        found = pl.col("text").str.extract_groups(rf'{inner}(?:[{re.escape(sign)}\s]|"")*$')
        return pl.coalesce(found.struct.field("1"), found.struct.field("2")).str.strip_chars(BLANKS)

    def beside(self, label: str) -> pl.Expr:
        """Return what stands beside a label of the bill a row is of, null where nothing does."""
        return pl.col(f"beside {label_of(label)}")

    def damages(self, at: At) -> list[pl.Expr]:
        """Return why numbers in the cells where a field stands cannot be identifiers."""
        if at.label:
            return [pl.col(f"damage {label_of(at.label)}")]
        if not self.damaged:
            return []
        return [pl.col(f"damage {self.names.index(n)}") for n in at.names if n in self.names]

    def cell(self, name: str) -> pl.Expr:
        """Return a cell, trimmed, null where nothing stands."""
        text = pl.col(f"cell {self.names.index(folded(name))}").str.strip_chars(BLANKS)
        return pl.when(text.str.len_bytes() > 0).then(text)


def header_names(text: str, delimiter: str, quotes: str) -> tuple[str, ...] | None:
    """Return the names in a header row as they are compared; null where it cannot be one."""
    line = text.lstrip("\ufeff").rstrip("\r\n")
    if quotes == "none" or '"' not in line:
        return tuple(folded(cell) for cell in line.split(delimiter))
    cell, well = cell_patterns(delimiter, quotes)
    marked = pl.Series([delimiter + line])
    if not marked.str.contains(well).item():
        return None
    parts = marked.str.extract_all(cell).explode().to_frame("part")
    return tuple(folded(name) for name in parts.select(unquoted(pl.col("part"))).to_series())


def numbered(part: Part) -> tuple[str, ...]:
    """Return the names of the columns of a feed without header row: `1`, `2` and so on."""
    return tuple(str(place) for place in range(1, (part.cells or 0) + 1))


def missing_columns(flat: Flat, part: Part, names: Iterable[str]) -> list[str]:
    """Return what a header lacks of a part, the first of each list of names."""
    there = set(names)
    lacking = (wanted[0] for wanted in flat.columns_of(part) if not there & set(wanted))
    return list(dict.fromkeys(lacking))


def wanted_columns(flat: Flat, part: Part, names: tuple[str, ...]) -> list[int]:
    """Return the places of the columns that are looked at."""
    wanted = {name for names_of_one in flat.columns_of(part) for name in names_of_one}
    return [place for place, name in enumerate(names) if name in wanted]


def text_table(
    lines: pl.LazyFrame, flat: Flat, part: Part, names: tuple[str, ...], source_file: str
) -> Table:
    """Return the rows of a text below its header as cells."""
    delimiter = flat.delimiter_of(part)
    text = pl.col("text")
    body = lines.select(pl.col("row").cast(pl.Int64), "text").filter(
        pl.col("row") >= flat.first_of(part),
        text.str.strip_chars(BLANKS + delimiter).str.len_bytes() > 0,
    )
    rows, odd = cells_of(body, flat, part, names)
    return Table(part, names, rows, source_file, delimiter=delimiter, odd=odd)


def cells_of(
    body: pl.LazyFrame, flat: Flat, part: Part, names: tuple[str, ...]
) -> tuple[pl.LazyFrame, bool]:
    """Return rows (`row`, `text`) with the cells of a part, and why one is not whole; and whether
    one may hold what cannot be seen."""
    delimiter = flat.delimiter_of(part)
    sent = with_quotes(pl.col("text"), delimiter, flat.quote_unquoted)
    asked = {
        "quoted": sent.str.contains('"', literal=True),
        "odd": odd_row(pl.col("text"), delimiter),
    }
    seen = body.select(each.any().alias(name) for name, each in asked.items()).collect()
    quoted = flat.quotes != "none" and bool(seen["quoted"].item())
    wanted = wanted_columns(flat, part, names)
    count = part.cells or len(names)
    rows = body.with_columns(sent=sent).pipe(_split, delimiter, flat.quotes, count, wanted, quoted)
    return rows, bool(seen["odd"].item())


def sheet_table(
    sheet: Sheet, flat: Flat, part: Part, names: tuple[str, ...], source_file: str
) -> Table:
    """Return the rows of a sheet below its header as cells."""
    wanted = wanted_columns(flat, part, names)
    every = [f"cell {place}" for place in range(sheet.width)]
    text = pl.concat_str([pl.col(name).fill_null("") for name in every], separator="\t")
    fault, remedy = sheet.faults(wanted)
    rows = (
        sheet.rows.lazy()
        .with_columns(text=text)
        .filter(
            (pl.col("row") >= flat.first_of(part)) | pl.lit(flat.is_sectioned),
            pl.col("text").str.strip_chars().str.len_bytes() > 0,
        )
        .with_columns(fault=fault, remedy=remedy)
        .with_columns(whole=pl.col("fault").is_null())
        .select(
            *("row", "text", "whole", "fault", "remedy"),
            *(f"cell {place}" for place in wanted),
            *(f"damage {place}" for place in wanted),
        )
    )
    return Table(part, names, rows, source_file, True, sheet.since_1904, sheet.hidden_rows)


def with_quotes(text: pl.Expr, delimiter: str, patterns: tuple[str, ...]) -> pl.Expr:
    """Return a row with quotes around the cells that come without them though they hold a
    delimiter; two that touch share it, so that each pattern is looked for twice."""
    sign = re.escape(delimiter)
    for pattern in patterns:
        cell = f"(^|{sign})({pattern})($|{sign})"
        for _ in range(2):
            text = text.str.replace_all(cell, '${1}"${2}"${3}')
    return text


def _split(
    rows: pl.LazyFrame, delimiter: str, quotes: str, count: int, wanted: list[int], quoted: bool
) -> pl.LazyFrame:
    """Add `cell N`, `whole`, `fault` and `remedy` to rows with `sent`; `sent` goes."""
    sent = pl.col("sent")
    plain_fields = pl.col("fields").struct
    last, beyond = plain_fields.field(f"field_{count - 1}"), plain_fields.field(f"field_{count}")
    plain_whole = last.is_not_null() & beyond.is_null()
    found = sent.str.count_matches(delimiter, literal=True) + 1
    if not quoted:
        split = rows.with_columns(fields=sent.str.split_exact(delimiter, count))
        cells = [plain_fields.field(f"field_{place}").alias(f"cell {place}") for place in wanted]
        return split.select(
            "row", "text", *cells, **_shape(plain_whole, pl.lit(False), found, count)
        )
    cell, well = cell_patterns(delimiter, quotes)
    marked = pl.lit(delimiter) + pl.when(sent.str.contains('"', literal=True)).then(sent)
    parts = pl.col("parts").list
    bare = pl.col("parts").is_null()
    unclosed = bare & sent.str.contains('"', literal=True)
    cells = [
        pl.coalesce(
            unquoted(parts.get(place, null_on_oob=True)), plain_fields.field(f"field_{place}")
        ).alias(f"cell {place}")
        for place in wanted
    ]
    whole = pl.when(bare).then(plain_whole & ~unclosed).otherwise(parts.len() == count)
    return (
        rows.with_columns(parts=pl.when(marked.str.contains(well)).then(marked))
        .with_columns(
            pl.col("parts").str.extract_all(cell),
            fields=pl.when(pl.col("parts").is_null()).then(sent).str.split_exact(delimiter, count),
        )
        .select(
            "row",
            "text",
            *cells,
            **_shape(whole, unclosed, pl.coalesce(parts.len(), found), count),
        )
    )


def cell_patterns(delimiter: str, quotes: str) -> tuple[str, str]:
    """Return the expressions of one cell behind its delimiter, and of a row of whole cells."""
    sign = re.escape(delimiter)
    blank = r"[ \f\v]*" if delimiter == "\t" else r"\s*"
    inner = rf'"{blank}[^{sign}\s]' if quotes == "lenient" else '""'
    quoted = rf'{blank}"(?:[^"]|{inner})*"{blank}'
    text = rf'{blank}[^"{sign}\s][^{sign}]*|{blank}'
    return rf"{sign}(?:{quoted}|[^{sign}]*)", rf"^(?:{sign}(?:{quoted}|{text}))*$"


def all_cells(text: pl.Expr, flat: Flat) -> pl.Expr:
    """Return all cells of a row as a list, trimmed, as good as they can be told."""
    if flat.quotes == "none":
        return text.str.split(flat.delimiter).list.eval(pl.element().str.strip_chars(BLANKS))
    cell, _ = cell_patterns(flat.delimiter, flat.quotes)
    sent = pl.lit(flat.delimiter) + with_quotes(text, flat.delimiter, flat.quote_unquoted)
    return sent.str.extract_all(cell).list.eval(unquoted(pl.element()).str.strip_chars(BLANKS))


def unquoted(part: pl.Expr) -> pl.Expr:
    """Return what stands in a part that begins with its delimiter."""
    text = part.str.slice(1).str.strip_chars(BLANKS)
    inner = text.str.head(-1).str.slice(1).str.replace_all('""', '"', literal=True)
    return pl.when(text.str.starts_with('"')).then(inner).otherwise(text)


def _shape(whole: pl.Expr, unclosed: pl.Expr, found: pl.Expr, count: int) -> dict[str, pl.Expr]:
    """Say whether a row has its cells, and why not."""
    fault = (
        pl.when(unclosed)
        .then(pl.lit("a quoted cell is not closed, or text follows its closing quote"))
        .otherwise(filled(f"the row has {{}} cells, the header {count}", found))
    )
    remedy = "send the row again whole, in one line; cells that hold the delimiter in quotes"
    return {"whole": whole, "fault": fault, "remedy": pl.lit(remedy)}


def is_one(rule: Rows, table: Table) -> pl.Expr:
    """Say whether a row is one of those a rule names."""
    cell = table.cell(rule.column).fill_null("")
    if rule.equals is not None:
        return cell.str.to_lowercase() == rule.equals.strip().lower()
    return cell.str.contains(rule.matches or "")
