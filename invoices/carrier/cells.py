"""What stands in a cell: the spellings a carrier may use, as polars expressions.

A `Kind` turns the text of a cell into a value. Each expression takes text that is trimmed and null
where nothing stands (`trimmed`). A value is never a guess: no rounding, no exponent, no date that
the calendar does not have, no digits but 0 to 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from invoices.identifiers import clean, visible
from invoices.schema import CENTS, CHARGE_CLASSES, RATE

FIRST_YEAR, LAST_YEAR = 1990, 2100
"""Dates outside these years are slips of the pen."""
AMOUNT_DIGITS = 9
"""Whole dollars of an amount have at most so many digits: every sum over a bill, a month and a run
then fits what keeps it."""
RATE_DIGITS = 9
"""So many for rates and quantities: rate x quantity x days stays exact in 128 bits."""
SHOWN = 40
"""How much of an unreadable cell a message shows."""


@dataclass(frozen=True)
class Kind:
    """A kind of cell: what it is, what to write instead, how it is read."""

    what: str
    remedy: str
    plain: str
    """A regular expression of the spelling that needs no work, one that never looks back."""
    spelling: Callable[[pl.Expr], pl.Expr]
    """From any spelling to the plain one; null where the text cannot be read."""
    cast: Callable[[pl.Expr], pl.Expr]
    """From the plain spelling to the value; null where nothing stands."""


def trimmed(cell: pl.Expr) -> pl.Expr:
    """Return the text without blanks around it, null where nothing is left."""
    text = cell.str.strip_chars()
    return pl.when(text.str.len_bytes() > 0).then(text)


def seen(name: str, cell: pl.Expr) -> pl.Expr:
    """Return a trimmed cell without what no eye and no spreadsheet sees; null = nothing is left."""
    return visible(cell) if name == "description" else clean(cell)


def shown(cell: pl.Expr) -> pl.Expr:
    """Return as much of a cell as a message shows."""
    return cell.str.slice(0, SHOWN).fill_null("")


_WHOLE = r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)"
_NUMBER = rf"(?:{_WHOLE}(?:\.[0-9]+)?|\.[0-9]+)"


def _plain_number(digits: int, places: int) -> str:
    return rf"-?[0-9]{{1,{digits}}}(?:\.[0-9]{{1,{places}}})?"


def _number(digits: int, places: int, currency: str) -> Callable[[pl.Expr], pl.Expr]:
    """Return the reader of a number: at most `places` decimals that are not zero.

    Read are `1234.5`, `+3`, `-12.50`, `12.50-`, `(12.50)`, `.50`, thousands that stand right and,
    where `currency` allows it, a dollar sign. The result is a plain number.
    """
    plain = f"^{_plain_number(digits, places)}$"
    exact = rf"^-?[0-9]{{1,{digits}}}(?:\.[0-9]{{1,{places}}}0*)?$"
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
        sign = pl.when(odd.str.contains(r"[-(]")).then(pl.lit("-")).otherwise(pl.lit(""))
        number = odd.str.replace_all(r"[^0-9.]", "").str.replace(r"^0*([0-9]|\.)", "$1")
        signed = sign + number.str.replace(r"^\.", "0.")
        exactly = odd.str.contains(f"^(?:{spelled})$") & signed.str.contains(exact)
        return pl.when(is_plain).then(cell).when(exactly).then(signed)

    return spelling


def _as(dtype: pl.DataType) -> Callable[[pl.Expr], pl.Expr]:
    return lambda cell: cell.cast(dtype, strict=False)


_YEAR = "(?:199[0-9]|2(?:0[0-9][0-9]|100))"
_TO_28, _TO_30, _TO_31 = (
    "(?:0[1-9]|1[0-9]|2[0-8])",
    "(?:0[1-9]|[12][0-9]|30)",
    "(?:0[1-9]|[12][0-9]|3[01])",
)
_PLAIN_DATE = (
    f"{_YEAR}-(?:0(?:[13578]-{_TO_31}|[469]-{_TO_30}|2-{_TO_28})|1(?:[02]-{_TO_31}|1-{_TO_30}))"
)
"""Every date but the 29th of February, which takes a calendar."""


def _to_date(cell: pl.Expr) -> pl.Expr:
    return cell.str.to_date("%Y-%m-%d", strict=False)


def _date(cell: pl.Expr) -> pl.Expr:
    looks = cell.str.contains(f"^{_YEAR}-[0-9][0-9]-[0-9][0-9]$")
    return pl.when(looks & _to_date(pl.when(looks).then(cell)).is_not_null()).then(cell)


def _class(cell: pl.Expr) -> pl.Expr:
    name = cell.str.to_lowercase()
    return pl.when(name.is_in(CHARGE_CLASSES)).then(name)


def _whole(cell: pl.Expr) -> pl.Expr:
    return pl.when(cell.str.contains(r"^[0-9]{1,18}$")).then(cell)


def _same(cell: pl.Expr) -> pl.Expr:
    return trimmed(cell)


_DOLLARS = r"\$? ?"
AMOUNT = Kind(
    what="an amount in dollars and cents",
    remedy="write at most two decimals and 9 digits before them, such as 1234.50 or -12.50",
    plain=_plain_number(AMOUNT_DIGITS, 2),
    spelling=_number(AMOUNT_DIGITS, 2, _DOLLARS),
    cast=_as(CENTS),
)
LONG_AMOUNT = Kind(
    what="an amount of up to twelve decimals",
    remedy="write at most twelve decimals and 9 digits before them, such as 1.234567",
    plain=_plain_number(AMOUNT_DIGITS, 12),
    spelling=_number(AMOUNT_DIGITS, 12, _DOLLARS),
    cast=_as(pl.Decimal(38, 12)),
)
"""Of a feed that prints amounts unrounded; whoever reads it rounds once."""


def in_cents(cell: pl.Expr) -> pl.Expr:
    """Return an amount that is printed in whole cents as dollars in plain spelling, else null."""
    whole = _number(AMOUNT_DIGITS + 2, 1, _DOLLARS)(cell)
    sign = pl.when(whole.str.starts_with("-")).then(pl.lit("-")).otherwise(pl.lit(""))
    digits = whole.str.strip_prefix("-").str.zfill(3)
    dollars = sign + digits.str.head(-2) + "." + digits.str.tail(2)
    return pl.when(whole.str.contains("^-?[0-9]+$")).then(dollars)


UNIT_RATE = Kind(
    what="a rate of up to six decimals",
    remedy="write at most six decimals and 9 digits before them, such as 18.5 or 0.0125",
    plain=_plain_number(RATE_DIGITS, 6),
    spelling=_number(RATE_DIGITS, 6, _DOLLARS),
    cast=_as(RATE),
)
QUANTITY = Kind(
    what="a quantity of up to six decimals",
    remedy="write at most six decimals and 9 digits before them, such as 3 or 12.5",
    plain=_plain_number(RATE_DIGITS, 6),
    spelling=_number(RATE_DIGITS, 6, ""),
    cast=_as(RATE),
)
DATE = Kind(
    what="a date of the calendar",
    remedy=f"write the date as YYYY-MM-DD, between {FIRST_YEAR} and {LAST_YEAR}",
    plain=_PLAIN_DATE,
    spelling=_date,
    cast=_to_date,
)
CHARGE_CLASS = Kind(
    what="a charge class",
    remedy="write one of " + ", ".join(CHARGE_CLASSES),
    plain="|".join(CHARGE_CLASSES),
    spelling=_class,
    cast=_same,
)
WHOLE = Kind(
    what="a whole number",
    remedy="write digits only, at most 18",
    plain="[0-9]{1,18}",
    spelling=_whole,
    cast=_as(pl.Int64()),
)
TELEPHONE = "[0-9]{10}"
"""A telephone number that needs no work."""


def printed_places(number: pl.Expr) -> pl.Expr:
    """Return how many decimals a plain number prints (Int8, at most 127), null where there is none;
    of other text some number."""
    point = number.str.find(".", literal=True).cast(pl.Int64)
    return (
        pl.when(number.str.len_bytes() > 0)
        .then((number.str.len_bytes().cast(pl.Int64) - point - 1).fill_null(0).clip(0, 127))
        .cast(pl.Int8)
    )


def telephone(cell: pl.Expr) -> pl.Expr:
    """Return the ten digits of a telephone number in any usual spelling, else upper case text.

    Read are `614 555-0131`, `(614) 555-0131`, `614-555-0131`, `614.555.0131`, `6145550131`, each
    also behind `1` or `+1`.
    """
    is_plain = cell.str.contains(f"^{TELEPHONE}$")
    odd = pl.when(~is_plain).then(cell)
    is_number = odd.str.contains(
        r"^(?:\+?1[ .-]?)?(?:\([0-9]{3}\)|[0-9]{3})[ ./-]{0,2}[0-9]{3}[ .-]?[0-9]{4}$"
    )
    digits = odd.str.replace_all(r"[^0-9]", "").str.tail(10)
    return pl.coalesce(
        pl.when(is_plain).then(cell),
        pl.when(is_number).then(digits),
        odd.str.to_uppercase(),
    )


def circuit_key(cell: pl.Expr) -> pl.Expr:
    """Return a circuit ID as it is compared: without blanks, upper case."""
    return cell.str.replace_all(r"\s+", "").str.to_uppercase()
