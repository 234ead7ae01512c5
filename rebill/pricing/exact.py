"""Prices in whole numbers: rounded once, by a named rule."""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.money import MICROS, MONTH_PARTS, cents, divide_half_away, micros

_FINE_PER_CENT = 10**16 * MONTH_PARTS


_PARTS_FINE = 10**6 * MONTH_PARTS
"""Fine units in a millionth of a dollar times a millionth of a unit."""


_SINCE_EVER = dt.date(1, 1, 1)


EXEMPT, ABSORB = "exempt", "absorb"
"""Methods that charge nothing: a carrier's tax of an exempt customer, what a rule lets us bear."""


def _wants_retail() -> pl.Expr:
    return (pl.col("method") == "retail_discount") | pl.col("cap_retail").fill_null(False)


def _to_the_cent(fine: pl.Expr) -> pl.Expr:
    return divide_half_away(fine, _FINE_PER_CENT)


def _rounded(fine: pl.Expr) -> pl.Expr:
    """Return fine units as cents by the rule in `rounding`: once for each line, half away from
    zero, unless it says else; `unit` rounds the price of one unit, then counts units."""
    whole, units = _int(_FINE_PER_CENT), pl.col("units")
    size, sign = fine.abs(), fine.sign()
    down = size // whole
    half_even = divide_half_away(size * 2 - (down % 2 == 0).cast(pl.Int128), _FINE_PER_CENT * 2)
    each = divide_half_away(fine * MICROS, whole * pl.when(units > 0).then(units))
    rule = pl.col("rounding")
    return (
        pl.when((rule == "unit") & (units > 0))
        .then(divide_half_away(each * units, MICROS))
        .when(rule == "line_down")
        .then(sign * down)
        .when(rule == "line_up")
        .then(sign * ((size + whole - 1) // whole))
        .when(rule == "line_half_even")
        .then(sign * half_even)
        .otherwise(_to_the_cent(fine))
    )


def _fine_price(tiered: bool) -> pl.Expr:
    """Return the exact price in fine units: the method, then the floor, then the cap.

    A cap that lies below the floor wins: a customer is never charged above it. `tiered` says that
    lines have `tier_units` and `tier_parts`, what the bands of a graduated tier come to.
    """
    cost = cents(pl.col("cost"))
    value = micros(pl.col("value").fill_null(0))
    units, parts = pl.col("units"), pl.col("unit_parts")
    whole = pl.lit(MICROS, dtype=pl.Int128)
    share = cost * value * _int(_FINE_PER_CENT // MICROS)
    at_cost = cost * _int(_FINE_PER_CENT)
    per_unit = {
        name: micros(pl.col(name)) * units * _int(_PARTS_FINE)
        for name in ("minimum", "floor", "cap")
    }
    retail = micros(pl.col("retail_rate")) * parts
    by_units, by_months = value * units, value * parts
    if tiered:
        by_units = pl.coalesce("tier_units", by_units)
        by_months = pl.coalesce("tier_parts", by_months)
    nothing = cost * _int(0)
    by_method = {
        "percent": at_cost + share,
        "percent_with_minimum": at_cost + pl.max_horizontal(share, per_unit["minimum"]),
        "adder": at_cost + by_units * _int(_PARTS_FINE),
        "flat": by_months * whole,
        "retail_discount": retail * (whole - value),
        "pass_through": at_cost,
        ABSORB: nothing,
        EXEMPT: nothing,
    }
    price = pl.coalesce(
        pl.when(pl.col("method") == method).then(exact) for method, exact in by_method.items()
    )
    retail_cap = pl.when(pl.col("cap_retail").fill_null(False)).then(retail * whole)
    floored = pl.max_horizontal(price, per_unit["floor"])
    return pl.min_horizontal(floored, per_unit["cap"], retail_cap)


def _int(number: int) -> pl.Expr:
    return pl.lit(number, dtype=pl.Int128)
