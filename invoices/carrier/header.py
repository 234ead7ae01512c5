"""The header row of a delimited file: which column stands where, or why the file is refused."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from invoices.carrier import split
from invoices.carrier.cells import SHOWN, Kind, seen, trimmed
from invoices.carrier.source import physical_lines

DELIMITERS = {";": "`;`", "\t": "a tab", "|": "`|`"}
"""Signs that stand where a comma should, and how a message names them."""


NEAR = 20
"""A header stands in so many first lines, unless these are blank."""


@dataclass(frozen=True)
class Header:
    """The columns of one file, in its order."""

    row: int
    names: tuple[str, ...]
    kinds: Mapping[str, Kind]
    quoted: bool = False
    """Whether any line of the file has a double quote (`with_quotes`)."""
    odd: bool = True
    """Whether a cell may hold what cannot be seen, or a sign by which a spreadsheet keeps text."""

    def raw(self, name: str) -> pl.Expr:
        """Return a cell as it stands, null where its column is absent."""
        return pl.col(name) if name in self.names else pl.lit(None, pl.String)

    def spelled(self, name: str) -> pl.Expr:
        """Return a cell of `read_cells` in plain spelling, null where it cannot be read."""
        return pl.col(f"{name} spelled") if name in self.kinds else pl.col(name)

    def value(self, name: str) -> pl.Expr:
        """Return a cell of `read_cells` as a value, null where it cannot be read."""
        return self.kinds[name].cast(self.spelled(name)) if name in self.kinds else pl.col(name)

    def _seen(self, name: str) -> pl.Expr:
        cell = trimmed(self.raw(name))
        return seen(name, cell) if self.odd else cell

    def read_cells(self, raw: pl.LazyFrame, names: tuple[str, ...]) -> pl.LazyFrame:
        """Add to `raw` the cells called `names`, and those of a kind also `spelled`.

        They are trimmed, and without what cannot be seen. A column that is absent is null. `whole`
        says whether the row has its shape.
        """
        return (
            split.cells(raw, self.names, self.quoted)
            .with_columns(self._seen(name).alias(name) for name in names)
            .with_columns(
                kind.spelling(pl.col(name)).alias(f"{name} spelled")
                for name, kind in self.kinds.items()
                if name in names
            )
        )


@dataclass(frozen=True)
class Refusal:
    """Why a file is refused as a whole, and what to do."""

    message: str
    remedy: str
    row: int | None = None


def column_names(line: str) -> tuple[str, ...]:
    """Return the names in a header line: trimmed, lower case. Raises `csv.Error`."""
    cells = next(csv.reader([line.lstrip("\ufeff").strip("\r")], strict=True))
    return tuple(cell.strip().lower() for cell in cells)


def with_commas(line: str) -> str:
    """Return a line with commas where another usual delimiter stands."""
    return line.translate({ord(sign): "," for sign in DELIMITERS})


def read_header(
    raw: pl.LazyFrame, columns: tuple[str, ...], needed: tuple[str, ...], kinds: Mapping[str, Kind]
) -> Header | Refusal:
    """Return the header, the first line that is not blank, or why it cannot be one.

    It speaks as if no line of the file had a quote.
    """
    first = raw.filter(split.not_blank(pl.col("text"))).head(1).collect()
    if first.is_empty():
        return Refusal("the file is empty", "ask the carrier to send it again")
    row, text = first.select("row", "text").row(0)
    try:
        names = column_names(text)
    except csv.Error as error:
        return Refusal(f"the header cannot be read: {error}", "close every quoted name", row)
    if len(names) == 1 and (found := [sign for sign in DELIMITERS if sign in text]):
        message = f"the columns are parted by {DELIMITERS[found[0]]}"
        return Refusal(message, "part the columns by commas", row)
    if faults := _name_faults(names, columns, needed):
        remedy = "name each column once; known are " + ", ".join(columns)
        return Refusal("the header has " + "; ".join(faults), remedy, row)
    return Header(row, names, kinds)


def first_lines(head: bytes) -> pl.LazyFrame | None:
    """Return the first lines that stand whole in the beginning of a UTF-8 file: `row`, `text`.

    A header found there is that of the file; null where the beginning cannot be told.
    """
    try:
        text = head[: head.rfind(b"\n") + 1].decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return physical_lines(text.split("\n", NEAR)[:-1])


def with_quotes(header: Header, raw: pl.LazyFrame) -> Header:
    """Return the header, knowing whether any line of its file has a double quote."""
    quoted = raw.select(split.has_quote(pl.col("text")).any()).collect().item()
    return replace(header, quoted=bool(quoted))


def _name_faults(
    names: tuple[str, ...], columns: tuple[str, ...], needed: tuple[str, ...]
) -> list[str]:
    unknown = [f"`{name[:SHOWN]}`" for name in names if name not in columns]
    doubled = sorted(name for name, times in Counter(names).items() if name and times > 1)
    missing = [name for name in needed if name not in names]
    groups = (
        (f"unknown columns ({len(unknown)})", unknown[:10]),
        ("columns that stand twice", doubled[:10]),
        ("no column", missing),
    )
    return [f"{what}: {', '.join(found)}" for what, found in groups if found]
