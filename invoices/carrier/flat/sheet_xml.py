"""What the XML of a sheet says that its values do not: kinds of cells, merged and hidden ones.

All of it is found by patterns over the text, never by a tree: a sheet may have millions of cells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

MOST_MERGED = 1_000_000
"""So many cells may stand in the shade of merged ones."""
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
NO_VALUE = "formula"
"""What is wrong with a cell whose formula was never reckoned."""
MERGED = "merged "
"""And with one that is merged with the cell named behind it, where the value stands."""
_PREFIX = re.compile(r"<(\w+):worksheet[\s>]")
_MERGED = r'<mergeCell [^>]*?ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"'
_HIDDEN = re.compile(r'<row [^>]*?hidden="(?:1|true)"[^>]*>')
_ROW = re.compile(r'\sr="([0-9]{1,7})"')


class SheetFault(ValueError):
    """The XML of a sheet cannot be followed; the message says why."""


@dataclass(frozen=True)
class Marks:
    """What a sheet says of its cells: kinds of the filled ones, faults of others."""

    cells: pl.DataFrame
    """`row` (from 1), `column` (from 0), `type`, `style` of each cell with a value, and `error`:
    what a formula came to that is none."""
    wrong: pl.DataFrame
    """`row`, `column`, `error` of cells without a value: `NO_VALUE`, or `MERGED` and which."""
    hidden: tuple[int, ...]
    """The rows that are hidden, by hand or by a filter."""


def marks_of(xml: str, reckoned: bool) -> Marks:
    """Return what the XML of a sheet says of its cells; raises `SheetFault`.

    `reckoned` = whether whoever wrote the workbook says that its values are those of its formulas;
    where it is not so and every formula has the value 0, none was reckoned.
    """
    prefix = _PREFIX.search(xml[:4096])
    if prefix:
        xml = xml.replace(f"<{prefix[1]}:", "<").replace(f"</{prefix[1]}:", "</")
    head, _, rest = xml.partition("<sheetData")
    body, _, tail = rest.partition("</sheetData>")
    cells = _placed(_cells(body))
    blank = pl.col("formula") & ~pl.col("filled")
    if not reckoned and "<f" in body:
        formulas = cells.filter("formula")
        if formulas.select((pl.col("value").is_null() | (pl.col("value") == "0")).all()).item():
            blank = pl.col("formula")
    cells = cells.with_columns(blank=blank)
    filled = cells.filter(pl.col("filled") & ~pl.col("blank"))
    error = pl.when(pl.col("type") == "e").then(pl.col("value").fill_null("an error"))
    places = ("row", "column")
    wrong = cells.filter("blank").select(*places, error=pl.lit(NO_VALUE))
    merged = _merged(tail, filled) if "<mergeCell " in tail else wrong.clear()
    return Marks(
        filled.select(*places, "type", "style", error=error),
        pl.concat([wrong, merged.join(wrong, on=places, how="anti")]),
        tuple(int(n[1]) for one in _HIDDEN.findall(body) if (n := _ROW.search(one))),
    )


def _cells(body: str) -> pl.DataFrame:
    """Return the cells of a sheet that have a value or a formula, by what their XML says."""
    pieces = pl.Series("piece", [body]).str.split("<c ").explode().slice(1).to_frame()
    piece, head = pl.col("piece"), pl.col("head")
    formula = piece.str.contains(r"<f[ >/]")
    # A formula that came to no text at all has a value too: its kind says so.
    empty_text = formula & head.str.contains(r'\st="str"') & piece.str.contains("<v")
    return (
        pieces.lazy()
        .with_columns(head=piece.str.extract("^([^>]*)>"))
        .with_columns(
            filled=piece.str.contains("<v>[^<]|<v [^>]*>[^<]|<is>|<is "),
            formula=formula & ~empty_text,
        )
        .filter(~head.str.ends_with("/"), pl.col("filled") | pl.col("formula"))
        .select(
            "filled",
            "formula",
            letters=head.str.extract(r'(?:^|\s)r="([A-Z]{1,3})[0-9]{1,7}"'),
            row=head.str.extract(r'(?:^|\s)r="[A-Z]{1,3}([0-9]{1,7})"').cast(pl.Int64),
            style=head.str.extract(r'(?:^|\s)s="([0-9]{1,6})"').cast(pl.Int64),
            type=head.str.extract(r'(?:^|\s)t="([A-Za-z]+)"').fill_null("n"),
            value=pl.when(formula | head.str.contains(r'\st="e"')).then(
                piece.str.extract("<v[^>]*>([^<]{1,20})")
            ),
        )
        .with_columns(column=column_number(pl.col("letters")))
        .drop("letters")
        .collect()
    )


def _placed(cells: pl.DataFrame) -> pl.DataFrame:
    if cells["row"].null_count() or cells["column"].null_count():
        raise SheetFault("its cells do not say where they are")
    if cells.select("row", "column").is_duplicated().any():
        raise SheetFault("one of its cells stands twice")
    return cells


def column_number(letters: pl.Expr) -> pl.Expr:
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


def column_letters(place: int) -> str:
    """Return what a spreadsheet calls a column: 0 is `A`, 26 is `AA`."""
    letters = ""
    while place >= 0:
        place, letter = divmod(place, 26)
        letters = chr(65 + letter) + letters
        place -= 1
    return letters


def _merged(tail: str, filled: pl.DataFrame) -> pl.DataFrame:
    """Return the cells below the first row of merged ones: what stands there stands above them.

    Cells that are merged along one row are left to it: a title or a total spreads like that.
    """
    last = filled.select(pl.col("row").max(), pl.col("column").max()).row(0)
    first, width, until = pl.col("first"), pl.col("width"), pl.col("until")
    ranges = (
        pl.Series("ref", [tail])
        .str.extract_all(_MERGED)
        .explode()
        .to_frame()
        .select(pl.col("ref").str.extract_groups(_MERGED))
        .unnest("ref")
        .rename({"1": "from", "2": "top", "3": "to", "4": "bottom"})
        .with_columns(pl.col("top", "bottom").cast(pl.Int64))
        .select(
            at=pl.col("from") + pl.col("top").cast(pl.String),
            first=pl.col("top") + 1,
            until=pl.min_horizontal("bottom", pl.lit(last[0] or 0)) + 1,
            column=column_number(pl.col("from")),
            width=pl.min_horizontal(column_number(pl.col("to")), pl.lit(last[1] or 0)) + 1,
        )
        .filter(first < until, pl.col("column") < width)
    )
    area = ((until - first) * (width - pl.col("column"))).sum()
    if ranges.select(area).item() > MOST_MERGED:
        raise SheetFault(f"more than {MOST_MERGED:,} of its cells are merged")
    shade = (
        ranges.with_columns(row=pl.int_ranges(first, until), column=pl.int_ranges("column", width))
        .explode("row")
        .explode("column")
        .select("row", "column", error=pl.lit(MERGED) + pl.col("at"))
        .unique(["row", "column"], keep="first", maintain_order=True)
    )
    return shade.join(filled, on=["row", "column"], how="anti", maintain_order="left")
