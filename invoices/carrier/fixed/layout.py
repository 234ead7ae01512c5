"""What the `[fixed]` section of a profile may say: the layout of a file of fixed-width records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, field_validator, model_validator

from invoices.carrier.profiles import known_encoding
from invoices.carrier.typed_records.kinds import Column, Layout, Record, Sign


class FixedColumn(Column):
    """Where a column stands in its record, and how it is written."""

    start: int = Field(ge=1)
    """The first character, counted from 1."""
    length: int = Field(ge=1, le=32_768)
    type: Literal["text", "number", "packed", "binary"] = "text"
    """As of every column, and bytes that are a number: `packed` (COMP-3, two digits a byte, the
    sign in the last half) and `binary` (COMP, a signed integer, the highest byte first)."""

    @model_validator(mode="after")
    def _bytes(self) -> FixedColumn:
        if self.is_bytes and (self.sign != "none" or self.words):
            raise ValueError(f"{self.name}: a {self.type} number has its sign in it, and no words")
        if self.type == "packed" and self.length > 16:
            raise ValueError(f"{self.name}: a packed number has at most 16 bytes")
        if self.type == "binary" and self.length > 8:
            raise ValueError(f"{self.name}: a binary number has at most 8 bytes")
        return self

    @property
    def marks(self) -> Sign:
        """Where the sign of the number stands once its cell is text."""
        return "leading" if self.is_bytes else self.sign

    @property
    def is_bytes(self) -> bool:
        """Whether it holds bytes that are a number, not characters."""
        return self.type in ("packed", "binary")

    @property
    def end(self) -> int:
        """The last character, counted from 1."""
        return self.start + self.length - 1


class FixedRecord(Record):
    """A kind of record: how it is told, what it is, and its columns."""

    id_at: int = Field(default=1, ge=1)
    """Where what tells the kind stands."""
    columns: tuple[FixedColumn, ...] = ()


class Fixed(Layout):
    """The `[fixed]` section: the encoding, the records, and what is made of their columns."""

    encoding: str = "ascii"
    """Of the bytes: `ascii`, `latin-1`, or an EBCDIC code page such as `cp037`."""
    record_length: int | Literal["rdw"] | None = None
    """Characters of a record where no line ends part them; `rdw` = each record begins with its own
    length (a record descriptor word of four bytes); not given = records are lines."""
    short_records: Literal["refuse", "pad"] = "pad"
    """A line that ends before its last column: blanks were trimmed (`pad`), or it is cut off."""
    record: tuple[FixedRecord, ...] = Field(min_length=1)

    _encoding = field_validator("encoding")(known_encoding)

    @field_validator("record_length")
    @classmethod
    def _length(cls, length: int | str | None) -> int | str | None:
        if isinstance(length, int) and not 1 <= length <= 32_768:
            raise ValueError("a record has 1 to 32768 characters")
        return length

    @property
    def kinds(self) -> Sequence[FixedRecord]:
        """The kinds of records in the order they are declared."""
        return self.record

    @property
    def has_bytes(self) -> bool:
        """Whether a column holds bytes that are no characters."""
        return any(column.is_bytes for record in self.record for column in record.columns)

    @model_validator(mode="after")
    def _positions(self) -> Fixed:
        faults = []
        for record in self.record:
            if isinstance(self.record_length, int):
                faults += [
                    f"record {record.name}: column {column.name} ends behind the record"
                    for column in record.columns
                    if column.end > self.record_length
                ]
        if self.has_bytes and self.record_length is None:
            faults.append("packed and binary numbers need record_length: a byte may end a line")
        if (self.has_bytes or self.record_length == "rdw") and not _is_one_byte(self.encoding):
            faults.append(
                f"{self.encoding}: packed and binary numbers, and rdw, need an encoding of one byte"
                " a character"
            )
        if faults:
            raise ValueError("; ".join(sorted(faults)))
        return self


def _is_one_byte(encoding: str) -> bool:
    """Whether each byte of an encoding is a character, whatever stands beside it."""
    pairs = (bytes((first, second)) for first in range(256) for second in (0x40, 0x80, 0xA1))
    return all(len(pair.decode(encoding, "replace")) == 2 for pair in pairs)
