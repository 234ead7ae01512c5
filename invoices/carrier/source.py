"""What a reader of carrier paper is given: name, digest and content of a file, as it needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import polars as pl

from invoices.schema import empty

KINDS = pl.Schema(
    {
        "carrier": pl.String(),
        "usoc": pl.String(),
        "kind": pl.String(),  # as the catalogue knows it: recurring, one_time, usage, ...
        "valid_from": pl.Date(),  # null = always
        "valid_until": pl.Date(),  # excluded; null = still
    }
)
"""What the catalogue knows of codes, as far as a reader may ask."""

ACCOUNTS = pl.Schema(
    {
        "carrier": pl.String(),
        "ban": pl.String(),  # a pattern, `*` as wildcard
        "valid_from": pl.Date(),
        "valid_until": pl.Date(),
    }
)
"""Which account patterns are under contract with which carrier."""
ZIP = b"PK\x03\x04"
"""How a workbook begins."""


@dataclass(frozen=True)
class Loaded:
    """A table of ours that is loaded, and is no paper: its columns, and those it cannot lack."""

    name: str
    columns: frozenset[str]
    needed: frozenset[str]


@dataclass(frozen=True)
class Known:
    """What is known beside the file itself; a reader that needs none of it ignores it."""

    kinds: pl.LazyFrame = field(default_factory=lambda: empty(KINDS).lazy())
    """`KINDS`"""
    accounts: pl.DataFrame = field(default_factory=lambda: empty(ACCOUNTS))
    """`ACCOUNTS`"""
    tables: tuple[Loaded, ...] = ()
    """What a file that no profile knows may be instead."""
    otherwise: str | None = None
    """The carrier an account under no contract is taken to be of; null = it is nobody's."""


def _kept(frame: pl.DataFrame) -> Callable[[], pl.DataFrame]:
    return lambda: frame


@dataclass(frozen=True)
class Source:
    """One carrier file. Each call of `blocks` or `lines` begins at its beginning again."""

    name: str
    """As it is cited: `bill.csv`, or `bills.zip!bill.csv` for a member of an archive."""
    digest: str
    """Its SHA-256 in hexadecimal."""
    head: bytes
    """Its first bytes, enough to recognise the format; may end inside a character."""
    blocks: Callable[[], Iterator[bytes]]
    """The bytes of the file, block by block."""
    lines: Callable[[], pl.LazyFrame]
    """The physical lines of a text: `row` (from 1) and `text`."""
    known: Known = field(default_factory=Known)
    set_aside: Callable[[pl.DataFrame], Callable[[], pl.DataFrame]] = _kept
    """Sets a frame aside for as long as the lines are wanted, out of memory where there is a place
    for it; returns what brings it back."""


def physical_lines(parts: list[str]) -> pl.LazyFrame:
    """Return the lines of a text that was split at line feeds: `row` (from 1), `text`."""
    frame = pl.LazyFrame(
        {"row": range(1, len(parts) + 1), "text": parts},
        schema={"row": pl.Int64, "text": pl.String},
    )
    return frame.with_columns(pl.col("text").str.strip_suffix("\r"))


def source_of_bytes(name: str, digest: str, content: bytes, known: Known | None = None) -> Source:
    """Return a source whose whole content is at hand; its lines are split as those of a file."""

    def lines() -> pl.LazyFrame:
        text = content.decode("utf-8-sig", errors="replace")
        text = text if "\n" in text else text.replace("\r", "\n")
        parts = text.split("\n")
        parts = parts[:-1] if parts[-1] == "" else parts
        return physical_lines(parts)

    return Source(
        name, digest, content[: 64 * 1024], lambda: iter((content,)), lines, known or Known()
    )
