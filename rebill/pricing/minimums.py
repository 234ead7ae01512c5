"""The row of an invoice that brings a month up to what the customer committed to.

Rules: `docs/pricing.md`, own charges and the minimum.
"""

from __future__ import annotations

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, seal
from rebill.pricing import precedence
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.pricing.own_charges import NO_CHARGES

MONTH = ["customer", "bill_month"]


def minimum_lines(
    commitments: pl.DataFrame, items: pl.DataFrame, charged: pl.DataFrame, days: pl.DataFrame
) -> pl.DataFrame:
    """Return the customer lines that bring a month up to what the customer committed to.

    `items` (`ITEMS`) is all that stands on the month's invoices but minimums; `charged` the
    minimums on issued ones (customer, bill_month, price); `days` the customers and months to look
    at, with the invoice's date, on which a commitment must be in force. Where more was charged as a
    minimum than is missing now, the line gives the difference back.
    """
    held = in_force(commitments, days)
    before = charged.group_by(MONTH).agg(before=pl.col("price").sum())
    missing = pl.max_horizontal(pl.col("amount").cast(CENTS) - pl.col("counted"), ZERO_CENTS)
    return (
        held.join(counted(items, held), on=MONTH, how="left")
        .join(before, on=MONTH, how="left")
        .with_columns(pl.col("counted", "before").fill_null(0))
        .with_columns(price=(missing - pl.col("before")).cast(CENTS))
        .filter(pl.col("price") != 0)
        .pipe(as_lines)
    )


def in_force(commitments: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Return the customers and months of `days` with the commitment in force on their day."""
    return days.join(commitments, on="customer").filter(precedence.in_force("bill_date"))


def counted(items: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Return [customer, bill_month, counted]: the charges that count towards each commitment."""
    kind, counts = pl.col("charge_class"), pl.col("counts")
    own = (
        pl.when(counts == "recurring")
        .then(kind.is_in(["recurring", "prorated"]))
        .when(counts == "usage")
        .then(kind == "usage")
        .otherwise(~kind.is_in(NO_CHARGES))
    )
    return (
        items.join(held.select(*MONTH, "counts"), on=MONTH)
        .filter(own)
        .group_by(MONTH)
        .agg(counted=pl.col("price").sum())
    )


def as_lines(missing: pl.DataFrame) -> pl.DataFrame:
    """Return what is missing, `price`, as customer lines."""
    return missing.with_columns(
        kind=pl.lit("minimum"),
        charge_class=pl.lit("recurring"),
        description=pl.coalesce("description", pl.lit("Minimum monthly commitment")),
        quantity=pl.lit(1),
        cost=ZERO_CENTS,
        margin=pl.col("price"),
        method=pl.lit("minimum"),
        made_key=pl.lit("minimum"),
        tax_base=pl.col("counted"),
        rule=pl.lit("commitments row ") + pl.col("row_id").cast(pl.String),
        bill_date=pl.lit(None, dtype=pl.Date),
    ).pipe(seal, CUSTOMER_LINES)
