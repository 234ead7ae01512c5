"""What the `[records]` section of a profile may say: typed records in a delimited file."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from pydantic import Field, field_validator, model_validator

from invoices.carrier import cells as c
from invoices.carrier.typed_records.kinds import Column, Layout, Record


class CellColumn(Column):
    """Which cell of its record a column is, and how it is written."""

    name: str
    """Empty = a cell that is not read."""
    cell: int = Field(ge=1, le=1_000)
    """Counted from 1, the one with the id too; not given = the next."""


class CellRecord(Record):
    """A kind of record: how it is told, what it is, and its columns."""

    columns: tuple[CellColumn, ...] = ()
    """Each a name, or a table; in the order of the cells."""
    cells: tuple[int, int] | None = None
    """How many cells a record has, or at least and at most; not given = up to the last column.
    Empty cells at the end count as absent where they are more."""

    @field_validator("columns", mode="before")
    @classmethod
    def _numbered(cls, columns: object) -> object:
        if not isinstance(columns, list | tuple):
            return columns
        made: list[object] = []
        cell = 0
        for column in columns:
            named = {"name": column} if isinstance(column, str) else column
            if isinstance(named, dict):
                named = {"cell": cell + 1, **named}
                cell = named["cell"] if isinstance(named["cell"], int) else cell + 1
            made.append(named)
        return [one for one in made if not isinstance(one, dict) or one.get("name") != ""]

    @field_validator("cells", mode="before")
    @classmethod
    def _range(cls, cells: object) -> object:
        return (cells, cells) if isinstance(cells, int) else cells

    @model_validator(mode="after")
    def _cells(self) -> CellRecord:
        if self.cells is not None and not 1 <= self.cells[0] <= self.cells[1]:
            raise ValueError("cells: give a number, or the least and the most")
        places = [column.cell for column in self.columns]
        if doubled := sorted({place for place in places if places.count(place) > 1}):
            raise ValueError(f"cell {doubled[0]} stands twice")
        if self.cells is not None and max(places, default=1) > self.cells[1]:
            raise ValueError(f"cells: column {self.columns[-1].name} stands behind the last")
        return self

    @property
    def range(self) -> tuple[int, int]:
        """How many cells a record has at least and at most."""
        last = max((column.cell for column in self.columns), default=1)
        return self.cells or (last, last)


class Records(Layout):
    """The `[records]` section: how cells are parted, the records, what is made of their columns."""

    id_cell: int = Field(default=1, ge=1, le=1_000)
    """The cell that tells the kind of a record."""
    record: tuple[CellRecord, ...] = Field(min_length=1)

    @property
    def kinds(self) -> Sequence[CellRecord]:
        """The kinds of records in the order they are declared."""
        return self.record

    def can_add(self, column: Column) -> bool:
        """Say whether a column may be counted or added up: here every number prints its point."""
        return True

    def addend(self, text: pl.Expr) -> pl.Expr:
        """Return the text of such a column as it is added up."""
        credit = text.str.contains(r"(?i)^[^-(].*cr\.?$")
        text = text.str.replace(r"(?i)\s*(?:cr|dr|db)\.?$", "")
        text = pl.when(credit).then(pl.lit("-") + text).otherwise(text)
        if self.decimal == ",":
            text = (
                text.str.replace_all(self.thousands, "", literal=True) if self.thousands else text
            )
            text = text.str.replace_all(",", ".", literal=True)
        return c.UNIT_RATE.spelling(text)
