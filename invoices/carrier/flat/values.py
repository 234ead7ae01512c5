"""Cells of a feed become values: identifiers, days, amounts, charge classes.

A field has up to three columns on the way: its name (the text that is read, null where nothing
stands), `NAME plain` (a number in our own spelling), `NAME value` (typed, null where it cannot be
read). Identifiers stay text: none is ever a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from invoices.carrier import cells as c
from invoices.carrier.flat.dates import clocked, has_year, to_date
from invoices.carrier.flat.profile import DOCUMENT_FIELDS, At, Flat
from invoices.carrier.flat.rows import BLANKS, TITLE, Table, is_one
from invoices.carrier.profiles import Profile
from invoices.identifiers import clean_text
from invoices.patterns import group_in
from invoices.schema import CENTS, CHARGE_CLASSES, RATE

EXACT = pl.Decimal(38, 12)
"""What an amount is computed in before its one rounding."""
IDENTIFIERS = ("carrier", "ban", "invoice_no", "wtn", "circuit_id", "order_no", "usoc")
DAYS = ("bill_date", "due_date", "service_from", "service_until", "service_through")
MONEY = ("previous_balance", "payments", "adjustments", "current_charges", "total_due")
NUMBERS = (*MONEY, "amount", "quantity", "unit_rate")


@dataclass(frozen=True)
class Fields:
    """The fields of one table: where they stand and how they are read."""

    profile: Profile
    flat: Flat
    table: Table

    @property
    def places(self) -> dict[str, At]:
        """Where each field stands."""
        return self.flat.places_of(self.table.part)

    def has(self, name: str) -> bool:
        """Whether the part has a field."""
        return name in self.places

    def value(self, name: str) -> pl.Expr:
        """Return a field as a value, null where the part has none or it cannot be read."""
        return pl.col(f"{name} value") if self.has(name) else pl.lit(None)

    def printed(self) -> dict[str, pl.Expr]:
        """Return the text of each field that is not made of others."""
        found = {
            name: self._printed(name, at) for name, at in self.places.items() if not at.template
        }
        columns = {name: self._seen("column", self.table.cell(name)) for name in self.columns}
        return found | {column_field(name): text for name, text in columns.items()}

    def _seen(self, name: str, text: pl.Expr) -> pl.Expr:
        """Return a text without what no eye and no spreadsheet sees, where a cell has any."""
        return c.seen(name, text) if self.table.odd else text

    def own_amount(self) -> pl.Expr:
        """Return the amount of its own column, null where that prints none that can be read."""
        beside = self.places["amount"].beside
        return self._exact_amount(pl.col("amount plain")) if beside else self.value("amount")

    def all_printed(self, name: str) -> pl.Expr:
        """Return what is printed of a field in its own column, else in one that is added or taken
        away."""
        beside = self.places[name].beside if self.has(name) else ()
        return pl.coalesce(pl.col(name), *(pl.col(column_field(column)) for column in beside))

    def _printed(self, name: str, at: At) -> pl.Expr:
        text = self._seen(name, self._located(at))
        if at.within:
            text = text.str.extract(at.within, 1).str.strip_chars(BLANKS)
        if name in IDENTIFIERS:
            text = stripped(text, at)
            if at.width and at.pad:
                text = text.str.pad_start(at.width, at.pad)
        if name in self.profile.codes:
            codes = self.profile.codes[name]
            seen = {clean_text(said): meant for said, meant in codes.items()}
            text = text.replace(seen | codes)
        return text

    def _located(self, at: At) -> pl.Expr:
        if at.value:
            return pl.lit(at.value)
        if at.file_name:
            name = self.table.source_file.rpartition("!")[2]
            return pl.lit(group_in(name, at.file_name), pl.String)
        if at.label:
            return self.table.beside(at.label)
        if at.title:
            return pl.col(TITLE).str.extract(at.title, 1).str.strip_chars(BLANKS)
        return pl.coalesce(self.table.cell(name) for name in at.names if name in self.table.names)

    def plain(self) -> dict[str, pl.Expr]:
        """Return each number in our own spelling, from its text."""
        numbers = [name for name in self.places if name in NUMBERS]
        numbers += [column_field(column) for column in self.columns]
        return {f"{name} plain": self.plain_number(pl.col(name)) for name in numbers}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns with money that are no fields: charges of their own, what proves, what is
        added to the amount or taken from it."""
        beside = [name for at in self.places.values() for name in at.beside]
        return tuple(dict.fromkeys((*self.table.part.others, *beside)))

    def values(self) -> dict[str, pl.Expr]:
        """Return the value of each field that is not made of others."""
        found = {
            f"{name} value": self._value(name, at)
            for name, at in self.places.items()
            if not at.template
        }
        return found

    def column_values(self) -> dict[str, pl.Expr]:
        """Return the money of each column that is no field: in cents, or exact where lines are
        rounded."""
        part = self.table.part
        exact = part.role == "lines" and part.rounding != "exact"
        return {
            f"{name} value": self.long_amount(plain) if exact else self.amount(plain)
            for name in map(column_field, self.columns)
            for plain in [pl.col(f"{name} plain")]
        }

    def _value(self, name: str, at: At) -> pl.Expr:
        text, plain = pl.col(name), pl.col(f"{name} plain")
        if name in DAYS:
            formats = (*(at.dates or self.flat.dates), *self._typed_days())
            yearless = name != "bill_date" and not all(map(has_year, formats))
            return to_date(text, formats, self._bill_day() if yearless else None)
        if name in (*MONEY, "amount"):
            value = self.amount(plain) if name in MONEY else self._exact_amount(plain)
            value = -value if at.negate else value
            return self._with_beside(value, at) if at.beside else value
        if name in ("quantity", "unit_rate"):
            if at.clock:
                return clocked(text, at.clock).cast(RATE)
            kind = c.QUANTITY if name == "quantity" else c.UNIT_RATE
            return kind.cast(kind.spelling(plain)).cast(RATE)
        if name == "charge_class":
            return self._charge_class(text)
        if name == "line_no":
            return c.WHOLE.cast(c.WHOLE.spelling(text))
        if name == "wtn":
            return c.telephone(text)
        if name == "description" and self.flat.line_breaks:
            return text.str.replace_all(r"\s*\n\s*", " ")
        return text.str.to_uppercase() if name in ("usoc", "state") else text

    def _with_beside(self, value: pl.Expr, at: At) -> pl.Expr:
        """Return an amount with the columns that are added to it, less those taken from it; null
        where none of them prints anything, or one cannot be read."""
        signs = [(name, 1) for name in at.plus] + [(name, -1) for name in at.less]
        terms = [(pl.col("amount"), value)] + [
            (pl.col(column_field(name)), sign * pl.col(f"{column_field(name)} value").cast(EXACT))
            for name, sign in signs
        ]
        nothing = pl.lit("0").cast(EXACT)
        found = pl.sum_horizontal(
            pl.when(printed.is_not_null()).then(amount).otherwise(nothing)
            for printed, amount in terms
        )
        read = pl.all_horizontal(
            printed.is_null() | amount.is_not_null() for printed, amount in terms
        )
        some = pl.any_horizontal(printed.is_not_null() for printed, _ in terms)
        return pl.when(read & some).then(found)

    def _bill_day(self) -> pl.Expr:
        return self._value("bill_date", self.places["bill_date"])

    def _typed_days(self) -> tuple[str, ...]:
        """Days of a workbook are days of their own, whatever format the feed declares."""
        return ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S") if self.table.damaged else ()

    def made(self) -> dict[str, pl.Expr]:
        """Return the fields that are made of others."""
        found = {}
        for name, at in self.places.items():
            if at.template:
                texts = re.split(r"\{([^{}]*)\}", at.template)
                words = [
                    pl.lit(text)
                    if place % 2 == 0
                    else self.value(text).dt.strftime("%Y%m%d")
                    if text in DAYS
                    else self.value(text)
                    for place, text in enumerate(texts)
                ]
                found[name] = found[f"{name} value"] = pl.concat_str(words)
        return found

    def plain_number(self, text: pl.Expr) -> pl.Expr:
        """Return a number as it is written here: a point, thousands by commas, a sign before it."""
        credit = text.str.contains(r"(?i)^[^-(].*cr\.?$")
        text = text.str.replace(r"(?i)\s*(?:cr|dr|db)\.?$", "")
        text = pl.when(credit).then(pl.lit("-") + text).otherwise(text)
        point, thousands = self.flat.decimal, self.flat.thousands
        if point == ",":
            # Commas step aside first, so that neither sign is taken for the other.
            text = text.str.replace_all(",", "\0", literal=True)
            text = text.str.replace_all(".", "," if thousands == "." else "?", literal=True)
            text = text.str.replace_all("\0", ".", literal=True)
        elif thousands != ",":
            text = text.str.replace_all(",", "?", literal=True)
        if thousands in (" ", "'"):
            text = text.str.replace_all(rf"([0-9]){thousands}([0-9])", "${1},${2}")
            text = text.str.replace_all(rf"([0-9]){thousands}([0-9])", "${1},${2}")
        return text

    def _cast(self, kind: c.Kind, plain: pl.Expr) -> pl.Expr:
        """Return an amount, null where it is none; of whole cents the dollars."""
        cents = self.flat.places == "cents"
        return kind.cast(c.in_cents(plain) if cents else kind.spelling(plain))

    def amount(self, plain: pl.Expr) -> pl.Expr:
        """Return an amount of dollars and cents, null where it is none."""
        return self._cast(c.AMOUNT, plain).cast(CENTS)

    def long_amount(self, plain: pl.Expr) -> pl.Expr:
        """Return an amount of up to twelve decimals, exact, null where it is none."""
        return self._cast(c.LONG_AMOUNT, plain).cast(EXACT)

    def _exact_amount(self, plain: pl.Expr) -> pl.Expr:
        """Return the printed amount of a line before its rounding: of the line, or of one unit."""
        part = self.table.part
        kind = c.UNIT_RATE if self.profile.amount_rule == "unit" else c.AMOUNT
        kind = kind if part.rounding == "exact" else c.LONG_AMOUNT
        return self._cast(kind, plain).cast(EXACT)

    def _charge_class(self, text: pl.Expr) -> pl.Expr:
        words = {name: name for name in CHARGE_CLASSES}
        words |= {
            clean_text(said).casefold(): meant
            for said, meant in self.profile.charge_classes.items()
        }
        told = text.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.String)
        return pl.when(text.is_null()).then(self.usual_class()).otherwise(told)

    def usual_class(self) -> pl.Expr:
        """Return the class of rows that print none: by the first rule that tells them, else that of
        the part."""
        part = self.table.part
        told = [
            pl.when(is_one(rule, self.table)).then(pl.lit(rule.charge_class))
            for rule in part.classes
        ]
        return pl.coalesce(*told, pl.lit(part.charge_class, pl.String))

    def extended(self) -> pl.Expr:
        """Return the amount of a whole line, exact."""
        amount = pl.col("amount value")
        if self.profile.amount_rule == "unit":
            return amount * self.value("quantity").cast(EXACT)
        return amount

    def rounds(self) -> bool:
        """Whether amounts are rounded here at all."""
        return self.table.part.rounding != "exact" or self.profile.amount_rule == "unit"


def stripped(text: pl.Expr, at: At) -> pl.Expr:
    """Return an identifier without the characters that only part it."""
    if not at.strip:
        return text
    left = text.str.replace_all(f"[{re.escape(at.strip)}]", "")
    return pl.when(left.str.len_bytes() > 0).then(left)


def column_field(column: str) -> str:
    """Return what the columns of a ledger are called while they are read."""
    return f"column {column}"


def rounded(exact: pl.Expr) -> pl.Expr:
    """Return exact dollars as cents, half away from zero."""
    return exact.round(2, mode="half_away_from_zero").cast(CENTS)


def with_values(fields: Fields) -> pl.LazyFrame:
    """Return the rows of a table with the text and the value of every field."""
    return (
        fields.table.rows.with_columns(**fields.printed())
        .with_columns(**fields.plain())
        .with_columns(**fields.column_values())
        .with_columns(**fields.values())
        .with_columns(**fields.made())
    )


def document_fields(fields: Fields) -> list[str]:
    """Return the fields of a document that the part has, the key first."""
    return [name for name in DOCUMENT_FIELDS if fields.has(name)]
