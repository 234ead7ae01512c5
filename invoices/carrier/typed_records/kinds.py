"""Kinds of records: what layouts of every format of typed records may say.

A layout is a `[flat]` section whose parts are kinds of records: it gives the columns, and what is
made of them (fields, dates, charge classes) is said as for a delimited feed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl
from pydantic import Field, field_validator, model_validator

from invoices.carrier.flat.profile import Flat, Part, folded
from invoices.carrier.profiles import Strict
from invoices.carrier.typed_records.activity import Events

Sign = Literal["none", "leading", "trailing", "overpunch", "overpunch_leading"]
Role = Literal["rows", "header", "trailer", "skip"]


class Column(Strict):
    """A column of a record: its name, and how it is written."""

    name: str = Field(min_length=1)
    type: str = "text"
    """`text`: blanks at the ends go, nothing else. `number`: digits with a sign, zeros before them;
    all blank is no number."""
    decimals: int = Field(default=0, ge=0, le=6)
    """Implied decimals of a number that prints no point."""
    sign: Sign = "none"
    """`leading`, `trailing`: `+`, `-` or a blank at that end. `overpunch`: in the last digit (`{`
    and A to I positive, `}` and J to R negative), `overpunch_leading`: in the first."""
    words: dict[str, str] = {}
    """What a code stands for: what is printed, trimmed (`""` = blank) -> a word."""

    @model_validator(mode="after")
    def _number(self) -> Column:
        if self.type == "text" and (self.decimals or self.sign != "none"):
            raise ValueError(f"{self.name}: decimals and sign are for numbers")
        return self

    @property
    def marks(self) -> Sign:
        """Where the sign of the number stands once its cell is text."""
        return self.sign

    @property
    def is_bytes(self) -> bool:
        """Whether it holds bytes that are a number, not characters."""
        return False


class Record(Strict):
    """A kind of record: how it is told, what it is, and its columns."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    """For `rows`, the part of the feed the record belongs to."""
    role: tuple[Role, ...] = ("rows",)
    """`rows`: its records are charges or totals, as the part says. `header`: its columns go with
    the records below, up to the next of its name or of a header declared before it. `trailer`: it
    counts what stands above it. A `header` or a `trailer` may be `rows` too: it prints totals."""
    id: tuple[str, ...] = ()
    """What tells records of this kind; not given = all that are no other kind."""
    columns: tuple[Column, ...] = ()
    count: str | None = None
    """For `trailer`: the column that counts records since the last trailer or the beginning."""
    counts: tuple[str, ...] | Literal["all"] = ()
    """The kinds that are counted; not given = those of the role `rows`. `all`: every record but the
    trailer."""
    counts_itself: bool = False
    """Whether the trailer, and the headers, are in the count too."""
    sums: dict[str, str | tuple[str, ...]] = {}
    """For `trailer`: its column -> `record.column` of a number that adds up to it, or several."""
    required: bool = False
    """Whether a file without such a record is cut off and refused; a trailer then stands last."""

    @field_validator("role", mode="before")
    @classmethod
    def _one_role(cls, role: object) -> object:
        return (role,) if isinstance(role, str) else role

    @field_validator("role")
    @classmethod
    def _roles(cls, role: tuple[Role, ...]) -> tuple[Role, ...]:
        if len(role) != 1 and set(role) not in ({"header", "rows"}, {"trailer", "rows"}):
            raise ValueError("a record has one role, or rows with header or with trailer")
        return role

    @field_validator("columns")
    @classmethod
    def _once(cls, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        names = [folded(column.name) for column in columns]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"column `{doubled[0]}` stands twice")
        return columns

    def column(self, name: str) -> Column | None:
        """Return the column of that name."""
        return next((one for one in self.columns if folded(one.name) == folded(name)), None)

    def targets(self, name: str) -> tuple[str, ...]:
        """Return what adds up to a column of the trailer, each as `record.column`."""
        target = self.sums[name]
        return (target,) if isinstance(target, str) else target


class Layout(Flat):
    """The kinds of records of a file, and what is made of their columns."""

    is_bill: bool = True
    """Whether the file is an invoice. Order activity and extracts are none: their cells are shown
    (`rebill profiles cells`), nothing is billed by them, and they need no part."""
    part: tuple[Part, ...] = ()
    events: Events | None = None
    """Where events of orders stand, for order activity."""

    @property
    def kinds(self) -> Sequence[Record]:
        """The kinds of records in the order they are declared."""
        raise NotImplementedError

    def can_add(self, column: Column) -> bool:
        """Say whether a column is a number a trailer may count or add up."""
        return column.type != "text"

    def addend(self, text: pl.Expr) -> pl.Expr:
        """Return the text of such a column as it is added up."""
        return text

    @model_validator(mode="before")
    @classmethod
    def _no_header_row(cls, data: object) -> object:
        """The layout stands for a header row: parts need no count of cells."""
        if not isinstance(data, dict):
            return data
        parts = [
            {"cells": 1, **part} if isinstance(part, dict) else part
            for part in data.get("part", ())
        ]
        return {"header_row": 0, **data, "part": parts}

    @model_validator(mode="after")
    def _layout(self) -> Layout:
        faults = []
        kinds = [record.name for record in self.kinds]
        faults += [f"record {name} stands twice" for name in set(kinds) if kinds.count(name) > 1]
        parts = {part.name for part in self.part}
        rows = {record.name for record in self.kinds if "rows" in record.role}
        faults += [f"part {name}: no record of the role rows is called so" for name in parts - rows]
        if self.is_bill:
            faults += [f"record {name}: no part is called so" for name in rows - parts]
            faults += ["a bill needs a part"] * (not parts)
        if sum(not record.id for record in self.kinds) > 1:
            faults.append("only one record may be without id")
        for record in self.kinds:
            faults += self._trailer_faults(record)
        for part in self.part:
            if part.name in rows:
                known = set(self.names_of(part.name))
                wanted = [names[0] for names in self.columns_of(part) if not known & set(names)]
                faults += [f"part {part.name}: no column `{name}` in its layout" for name in wanted]
        faults += self._event_faults(rows)
        if self.is_sectioned or self.line_breaks:
            faults.append("sections, aside, label, title and line_breaks are for tables of [flat]")
        if faults:
            raise ValueError("; ".join(sorted(faults)))
        return self

    def _trailer_faults(self, record: Record) -> list[str]:
        own = f"record {record.name}: "
        if "trailer" not in record.role and (record.count or record.sums):
            return [f"{own}count and sums are for a trailer"]
        faults = []
        for name in (*((record.count,) if record.count else ()), *record.sums):
            column = record.column(name)
            if column is None or not self.can_add(column):
                faults.append(f"{own}no number is called `{name}`")
        for target in (one for name in record.sums for one in record.targets(name)):
            kind, _, name = target.partition(".")
            column = next((r.column(name) for r in self.kinds if r.name == kind), None)
            if column is None or not self.can_add(column):
                faults.append(f"{own}sums: `{target}` is no number of a record")
        known = {one.name for one in self.kinds}
        counts = () if record.counts == "all" else record.counts
        return faults + [f"{own}counts: no record `{k}`" for k in counts if k not in known]

    def _event_faults(self, rows: set[str]) -> list[str]:
        if self.events is None:
            return []
        given = self.events.record
        if given is not None and given not in rows:
            return [f"events: no record of the role rows is called `{given}`"]
        named = sorted({given} if given else rows)
        return [
            f"events: no column `{names[0]}` in record {name}"
            for name in named
            for names in self.events.columns
            if not set(names) & set(self.names_of(name))
        ]

    def named(self, name: str) -> Record:
        """Return the kind of record of that name."""
        return next(record for record in self.kinds if record.name == name)

    @property
    def headers(self) -> tuple[Record, ...]:
        """The kinds whose columns go with the records below, the outermost first."""
        return tuple(record for record in self.kinds if "header" in record.role)

    def headers_of(self, name: str) -> tuple[Record, ...]:
        """Return the headers whose columns go with the records of a kind."""
        return tuple(record for record in self.headers if record.name != name)

    def names_of(self, name: str) -> tuple[str, ...]:
        """Return the columns the records of a kind have, as they are compared: their own, then
        headers'."""
        own = [folded(column.name) for column in self.named(name).columns]
        above = [folded(c.name) for record in self.headers_of(name) for c in record.columns]
        return tuple(dict.fromkeys([*own, *above]))
