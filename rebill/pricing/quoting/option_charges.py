"""What an option is made of: the charges of its offer, each at the rate the audit would hold it to.

The rate question is that of `reconcile.audit.pricing`; a quote knows state, zone and term, and
neither account nor circuit yet: a rate that names one of these holds for none of its options.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.money import MICROS, MONTH_PARTS, divide_half_away, from_cents, from_micros, micros
from invoices.schema import RATE, seal
from invoices.text import filled
from rebill.pricing.quoting.quote_schema import Terms
from reconcile.audit.pricing import (
    DEFAULTS,
    QUESTION,
    in_force,
    on_day,
    value,
    with_catalogue,
    with_question,
)
from reconcile.contracts import settings
from reconcile.schema import AUDITED

QUOTED = ("recurring", "one_time")
MOST_UNITS = 1_000_000
MOST_COST = 1_000_000_000
"""Dollars: what is beyond is a slip of the pen, and no sum of it need fit a column."""


def charges(
    options: pl.DataFrame, elements: pl.DataFrame, rates: pl.DataFrame, terms: Terms, on: dt.date
) -> pl.DataFrame:
    """Return the charges of `options` (`option_grid.grid`): a row an element, with rate and cost.

    Elements that may be left out are left out. `rates` are those of
    `reconcile.audit.pricing.rate_frame`. Adds units (millionths), by_unit, buy_rate, rate_id, cost,
    and why_not, null where it has a cost.
    """
    of = options.filter(~pl.col("own"), pl.col("why_not").is_null()).drop("why_not")
    parts = elements.filter(~pl.col("optional")).select(
        "offer", "usoc", "package", "charge_class", "per", each="quantity"
    )
    made = of.join(parts, on="offer", how="left", maintain_order="left").with_row_index("charge")
    asked = _asking(made, rates, on)
    answers = in_force(asked.select(QUESTION).unique(), rates).drop("rate_from")
    none = pl.lit(None, dtype=pl.String)
    found = (
        asked.join(answers, on=QUESTION, how="left", nulls_equal=True, maintain_order="left")
        .lazy()
        .with_columns(kind=none, family=none)
        .pipe(with_catalogue, terms.usocs)
        .collect()
    )
    # What the catalogue only records is due at nothing where no rate says else.
    recorded = (pl.col("kind") == "record_only") & pl.col("usoc").is_not_null()
    free = pl.when(recorded).then(pl.lit("0").cast(RATE))
    found = found.with_columns(buy_rate=pl.coalesce("buy_rate", free))
    return (
        found.with_columns(by_unit=_by_unit(found, terms))
        .with_columns(why_not=_why(found, rates, on))
        .with_columns(cost=pl.when(pl.col("why_not").is_null()).then(cost_of("buy_rate")))
    )


def cost_of(rate: str) -> pl.Expr:
    """Return what a whole month, or once, costs at a rate: rounded once as the carrier does."""
    parts = pl.lit(MONTH_PARTS, dtype=pl.Int128)
    return from_cents(value(pl.col(rate), pl.col("units"), parts, pl.col("by_unit")))


def named() -> pl.Expr:
    """Return how a charge is called: its code, or its package."""
    return pl.coalesce("usoc", filled("package {}", "package"))


def _asking(made: pl.DataFrame, rates: pl.DataFrame, on: dt.date) -> pl.DataFrame:
    """Return charges with their units and the question of the rate they are held to."""
    none = pl.lit(None, dtype=pl.String)
    times = (
        pl.when(pl.col("per") == "mile")
        .then("miles")
        .when(pl.col("per") == "unit")
        .then("quantity")
        .otherwise(pl.lit("1").cast(RATE))
    )
    monthly = pl.col("charge_class").replace("prorated", "recurring")
    asked = made.with_columns(
        charge_class=monthly,
        units=divide_half_away(micros(pl.col("each")) * micros(times), MICROS),
        rate_contract="contract",
        inventory_state="state",
        inventory_zone="zone",
        rate_day=pl.lit(on),
        ban=none,
        circuit_key=none,
        inventory_circuit=none,
    )
    return with_question(asked.lazy(), rates).collect()


def _by_unit(found: pl.DataFrame, terms: Terms) -> pl.Series:
    """Return whether the contract of each charge rounds once a unit."""
    how = settings(terms.contracts).select("contract", "rounding")
    told = found.select("contract").join(how, on="contract", how="left", maintain_order="left")
    return told["rounding"].fill_null(str(DEFAULTS["rounding"])) == "unit"


def _why(found: pl.DataFrame, rates: pl.DataFrame, on: dt.date) -> pl.Series:
    """Return why charges have no cost, null where they have one."""
    item = ["rate_contract", "item"]
    by_place = (
        rates.filter(on_day(pl.lit(on)))
        .group_by(rate_contract="contract", item="item")
        .agg(
            by_zone=pl.col("zone").is_not_null().any(), by_state=pl.col("state").is_not_null().any()
        )
    )
    told = found.join(by_place, on=item, how="left", maintain_order="left").with_columns(
        called=named()
    )
    where = pl.concat_str(
        *(
            filled(f" {words} {{}}", name).fill_null("")
            for words, name in (("in", "state"), ("in zone", "zone"))
        ),
        filled(" for {} months", "term_months").fill_null(""),
    )
    of = ("called", "contract", pl.lit(on))
    dear = micros(pl.col("buy_rate")) * pl.col("units") > MOST_COST * MICROS * MICROS
    return told.select(
        pl.when(~pl.col("charge_class").is_in(QUOTED))
        .then(filled("{} is charged as {}: that has no price in advance", "called", "charge_class"))
        .when(pl.col("units").is_null())
        .then(filled("no miles on the line: {} is charged by the mile", "called"))
        .when(pl.col("units") > MOST_UNITS * MICROS)
        .then(filled(f"more than {MOST_UNITS:,} units of {{}}", "called"))
        .when(pl.col("buy_rate").is_null() & pl.col("by_zone") & pl.col("zone").is_null())
        .then(filled("no zone on the line: {} has rates by zone in {} on {}", *of))
        .when(pl.col("buy_rate").is_null() & pl.col("by_state") & pl.col("state").is_null())
        .then(filled("no state on the line: {} has rates by state in {} on {}", *of))
        .when(pl.col("buy_rate").is_null())
        .then(filled("no rate of {} in contract {} on {}{}", *of, where))
        .when(dear)
        .then(filled(f"{{}} comes to more than {MOST_COST:,}.00", "called"))
    ).to_series()


def as_lines(found: pl.DataFrame, on: dt.date) -> pl.LazyFrame:
    """Return charges that have a cost as audited lines (`AUDITED`) of a whole month, billed right.

    What is sold goes the way of what is billed: the same units, the same cost, the same rounding.
    `line_id` is the number of the charge.
    """
    month = on.replace(day=1)
    units = from_micros(pl.col("units"))
    monthly = pl.col("charge_class") == "recurring"
    usoc = pl.coalesce("usoc", "package")
    lines = found.lazy().filter(pl.col("cost").is_not_null(), pl.col("units") > 0)
    made = lines.with_columns(
        line_id=pl.col("charge").cast(pl.String),
        usoc=usoc,
        amount="cost",
        expected="cost",
        quantity=units.cast(RATE),
        due_units=units.cast(RATE),
        due_unit_parts=units * MONTH_PARTS,
        fraction_parts=pl.when(monthly).then(pl.lit(MONTH_PARTS, dtype=pl.Int64)),
        at_stake=pl.lit("0.00"),
        bill_date=pl.lit(month).dt.offset_by(pl.concat_str(pl.col("pool"), pl.lit("mo"))),
        bill_day=pl.lit(1, dtype=pl.Int64),
        period_from=pl.when(monthly).then(pl.lit(month)),
        period_until=pl.when(monthly).then(pl.lit(month).dt.offset_by("1mo")),
    )
    return made.pipe(seal, AUDITED)
