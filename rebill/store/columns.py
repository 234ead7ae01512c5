"""What a reference table is made of; `rebill.store.shapes` says which there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from invoices.schema import RATE

Kind = Literal["text", "integer", "decimal", "date", "boolean"]

DTYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "decimal": RATE,
    "date": pl.Date(),
    "boolean": pl.Boolean(),
}


@dataclass(frozen=True)
class Column:
    """A column of a reference table and what its cells may say."""

    name: str
    about: str
    kind: Kind = "text"
    required: bool = False
    default: str | None = None  # what an empty cell means
    words: tuple[str, ...] = ()  # the only values, where there is such a list
    case: Literal["upper", "lower"] | None = None  # how the value is stored
    least: str | None = None  # the smallest number that is possible
    most: str | None = None
    above: str | None = None  # the number it must be above
    places: int = 6  # decimals that may differ from zero
    state: bool = False  # the two-letter code of a state
    secret: bool = False  # no message repeats what it says
    word: str | None = None  # one word allowed instead of a number, kept as `<name>_<word>`

    @property
    def stored(self) -> dict[str, pl.DataType]:
        """The columns that keep it, with their types."""
        flag: dict[str, pl.DataType] = {f"{self.name}_{self.word}": pl.Boolean()}
        return {self.name: DTYPES[self.kind], **(flag if self.word else {})}


@dataclass(frozen=True)
class Reference:
    """What a row of this table names must stand in another: columns here to columns there."""

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class TableIn:
    """A reference table: its columns, its natural key, and what ties it to others."""

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    period: tuple[str, str] | None = None  # half-open; both may be empty
    overlap: bool = False  # rows of one key less its start may not overlap
    references: tuple[Reference, ...] = ()
    one_of: tuple[str, str] | None = None  # exactly one of the two is given
    append: bool = False  # rows are only ever added: no file is the whole of it

    @property
    def schema(self) -> pl.Schema:
        """The stored columns with their types, without `row_id`."""
        return pl.Schema({n: d for column in self.columns for n, d in column.stored.items()})

    @property
    def element_key(self) -> tuple[str, ...]:
        """The natural key without the day a row begins: what validity is compared within."""
        start = self.period[0] if self.period else None
        return tuple(name for name in self.key if name != start)


def text(name: str, about: str, required: bool = False) -> Column:
    """Return a column of plain text."""
    return Column(name, about, required=required)


CARRIER = text("carrier", "the carrier, as its invoices and contracts name it", True)
USOC = Column("usoc", "the code, upper case", required=True, case="upper")
ANY_USOC = Column("usoc", "the code; or a package", case="upper")
STATE = Column("state", "two letters; empty = any", case="upper", state=True)


def period(start: str, end: str, what: str) -> tuple[Column, Column]:
    """Return the two columns of a half-open period."""
    return (
        Column(start, f"the first day {what}; empty = always", "date"),
        Column(end, f"the first day {what} no more; empty = open", "date"),
    )


EFFECTIVE = period("effective_from", "effective_until", "it is in force")
VALID = period("valid_from", "valid_until", "it is valid")
