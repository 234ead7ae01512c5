"""All rows of a file as cells, before it is known which table each is of."""

from __future__ import annotations

import polars as pl

from invoices.carrier.flat.profile import Flat, folded
from invoices.carrier.flat.rows import BLANKS, all_cells
from invoices.carrier.flat.workbook import Sheet

GRID = pl.Schema(
    {
        "row": pl.Int64(),
        "text": pl.String(),  # as it stands
        "cells": pl.List(pl.String()),  # trimmed, empty where nothing stands
        "first": pl.String(),  # the first cell that is not empty, null in a blank row
        "filled": pl.Int64(),  # how many are not empty
        "damages": pl.List(pl.String()),  # of a sheet, why each cell can be no identifier
    }
)
"""A file, or one sheet of a workbook."""
LONGEST = 100
"""A quoted cell has at most so many lines: one that is never closed swallows no file."""


class Unclosed(Exception):
    """A quoted cell is not closed within `LONGEST` lines; `row` is where it begins."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


def joined(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows of a text whose quoted cells may hold line breaks: `row`, `text`.

    1 `A,"two`, 2 `lines",5.00`, 3 `B,one,1.00` -> rows 1 and 3, as they are counted in the file.
    Raises `Unclosed`.
    """
    quotes = pl.col("text").str.count_matches('"', literal=True).cast(pl.Int64)
    begins = (quotes.cum_sum().shift(1, fill_value=0) % 2) == 0
    rows = (
        lines.select(pl.col("row").cast(pl.Int64), "text", begun=begins.cast(pl.Int64).cum_sum())
        .group_by("begun", maintain_order=True)
        .agg(pl.col("row").first(), pl.col("text").str.join("\n"), lines=pl.len())
        .collect()
    )
    if (long := rows.filter(pl.col("lines") > LONGEST)).height:
        raise Unclosed(long["row"][0])
    return rows.lazy().select("row", "text")


def text_grid(lines: pl.LazyFrame, flat: Flat) -> pl.DataFrame:
    """Return the rows of a text (`GRID`)."""
    cells = all_cells(pl.col("text"), flat)
    frame = lines.select(pl.col("row").cast(pl.Int64), "text", cells=cells)
    return frame.pipe(_told).collect()


def sheet_grid(sheet: Sheet) -> pl.DataFrame:
    """Return the rows of a sheet (`GRID`)."""
    every = [pl.col(f"cell {place}").fill_null("") for place in range(sheet.width)]
    damages = pl.concat_list(pl.col(f"damage {place}") for place in range(sheet.width))
    damaged = pl.any_horizontal(
        pl.col(f"damage {place}").is_not_null() for place in range(sheet.width)
    )
    frame = sheet.rows.lazy().select(
        "row",
        damages=pl.when(damaged).then(damages),
        text=pl.concat_str(every, separator="\t"),
        cells=pl.concat_list(cell.str.strip_chars(BLANKS) for cell in every),
    )
    return frame.pipe(_told).collect()


def rows_grid(rows: list[list[str]]) -> pl.DataFrame:
    """Return rows that are cells already (`GRID`)."""
    frame = pl.LazyFrame(
        {
            "row": range(1, len(rows) + 1),
            "text": ["\t".join(row) for row in rows],
            "cells": [[cell.strip(BLANKS) for cell in row] for row in rows],
        },
        schema={name: GRID[name] for name in ("row", "text", "cells")},
    )
    return frame.pipe(_told).collect()


def _told(frame: pl.LazyFrame) -> pl.LazyFrame:
    some = pl.col("cells").list.eval(pl.element().filter(pl.element() != ""))
    told = frame.with_columns(first=some.list.first(), filled=some.list.len().cast(pl.Int64))
    if "damages" in told.collect_schema():
        return told.select(GRID.names())
    return told.select(*GRID.names()[:-1], damages=pl.lit(None, GRID["damages"]))


def names_in(cells: list[str]) -> tuple[str, ...]:
    """Return the cells of a row as the names of columns are compared."""
    return tuple(folded(cell) for cell in cells)


def has_names(flat: Flat) -> pl.Expr:
    """Say whether a row of a grid has the names of all columns of a part: it is a header then."""
    said = pl.col("cells").list.eval(
        pl.element().str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    )
    return pl.any_horizontal(
        pl.all_horizontal(
            pl.any_horizontal(said.list.contains(name) for name in names)
            for names in flat.columns_of(part)
        )
        for part in flat.part
        if flat.columns_of(part)
    )
