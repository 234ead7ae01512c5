"""Prices by volume: the bands of a tier in the place of a markup's value.

`all_units` gives every unit the value of the band that the volume reaches; `graduated` gives each
unit the value of the band it lies in. The volume is that of the line, or of all the customer's
lines of the bill month that the tier prices, in order of bill date and line. Rules:
`docs/pricing.md`, the tiers.
"""

from __future__ import annotations

import polars as pl

from invoices.money import MONTH_PARTS, micros
from invoices.schema import RATE

TIERS = pl.Schema(
    {
        "tier": pl.String(),
        "mode": pl.String(),  # graduated, all_units
        "per": pl.String(),  # line, customer
        "from_units": RATE,  # the first unit of the band; the bands of a tier begin at 0
        "value": RATE,  # as a markup's
    }
)

_POOL = ["customer", "month", "tier"]
_ENDLESS = 10**30
"""Where the last band ends, in millionths of a unit."""


def with_tiers(lines: pl.LazyFrame, tiers: pl.DataFrame) -> pl.LazyFrame:
    """Return `lines` with what the bands of their tiers say.

    `lines` have `tier` (null = none), `value`, `units`, `unit_parts`, `charged_quantity`. Of a line
    with a tier `value` is that of its band (all_units), or else `tier_units` is the sum of value x
    units and `tier_parts` that of value x units x months (graduated), in millionths of both; usage
    counts its quantity. What of the months belongs to which band is counted down to parts of a
    month, the last band taking the rest.
    """
    own = (
        lines.filter(pl.col("tier").is_not_null())
        .select(
            *("line_id", "customer", "tier", "bill_date", "charge_class", "charged_quantity"),
            *("units", "unit_parts"),
        )
        .collect()
    )
    volumes = _volumes(own, tiers)
    bands = _banded(volumes, _bands(tiers))
    said = own.select("line_id").join(bands, on="line_id", how="left")
    return (
        lines.join(said.lazy(), on="line_id", how="left", maintain_order="left")
        .with_columns(
            value=pl.coalesce("band_value", "value"),
            units=pl.coalesce("counted", "units"),
            unit_parts=pl.coalesce("counted_parts", "unit_parts"),
        )
        .drop("band_value", "counted", "counted_parts")
    )


def _volumes(own: pl.DataFrame, tiers: pl.DataFrame) -> pl.DataFrame:
    """Return the tiered lines with their units, the units before them, and the volume they make."""
    usage = pl.col("charge_class") == "usage"
    counted = pl.when(usage).then(micros(pl.col("charged_quantity"))).otherwise("units")
    shared = pl.col("per") == "customer"
    none = pl.lit(0, dtype=pl.Int128)
    reach = pl.col("counted").cum_sum().over(_POOL)
    return (
        own.join(tiers.select("tier", "mode", "per").unique(), on="tier")
        .with_columns(month=pl.col("bill_date").dt.truncate("1mo"), counted=counted)
        .with_columns(
            counted_parts=pl.when(usage)
            .then(pl.col("counted") * MONTH_PARTS)
            .otherwise("unit_parts")
        )
        .sort("bill_date", "line_id")
        .with_columns(
            start=pl.when(shared).then(reach - pl.col("counted")).otherwise(none),
            volume=pl.when(shared).then(pl.col("counted").sum().over(_POOL)).otherwise("counted"),
        )
    )


def _bands(tiers: pl.DataFrame) -> pl.DataFrame:
    """Return the bands of each tier: from which unit (included) to which (excluded), and value."""
    begins = micros(pl.col("from_units"))
    return tiers.sort("tier", "from_units").select(
        "tier",
        begins=begins,
        ends=begins.shift(-1).over("tier").fill_null(_ENDLESS),
        band_value="value",
    )


def _banded(volumes: pl.DataFrame, bands: pl.DataFrame) -> pl.DataFrame:
    """Return what the bands say of each line: line_id, counted, counted_parts, band_value,
    tier_units, tier_parts."""
    met = volumes.join(bands, on="tier")
    volume, begins, ends = pl.col("volume"), pl.col("begins"), pl.col("ends")
    reached = (pl.col("mode") == "all_units") & (begins <= volume) & (volume < ends)
    low = pl.max_horizontal("start", "begins") - pl.col("start")
    high = pl.min_horizontal(pl.col("start") + pl.col("counted"), "ends") - pl.col("start")
    within = met.with_columns(low=low, high=high).filter(
        reached | ((pl.col("mode") == "graduated") & (pl.col("low") < pl.col("high")))
    )

    def months(units: str) -> pl.Expr:
        return pl.col("counted_parts") * pl.col(units) // pl.col("counted")

    graduated = pl.col("mode") == "graduated"
    value = micros(pl.col("band_value"))
    return (
        within.with_columns(
            pl.when(~graduated).then("band_value").alias("band_value"),
            tier_units=pl.when(graduated).then(value * (pl.col("high") - pl.col("low"))),
            tier_parts=pl.when(graduated).then(value * (months("high") - months("low"))),
        )
        .group_by("line_id")
        .agg(
            pl.col("counted", "counted_parts", "band_value").first(),
            pl.when(pl.col("tier_units").count() > 0).then(pl.col("tier_units").sum()),
            pl.when(pl.col("tier_parts").count() > 0).then(pl.col("tier_parts").sum()),
        )
    )
