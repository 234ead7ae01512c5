"""What must hold of a row of a feed, its shape first; whatever does not is told with its reason."""

from __future__ import annotations

import polars as pl

from invoices.carrier import cells as c
from invoices.carrier.checks import Check
from invoices.carrier.flat.dates import date_pattern, serial_day
from invoices.carrier.flat.profile import KEY_FIELDS, At
from invoices.carrier.flat.values import (
    DAYS,
    EXACT,
    IDENTIFIERS,
    MONEY,
    Fields,
    column_field,
    rounded,
)
from invoices.identifiers import LONGEST, REMEDY, doubt, is_doubtful
from invoices.text import filled

_DAMAGE = r"^[+-]?[0-9](?:[.,][0-9]+)?[Ee]\+?[0-9]{2,}$"
"""How a spreadsheet shows a number that was an identifier: `1.37E+18`."""
_USOC_DAMAGE = r"^[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]{2,}$"
_NO_SUCH_DAY = "the calendar has no such day, or it lies far off: ask the carrier which is meant"
_SERIAL = "give the column a date format in the spreadsheet and save it again, or ask for dates"
_READABLE: dict[str, tuple[str, str]] = {
    **dict.fromkeys(MONEY, (c.AMOUNT.what, c.AMOUNT.remedy)),
    **dict.fromkeys(DAYS, (c.DATE.what, c.DATE.remedy)),
    "amount": (c.AMOUNT.what, c.AMOUNT.remedy),
    "quantity": (c.QUANTITY.what, c.QUANTITY.remedy),
    "unit_rate": (c.UNIT_RATE.what, c.UNIT_RATE.remedy),
    "line_no": (c.WHOLE.what, c.WHOLE.remedy),
}


def checks_of(fields: Fields) -> list[Check]:
    """Return what must hold of a row, its shape first."""
    found = [Check(~pl.col("whole"), pl.col("fault"), pl.col("remedy"))]
    for name, at in fields.places.items():
        if name in IDENTIFIERS and not at.template:
            found += _identifier_checks(fields, name, at)
        if name in LONGEST:
            fails = is_doubtful(name, pl.col(name), plain=not fields.table.odd)
            found.append(Check(fails, doubt(name, pl.col(name)), REMEDY))
    needed = (*KEY_FIELDS, *(("carrier",) if fields.has("carrier") else ()))
    found += [_needed(name) for name in needed]
    found += [_readable(fields, name) for name in fields.places if name in _READABLE]
    if fields.table.part.role == "lines":
        found += _line_checks(fields)
    found += [_adds_up(column, terms) for column, terms in fields.table.part.sums.items()]
    for column in fields.columns:
        cell = pl.col(column_field(column))
        found.append(
            Check(
                cell.is_not_null() & pl.col(f"{column_field(column)} value").is_null(),
                filled(f"{column} `{{}}` is not {c.AMOUNT.what}", c.shown(cell)),
                c.AMOUNT.remedy,
            )
        )
    if fields.has("currency"):
        currency = pl.col("currency")
        found.append(
            Check(
                currency.str.to_uppercase() != "USD",
                filled("currency `{}` is not read, only USD", c.shown(currency)),
                "ask the carrier for the invoice in USD",
            )
        )
    return found


def _line_checks(fields: Fields) -> list[Check]:
    nothing = fields.all_printed("amount").is_null()
    found = [Check(nothing, pl.lit("amount is empty"), "fill in amount")]
    found += [_no_credit(column) for column in fields.places["amount"].less]
    if fields.has("charge_class"):
        word = pl.col("charge_class")
        found.append(
            Check(
                fields.value("charge_class").is_null(),
                filled("charge class `{}` is none the profile knows", c.shown(word)),
                "add the word to [charge_classes] of the profile",
            )
        )
    if fields.profile.amount_rule == "unit":
        found.append(_needed("quantity"))
    for name in ("quantity", "unit_rate"):
        if fields.has(name):
            found.append(_agrees(name, fields.value(name)))
    ends, through = fields.value("service_until"), fields.value("service_through")
    wrong = (ends < fields.value("service_from")) if fields.has("service_until") else pl.lit(False)
    if fields.has("service_through"):
        wrong = wrong | (through < fields.value("service_from"))
    if fields.has("service_from"):
        message = pl.lit("the service period ends before it starts")
        found.append(Check(wrong, message, "ask the carrier which of the two days is right"))
    return found


def _no_credit(column: str) -> Check:
    """Say that a column whose money is taken away prints it as a credit already."""
    name = column_field(column)
    return Check(
        pl.col(f"{name} value") < 0,
        filled(
            f"{column} `{{}}` is negative, and the profile takes it away", c.shown(pl.col(name))
        ),
        "where credits are printed negative the profile says `plus`, not `less`, for the column",
    )


def _adds_up(column: str, terms: tuple[str, ...]) -> Check:
    """Say that a column is not what those it adds up come to; an empty one proves nothing."""
    exact = [pl.col(f"{column_field(name)} value").cast(EXACT) for name in (column, *terms)]
    zero = pl.lit("0").cast(EXACT)
    found = pl.sum_horizontal(term.fill_null(zero) for term in exact[1:])
    added = " + ".join(terms)
    return Check(
        exact[0].is_not_null() & (exact[0] != found),
        filled(
            f"{column} is {{}}, and {added} come to {{}}",
            c.shown(pl.col(column_field(column))),
            rounded(found).cast(pl.String),
        ),
        "ask the carrier which is right, or correct `sums` of the profile",
    )


def _readable(fields: Fields, name: str) -> Check:
    what, remedy = _READABLE[name]
    if name in DAYS:
        formats = ", ".join(fields.places[name].dates or fields.flat.dates)
        remedy = f"add its format to `dates` of the profile (there are: {formats})"
    elif fields.flat.places == "cents" and name in (*MONEY, "amount"):
        what, remedy = "an amount in whole cents", "write whole cents, such as 1250 for 12.50"
    if name == "quantity" and (clock := fields.places[name].clock):
        what, remedy = (
            f"a time as {clock}",
            f"write it as {clock}, or correct `clock` of the profile",
        )
    cell = pl.col(name)
    value = fields.own_amount() if name == "amount" else fields.value(name)
    message = filled(f"{name} `{{}}` is not {what}", c.shown(cell))
    cure = pl.lit(remedy)
    if name in DAYS:
        meant = serial_day(cell, fields.table.since_1904)
        serial = " but a spreadsheet's serial number: {}"
        message += pl.coalesce(filled(serial, meant), pl.lit(""))
        said = fields.places[name].dates or fields.flat.dates
        fits = pl.any_horizontal(cell.str.contains(date_pattern(text)) for text in said)
        cure = (
            pl.when(meant.is_not_null())
            .then(pl.lit(_SERIAL))
            .when(fits)
            .then(pl.lit(_NO_SUCH_DAY))
            .otherwise(cure)
        )
    return Check(cell.is_not_null() & value.is_null(), message, cure)


def _identifier_checks(fields: Fields, name: str, at: At) -> list[Check]:
    cell = pl.col(name)
    damage = _USOC_DAMAGE if name == "usoc" else _DAMAGE
    remedy = f"have the file made again with {name} as text, not as a number"
    found = [
        Check(
            cell.str.contains(damage),
            filled(f"{name} `{{}}` is a number cut short by a spreadsheet", c.shown(cell)),
            remedy,
        )
    ]
    if damages := fields.table.damages(at):
        why = pl.coalesce(pl.lit(None, pl.String), *damages)
        found.append(Check(why.is_not_null(), filled(f"{name}: {{}}", why), remedy))
    if at.width:
        message = filled(
            f"{name} `{{}}` has {{}} characters, not {at.width}: zeros may be lost",
            c.shown(cell),
            cell.str.len_chars(),
        )
        found.append(Check(cell.str.len_chars() != at.width, message, remedy))
    if at.pattern:
        message = filled(f"{name} `{{}}` does not look like one", c.shown(cell))
        fits = cell.str.contains(f"^(?:{at.pattern})$")
        found.append(Check(~fits, message, f"correct the row, or `pattern` of {name}"))
    return found


def _needed(name: str) -> Check:
    return Check(pl.col(name).is_null(), pl.lit(f"{name} is empty"), f"fill in {name}")


def _agrees(name: str, value: pl.Expr) -> Check:
    message = f"{name} `{{}}` with amount `{{}}`: a negative {name} goes with a negative amount"
    return Check(
        (value < 0) & (pl.col("amount value") > 0),
        filled(message, c.shown(pl.col(name)), c.shown(pl.col("amount"))),
        f"make {name} and amount agree: a credit has both negative, or {name} positive",
    )
