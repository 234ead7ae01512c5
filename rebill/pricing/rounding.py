"""How the exact price of a line becomes cents: once, by the customer's named rule.

A price is a whole number of 1 / (10**18 x MONTH_PARTS) dollar until then ("fine units", Int128):
finer than `invoices.money` by the six decimals of a discount. Half a cent goes away from zero: with
a markup of 15 percent a line that cost 0.10 comes to 0.115, so its price is 0.12.
"""

from __future__ import annotations

import polars as pl

from invoices.money import MICROS, MONTH_PARTS, divide_half_away

FINE_PER_CENT = 10**16 * MONTH_PARTS
"""Fine units in a cent."""


def to_the_cent(fine: pl.Expr) -> pl.Expr:
    """Return fine units as whole cents, halves away from zero."""
    return divide_half_away(fine, FINE_PER_CENT)


def rounded(fine: pl.Expr) -> pl.Expr:
    """Return fine units as cents by the rule in `rounding`: once for each line, half away from
    zero, unless it says else; `unit` rounds the price of one unit, then counts units."""
    whole, units = whole_number(FINE_PER_CENT), pl.when(pl.col("units") > 0).then("units")
    size, sign = fine.abs(), fine.sign()
    down = size // whole
    half_even = divide_half_away(size * 2 - (down % 2 == 0).cast(pl.Int128), FINE_PER_CENT * 2)
    each = divide_half_away(fine * MICROS, whole * units)
    rule = pl.col("rounding")
    return (
        pl.when((rule == "unit") & units.is_not_null())
        .then(divide_half_away(each * units, MICROS))
        .when(rule == "line_down")
        .then(sign * down)
        .when(rule == "line_up")
        .then(sign * ((size + whole - 1) // whole))
        .when(rule == "line_half_even")
        .then(sign * half_even)
        .otherwise(to_the_cent(fine))
    )


def whole_number(number: int) -> pl.Expr:
    """Return a number as an Int128 literal."""
    return pl.lit(number, dtype=pl.Int128)
