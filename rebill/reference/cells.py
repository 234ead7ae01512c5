"""A reference file as cells of text: CSV or Parquet, every row with its number in the file.

Nothing is guessed: identifiers keep their zeros, numbers and dates stay text until they are
checked. What is wrong with the file itself is reported here, what is wrong in a cell is not.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from invoices.identifiers import clean
from invoices.text import filled
from rebill.reference.faults import Faults
from rebill.store.columns import TableIn
from rebill.workspace.text_files import inspect, scan_text

FREE = ("name", "description", "address", "email", "source", "body")
"""Columns of text that tells nothing apart."""
MOST_BYTES = 8 * 2**30


def read_cells(path: Path, shape: TableIn, faults: Faults) -> pl.DataFrame:
    """Return the rows of a file as text: `_file`, `_row` and every column the table can have.

    Cells are trimmed, identifiers without what cannot be seen; an empty one is null, as is every
    cell of a column the file lacks. `_row` is the physical row of a CSV, the header being row 1; of
    a Parquet file the record's, from 2.
    """
    read = _parquet if path.suffix.lower() == ".parquet" else _csv
    try:
        rows = read(path, shape, faults)
    except OSError as error:
        faults.add(path.name, None, f"cannot be read: {error.strerror}", "check the file")
        rows = None
    if rows is None:
        return no_cells(shape)
    present = set(rows.columns)
    return rows.select(
        pl.lit(path.name).alias("_file"),
        pl.col("_row").cast(pl.Int64),
        *(
            _cell(column.name) if column.name in present else _nothing(column.name)
            for column in shape.columns
        ),
    )


def no_cells(shape: TableIn) -> pl.DataFrame:
    """Return the rows of a file that says nothing."""
    texts = {column.name: pl.String for column in shape.columns}
    return pl.DataFrame(schema={"_file": pl.String, "_row": pl.Int64, **texts})


def _nothing(name: str) -> pl.Expr:
    return pl.lit(None, dtype=pl.String).alias(name)


def _cell(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    text = pl.when(text != "").then(text)
    return (text if name in FREE else clean(text)).alias(name)


def _header_is_right(path: Path, header: list[str], shape: TableIn, faults: Faults) -> bool:
    """Say whether the columns are those of the table; note what is wrong with them."""
    known = [column.name for column in shape.columns]
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        faults.add(path.name, 1, "the cells are not separated by commas", "save it as CSV")
        return False
    before = faults.total
    remedy = f"the columns of {shape.name} are {', '.join(known)}"
    for name in dict.fromkeys(header):
        if name not in known:
            faults.add(path.name, 1, f"unknown column {name!r}", remedy)
        elif header.count(name) > 1:
            faults.add(path.name, 1, f"column {name!r} stands twice", "leave one of them out")
    for column in shape.columns:
        if column.required and column.name not in header:
            faults.add(path.name, 1, f"column {column.name!r} is missing", remedy)
    return faults.total == before


# --- CSV --------------------------------------------------------------------------------------


def _csv(path: Path, shape: TableIn, faults: Faults) -> pl.DataFrame | None:
    """Return the rows of a CSV; a row with too few or too many cells is an error.

    Nothing is taken apart by a header that is not that of the table: it may have any width.
    """
    fault = inspect(path, MOST_BYTES).fault
    if fault:
        faults.add(path.name, fault.row, fault.what, fault.remedy)
        return None
    text = scan_text(path)
    if text.select(pl.col("text").str.contains('"', literal=True).any()).collect().item():
        return _quoted(path, shape, faults)
    rows = text.filter(pl.col("text").str.strip_chars(" \t,") != "").collect().sort("row")
    if rows.is_empty():
        faults.add(path.name, None, "the file is empty", "begin it with a header row")
        return None
    header = [name.strip().lower() for name in rows.item(0, "text").split(",")]
    body = rows.slice(1).with_columns(
        cells=pl.col("text").str.count_matches(",", literal=True).cast(pl.Int64) + 1
    )
    _note_ragged(path, body, len(header), faults)
    if not _header_is_right(path, header, shape, faults):
        return None
    whole = body.filter(pl.col("cells") == len(header))
    fields = pl.col("text").str.split_exact(",", len(header) - 1).struct.rename_fields(header)
    return whole.select(fields.alias("fields"), _row="row").unnest("fields")


def _note_ragged(path: Path, body: pl.DataFrame, width: int, faults: Faults) -> None:
    wrong = body.filter(pl.col("cells") != width).select(
        _file=pl.lit(path.name),
        _row="row",
        what=filled("the row has {} cells, the header has {}", "cells", pl.lit(width)),
    )
    faults.add_rows(wrong, "give every column its cell, and quote a cell that holds a comma")


def _quoted(path: Path, shape: TableIn, faults: Faults) -> pl.DataFrame | None:
    """Return the rows of a CSV with quoted cells, which may hold commas and line ends."""
    header: list[str] = []
    numbers: list[int] = []
    records: list[list[str]] = []
    ragged: list[tuple[int, int]] = []
    with path.open(encoding="utf-8-sig", newline="") as handle:
        try:
            for row, cells in _numbered(csv.reader(handle, strict=True)):
                if not header:
                    header = [name.strip().lower() for name in cells]
                elif len(cells) == len(header):
                    numbers.append(row)
                    records.append(cells)
                else:
                    ragged.append((row, len(cells)))
        except csv.Error as error:
            place = (numbers[-1] if numbers else 1) + 1
            faults.add(path.name, place, f"the quotes are wrong: {error}", "close every quote")
            return None
    schema = {"row": pl.Int64, "cells": pl.Int64}
    _note_ragged(path, pl.DataFrame(ragged, schema, orient="row"), len(header), faults)
    if not _header_is_right(path, header, shape, faults):
        return None
    frame = pl.DataFrame(records, dict.fromkeys(header, pl.String), orient="row", strict=False)
    return frame.with_columns(pl.Series("_row", numbers, pl.Int64))


def _numbered(reader: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield the records that are not blank, each with the physical row it begins at."""
    began = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield began, cells
        began = reader.line_num + 1  # type: ignore[attr-defined]


# --- Parquet ----------------------------------------------------------------------------------


def _parquet(path: Path, shape: TableIn, faults: Faults) -> pl.DataFrame | None:
    """Return the rows of a Parquet file as the text a CSV would have."""
    try:
        frame = pl.read_parquet(path, hive_partitioning=False, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        faults.add(path.name, None, f"is no Parquet file: {reason}", "write the file again")
        return None
    kinds = {column.name: column.kind for column in shape.columns}
    header = [name.strip().lower() for name in frame.columns]
    if not _header_is_right(path, header, shape, faults):
        return None
    texts = []
    for name, series in zip(header, frame.iter_columns(), strict=True):
        number = series.dtype.is_numeric()
        if number and kinds.get(name) == "text":
            faults.add(
                path.name,
                None,
                f"column {name!r} holds numbers",
                "write it as text, so that leading zeros stay",
            )
            return None
        texts.append(_as_text(series).alias(name))
    rows = pl.Series("_row", range(2, frame.height + 2), pl.Int64)
    return pl.DataFrame([rows, *texts])


def _as_text(series: pl.Series) -> pl.Series:
    if series.dtype == pl.Datetime:
        return series.dt.strftime("%Y-%m-%d %H:%M:%S").str.strip_suffix(" 00:00:00")
    text = series.cast(pl.String)
    return text.str.replace(r"\.0+$", "") if series.dtype.is_float() else text
