"""What is left of the prices after the costs, by whatever one asks, and what stays below retail.

Cost is what the markup worked on, price what the customer pays; `share` is the margin's share of
the price and `markup` its share of the cost. Both are rounded to four places, half away from zero,
from exact sums: never a mean of rounded shares. Taxes and fees of our own tables are not earned:
they stand in `taxes`, so that price + taxes is what the invoices come to.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from invoices.money import (
    MICROS,
    MONTH_PARTS,
    ZERO_CENTS,
    cents,
    divide_half_away,
    exact,
    micros,
    to_cents,
)
from invoices.periods import month_of
from invoices.schema import CENTS
from rebill.pricing.customer_lines import OWN_TAXES
from rebill.pricing.precedence import choose_retail

SHARE = pl.Decimal(38, 4)
"""Shares and markups: 0.1667 is 16.67 percent."""
PLACES = 10_000

By = Literal["line", "service", "customer", "product", "carrier", "month", "total"]
KEYS: dict[By, tuple[str, ...]] = {
    "line": ("invoice_no", "line_id", "made_key"),
    "service": ("service",),
    "customer": ("customer",),
    "product": ("product",),
    "carrier": ("carrier",),
    "month": ("bill_month",),
    "total": (),
}
"""What margins can be added up by, and the columns that say so."""
BESIDE: dict[By, tuple[str, ...]] = {
    "line": ("customer", "service", "product", "carrier", "usoc", "description", "bill_month"),
    "service": ("customer", "product", "carrier"),
}
"""What is known of each beside its key."""

SUMS = pl.Schema(
    {
        "lines": pl.Int64(),
        "cost": CENTS,
        "price": CENTS,  # without taxes of our own
        "margin": CENTS,  # price less cost
        "share": SHARE,  # of the price; null where nothing was charged
        "markup": SHARE,  # of the cost; null where it cost nothing
        "taxes": CENTS,  # our own taxes and fees: collected for others
        "below_cost": pl.Int64(),  # charges sold for less than they cost
        "retail": CENTS,  # the carrier's own price of what has one
        "reach": CENTS,  # retail less our price of the same
    }
)


def share_of(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Return part / whole to four places, half away from zero; null if the whole is not above 0."""
    top, bottom = cents(part), cents(whole)
    return _places(divide_half_away(top * PLACES, pl.when(bottom > 0).then(bottom)))


def _places(whole: pl.Expr) -> pl.Expr:
    """Return a whole number of ten-thousandths as a decimal."""
    return whole.cast(SHARE) * pl.lit("0.0001").cast(SHARE)


def earning(lines: pl.LazyFrame, retail: pl.LazyFrame | None = None) -> pl.LazyFrame:
    """Return customer lines with what they earn: `lines` with earned, taxes, retail and loss.

    `lines` are `CUSTOMER_LINES`, perhaps with invoice_no; `retail` has line_id and retail
    (`at_retail`). A line that a credit note takes back takes back its retail too.
    """
    tax = pl.col("kind").fill_null("charge").is_in(OWN_TAXES)
    back = pl.when(pl.col("price") < 0).then(-1).otherwise(1).cast(pl.Decimal(38, 0))
    found = lines if retail is None else lines.join(retail, on="line_id", how="left")
    known = pl.lit(None, dtype=CENTS) if retail is None else (pl.col("retail") * back).cast(CENTS)
    return found.with_columns(
        earned=pl.when(tax).then(ZERO_CENTS).otherwise("price"),
        taxes=pl.when(tax).then("price").otherwise(ZERO_CENTS),
        retail=known,
        loss=~tax & (pl.col("margin") < 0) & (pl.col("price") >= 0),
    )


def summed(earning: pl.LazyFrame, by: By) -> pl.DataFrame:
    """Return what `earning` lines add up to (`SUMS`) by a question, behind `KEYS` and `BESIDE`.

    Sorted by key; a key that a line does not have is null, last.
    """
    keys, beside = [*KEYS[by]], BESIDE.get(by, ())
    with_retail = pl.col("retail").is_not_null()
    reach = (pl.col("retail") - pl.col("earned")).filter(with_retail).sum()
    sums = {
        "lines": pl.len(),
        "cost": pl.col("cost").sum(),
        "price": pl.col("earned").sum(),
        "margin": pl.col("earned").sum() - pl.col("cost").sum(),
        "taxes": pl.col("taxes").sum(),
        "below_cost": pl.col("loss").sum(),
        "retail": pl.when(with_retail.any()).then(pl.col("retail").sum()),
        "reach": pl.when(with_retail.any()).then(reach),
    }
    added = [pl.col(name).drop_nulls().min() for name in beside]
    added += [value.cast(SUMS[name]).alias(name) for name, value in sums.items()]
    frame = earning.group_by(keys).agg(added) if keys else earning.select(added)
    made = (
        frame.with_columns(
            share=share_of(pl.col("margin"), pl.col("price")),
            markup=share_of(pl.col("margin"), pl.col("cost")),
        )
        .select(*keys, *beside, *SUMS.names())
        .collect()
    )
    return made.sort(keys, nulls_last=True) if keys else made


def at_retail(audited: pl.LazyFrame, customers: pl.DataFrame, retail: pl.DataFrame) -> pl.LazyFrame:
    """Return line_id and `retail`: what the carrier asks its own customers for what a line bills.

    `audited` are lines of loaded documents (`reconcile.schema.AUDITED`), `retail` is
    `rebill.pricing.markups.RETAIL`. Units and months are those the customer is charged for: due
    ones, or with cost basis billed those billed; usage counts once. Lines without a rate are left
    out.
    """
    own = pl.col("package").is_not_null() & (pl.col("usoc") == pl.col("package"))
    asked = audited.with_columns(
        package=pl.when(own).then("package"), state="inventory_state", day="rate_day"
    )
    keys = ["carrier", "usoc", "package", "state", "day"]
    known = asked.select(keys).unique().collect().with_row_index("question")
    chosen = choose_retail(known, retail).join(
        retail.select("row_id", "rate"), on="row_id", how="inner"
    )
    answers = known.join(chosen, on="question").select(*keys, "rate").lazy()
    basis = customers.lazy().select("customer", billed=pl.col("cost_basis") == "billed")
    return (
        asked.join(answers, on=keys, how="inner", nulls_equal=True)
        .join(basis, on="customer", how="left")
        .select("line_id", retail=to_cents(exact(pl.col("rate"), _unit_parts())))
    )


def _unit_parts() -> pl.Expr:
    """Return the units a line counts x the months it counts them for, as `invoices.money` does."""
    billed, usage = pl.col("billed").fill_null(False), pl.col("charge_class") == "usage"
    printed = pl.col("quantity").abs().fill_null(1)
    units = pl.when(billed).then(printed).otherwise(pl.coalesce("due_units", printed))
    factor = pl.col("fraction_parts").fill_null(MONTH_PARTS).cast(pl.Int128)
    due = pl.col("due_unit_parts").cast(pl.Decimal(38, 6)).to_physical().cast(pl.Int128)
    by_days = pl.col("fraction_parts").is_not_null() & ~billed & due.is_not_null()
    once = pl.lit(MICROS * MONTH_PARTS, dtype=pl.Int128)
    whole = micros(units) * factor
    return pl.when(usage).then(once).when(by_days).then(due).otherwise(whole)


def earns_nothing(audited: pl.LazyFrame, lines: pl.LazyFrame) -> pl.DataFrame:
    """Return the services that cost something in a bill month and bring nothing.

    Columns service, customer, product, carrier, bill_month, cost and price: `cost` is what the
    carrier should have for them, `price` what stands on invoices. Largest cost first.
    """
    after = pl.coalesce("expected", pl.col("amount") - pl.col("at_stake").fill_null(0))
    spent = (
        audited.filter(pl.col("service").is_not_null())
        .with_columns(bill_month=month_of("bill_date"))
        .group_by("service", "bill_month")
        .agg(
            pl.col("customer", "product", "carrier").drop_nulls().min(),
            cost=after.sum().cast(CENTS),
        )
    )
    brought = (
        earning(lines)
        .group_by("service", "bill_month")
        .agg(price=pl.col("earned").sum().cast(CENTS))
    )
    return (
        spent.join(brought, on=["service", "bill_month"], how="left")
        .with_columns(pl.col("price").fill_null(0))
        .filter(pl.col("cost") > 0, pl.col("price") <= 0)
        .select("service", "customer", "product", "carrier", "bill_month", "cost", "price")
        .collect()
        .sort("cost", "service", "bill_month", descending=[True, False, False])
    )


def sold_below_cost(earning: pl.LazyFrame) -> pl.DataFrame:
    """Return the charges sold for less than they cost, the largest loss first."""
    columns = ["invoice_no", "line_id", "customer", "service", "product", "usoc", "description"]
    return (
        earning.filter("loss")
        .select(*columns, "method", "rule", "cost", "price", "margin", "bill_month")
        .collect()
        .sort("margin", "invoice_no", "line_id", nulls_last=True)
    )
