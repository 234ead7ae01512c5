"""What each method of a markup comes to, exactly: percent, adder, flat, discount; floor and cap."""

from __future__ import annotations

import polars as pl

from invoices.money import MICROS, MONTH_PARTS, cents, micros
from rebill.pricing.rounding import FINE_PER_CENT, whole_number

_PARTS_FINE = 10**6 * MONTH_PARTS
"""Fine units in a millionth of a dollar times a millionth of a unit."""
EXEMPT, ABSORB = "exempt", "absorb"
"""Methods that charge nothing: a carrier's tax of an exempt customer, what a rule lets us bear."""


def wants_retail() -> pl.Expr:
    """Return whether a markup row needs the retail rate of a line."""
    return (pl.col("method") == "retail_discount") | pl.col("cap_retail").fill_null(False)


def fine_price(tiered: bool) -> pl.Expr:
    """Return the exact price in fine units: the method, then the floor, then the cap.

    A cap that lies below the floor wins: a customer is never charged above it. `tiered` says that
    lines have `tier_units` and `tier_parts`, what the bands of a graduated tier come to.
    """
    cost = cents(pl.col("cost"))
    value = micros(pl.col("value").fill_null(0))
    units, parts = pl.col("units"), pl.col("unit_parts")
    whole = pl.lit(MICROS, dtype=pl.Int128)
    share = cost * value * whole_number(FINE_PER_CENT // MICROS)
    at_cost = cost * whole_number(FINE_PER_CENT)
    per_unit = {
        name: micros(pl.col(name)) * units * whole_number(_PARTS_FINE)
        for name in ("minimum", "floor", "cap")
    }
    retail = micros(pl.col("retail_rate")) * parts
    by_units, by_months = value * units, value * parts
    if tiered:
        by_units = pl.coalesce("tier_units", by_units)
        by_months = pl.coalesce("tier_parts", by_months)
    nothing = cost * whole_number(0)
    by_method = {
        "percent": at_cost + share,
        "percent_with_minimum": at_cost + pl.max_horizontal(share, per_unit["minimum"]),
        "adder": at_cost + by_units * whole_number(_PARTS_FINE),
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
