"""What the `[fixed]` section of a profile may say: the layout of a file of fixed-width records.

It is a `[flat]` section whose parts are kinds of records: a layout gives the columns, and what is
made of them (fields, dates, charge classes) is said as for a delimited feed.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from invoices.carrier.flat.profile import Flat, Part, folded
from invoices.carrier.profiles import Strict, known_encoding

Sign = Literal["none", "leading", "trailing", "overpunch", "overpunch_leading"]


class Column(Strict):
    """Where a column stands in its record, and how it is written."""

    name: str = Field(min_length=1)
    start: int = Field(ge=1)
    """The first character, counted from 1."""
    length: int = Field(ge=1, le=32_768)
    type: Literal["text", "number"] = "text"
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
    def end(self) -> int:
        """The last character, counted from 1."""
        return self.start + self.length - 1


class Record(Strict):
    """A kind of record: how it is told, what it is, and its columns."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    """For `rows`, the part of the feed the record belongs to."""
    role: Literal["rows", "header", "trailer", "skip"] = "rows"
    """`rows`: its records are charges or totals, as the part says. `header`: its columns go with
    the records below, up to the next of its name. `trailer`: it counts what stands above it."""
    id_at: int = Field(default=1, ge=1)
    id: tuple[str, ...] = ()
    """What stands at `id_at` in records of this kind; not given = in all that are no other kind."""
    columns: tuple[Column, ...] = ()
    count: str | None = None
    """For `trailer`: the column that counts records since the last trailer or the beginning."""
    counts: tuple[str, ...] = ()
    """The kinds that are counted; not given = those of the role `rows`."""
    counts_itself: bool = False
    """Whether the trailer, and the headers, are in the count too."""
    sums: dict[str, str] = {}
    """For `trailer`: its column -> `record.column` of a number that adds up to it."""
    required: bool = False
    """Whether a file without such a record is cut off and refused; a trailer then stands last."""

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


class Fixed(Flat):
    """The `[fixed]` section: the encoding, the records, and what is made of their columns."""

    encoding: str = "ascii"
    """Of the bytes: `ascii`, `latin-1`, or an EBCDIC code page such as `cp037`."""
    is_bill: bool = True
    """Whether the file is an invoice. Order activity and extracts are none: their cells are shown
    (`rebill profiles cells`), nothing is billed by them, and they need no part."""
    record_length: int | None = Field(default=None, ge=1, le=32_768)
    """Characters of a record where no line ends part them; not given = records are lines."""
    short_records: Literal["refuse", "pad"] = "pad"
    """A line that ends before its last column: blanks were trimmed (`pad`), or it is cut off."""
    record: tuple[Record, ...] = Field(min_length=1)
    part: tuple[Part, ...] = ()

    _encoding = field_validator("encoding")(known_encoding)

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
    def _layout(self) -> Fixed:
        faults = []
        kinds = [record.name for record in self.record]
        faults += [f"record {name} stands twice" for name in set(kinds) if kinds.count(name) > 1]
        parts = {part.name for part in self.part}
        rows = {record.name for record in self.record if record.role == "rows"}
        faults += [f"part {name}: no record of the role rows is called so" for name in parts - rows]
        if self.is_bill:
            faults += [f"record {name}: no part is called so" for name in rows - parts]
            faults += ["a bill needs a part"] * (not parts)
        if sum(not record.id for record in self.record) > 1:
            faults.append("only one record may be without id")
        for record in self.record:
            faults += self._record_faults(record)
        for part in self.part:
            known = set(self.names_of(part.name))
            wanted = [names[0] for names in self.columns_of(part) if not known & set(names)]
            faults += [f"part {part.name}: no column `{name}` in its layout" for name in wanted]
        if faults:
            raise ValueError("; ".join(sorted(faults)))
        return self

    def _record_faults(self, record: Record) -> list[str]:
        own = f"record {record.name}: "
        faults = []
        if self.record_length is not None:
            faults += [
                f"{own}column {column.name} ends behind the record"
                for column in record.columns
                if column.end > self.record_length
            ]
        if record.role != "trailer" and (record.count or record.sums):
            return [*faults, f"{own}count and sums are for a trailer"]
        for name in (*((record.count,) if record.count else ()), *record.sums):
            column = record.column(name)
            if column is None or column.type != "number":
                faults.append(f"{own}no number is called `{name}`")
        for target in record.sums.values():
            kind, _, name = target.partition(".")
            column = next((r.column(name) for r in self.record if r.name == kind), None)
            if column is None or column.type != "number":
                faults.append(f"{own}sums: `{target}` is no number of a record")
        known = {one.name for one in self.record}
        return faults + [f"{own}counts: no record `{k}`" for k in record.counts if k not in known]

    def named(self, name: str) -> Record:
        """Return the kind of record of that name."""
        return next(record for record in self.record if record.name == name)

    @property
    def headers(self) -> tuple[Record, ...]:
        """The kinds whose columns go with the records below."""
        return tuple(record for record in self.record if record.role == "header")

    def names_of(self, part: str) -> tuple[str, ...]:
        """Return the columns a part's rows have, as they are compared: their own, then headers'."""
        own = [folded(column.name) for column in self.named(part).columns]
        above = [folded(c.name) for record in self.headers for c in record.columns]
        return tuple(dict.fromkeys([*own, *above]))
