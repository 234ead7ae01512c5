"""How foreign text, dates and amounts read on paper and in a cell, as polars expressions.

Text from carriers and customers is foreign: nothing of it may hide, open a tag or run as a formula.
A null is an empty text. Each is meant for the distinct values of a column: most repeat.
"""

from __future__ import annotations

import polars as pl

from invoices.money import cents, divide_half_away, micros
from invoices.text import formula_safe

_UNSEEN = (
    r"[\x{0}-\x{8}\x{E}-\x{1B}\x{7F}-\x{84}\x{86}-\x{9F}\x{AD}\x{61C}\x{180E}\x{200B}-\x{200F}"
    r"\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FEFF}\x{FFF9}-\x{FFFB}]+"
)
"""Control characters, zero-width characters and overrides of the direction of writing."""
_BLANKS = (
    r"[\x{9}-\x{D}\x{1C}-\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}"
    r"\x{205F}\x{3000}]+"
)
UNIT_PLACES = range(2, 7)
"""How many places a unit price may have: as few as come to the cent."""
_BREAKS = r"\r\n|[\x{A}-\x{D}\x{1C}-\x{1E}\x{85}\x{2028}\x{2029}]"
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", '"': "&#34;"}


def seen(text: pl.Expr) -> pl.Expr:
    """Return `text` on one line, without anything that cannot be seen."""
    visible = text.str.replace_all(_UNSEEN, "").str.replace_all(_BLANKS, " ")
    return visible.str.strip_chars(" ").fill_null("")


def paragraphs(text: pl.Expr) -> pl.Expr:
    """Return the lines of `text` as a list, each as `seen` and none of them empty."""
    parts = text.str.replace_all(_BREAKS, "\n").str.split("\n").list.eval(seen(pl.element()))
    return parts.list.eval(pl.element().filter(pl.element() != ""))


def escaped(text: pl.Expr) -> pl.Expr:
    """Return `text` for an HTML page."""
    for sign, entity in _ESCAPES.items():  # The ampersand first, or it escapes the others.
        text = text.str.replace_all(sign, entity, literal=True)
    return text


def doubled(cell: pl.Expr) -> pl.Expr:
    """Return what stands between the quotes of a CSV cell: each quote in it is two."""
    return cell.str.replace_all('"', '""', literal=True)


def cell(text: pl.Expr) -> pl.Expr:
    """Return text that is `seen` as a cell of a CSV row, safe and quoted where it must be."""
    return doubled(formula_safe(text)).str.replace('^(.*[,"].*)$', '"${1}"')


def plain(number: pl.Expr) -> pl.Expr:
    """Return a decimal without needless zeros: 1, 12.5."""
    return number.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".").fill_null("")


def number(number: pl.Expr) -> pl.Expr:
    """Return a decimal as people write it: 1,834.5, with a true minus sign."""
    text = plain(number)
    digits = text.str.extract("^-?([0-9]+)").fill_null("")
    rest = text.str.extract(r"(\.[0-9]+)$").fill_null("")
    sign = pl.when(text.str.starts_with("-")).then(pl.lit("\u2212")).otherwise(pl.lit(""))
    return pl.concat_str(sign, _by_thousands(digits), rest)


def money(amount: pl.Expr) -> pl.Expr:
    """Return dollars and cents as people write them: 1,224.85, with a true minus sign."""
    text = amount.abs().cast(pl.String)
    sign = pl.when(amount < 0).then(pl.lit("\u2212")).otherwise(pl.lit(""))
    return pl.concat_str(sign, _by_thousands(text.str.head(-3)), text.str.tail(3))


def _by_thousands(digits: pl.Expr) -> pl.Expr:
    grouped = digits.str.reverse().str.replace_all("([0-9]{3})", "${1},")
    return grouped.str.strip_suffix(",").str.reverse()


def unit_price(price: pl.Expr, quantity: pl.Expr, places: int) -> pl.Expr:
    """Return what one of `quantity` costs, in so many places: 0.0298.

    Null where nothing is counted, and where the quantity at this price is not `price` to the cent.
    """
    parts, units, scale = cents(price), micros(quantity), 10 ** (places + 4)
    counted = pl.when(units != 0).then(units.abs())
    one = divide_half_away(parts * units.sign() * scale, counted)
    again = divide_half_away(one * units, scale)
    return pl.when(again == parts).then(_placed(one, places))


def bare(amount: pl.Expr) -> pl.Expr:
    """Return an amount that people read as machines do: -1224.85."""
    return amount.str.replace_all(",", "", literal=True).str.replace("\u2212", "-", literal=True)


def _placed(number: pl.Expr, places: int) -> pl.Expr:
    """Return a whole number of small parts of a dollar as people write dollars: 1,224.85."""
    digits = number.abs().cast(pl.String).str.zfill(places + 1)
    sign = pl.when(number < 0).then(pl.lit("\u2212")).otherwise(pl.lit(""))
    whole = _by_thousands(digits.str.head(-places))
    return pl.concat_str(sign, whole, pl.lit("."), digits.str.tail(places))


def telephone(wtn: pl.Expr) -> pl.Expr:
    """Return ten digits as (614) 555-0131, anything else as it is."""
    return wtn.str.replace(r"^(\p{Nd}{3})(\p{Nd}{3})(\p{Nd}{4})$", "(${1}) ${2}-${3}")


def day(date: pl.Expr, month: str = "%b") -> pl.Expr:
    """Return a date as Feb 10, 2026; `month` %B spells the month out."""
    return pl.concat_str(date.dt.to_string(f"{month} %-d, "), date.dt.year().cast(pl.String))


def period(start: pl.Expr, until: pl.Expr) -> pl.Expr:
    """Return a half-open period with both its days included, as customers read it."""
    last = until - pl.duration(days=1)
    same_year = start.dt.year() == last.dt.year()
    first = pl.when(same_year).then(start.dt.to_string("%b %-d")).otherwise(day(start))
    words = (
        pl.when(until.is_null() | (start == until) | (start == last))
        .then(day(start))
        .when(start.is_null())
        .then(pl.concat_str(pl.lit("to "), day(last)))
        .otherwise(pl.concat_str(first, pl.lit(" \u2013 "), day(last)))
    )
    return words.fill_null("")


def iso(date: pl.Expr) -> pl.Expr:
    """Return a date as 2026-02-10."""
    return date.dt.to_string("%Y-%m-%d").fill_null("")
