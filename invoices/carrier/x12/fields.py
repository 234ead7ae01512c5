"""What stands in the elements of a segment: texts, numbers, implied cents and dates.

A value is never a guess: a number has the digits its column can keep, or it is a fault. Segments
come without blanks around their elements; an empty element is null.
"""

from __future__ import annotations

import polars as pl

from invoices.carrier.cells import AMOUNT_DIGITS, FIRST_YEAR, LAST_YEAR, RATE_DIGITS
from invoices.carrier.x12.profile import Written
from invoices.schema import CENTS, RATE

_DOLLARS = rf"^-?(?:0*[0-9]{{1,{AMOUNT_DIGITS}}}(?:\.[0-9]{{0,2}}0*)?|\.[0-9]{{1,2}}0*)$"
_RATE = rf"^-?(?:0*[0-9]{{1,{RATE_DIGITS}}}(?:\.[0-9]{{0,6}}0*)?|\.[0-9]{{1,6}}0*)$"
_WHOLE_CENTS = rf"^-?0*[0-9]{{1,{AMOUNT_DIGITS + 2}}}$"


def split(text: pl.Expr, element: str) -> pl.Expr:
    """Return the elements of segments as lists; the first is the segment's id."""
    return text.str.split(element)


def element(parts: pl.Expr, at: int) -> pl.Expr:
    """Return an element of split segments, null where nothing stands."""
    value = parts.list.get(at, null_on_oob=True)
    return pl.when(value != "").then(value)


def one_of(value: pl.Expr, known: tuple[str, ...]) -> pl.Expr:
    """Say whether a text is one of some; an element that is not given is the empty text."""
    return value.fill_null("").is_in(pl.lit(pl.Series(known, dtype=pl.String)).implode())


def pair_value(parts: pl.Expr, width: int, first: int, qualifiers: tuple[str, ...]) -> pl.Expr:
    """Return the value behind the first of `qualifiers` that a segment has, in their order.

    Pairs begin at the position `first`; `width` is how many elements the widest segment has.
    """
    found = [
        pl.when(parts.list.get(at, null_on_oob=True) == qualifier).then(element(parts, at + 1))
        for qualifier in qualifiers
        for at in range(first, width - 1, 2)
    ]
    return pl.coalesce(found) if found else pl.lit(None, pl.String)


def dollars(text: pl.Expr) -> pl.Expr:
    """Return an amount in dollars as whole cents, null where it is none."""
    right = pl.when(text.str.contains(_DOLLARS)).then(text)
    return right.cast(CENTS, strict=False).to_physical().cast(pl.Int64)


def cents(text: pl.Expr, rule: Written) -> pl.Expr:
    """Return an amount as whole cents, null where it is none written by `rule`."""
    whole = pl.when(text.str.contains(_WHOLE_CENTS)).then(text).cast(pl.Int64, strict=False)
    if rule == "cents":
        return whole
    if rule == "dollars":
        return dollars(text)
    return pl.when(text.str.contains(".", literal=True)).then(dollars(text)).otherwise(whole)


def in_dollars(text: pl.Expr, rule: Written) -> pl.Expr:
    """Return a price as dollars with a point: of whole cents, the last two digits stand behind it.

    What cannot be read by `rule` is null.
    """
    if rule == "dollars":
        return text
    whole = text.str.replace(r"^(-?)([0-9]+)$", "${1}00${2}").str.replace(r"(..)$", ".${1}")
    pointed = pl.when(text.str.contains(_WHOLE_CENTS)).then(whole)
    if rule == "cents":
        return pointed
    return pl.when(text.str.contains(".", literal=True)).then(text).otherwise(pointed)


def number(text: pl.Expr) -> pl.Expr:
    """Return a rate or quantity of up to six decimals, null where it is none."""
    return pl.when(text.str.contains(_RATE)).then(text).cast(RATE, strict=False)


def places(text: pl.Expr) -> pl.Expr:
    """Return how many decimals a number prints, at most 127; of other text some number."""
    point = text.str.find(".", literal=True).cast(pl.Int64)
    after = text.str.len_bytes().cast(pl.Int64) - point - 1
    return pl.when(text.is_not_null()).then(after.fill_null(0).clip(0, 127)).cast(pl.Int8)


def date(text: pl.Expr, century_from: int) -> pl.Expr:
    """Return a date of eight digits, or of six with a century window; null where it is none."""
    short = text.str.contains(r"^[0-9]{6}$")
    old = text.str.head(2) >= f"{century_from:02d}"
    full = (
        pl.when(text.str.contains(r"^[0-9]{8}$"))
        .then(text)
        .when(short)
        .then(pl.when(old).then(pl.lit("19")).otherwise(pl.lit("20")) + text)
    )
    value = full.str.to_date("%Y%m%d", strict=False)
    return pl.when(value.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).then(value)
