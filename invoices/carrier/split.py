"""Physical lines of a delimited file become cells, every line by itself.

A quoted cell ends on its own line, so that a row that cannot be read never swallows the next one.
Lines without a quote are split at the commas; only lines that have one pay for a regular
expression.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from invoices.identifiers import BLANKS, UNSEEN
from invoices.text import filled

_QUOTED = r'\s*"(?:[^"]|"")*"\s*'
_WELL_QUOTED = rf'^(?:,(?:{_QUOTED}|\s*[^",\s][^,]*|\s*))*$'
_ODD = UNSEEN + BLANKS
_CELL = rf",(?:{_QUOTED}|[^,]*)"


def not_blank(text: pl.Expr) -> pl.Expr:
    """Say whether anything but blanks and commas stands on a line."""
    return text.str.strip_chars(" \t\r\f\v,").str.len_bytes() > 0


def has_quote(text: pl.Expr) -> pl.Expr:
    """Say whether a double quote stands anywhere on a line."""
    return text.str.contains('"', literal=True)


def cells(raw: pl.LazyFrame, names: tuple[str, ...], quoted: bool) -> pl.LazyFrame:
    """Add to `raw`, which has `text`, a text column for each name, and `whole`.

    `whole` is false where a line has not just as many cells as there are names, or a quote that is
    not closed; its cells are then as good as a split at every comma makes them. `quoted` says
    whether any line of the file has a quote.
    """
    text, count = pl.col("text"), len(names)
    fields, parts = pl.col("fields").struct, pl.col("parts").list
    last, beyond = fields.field(f"field_{count - 1}"), fields.field(f"field_{count}")
    whole = last.is_not_null() & beyond.is_null()
    named = [fields.field(f"field_{i}").alias(name) for i, name in enumerate(names)]
    if not quoted:
        split = raw.with_columns(fields=text.str.split_exact(",", count))
        return split.with_columns(*named, whole=whole).drop("fields")
    marked = pl.lit(",") + pl.when(has_quote(text)).then(text)
    parted = pl.when(marked.str.contains(_WELL_QUOTED)).then(marked).str.extract_all(_CELL)
    plain = pl.when(pl.col("parts").is_null()).then(text)
    return (
        raw.with_columns(parts=parted)
        .with_columns(fields=plain.str.split_exact(",", count))
        .with_columns(
            *(
                pl.coalesce(_unquoted(parts.get(i, null_on_oob=True)), field).alias(name)
                for i, (name, field) in enumerate(zip(names, named, strict=True))
            ),
            whole=pl.when(pl.col("parts").is_null())
            .then(whole & ~has_quote(text))
            .otherwise(parts.len() == count),
        )
        .drop("fields", "parts")
    )


def _unquoted(part: pl.Expr) -> pl.Expr:
    """Return what stands in a part that begins with its comma."""
    text = part.str.slice(1).str.strip_chars()
    inner = text.str.head(-1).str.slice(1).str.replace_all('""', '"', literal=True)
    return pl.when(text.str.starts_with('"')).then(inner).otherwise(text)


def plain_cells(
    text: pl.Expr,
    names: tuple[str, ...],
    wanted: tuple[str, ...],
    quoted: bool,
    plain: Mapping[str, str] | None = None,
) -> pl.Expr:
    """Return the cells `wanted` of a row that is spelled plainly as a struct, else nulls.

    A plain cell fits its regular expression in `plain`, or has no quote, no comma and nothing that
    cannot be seen; where
    `quoted`, the same and commas may stand between two quotes, which are cut off. One pass over
    the text finds the rows that need no other look at all, several times as fast as splitting a row
    and testing each cell; it stays one pass up to 16 cells.
    """

    def group(name: str) -> str:
        known = plain[name] if plain and name in plain else None
        bare, inner = (f"(?:{known})",) * 2 if known else (f'[^,"{_ODD}]*', f'[^"{_ODD}]*')
        cell = f'{bare}|"{inner}"' if quoted else bare
        return f"(?<{name}>{cell})" if name in wanted else f"(?:{cell})"

    found = text.str.extract_groups("^" + ",".join(map(group, names)) + "$").struct
    if not quoted:
        return pl.struct(found.field(name) for name in wanted)
    return pl.struct(found.field(name).str.strip_chars('"') for name in wanted)


def shape_fault(text: pl.Expr, count: int) -> pl.Expr:
    """Say in words why a line is not whole."""
    marked = pl.lit(",") + text
    found = (
        pl.when(has_quote(text))
        .then(marked.str.count_matches(_CELL))
        .otherwise(marked.str.count_matches(",", literal=True))
    )
    return (
        pl.when(has_quote(text) & ~marked.str.contains(_WELL_QUOTED))
        .then(pl.lit("a quoted cell is not closed, or text follows its closing quote"))
        .otherwise(filled(f"the row has {{}} cells, the header {count}", found))
    )
