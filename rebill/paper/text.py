"""Frames as people read them on a terminal, and as JSON and CSV for machines."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from invoices.schema import CENTS
from invoices.text import formula_safe
from rebill.paper.terminal import folded, obeyed_by_none, one_line, padded, room

WIDTH = 80
"""A terminal has at least so many columns."""


def as_json(frame: pl.DataFrame) -> str:
    """Return rows as a JSON array, one object a line, decimals as text."""
    rows = as_text(frame).write_ndjson().rstrip("\n")
    return "[\n" + rows.replace("\n", ",\n") + "\n]" if rows else "[]"


def as_object(frames: Mapping[str, pl.DataFrame], **said: object) -> str:
    """Return frames under their names as one JSON object, behind what else is said."""
    from json import dumps

    parts = [dumps(said)[1:-1]] if said else []
    parts += [f'"{name}": {as_json(frame)}' for name, frame in frames.items()]
    return "{" + ",\n".join(parts) + "}"


def safe_csv(frame: pl.DataFrame) -> str:
    """Return rows as CSV that no spreadsheet takes for formulas; a number stays one."""
    text = pl.col(pl.String)
    number = text.str.contains(r"^[+-]?[0-9]+(\.[0-9]+)?$")
    return as_text(
        frame.with_columns(pl.when(number).then(text).otherwise(formula_safe(text)))
    ).write_csv()


def as_table(frame: pl.DataFrame) -> str:
    """Return rows as aligned text under their column names, numbers to the right."""
    text = as_text(frame)
    numeric = [is_number(dtype) for dtype in frame.dtypes]
    cells = [list(frame.columns)]
    cells += [[_cell(value) for value in row] for row in text.iter_rows()]
    return _aligned(cells, numeric)


def as_blocks(frame: pl.DataFrame, name: str | None = None) -> str:
    """Return wide rows as columns of text, side by side: a block for each value of `name`."""
    blocks = []
    for part in [frame] if name is None else frame.partition_by(name, maintain_order=True):
        text = as_text(part)
        cells = [[column, *map(_cell, text[column])] for column in part.columns]
        blocks.append(_aligned(cells, [False] + [True] * part.height))
    return "\n\n".join(blocks)


def _aligned(cells: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """Return lines of cells, each as wide as its column."""
    widths = [max(map(room, column)) for column in zip(*cells, strict=True)]
    lines = (zip(row, widths, right, strict=True) for row in cells)
    return "\n".join(
        "  ".join(padded(c, w, right=r) for c, w, r in line).rstrip() for line in lines
    )


def as_pairs(frame: pl.DataFrame) -> str:
    """Return what is known of one row as names and words, in `WIDTH` columns."""
    known = as_text(frame).row(0, named=True)
    return told_in_columns((n, _cell(value)) for n, value in known.items() if value is not None)


def told_in_columns(said: Iterable[tuple[str, str]]) -> str:
    """Return headings and words as text of `WIDTH` columns; a heading that comes again is left
    out."""
    said = list(said)
    wide = max((len(heading) for heading, _ in said), default=0) + 2
    lines, before = [], None
    for heading, words in said:
        shown = "" if heading == before else heading
        for line in folded(words, WIDTH - wide):
            lines.append(f"{shown.ljust(wide)}{line}".rstrip())
            shown = ""
        before = heading
    return "\n".join(lines)


def hung(heading: str, words: str, most: int | None = None) -> str:
    """Return words behind a heading, as lines of `WIDTH` columns below each other.

    No word is broken, so that paths and names can be copied. Of `most` lines the last says that
    there is more.
    """
    return textwrap.fill(
        words,
        WIDTH,
        initial_indent=heading,
        subsequent_indent=" " * len(heading),
        break_long_words=False,
        break_on_hyphens=False,
        max_lines=most,
        placeholder=" ...",
    )


def say(text: str) -> None:
    """Print lines for people; nothing that came from outside is obeyed by their terminal."""
    print(obeyed_by_none(text))


def note(text: str) -> None:
    """Print a word for people on standard error, see `say`."""
    print(obeyed_by_none(text), file=sys.stderr)


def is_number(dtype: pl.DataType) -> bool:
    """Return whether the values of a column are figures, which stand to the right."""
    return isinstance(dtype, pl.Decimal) or dtype.is_integer()


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else one_line(str(value))


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with decimals as plain text: money with two places, rates without padding."""
    exprs = []
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.Decimal):
            text = pl.col(name).cast(pl.String)
            if dtype.scale not in (0, CENTS.scale):
                text = text.str.strip_chars_end("0").str.strip_chars_end(".")
            exprs.append(text.alias(name))
    return frame.with_columns(exprs)


def strict_csv(frame: pl.DataFrame) -> str:
    """Return rows as CSV in which no text begins like a formula, not even one that is a number."""
    return as_text(frame.with_columns(formula_safe(pl.col(pl.String)))).write_csv()
