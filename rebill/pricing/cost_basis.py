"""What a markup works on: the cost of a line as expected or as billed, its units and months."""

from __future__ import annotations

import polars as pl

from invoices.money import MICROS, MONTH_PARTS, micros
from invoices.schema import CENTS, RATE
from rebill.pricing.customer_rules import Rules


def with_cost(lines: pl.LazyFrame, rules: Rules) -> pl.LazyFrame:
    """Add the cost a markup works on and the units and months it counts.

    `cost` in dollars; `units` in millionths; `unit_parts` in millionths times parts of a month;
    `on_billed` says that the cost is what was billed.
    """
    more = ["rounding"] if rules.rounds else []
    more += ["tax_exempt", "federal_usf"] if rules.exempts else []
    on_billed = (pl.col("cost_basis") == "billed").fill_null(False).alias("on_billed")
    basis = rules.customers.lazy().select("customer", on_billed, *more)
    billed = pl.col("on_billed").fill_null(False)
    printed = pl.col("quantity").abs().fill_null(1)
    due = pl.coalesce("due_units", printed)
    units = pl.when(billed).then(printed).otherwise(due)
    usage = pl.col("charge_class") == "usage"
    counted = pl.when(usage).then(pl.lit(MICROS, dtype=pl.Int128)).otherwise(micros(units))
    factor = pl.col("fraction_parts").fill_null(MONTH_PARTS).cast(pl.Int128)
    due_parts = pl.col("due_unit_parts").cast(pl.Decimal(38, 6)).to_physical().cast(pl.Int128)
    by_days = pl.col("fraction_parts").is_not_null() & ~usage & ~billed & due_parts.is_not_null()
    after_findings = pl.coalesce("expected", pl.col("amount") - pl.col("at_stake").fill_null(0))
    return lines.join(basis, on="customer", how="left", maintain_order="left").with_columns(
        cost=pl.when(billed).then("amount").otherwise(after_findings).cast(CENTS),
        nothing_due=~billed & ((after_findings == 0) | (due == 0)),
        charged_quantity=units.cast(RATE),
        units=counted,
        unit_parts=pl.when(by_days)
        .then(due_parts)
        .otherwise(counted * pl.when(usage).then(MONTH_PARTS).otherwise(factor)),
    )


def is_invoiced() -> pl.Expr:
    """Return whether a line can stand on a customer invoice.

    Not: credits (`rebill.pricing.credits` prices them), what the catalogue only records, what is
    zero-rated, that of which nothing is due, and what belongs to no service and no customer.
    """
    own_rate = pl.when(pl.col("package").is_null()).then("buy_rate").fill_null(0)
    free = (pl.col("amount") == 0) & (own_rate == 0) & (pl.col("expected").fill_null(0) == 0)
    return (
        (pl.col("amount") >= 0)
        & (pl.col("kind").fill_null("") != "record_only")
        & ~free
        & ~pl.col("nothing_due")
        & (pl.col("customer").is_not_null() | pl.col("service").is_not_null())
    )
