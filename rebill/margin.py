"""What is left of the prices after the costs, for each customer and bill month."""

from __future__ import annotations

import polars as pl

from invoices.money import cents, divide_half_away
from invoices.schema import CENTS


def by_customer(customer_lines: pl.LazyFrame) -> pl.DataFrame:
    """Return customer, bill_month, lines, cost, price, margin and `share`, by month and customer.

    `share` is the margin's share of the price, rounded to four places (0.1667 is 16.67 percent);
    null where nothing was charged. `below_cost` counts lines sold for less than they cost.
    """
    price, margin = cents(pl.col("price")), cents(pl.col("margin"))
    share = divide_half_away(margin * 10_000, pl.when(price > 0).then(price))
    ten_thousandth = pl.lit("0.0001").cast(pl.Decimal(38, 4))
    return (
        customer_lines.group_by("bill_month", "customer")
        .agg(
            pl.len().cast(pl.Int64).alias("lines"),
            *(pl.col(name).sum().cast(CENTS) for name in ("cost", "price", "margin")),
            below_cost=(pl.col("margin") < 0).sum().cast(pl.Int64),
        )
        .with_columns(share=share.cast(pl.Decimal(38, 4)) * ten_thousandth)
        .sort("bill_month", "customer")
        .collect()
    )
