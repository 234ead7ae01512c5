"""Exact money: whole numbers of a tiny unit, rounded once, half away from zero.

A charge is rate x units x the fraction of a month. Rates and units carry six decimals; a month has
`MONTH_PARTS` parts, a number that 28, 29, 30 and 31 all divide, so that any count of days of any
month is a whole number of parts. The product of the three is therefore a whole number of
`1 / (10**12 * MONTH_PARTS)` dollars ("exact" below, an Int128), and only `to_cents` rounds.
"""

from __future__ import annotations

import polars as pl

from invoices.schema import CENTS, RATE, WIDE

MONTH_PARTS = 377_580
"""28, 29, 30 and 31 divide it: the least common multiple of the lengths a month can have."""

MICROS = 10**6
EXACT_PER_CENT = 10**10 * MONTH_PARTS
"""How many exact units make a cent."""
ZERO_CENTS = pl.lit(0, dtype=CENTS)
"""No money, as dollars and cents."""


def micros(column: pl.Expr) -> pl.Expr:
    """Return a decimal of up to six places as a whole number of millionths (Int128)."""
    return column.cast(RATE).to_physical().cast(pl.Int128)


def cents(column: pl.Expr) -> pl.Expr:
    """Return dollars and cents as a whole number of cents (Int128)."""
    return column.cast(CENTS).to_physical().cast(pl.Int128)


def from_cents(column: pl.Expr) -> pl.Expr:
    """Return a whole number of cents as dollars and cents."""
    # A sum of an integer and a decimal keeps the decimal's scale, so the cast is exact.
    return (column.cast(WIDE) * pl.lit("0.01").cast(WIDE)).cast(CENTS)


def divide_half_away(numerator: pl.Expr, denominator: pl.Expr | int) -> pl.Expr:
    """Return `numerator / denominator` as a whole number, halves rounded away from zero.

    Both are Int128; the denominator is positive (null gives null).
    """
    bottom = pl.lit(denominator, dtype=pl.Int128) if isinstance(denominator, int) else denominator
    return numerator.sign() * ((numerator.abs() * 2 + bottom) // (bottom * 2))


def from_micros(count: pl.Expr) -> pl.Expr:
    """Return a whole number of millionths as a decimal of six places."""
    step = pl.lit("0.000001").cast(pl.Decimal(38, 6))
    return count.cast(pl.Decimal(38, 6)) * step


def exact(rate: pl.Expr, unit_parts: pl.Expr) -> pl.Expr:
    """Return rate (dollars per unit and month) x unit-parts in exact units.

    `unit_parts` is units in millionths times parts of a month: Int128.
    """
    return micros(rate) * unit_parts.cast(pl.Int128)


def to_cents(column: pl.Expr) -> pl.Expr:
    """Round exact units to dollars and cents, once, half away from zero."""
    return from_cents(divide_half_away(column, EXACT_PER_CENT))
