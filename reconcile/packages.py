"""Packages are priced at the service: all their lines of one period against one price.

Rules: the packages of the findings page and `docs/DECISIONS.md` 16 and 22. How the carrier spreads
the price over the elements is its own affair.
"""

from __future__ import annotations

import polars as pl

from invoices.money import EXACT_PER_CENT, MICROS, MONTH_PARTS, cents, micros
from reconcile.due import value

_GROUP = ["service", "package", "period_from", "period_until", "bill_month"]

SHARES = pl.Schema(
    {
        "line_id": pl.String(),
        "package_share": pl.Int128(),  # cents of the package price that fall to the line
        "package_billed": pl.Int128(),  # cents of all lines of the package
        "package_price": pl.Int128(),  # of the whole period, whatever of it is due
        "package_tolerated": pl.Boolean(),
    }
)


def spread(lines: pl.LazyFrame) -> pl.DataFrame:
    """Return the shares of the package price for lines whose package is not billed at its price.

    `lines` come from `reconcile.due.with_due`, without those of which nothing is left. A package
    billed at its price to the cent needs no row: the share of each line is what was billed.
    """
    member = lines.filter(
        pl.col("package").is_not_null(),
        pl.col("service").is_not_null(),
        pl.col("buy_rate").is_not_null(),
        pl.col("amount") >= 0,
    ).with_columns(bill_month=pl.col("bill_date").dt.truncate("1mo"))
    one = pl.lit(MICROS, dtype=pl.Int128)
    units = pl.max_horizontal("units", pl.lit(1, dtype=pl.Int128))
    due, whole = (
        value(pl.col("buy_rate"), one, parts, pl.col("by_unit"))
        for parts in (pl.col("unit_parts3") // units, pl.col("factor"))
    )
    month = pl.col("month_days").fill_null(30).cast(pl.Int128)
    day = micros(pl.col("buy_rate")) * MICROS * (MONTH_PARTS // month) // EXACT_PER_CENT + 1
    twice = pl.col("is_twice")
    # What a charge billed twice leaves due is its own; the others share the rest of the price.
    left = pl.when(twice).then("due1").otherwise(0).sum()
    groups = (
        member.group_by(_GROUP)
        .agg(
            billed=pl.when(twice).then(0).otherwise(cents(pl.col("amount"))).sum(),
            price=pl.max_horizontal(due.max() - left, 0),
            whole=pl.max_horizontal(whole.max() - left, 0),
            day=day.max(),
            prorated=(pl.col("charge_class") == "prorated").any(),
        )
        .filter(pl.col("billed") != pl.col("price"), pl.col("billed") > 0)
        .collect()
        .with_columns(
            tolerated=pl.col("prorated")
            & (pl.col("price") == pl.col("whole"))
            & ((pl.col("billed") - pl.col("price")).abs() <= pl.col("day"))
        )
    )
    elements = (
        member.filter(~twice)
        .select("line_id", "line_no", "amount", *_GROUP)
        .join(groups.lazy(), on=_GROUP, nulls_equal=True)
        .collect()
    )
    return _largest_remainder(elements)


def _largest_remainder(elements: pl.DataFrame) -> pl.DataFrame:
    """Spread each price in proportion to the billed amounts; the lower line_no wins a tie."""
    part = cents(pl.col("amount")) * pl.col("price")
    left = (pl.col("price") - pl.col("floor").sum().over(_GROUP)).cast(pl.Int64)
    turn = pl.int_range(pl.len()).over(_GROUP, order_by=[pl.col("rest") * -1, "line_no", "line_id"])
    return (
        elements.with_columns(floor=part // pl.col("billed"), rest=part % pl.col("billed"))
        .with_columns(left=left, turn=turn)
        .with_columns(
            package_share=pl.col("floor")
            + pl.when(pl.col("turn") < pl.col("left")).then(1).otherwise(0),
            package_billed="billed",
            package_price="whole",
            package_tolerated="tolerated",
        )
        .select(pl.col(name).cast(dtype) for name, dtype in SHARES.items())
    )
