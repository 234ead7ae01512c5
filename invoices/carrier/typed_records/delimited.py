"""The lines of a delimited file become records, each of its kind, told by one of its cells.

Each record has cells of its own number; a quoted cell ends on its own line.
"""

from __future__ import annotations

import polars as pl

from invoices.carrier.flat.rows import BLANKS, cell_patterns, unquoted, with_quotes
from invoices.carrier.profiles import Profile
from invoices.carrier.source import Source
from invoices.carrier.typed_records.carried import Found, bounded
from invoices.carrier.typed_records.kinds import Column
from invoices.carrier.typed_records.layout import CellColumn, Records
from invoices.text import filled

_UNCLOSED = "a quoted cell is not closed, or text follows its closing quote"


def records(source: Source, profile: Profile, layout: Records) -> Found:
    """Return every record of a file with its kind; lines without any text are none.

    Raises `Unreadable` for a file that is larger than the profile lets it be.
    """
    for _ in bounded(source.blocks(), profile.limits.memory_bytes):
        pass
    text = pl.col("text")
    lines = (
        source.lines()
        .select(pl.col("row").cast(pl.Int64), text.str.strip_suffix("\x1a"))
        .filter(text.str.strip_chars(BLANKS + layout.delimiter) != "")
        .collect()
    )
    frame = with_cells(lines, layout).with_columns(id=_at(layout.id_cell))
    frame = frame.with_columns(kind=_kind(layout), id=pl.col("id").fill_null("").str.head(40))
    return Found(frame.with_columns(fault=_fault(layout)), printed)


def with_cells(lines: pl.DataFrame, layout: Records) -> pl.DataFrame:
    """Add the `cells` of each line, and whether a quote is `unclosed`."""
    delimiter = layout.delimiter
    sent = with_quotes(pl.col("text"), delimiter, layout.quote_unquoted)
    lines = lines.with_columns(sent=sent)
    plain = pl.col("sent").str.split(delimiter)
    has_quote = pl.col("sent").str.contains('"', literal=True)
    if layout.quotes == "none" or not lines.select(has_quote.any()).item():
        return lines.select("row", "text", cells=plain, unclosed=pl.lit(False))
    cell, well = cell_patterns(delimiter, layout.quotes)
    marked = pl.when(has_quote).then(pl.lit(delimiter) + pl.col("sent"))
    parts = pl.when(marked.str.contains(well)).then(marked).str.extract_all(cell)
    return lines.with_columns(parts=parts).select(
        "row",
        "text",
        cells=pl.coalesce(pl.col("parts").list.eval(unquoted(pl.element())), plain),
        unclosed=has_quote & pl.col("parts").is_null(),
    )


def _kind(layout: Records) -> pl.Expr:
    """Say which kind a record is, by its id; the one without an id takes what is left."""
    ids = {id_: record.name for record in layout.record for id_ in record.id}
    rest = next((record.name for record in layout.record if not record.id), None)
    return pl.col("id").replace_strict(ids, default=rest, return_dtype=pl.String)


def _fault(layout: Records) -> pl.Expr:
    """Say why a record has not the cells of its kind, null where it has."""
    found = pl.col("cells").list.len()
    faults = [pl.when("unclosed").then(pl.lit(_UNCLOSED))]
    for record in layout.record:
        least, most = record.range
        beyond = (found > most) & (pl.col("cells").list.slice(most).list.join("") != "")
        words = f"{most}" if least == most else f"{least} to {most}"
        told = filled(f"the record has {{}} cells, its kind {words}", found)
        wrong = (pl.col("kind") == record.name) & ((found < least) | beyond)
        if "skip" not in record.role:
            faults.append(pl.when(wrong).then(told))
    return pl.coalesce(faults)


def _at(cell: int) -> pl.Expr:
    return pl.col("cells").list.get(cell - 1, null_on_oob=True).str.strip_chars(BLANKS)


def printed(column: Column) -> pl.Expr:
    """Return what stands in a cell, trimmed; nothing where the record has it not."""
    assert isinstance(column, CellColumn)
    return _at(column.cell).fill_null("")
