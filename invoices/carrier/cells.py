"""What stands in a cell: the spellings a carrier may use, as polars expressions.

A `Kind` turns the text of a cell into a value. Each expression takes text that is trimmed and null
where nothing stands (`trimmed`); `spelling` is null where the text cannot be read, and `value` is
never a guess: no rounding, no exponent, no date that the calendar does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from invoices.schema import CENTS, CHARGE_CLASSES, RATE

FIRST_YEAR, LAST_YEAR = 1990, 2100
"""Dates outside these years are slips of the pen."""
AMOUNT_DIGITS = 14
"""Whole dollars of an amount have at most so many digits; a sum of them still fits."""
RATE_DIGITS = 9
"""So many for rates and quantities: rate x quantity x days stays exact in 128 bits."""
SHOWN = 40
"""How much of an unreadable cell a message shows."""


@dataclass(frozen=True)
class Kind:
    """A kind of cell: what it is, what to write instead, how it is read."""

    what: str
    remedy: str
    spelling: Callable[[pl.Expr], pl.Expr]
    value: Callable[[pl.Expr], pl.Expr]

    def readable(self, cell: pl.Expr) -> pl.Expr:
        """Say whether the cell is empty or reads as this kind."""
        return cell.is_null() | self.spelling(cell).is_not_null()


def trimmed(cell: pl.Expr) -> pl.Expr:
    """Return the text without blanks around it, null where nothing is left."""
    text = cell.str.strip_chars()
    return pl.when(text.str.len_bytes() > 0).then(text)


def shown(cell: pl.Expr) -> pl.Expr:
    """Return as much of a cell as a message shows."""
    return cell.str.slice(0, SHOWN).fill_null("")


_WHOLE = r"(?:\d+|\d{1,3}(?:,\d{3})+)"
_NUMBER = rf"(?:{_WHOLE}(?:\.\d+)?|\.\d+)"


def _decimal(digits: int, places: int, currency: str) -> Callable[[pl.Expr], pl.Expr]:
    """Return the reader of one number: at most `places` decimals that are not zero.

    Read are `1234.5`, `+3`, `-12.50`, `12.50-`, `(12.50)`, `.50`, thousands that stand right and,
    where `currency` allows it, a dollar sign. The result is a plain number with a leading minus.
    """
    plain = rf"^-?\d{{1,{digits}}}(?:\.\d{{1,{places}}})?$"
    exact = rf"^-?\d{{1,{digits}}}(?:\.\d{{1,{places}}}0*)?$"
    spelled = "|".join(
        (
            rf"[+-]?{currency}{_NUMBER}",
            rf"{currency}[+-]?{_NUMBER}",
            rf"{currency}{_NUMBER} ?-",
            rf"\( ?{currency}{_NUMBER} ?\)",
        )
    )

    def spelling(cell: pl.Expr) -> pl.Expr:
        is_plain = cell.str.contains(plain)
        odd = pl.when(~is_plain).then(cell)
        odd = pl.when(odd.str.contains(rf"^(?:{spelled})$")).then(odd)
        sign = pl.when(odd.str.contains(r"[-(]")).then(pl.lit("-")).otherwise(pl.lit(""))
        number = odd.str.replace_all(r"[^\d.]", "").str.replace(r"^0*(\d|\.)", "$1")
        number = sign + number.str.replace(r"^\.", "0.")
        return pl.coalesce(
            pl.when(is_plain).then(cell), pl.when(number.str.contains(exact)).then(number)
        )

    return spelling


_DOLLARS = r"\$? ?"
_amount, _rate = _decimal(AMOUNT_DIGITS, 2, _DOLLARS), _decimal(RATE_DIGITS, 6, _DOLLARS)
_quantity = _decimal(RATE_DIGITS, 6, "")


def _date(cell: pl.Expr) -> pl.Expr:
    spelled = pl.when(cell.str.contains(r"^\d{4}-\d{2}-\d{2}$")).then(cell)
    day = spelled.str.to_date("%Y-%m-%d", strict=False)
    return pl.when(day.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).then(day)


def _class(cell: pl.Expr) -> pl.Expr:
    name = cell.str.to_lowercase()
    return pl.when(name.is_in(CHARGE_CLASSES)).then(name)


def _whole(cell: pl.Expr) -> pl.Expr:
    return pl.when(cell.str.contains(r"^\d{1,18}$")).then(cell)


AMOUNT = Kind(
    "an amount in dollars and cents",
    "write at most two decimals and 14 digits before them, such as 1234.50 or -12.50",
    _amount,
    lambda cell: _amount(cell).cast(CENTS, strict=False),
)
UNIT_RATE = Kind(
    "a rate of up to six decimals",
    "write at most six decimals and 9 digits before them, such as 18.5 or 0.0125",
    _rate,
    lambda cell: _rate(cell).cast(RATE, strict=False),
)
QUANTITY = Kind(
    "a quantity of up to six decimals",
    "write at most six decimals and 9 digits before them, such as 3 or 12.5",
    _quantity,
    lambda cell: _quantity(cell).cast(RATE, strict=False),
)
DATE = Kind(
    "a date of the calendar",
    f"write the date as YYYY-MM-DD, between {FIRST_YEAR} and {LAST_YEAR}",
    _date,
    _date,
)
CHARGE_CLASS = Kind(
    "a charge class",
    "write one of " + ", ".join(CHARGE_CLASSES),
    _class,
    _class,
)
WHOLE = Kind(
    "a whole number",
    "write digits only, at most 18",
    _whole,
    lambda cell: _whole(cell).cast(pl.Int64, strict=False),
)


def printed_places(cell: pl.Expr) -> pl.Expr:
    """Return how many decimals a readable rate prints (Int8)."""
    number = _rate(cell)
    point = number.str.find(".", literal=True)
    places = number.str.len_bytes().cast(pl.Int64) - point.cast(pl.Int64) - 1
    return pl.when(number.is_not_null()).then(places.fill_null(0)).cast(pl.Int8)


def telephone(cell: pl.Expr) -> pl.Expr:
    """Return the ten digits of a telephone number in any usual spelling, else upper case text.

    Read are `614 555-0131`, `(614) 555-0131`, `614-555-0131`, `614.555.0131`, `6145550131`, each
    also behind `1` or `+1`.
    """
    is_plain = cell.str.contains(r"^\d{10}$")
    odd = pl.when(~is_plain).then(cell)
    is_number = odd.str.contains(r"^(?:\+?1[ .-]?)?(?:\(\d{3}\)|\d{3})[ ./-]{0,2}\d{3}[ .-]?\d{4}$")
    digits = odd.str.replace_all(r"\D", "").str.tail(10)
    return pl.coalesce(
        pl.when(is_plain).then(cell),
        pl.when(is_number).then(digits),
        odd.str.to_uppercase(),
    )


def circuit_key(cell: pl.Expr) -> pl.Expr:
    """Return a circuit ID as it is compared: without blanks, upper case."""
    return cell.str.replace_all(r"\s+", "").str.to_uppercase()
