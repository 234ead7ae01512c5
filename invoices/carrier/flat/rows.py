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

from invoices.carrier.flat.profile import Flat, Part, folded
from invoices.carrier.flat.workbook import Sheet
from invoices.text import filled

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
    """Whether there are columns `damage N`."""

    def cell(self, name: str) -> pl.Expr:
        """Return a cell, trimmed, null where nothing stands."""
        text = pl.col(f"cell {self.names.index(folded(name))}").str.strip_chars(BLANKS)
        return pl.when(text.str.len_bytes() > 0).then(text)


def header_names(text: str, delimiter: str, quotes: str) -> tuple[str, ...] | None:
    """Return the names in a header row as they are compared; null where it cannot be one."""
    line = text.lstrip("\ufeff").rstrip("\r\n")
    if quotes == "none" or '"' not in line:
        return tuple(folded(cell) for cell in line.split(delimiter))
    cell, well = _patterns(delimiter, quotes)
    marked = pl.Series([delimiter + line])
    if not marked.str.contains(well).item():
        return None
    parts = marked.str.extract_all(cell).explode().to_frame("part")
    return tuple(folded(name) for name in parts.select(_unquoted(pl.col("part"))).to_series())


def numbered(part: Part) -> tuple[str, ...]:
    """Return the names of the columns of a feed without header row: `1`, `2` and so on."""
    return tuple(str(place) for place in range(1, (part.cells or 0) + 1))


def missing_columns(flat: Flat, part: Part, names: Iterable[str]) -> list[str]:
    """Return what a header lacks of a part, the first of each list of names."""
    there = set(names)
    return [wanted[0] for wanted in flat.columns_of(part) if not there & set(wanted)]


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
    sent = _with_quotes(text, delimiter, flat.quote_unquoted)
    quoted = flat.quotes != "none" and bool(
        body.select(sent.str.contains('"', literal=True).any()).collect().item()
    )
    wanted = wanted_columns(flat, part, names)
    count = part.cells or len(names)
    rows = body.with_columns(sent=sent).pipe(_split, delimiter, flat.quotes, count, wanted, quoted)
    return Table(part, names, rows, source_file)


def sheet_table(
    sheet: Sheet, flat: Flat, part: Part, names: tuple[str, ...], source_file: str
) -> Table:
    """Return the rows of a sheet below its header as cells."""
    wanted = wanted_columns(flat, part, names)
    every = [f"cell {place}" for place in range(sheet.width)]
    text = pl.concat_str([pl.col(name).fill_null("") for name in every], separator="\t")
    wrong = [pl.col(f"error {place}") for place in wanted]
    rows = (
        sheet.rows.lazy()
        .with_columns(text=text)
        .filter(
            pl.col("row") >= flat.first_of(part),
            pl.col("text").str.strip_chars().str.len_bytes() > 0,
        )
        .with_columns(fault=pl.coalesce(pl.lit(None, pl.String), *wrong))
        .with_columns(
            whole=pl.col("fault").is_null(),
            remedy=pl.lit("have the workbook made again with values in place of the error"),
        )
        .select(
            *("row", "text", "whole", "fault", "remedy"),
            *(f"cell {place}" for place in wanted),
            *(f"damage {place}" for place in wanted),
        )
    )
    return Table(part, names, rows, source_file, damaged=True)


def _with_quotes(text: pl.Expr, delimiter: str, patterns: tuple[str, ...]) -> pl.Expr:
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
    cell, well = _patterns(delimiter, quotes)
    marked = pl.lit(delimiter) + pl.when(sent.str.contains('"', literal=True)).then(sent)
    parts = pl.col("parts").list
    bare = pl.col("parts").is_null()
    unclosed = bare & sent.str.contains('"', literal=True)
    cells = [
        pl.coalesce(
            _unquoted(parts.get(place, null_on_oob=True)), plain_fields.field(f"field_{place}")
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


def _patterns(delimiter: str, quotes: str) -> tuple[str, str]:
    """Return the expressions of one cell behind its delimiter, and of a row of whole cells."""
    sign = re.escape(delimiter)
    blank = r"[ \f\v]*" if delimiter == "\t" else r"\s*"
    inner = rf'"{blank}[^{sign}\s]' if quotes == "lenient" else '""'
    quoted = rf'{blank}"(?:[^"]|{inner})*"{blank}'
    text = rf'{blank}[^"{sign}\s][^{sign}]*|{blank}'
    return rf"{sign}(?:{quoted}|[^{sign}]*)", rf"^(?:{sign}(?:{quoted}|{text}))*$"


def _unquoted(part: pl.Expr) -> pl.Expr:
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
