"""What the `[flat]` section of a profile may say: where each field of a delimited feed stands.

`docs/formats/flat.md` describes every setting with examples.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from invoices.carrier.flat.dates import readable_formats
from invoices.carrier.flat.told_rows import Class, Rows, Subtotal, compiled
from invoices.carrier.profiles import ChargeClass, Strict
from invoices.patterns import groups

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
PLACES = ("column", "columns", "value", "template", "file_name", "label", "title")
"""What says where a field stands: one of them."""


def folded(name: str) -> str:
    """Return the name of a column as it is compared: single blanks, no case."""
    return " ".join(name.split()).casefold()


def label_of(text: str) -> str:
    """Return a label as it is compared: like the name of a column, without its colon."""
    return folded(text.strip().rstrip(":."))


Names = Annotated[
    tuple[str, ...], BeforeValidator(lambda said: (said,) if isinstance(said, str) else said)
]
"""One column, or several."""


class At(Strict):
    """Where a field stands, and how what stands there is made plain. One of the first seven."""

    model_config = ConfigDict(title='the name of a column in quotes, such as "Amount"')
    column: str | None = None
    columns: tuple[str, ...] = ()
    """Columns in the order in which to look: the first that is not empty counts."""
    value: str | None = None
    """The same for every row."""
    template: str | None = None
    """Made of other fields: `{ban}`, and `{bill_date}` as YYYYMMDD."""
    file_name: str | None = None
    """A regular expression with one group that is found in the name of the file."""
    label: str | None = None
    """What is said beside it, outside of the tables: the next cell to the right that is not empty,
    or what follows in the same cell."""
    title: str | None = None
    """A regular expression with one group that is found in the title above the table."""
    plus: Names = ()
    """Columns of an amount that are added to it as they are printed."""
    less: Names = ()
    """Columns of an amount that are taken from it: credits that are printed positive."""
    clock: Literal["h:m:s", "m:s", "h:m"] | None = None
    """How a quantity that is a duration is printed; it is read in minutes."""
    within: str | None = None
    """A regular expression with one group: what of the text there counts."""
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

    _dates = field_validator("dates")(readable_formats)
    _pattern = field_validator("pattern", "file_name", "title", "within")(compiled)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"column": data}
        return {"columns": tuple(data)} if isinstance(data, list | tuple) else data

    @model_validator(mode="after")
    def _one_place(self) -> At:
        places = {name: getattr(self, name) for name in PLACES}
        if sum(1 for place in places.values() if place) != 1:
            raise ValueError(f"give one of {', '.join(PLACES)}")
        if self.template:
            fields = re.findall(r"\{([^{}]*)\}", self.template)
            if unknown := sorted(set(fields) - set(TEMPLATE_FIELDS)):
                raise ValueError(
                    f"template: `{unknown[0]}` is none of {', '.join(TEMPLATE_FIELDS)}"
                )
        for name, said in (
            ("file_name", self.file_name),
            ("title", self.title),
            ("within", self.within),
        ):
            if said and groups(said) != 1:
                raise ValueError(
                    f"{name}: the expression needs one group, what stands between ( and )"
                )
        if (self.plus or self.less) and not self.column:
            raise ValueError("plus, less: give the column they are added to or taken from")
        if self.pad and self.width is None:
            raise ValueError("pad: say up to which width")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are looked at, as they are compared."""
        return tuple(folded(name) for name in (self.columns or (self.column,)) if name)

    @property
    def beside(self) -> tuple[str, ...]:
        """The columns that are added or taken away."""
        return (*self.plus, *self.less)

    @property
    def stands_outside(self) -> bool:
        """Whether it stands outside of the rows of a table."""
        return bool(self.label or self.title)


class Part(Strict):
    """One kind of file (or sheet) of a feed; several may make one bill."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,31}$",
        description="at most 32 small letters, digits and underlines",
    )
    role: Literal["lines", "totals", "aside"] = "lines"
    """`lines`: each row is a charge. `totals`: each row is a bill with its printed totals. `aside`:
    a table among others that is not read, such as calls whose sum is charged elsewhere."""
    charge_class: ChargeClass | None = None
    """Of every row, unless a field `charge_class` says it."""
    classes: tuple[Class, ...] = ()
    """Classes of rows told by their words, where no field `charge_class` says it; the first that
    fits counts."""
    columns: tuple[str, ...] = ()
    """Names that the header must have besides those of the fields: they tell parts apart."""
    title: str | None = None
    """A regular expression found in the title above the table: it tells tables with equal headers
    apart."""
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
    subtotals: tuple[Subtotal, ...] = ()
    """Rows that print what rows beside them add up to: they prove, and are no charges."""
    sums: dict[str, Names] = {}
    """Column -> the columns of the same row that add up to it: it proves, and is no charge."""
    ties: dict[str, str] = {}
    """Column -> the part whose lines add up to it; of a part of lines, over the rows of a bill."""
    charges: dict[str, ChargeClass] = {}
    """Column -> class of a charge that no other part or row details; it becomes a line. In a part
    of lines it is a line of its own, beside that of the row."""
    like_totals: Literal["hold", "charges"] = "hold"
    """What becomes of a bill that prints no total and has a row that reads like one, told by no
    rule: it is held, or the row is a charge for all its words."""
    rounding: Literal["exact", "line", "total"] = "exact"
    """Amounts of more than two decimals: unreadable; each rounded; or rounded so that the lines of
    a bill add up to its exact sum rounded once. Always half away from zero."""
    prorated_until: Literal["printed", "month_end", "bill_date"] = "printed"
    """Until when a prorated line that prints no end bills from its `service_from` on."""
    several: bool = False
    """Whether several files of this part may carry rows of one bill."""
    required: bool = False
    """Whether bills wait until a file of this part with their bill date is there."""

    _title = field_validator("title")(compiled)

    @property
    def others(self) -> tuple[str, ...]:
        """The columns with money that is no field: charges of their own, and what proves."""
        said = [
            *self.ties,
            *self.charges,
            *self.sums,
            *(n for of in self.sums.values() for n in of),
        ]
        said += [rule.amount for rule in self.subtotals if rule.amount]
        return tuple(dict.fromkeys(said))


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
    line_breaks: bool = False
    """Whether quoted cells may hold line breaks."""
    sections: bool = False
    """Whether a file has several tables, each below a header of its own: headers are found by
    their names wherever they stand. So it is too where a field stands outside of the tables."""
    aside: tuple[str, ...] = ()
    """Regular expressions of the first cell of rows that stand in no table."""
    fields: dict[DocumentField | LineField, At] = {}
    """Fields that stand alike in every part."""
    derive: tuple[Literal["current_charges", "total_due"], ...] = ()
    """Totals the feed does not print: they are the sums, and a missing row goes unseen."""
    part: tuple[Part, ...] = Field(min_length=1)

    @field_validator("quote_unquoted", "aside")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            compiled(pattern)
        return patterns

    _dates = field_validator("dates")(readable_formats)

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
        if part.role == "aside":
            told = part.columns or part.title
            faults = ["say which by `columns` or `title`"] * (not told)
            faults += ["a file of one table needs none"] * (not self.is_sectioned)
            return [f"part {part.name}: role aside: {fault}" for fault in faults]
        places = self.places_of(part)
        needed = [*KEY_FIELDS, *(("amount",) if part.role == "lines" else ())]
        faults = [f"part {part.name}: no field {name}" for name in needed if name not in places]
        faults += self._proof_faults(part)
        if part.role == "lines":
            if part.charge_class is None and "charge_class" not in places:
                faults.append(f"part {part.name}: no charge_class")
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
        if self.is_sectioned:
            return faults
        if self.header_of(part) == 0 and part.cells is None:
            faults.append(f"part {part.name}: without a header row, say how many cells a row has")
        if self.first_of(part) <= self.header_of(part):
            faults.append(f"part {part.name}: first_row stands above the header row")
        return faults

    def _proof_faults(self, part: Part) -> list[str]:
        places = self.places_of(part)
        money = [name for name, at in places.items() if at.beside and name != "amount"]
        faults = [f"part {part.name}: {name}: plus and less are for the amount" for name in money]
        if part.role == "totals" and any(rule.amount is None for rule in part.subtotals):
            faults.append(f"part {part.name}: subtotals: say which column they add up as `amount`")
        if part.role != "lines":
            return faults
        amount = places.get("amount")
        own = amount.names if amount else ()
        if taken := {folded(name) for name in part.charges} & set(own):
            faults.append(
                f"part {part.name}: charges: `{min(taken)}` is the amount of the row itself"
            )
        # Whatever a row charges it charges once.
        beside = amount.beside if amount else ()
        counted = [*dict.fromkeys(own), *map(folded, (*beside, *part.charges))]
        twice = {name for name in counted if counted.count(name) > 1} - taken
        if tied := {folded(name) for name in part.ties} & {folded(name) for name in part.charges}:
            faults.append(
                f"part {part.name}: `{min(tied)}` stands in ties and in charges: it is either"
                " detailed by the other part or charged here"
            )
        if twice:
            faults.append(f"part {part.name}: `{min(twice)}` would be counted twice")
        return faults

    @property
    def joins_lines(self) -> bool:
        """Whether rows are put together where a quoted cell holds line breaks."""
        return self.line_breaks and self.quotes != "none"

    @property
    def is_sectioned(self) -> bool:
        """Whether headers are found wherever they stand in a file."""
        outside = any(at.stands_outside for at in self.fields.values())
        parts = any(
            p.title or any(at.stands_outside for at in p.fields.values()) for p in self.part
        )
        return self.sections or bool(self.aside) or outside or parts

    def labels_of(self) -> dict[str, At]:
        """Return the labels that are looked for, as they are compared, each with its field."""
        places = [self.fields, *(part.fields for part in self.part)]
        said = [at for fields in places for at in fields.values() if at.label]
        return {label_of(str(at.label)): at for at in said}

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
        if part.role == "aside":
            return [(folded(name),) for name in part.columns]
        wanted = [at.names for at in self.places_of(part).values() if at.names]
        rules = [*part.skip, *part.classes, *part.subtotals, *((part.total,) if part.total else ())]
        single = [rule.column for rule in rules]
        single += [rule.amount for rule in rules if rule.amount]
        single += [name for at in self.places_of(part).values() for name in at.beside]
        single += [*part.columns, *part.others]
        return [*wanted, *((folded(name),) for name in single)]
