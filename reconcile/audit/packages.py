"""Packages are priced at the service: all their lines of one period against one price.

Rules: the packages of the findings page and `docs/DECISIONS.md` 16 and 22. How the carrier spreads
the price over the elements is its own affair.
"""

from __future__ import annotations

import polars as pl

from invoices.money import EXACT_PER_CENT, MICROS, MONTH_PARTS, cents, micros
from invoices.schema import columns_of
from reconcile.audit.pricing import value

_GROUP = ["service", "package", "period_from", "period_until", "bill_month"]

SHARES = pl.Schema(
    {
        "line_id": pl.String(),
        "package_share": pl.Int128(),  # cents of the package price that fall to the line
        "is_package_above": pl.Boolean(),  # more is billed than the price of the whole period
        "package_tolerated": pl.Boolean(),
    }
)


def spread(lines: pl.LazyFrame) -> pl.DataFrame:
    """Return the shares of the package price for lines whose package is not billed at its price.

    `lines` are charges of packages with a rate in force (`reconcile.audit.due.with_due`) that no
    code took as a whole. A package billed at its price to the cent needs no row: the share of each
    line is what was billed.
    """
    member = lines.with_columns(bill_month=pl.col("bill_date").dt.truncate("1mo"))
    own = ~pl.col("is_twice")
    one = pl.lit(MICROS, dtype=pl.Int128)
    units = pl.max_horizontal("units", pl.lit(1, dtype=pl.Int128))
    due, whole = (
        value(pl.col("package_rate"), one, parts, pl.col("by_unit"))
        for parts in (pl.col("unit_parts_installed") // units, pl.col("factor"))
    )
    month = pl.col("month_days").fill_null(30).cast(pl.Int128)
    day = micros(pl.col("package_rate")) * MICROS * (MONTH_PARTS // month) // EXACT_PER_CENT + 1
    prorated = own & (pl.col("charge_class") == "prorated")
    # What a charge billed twice leaves due is its own; the others share the rest of the price.
    left = pl.when(own).then(0).otherwise(left_of_repeat()).sum()
    groups = (
        member.group_by(_GROUP)
        .agg(
            billed=pl.when(own).then(cents(pl.col("amount"))).otherwise(0).sum(),
            price=pl.max_horizontal(pl.when(own).then(due).max() - left, 0),
            whole=pl.max_horizontal(pl.when(own).then(whole).max() - left, 0),
            day=pl.when(prorated.any()).then(pl.when(own).then(day).max()).otherwise(0),
        )
        .filter(pl.col("billed") != pl.col("price"), pl.col("billed") > 0)
        .collect()
        .with_columns(
            is_package_above=pl.col("billed") - pl.col("whole") > pl.col("day"),
            package_tolerated=(pl.col("billed") - pl.col("price")).abs() <= pl.col("day"),
        )
    )
    elements = (
        member.filter(own)
        .select("line_id", "line_no", "amount", *_GROUP)
        .join(groups.lazy(), on=_GROUP)
        .collect()
    )
    return _largest_remainder(elements)


def left_of_repeat() -> pl.Expr:
    """Return the cents that are due of a line billed twice in part, after all codes of days."""
    bound = cents(pl.col("amount") - pl.col("not_credited"))
    left = pl.max_horizontal(pl.min_horizontal(cents(pl.col("amount")), "due_not_billed"), bound)
    for flag, due in (
        ("is_disconnected", "due_in_service"),
        ("is_before_install", "due_installed"),
    ):
        left = pl.when(pl.col(flag)).then(pl.min_horizontal(left, due)).otherwise(left)
    return left


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
        )
        .select(columns_of(SHARES))
    )
