"""The months a customer is charged for, where its convention is not the carrier's.

A customer's own proration counts the days that are due in its own way; its minimum period lets a
service that ended early be charged up to the end of it. Only what counts months (`flat`, a retail
rate) changes: a share of the cost follows the cost. Rules: `docs/pricing.md`, the months.
"""

from __future__ import annotations

import polars as pl

from invoices.money import MONTH_PARTS, divide_half_away
from invoices.periods import add_months, with_fraction

_KEYS = [
    *("period_from", "period_until", "installed_on", "disconnected_on", "fraction_parts"),
    *("bill_day", "own_proration", "minimum_months"),
]
"""What the answer for a line depends on: many lines ask the same."""
_SPANS = {
    "whole": ("period_from", "period_until"),
    "cut": ("first", "last"),
    "least": ("first", "held"),
}
"""All days billed; those in which the service was active; those up to the minimum period."""


def with_own_months(costed: pl.LazyFrame, customers: pl.DataFrame) -> pl.LazyFrame:
    """Return `costed` with `unit_parts` by the convention of each customer that has one.

    `costed` are lines with `units` (millionths), `unit_parts` (millionths times parts of a month)
    and `on_billed` (the cost basis is `billed`); `customers` has customer, proration,
    minimum_months. Without a customer that has a convention nothing is asked and nothing changes.
    """
    given = pl.col("proration").is_not_null() | pl.col("minimum_months").is_not_null()
    rules = customers.filter(given).select("customer", "minimum_months", own_proration="proration")
    if rules.is_empty():
        return costed

    def asking(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.join(
            rules.lazy(), on="customer", how="left", maintain_order="left"
        ).with_columns(bill_day=pl.coalesce("bill_day", pl.col("bill_date").dt.day()))

    asked = (
        asking(costed)
        .filter(pl.any_horizontal(pl.col("own_proration", "minimum_months").is_not_null()))
        .filter(pl.col("fraction_parts") > 0)
        .select(_KEYS)
        .unique()
        .collect()
    )
    return (
        asking(costed)
        .join(_answers(asked).lazy(), on=_KEYS, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(unit_parts=_unit_parts())
        .drop("own_proration", "minimum_months", "own_whole", "own_cut", "own_least")
        .drop("cut_30", "cut_actual")
    )


def _answers(asked: pl.DataFrame) -> pl.DataFrame:
    """Return the distinct questions with the months of each span, in parts of a month.

    `own_whole`, `own_cut` and `own_least` are the customer's; `cut_30` and `cut_actual` say how a
    carrier would count the days in which the service was active.
    """
    least = add_months(pl.col("installed_on"), pl.col("minimum_months"))
    ended = pl.col("disconnected_on")
    short = (ended < least) & (ended <= pl.col("period_until")) & (ended > pl.col("period_from"))
    frame = asked.lazy().with_columns(
        first=pl.max_horizontal("period_from", "installed_on"),
        last=pl.min_horizontal("period_until", "disconnected_on"),
        held=pl.when(short).then(least),
    )
    ends = pl.col("first") != pl.col("period_from"), pl.col("last") != pl.col("period_until")
    for span, (start, end) in _SPANS.items():
        cut = pl.any_horizontal(ends).fill_null(False) & pl.lit(span == "cut")
        for name, convention in (("30", "thirty_day_month"), ("actual", "actual_days")):
            frame = frame.with_columns(proration=pl.lit(convention))
            frame = with_fraction(frame, start, end, f"{span}_{name}", cut)
    carrier = pl.when(pl.col("fraction_parts") == pl.col("whole_30")).then(
        pl.lit("thirty_day_month")
    )
    own = pl.coalesce("own_proration", carrier, pl.lit("actual_days"))
    return frame.select(
        *_KEYS,
        "cut_30",
        "cut_actual",
        **{
            f"own_{span}": pl.when(own == "actual_days")
            .then(f"{span}_actual")
            .when(own == "none")
            .then(-(-pl.col(f"{span}_30") // MONTH_PARTS) * MONTH_PARTS)
            .otherwise(f"{span}_30")
            for span in _SPANS
        },
    ).collect()


def _unit_parts() -> pl.Expr:
    """Return the units times months a line is charged for."""
    units, parts = pl.col("units"), pl.col("unit_parts")
    own = {name: pl.col(f"own_{name}").cast(pl.Int128) for name in _SPANS}
    billed = pl.col("fraction_parts").cast(pl.Int128)
    active = (parts == units * pl.col("cut_30")) | (parts == units * pl.col("cut_actual"))
    some_days = divide_half_away(parts * own["whole"], billed)
    return (
        pl.when(own["whole"].is_null() | (pl.col("charge_class") == "usage"))
        .then(parts)
        .when(own["least"].is_not_null())
        .then(units * own["least"])
        .when(pl.col("on_billed") | (parts == units * billed))
        .then(units * own["whole"])
        .when(active)
        .then(units * own["cut"])
        .when(pl.col("own_proration") == "none")
        .then(units * own["whole"])
        .otherwise(some_days)
    )
