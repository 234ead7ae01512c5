"""Form profiles: how a carrier wants disputes written, as data that a person can edit or add.

A profile says what one packet may not mix, which facts follow from account, state or code, what the
carrier calls our reasons, and the columns of its upload. It is a page of TOML; nothing in it runs.
`docs/formats/dispute-forms.md` tells every word.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

FACTS = ("region", "jurisdiction", "billing_system", "master_ban", "product", "class_of_service")
"""What a profile can say of a line by rules (`fill`)."""
ASKED = ("carrier", "ban", "state", "usoc", "charge_class", "product", "package", "circuit_id")
"""What a rule can ask of a line."""
KEYS = (
    *("carrier", "ban", "reason", "bill_month", "bill_period_day", "usoc", "state", "charge_type"),
    *FACTS,
)
"""What a packet can be told not to mix."""
MOST_COLUMNS = 200

Text = Annotated[str, Field(min_length=1, max_length=500)]


class FormError(ValueError):
    """A form profile cannot be used; the message names each fault."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fill(_Part):
    """Facts of the lines that fit: each is taken from the first rule that fits and sets it."""

    when: dict[Literal["carrier", "ban", "state", "usoc", "charge_class", "product", "package",
                       "circuit_id"], str] = Field(default_factory=dict)  # fmt: skip
    """Column and text that must be equal; * stands for anything. Empty = every line."""
    set: dict[Literal["region", "jurisdiction", "billing_system", "master_ban", "product",
                      "class_of_service"], str]  # fmt: skip


class Grouping(_Part):
    """What the carrier forbids to mix in one packet."""

    alike: tuple[str, ...] = ("carrier", "ban", "reason")
    join_claims: bool = False
    """Whether several claims that are alike go into one packet."""

    @model_validator(mode="after")
    def _known(self) -> Grouping:
        unknown = [key for key in self.alike if key not in KEYS]
        if unknown:
            raise ValueError(f"alike: no such key: {', '.join(unknown)}; there are {KEYS}")
        return self


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
    """So many characters at most; the rest is cut."""
    values: dict[str, str] = Field(default_factory=dict)
    """What the carrier calls our words; others stay."""
    required: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> Column:
        if (self.field is None) == (self.text is None):
            raise ValueError("a column has a field, or a text that is always the same")
        if self.date is not None and re.search(r"%[^YmdjbByU%-]", self.date):
            raise ValueError(f"date {self.date!r}: only year, month and day can be written")
        return self


class Upload(_Part):
    """The carrier's upload file."""

    row: Literal["usoc", "service", "claim"] = "usoc"
    """What a row is: a USOC of a service and bill month, a service of a bill month, a claim."""
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


class Form(_Part):
    """A form profile."""

    form: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    title: Text
    about: str = Field(default="", max_length=4000)
    grouping: Grouping = Grouping()
    fill: tuple[Fill, ...] = ()
    reasons: dict[str, str] = Field(default_factory=dict)
    """What the carrier calls each of our reasons."""
    upload: Upload


def parse_form(text: str) -> Form:
    """Return the profile a TOML text holds; raises FormError that names each fault."""
    try:
        return Form.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as fault:
        raise FormError(str(fault)) from fault
    except ValidationError as fault:
        told = (
            f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in fault.errors()
        )
        raise FormError("; ".join(told)) from fault


@cache
def shipped_forms() -> dict[str, Form]:
    """Return the profiles that come with the program, by name."""
    folder = resources.files("invoices") / "dispute_forms"
    found = [
        parse_form(entry.read_text(encoding="utf-8"))
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    ]
    return {form.form: form for form in found}


def with_facts(form: Form, lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines with what the profile's rules say of each (`FACTS`), and `bill_period_day`.

    `lines` have `ASKED` and bill_date. Where no rule fits, `master_ban` is the BAN, `product` the
    line's own, the rest null.
    """
    own: dict[str, Any] = {"master_ban": pl.col("ban"), "product": pl.col("product")}
    facts = []
    for name in FACTS:
        value = own.get(name, pl.lit(None, dtype=pl.String))
        for rule in reversed(form.fill):
            if name in rule.set:
                value = pl.when(_fits(rule.when)).then(pl.lit(rule.set[name])).otherwise(value)
        facts.append(value.cast(pl.String).alias(name))
    day = pl.col("bill_date").dt.day().cast(pl.String).alias("bill_period_day")
    return lines.with_columns(*facts, day)


def _fits(when: dict[Any, str]) -> pl.Expr:
    parts = [pl.lit(True)]
    for name, pattern in when.items():
        wanted = "^" + ".*".join(re.escape(part) for part in pattern.split("*")) + "$"
        parts.append(pl.col(name).cast(pl.String).str.contains(wanted).fill_null(False))
    return pl.all_horizontal(parts)
