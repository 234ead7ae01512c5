"""What a markup row, a retail rate and a bundle say: the columns of each, and the methods."""

from __future__ import annotations

import polars as pl

from invoices.schema import RATE

MARKUPS = pl.Schema(
    {
        "row_id": pl.Int64(),
        "customer": pl.String(),
        "service": pl.String(),
        "usoc": pl.String(),
        "package": pl.String(),
        "product": pl.String(),
        "charge_class": pl.String(),
        "method": pl.String(),  # one of METHODS
        "value": RATE,  # a share for percents and discounts, dollars per unit for the others
        "minimum": RATE,  # dollars per unit, of percent_with_minimum
        "floor": RATE,  # dollars per unit
        "cap": RATE,  # dollars per unit
        "cap_retail": pl.Boolean(),  # the cap is the carrier's retail rate
        "effective_from": pl.Date(),  # null = since ever
        "effective_until": pl.Date(),  # excluded; null = open
        "tier": pl.String(),  # the tier whose bands give the value; null = none
        "promotion": pl.String(),  # shown on the invoice; such a row has an end
        "below_cost": pl.Boolean(),  # consent to a price below cost
    }
)

BUNDLES = pl.Schema(
    {
        "row_id": pl.Int64(),
        "bundle": pl.String(),
        "usoc": pl.String(),
        "product": pl.String(),  # null = any
        "customer": pl.String(),  # null = any
        "effective_from": pl.Date(),
        "effective_until": pl.Date(),
    }
)

RETAIL = pl.Schema(
    {
        "row_id": pl.Int64(),
        "carrier": pl.String(),
        "usoc": pl.String(),  # the code, or else a package
        "package": pl.String(),
        "state": pl.String(),  # null = any
        "rate": RATE,  # dollars per unit and month
        "effective_from": pl.Date(),
        "effective_until": pl.Date(),
    }
)

METHODS = (
    *("percent", "percent_with_minimum", "adder", "flat", "retail_discount", "pass_through"),
    "absorb",
)

PASSED_ON = ("surcharge", "tax", "adjustment", "late_charge")
"""Classes that cost the customer what they cost us unless a row names the class or the USOC."""
