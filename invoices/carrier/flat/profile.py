"""What the `[flat]` section of a profile may say: where each field of a delimited feed stands.

`docs/formats/flat.md` describes every setting with examples.
"""

from __future__ import annotations

import re
from typing import Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from invoices.carrier.flat.dates import date_pattern
from invoices.carrier.profiles import ChargeClass, Strict
from invoices.patterns import groups, readable

DocumentField = Literal[
    "carrier",
    "ban",
    "invoice_no",
    "bill_date",
    "due_date",
    "previous_balance",
    "payments",
    "adjustments",
    "current_charges",
    "total_due",
]
LineField = Literal[
    "line_no",
    "charge_class",
    "usoc",
    "description",
    "quantity",
    "unit_rate",
    "amount",
    "wtn",
    "circuit_id",
    "state",
    "zone",
    "order_no",
    "service_from",
    "service_until",
    "service_through",
    "currency",
]
DOCUMENT_FIELDS: tuple[str, ...] = get_args(DocumentField)
KEY_FIELDS = ("ban", "invoice_no", "bill_date")
TEMPLATE_FIELDS = ("ban", "bill_date")


def folded(name: str) -> str:
    """Return the name of a column as it is compared: single blanks, no case."""
    return " ".join(name.split()).casefold()


def _compiled(pattern: str | None) -> str | None:
    return None if pattern is None else readable(pattern)


class At(Strict):
    """Where a field stands, and how what stands there is made plain. One of the first five."""

    column: str | None = None
    columns: tuple[str, ...] = ()
    """Columns in the order in which to look: the first that is not empty counts."""
    value: str | None = None
    """The same for every row."""
    template: str | None = None
    """Made of other fields: `{ban}`, and `{bill_date}` as YYYYMMDD."""
    file_name: str | None = None
    """A regular expression with one group that is found in the name of the file."""
    strip: str = ""
    """Characters that are taken out of an identifier, such as blanks and dashes."""
    width: int | None = Field(default=None, ge=1, le=64)
    """How many characters an identifier has; another length is a row that cannot be read."""
    pad: str | None = Field(default=None, min_length=1, max_length=1)
    """What fills a shorter one up from the left: for a feed that is known to lose leading zeros."""
    pattern: str | None = None
    """A regular expression the whole identifier fits."""
    negate: bool = False
    """Whether the sign of an amount is turned: credits or payments that are printed positive."""
    dates: tuple[str, ...] = ()
    """Date formats of this field, instead of those of the feed."""

    _pattern = field_validator("pattern", "file_name")(_compiled)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"column": data}
        return {"columns": tuple(data)} if isinstance(data, list | tuple) else data

    @model_validator(mode="after")
    def _one_place(self) -> At:
        places = (self.column, self.columns, self.value, self.template, self.file_name)
        if sum(1 for place in places if place) != 1:
            raise ValueError("give one of column, columns, value, template, file_name")
        if self.template:
            fields = re.findall(r"\{([^{}]*)\}", self.template)
            if unknown := sorted(set(fields) - set(TEMPLATE_FIELDS)):
                raise ValueError(
                    f"template: `{unknown[0]}` is none of {', '.join(TEMPLATE_FIELDS)}"
                )
        if self.file_name and groups(self.file_name) != 1:
            raise ValueError(
                "file_name: the expression needs one group, what stands between ( and )"
            )
        if self.pad and self.width is None:
            raise ValueError("pad: say up to which width")
        for text in self.dates:
            date_pattern(text)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are looked at, as they are compared."""
        return tuple(folded(name) for name in (self.columns or (self.column,)) if name)


class Rows(Strict):
    """Rows that are told by what one of their columns says."""

    column: str
    equals: str | None = None
    matches: str | None = None
    amount: str | None = None
    """For a total row: the column of the total."""

    _pattern = field_validator("matches")(_compiled)

    @model_validator(mode="after")
    def _one_rule(self) -> Rows:
        if (self.equals is None) == (self.matches is None):
            raise ValueError("give one of equals, matches")
        return self


class Part(Strict):
    """One kind of file (or sheet) of a feed; several may make one bill."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    role: Literal["lines", "totals"] = "lines"
    """`lines`: each row is a charge. `totals`: each row is a bill with its printed totals."""
    charge_class: ChargeClass | None = None
    """Of every row, unless a field `charge_class` says it."""
    columns: tuple[str, ...] = ()
    """Names that the header must have besides those of the fields: they tell parts apart."""
    sheet: str | None = None
    """The sheet of a workbook; not given = every sheet whose header fits."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    header_row: int | None = Field(default=None, ge=0)
    first_row: int | None = Field(default=None, ge=1)
    cells: int | None = Field(default=None, ge=1, le=16_384)
    """How many cells a row has; needed without a header row, where columns are named `1`, `2`..."""
    fields: dict[DocumentField | LineField, At] = {}
    skip: tuple[Rows, ...] = ()
    """Rows that are no charges and no totals; they are counted, never read."""
    total: Rows | None = None
    """The row that prints what the rows of the file add up to."""
    ties: dict[str, str] = {}
    """For `totals`: column -> the part whose lines add up to it."""
    charges: dict[str, ChargeClass] = {}
    """For `totals`: column -> class of a charge that no other part details; it becomes a line."""
    rounding: Literal["exact", "line", "total"] = "exact"
    """Amounts of more than two decimals: unreadable; each rounded; or rounded so that the lines of
    a bill add up to its exact sum rounded once. Always half away from zero."""
    prorated_until: Literal["printed", "month_end", "bill_date"] = "printed"
    """Until when a prorated line that prints no end bills from its `service_from` on."""
    several: bool = False
    """Whether several files of this part may carry rows of one bill."""
    required: bool = False
    """Whether bills wait until a file of this part with their bill date is there."""


class Flat(Strict):
    """The `[flat]` section: how the feed is written, and its parts."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quotes: Literal["strict", "lenient", "none"] = "strict"
    """`strict`: a quote inside a quoted cell is doubled. `lenient`: a quote ends a cell only where
    a delimiter or the end of the row follows. `none`: quotes are text."""
    header_row: int = Field(default=1, ge=0)
    """0 = the feed has none."""
    first_row: int | None = Field(default=None, ge=1)
    """The first row that counts; not given = the one below the header."""
    dates: tuple[str, ...] = ("%Y-%m-%d",)
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'", ""] = ","
    places: Literal["point", "cents"] = "point"
    """`cents`: amounts are whole cents without a point."""
    quote_unquoted: tuple[str, ...] = ()
    """Regular expressions of cells that hold a delimiter and come without quotes."""
    fields: dict[DocumentField | LineField, At] = {}
    """Fields that stand alike in every part."""
    derive: tuple[Literal["current_charges", "total_due"], ...] = ()
    """Totals the feed does not print: they are the sums, and a missing row goes unseen."""
    part: tuple[Part, ...] = Field(min_length=1)

    @field_validator("quote_unquoted")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            _compiled(pattern)
        return patterns

    @field_validator("dates")
    @classmethod
    def _dates(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        for text in formats:
            date_pattern(text)
        return formats

    @model_validator(mode="after")
    def _whole(self) -> Flat:
        names = [part.name for part in self.part]
        faults = [f"part {name} stands twice" for name in set(names) if names.count(name) > 1]
        faults += [fault for part in self.part for fault in self._part_faults(part)]
        if sum(part.role == "totals" for part in self.part) > 1:
            faults.append("only one part may have the role totals")
        if self.decimal == self.thousands:
            faults.append("decimal and thousands are the same sign")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _part_faults(self, part: Part) -> list[str]:
        places = self.places_of(part)
        needed = [*KEY_FIELDS, *(("amount",) if part.role == "lines" else ())]
        faults = [f"part {part.name}: no field {name}" for name in needed if name not in places]
        if part.role == "lines":
            if part.charge_class is None and "charge_class" not in places:
                faults.append(f"part {part.name}: no charge_class")
            if part.ties or part.charges:
                faults.append(f"part {part.name}: ties and charges are for the role totals")
        else:
            printed = {*places, *self.derive}
            faults += [
                f"part {part.name}: no field {name}, and it is not derived"
                for name in ("current_charges", "total_due")
                if name not in printed
            ]
        others = {other.name for other in self.part if other.role == "lines"}
        faults += [
            f"part {part.name}: ties: no part of lines is called `{name}`"
            for name in part.ties.values()
            if name not in others
        ]
        if self.header_of(part) == 0 and part.cells is None:
            faults.append(f"part {part.name}: without a header row, say how many cells a row has")
        if self.first_of(part) <= self.header_of(part):
            faults.append(f"part {part.name}: first_row stands above the header row")
        return faults

    def places_of(self, part: Part) -> dict[str, At]:
        """Return where each field of a part stands."""
        places: dict[str, At] = {str(name): at for name, at in self.fields.items()}
        return places | {str(name): at for name, at in part.fields.items()}

    def header_of(self, part: Part) -> int:
        """Return the row of the header, 0 where there is none."""
        return self.header_row if part.header_row is None else part.header_row

    def first_of(self, part: Part) -> int:
        """Return the first row that counts."""
        first = self.first_row if part.first_row is None else part.first_row
        return self.header_of(part) + 1 if first is None else first

    def delimiter_of(self, part: Part) -> str:
        """Return what parts the cells."""
        return self.delimiter if part.delimiter is None else part.delimiter

    def columns_of(self, part: Part) -> list[tuple[str, ...]]:
        """Return the columns a header must have, each with what may stand instead."""
        wanted = [at.names for at in self.places_of(part).values() if at.names]
        rules = [*part.skip, *((part.total,) if part.total else ())]
        single = [rule.column for rule in rules]
        single += [rule.amount for rule in rules if rule.amount]
        single += [*part.columns, *part.ties, *part.charges]
        return [*wanted, *((folded(name),) for name in single)]
