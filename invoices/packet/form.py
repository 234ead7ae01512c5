"""How a carrier wants its upload laid out: the `layout` of a form profile, as data.

A layout says what the carrier calls our reasons, what a row is and which columns it has. Nothing in
it runs. `docs/formats/dispute-forms.md` tells every word of a profile.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from invoices.packet.lines import DISPUTE_LINES

MOST_COLUMNS = 200
Text = Annotated[str, Field(min_length=1, max_length=500)]
Asked = Literal["ban", "state", "usoc", "charge_class", "product", "package", "circuit_id"]
Set = Literal["billing_system", "class_of_service"]
SET: tuple[Set, ...] = ("billing_system", "class_of_service")
"""What a layout can say of a line by rules."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fill(_Part):
    """What is said of the lines that fit: each word is taken from the first rule that has it."""

    when: dict[Asked, str] = Field(default_factory=dict)
    """Column and text that must be equal; * stands for anything. Empty = every line."""
    set: dict[Set, str]


class Column(_Part):
    """A column of the upload: a field of the dispute line, or a fixed text."""

    name: Text
    field: str | None = None
    text: str | None = None
    date: str | None = None
    """How a date is written, such as `%Y/%m/%d`; ISO where nothing is said."""
    mask: str | None = None
    """How letters and digits of a number are set, such as `### ### ####`; another length stays."""
    width: int | None = Field(default=None, ge=1, le=32_000)
    """So many characters at most: words are cut, and a number or identifier that is longer told."""
    values: dict[str, str] = Field(default_factory=dict)
    """What the carrier calls our words; others stay."""
    required: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> Column:
        if (self.field is None) == (self.text is None):
            raise ValueError("a column has a field, or a text that is always the same")
        if self.field is not None and self.field not in DISPUTE_LINES:
            raise ValueError(f"there is no field {self.field}; see docs/formats/dispute-forms.md")
        if self.date is not None and re.search(r"%[^YmdjbByU%-]", self.date):
            raise ValueError(f"date {self.date!r}: only year, month and day can be written")
        return self


class Upload(_Part):
    """The carrier's upload file."""

    row: Literal["usoc", "service", "claim"] = "usoc"
    """What a row is: a USOC of a service and bill, a service of a bill, a claim."""
    delimiter: Literal[",", ";", "\t", "|"] = ","
    header: bool = True
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=MOST_COLUMNS)]

    @model_validator(mode="after")
    def _once(self) -> Upload:
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"columns of one name: {', '.join(twice)}")
        return self


class Layout(_Part):
    """How packets for a carrier look."""

    title: Text = "Billing dispute"
    join: tuple[str, ...] | None = None
    """Claims of one reason share a packet where these keys agree; null = each has its own."""
    fill: tuple[Fill, ...] = ()
    reasons: dict[str, str] = Field(default_factory=dict)
    """What the carrier calls each of our reasons."""
    upload: Upload


def with_words(layout: Layout, lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines with what the layout says of each: `SET`, and the carrier's word for its reason.

    `lines` have the columns a rule can ask, and reason_code. Where no rule fits, null.
    """
    told = []
    for name in SET:
        value: pl.Expr = pl.lit(None, dtype=pl.String)
        for rule in reversed(layout.fill):
            if name in rule.set:
                value = pl.when(_fits(rule)).then(pl.lit(rule.set[name])).otherwise(value)
        told.append(value.alias(name))
    reason = pl.col("reason_code").replace(layout.reasons).alias("carrier_reason")
    return lines.with_columns(*told, reason)


def _fits(rule: Fill) -> pl.Expr:
    parts = [pl.lit(True)]
    for name, pattern in rule.when.items():
        body = ".*".join(re.escape(part) for part in pattern.split("*"))
        parts.append(pl.col(name).cast(pl.String).str.contains(f"(?i)^{body}$").fill_null(False))
    return pl.all_horizontal(parts)
