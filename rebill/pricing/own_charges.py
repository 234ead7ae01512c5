"""Rows of an invoice that no carrier line carries: own charges and discounts.

Days inside a month count by the customer's own convention, thirty-day months where it has none.
Every amount is rounded once, half away from zero. Rules: `docs/pricing.md`, own charges.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from invoices.money import (
    MONTH_PARTS,
    ZERO_CENTS,
    cents,
    divide_half_away,
    exact,
    from_cents,
    micros,
    to_cents,
)
from invoices.periods import with_fraction
from invoices.schema import CENTS, among, seal
from rebill.pricing.customer_lines import CUSTOMER_LINES, refers

NO_CHARGES = ("tax", "surcharge", "late_charge")
"""Classes that are no charges of ours: discounts, minimums and taxes leave them out."""

ITEMS = pl.Schema(
    {
        "customer": pl.String(),
        "bill_month": pl.String(),
        "service": pl.String(),
        "usoc": pl.String(),
        "product": pl.String(),
        "charge_class": pl.String(),
        "state": pl.String(),  # of the service
        "price": CENTS,
    }
)
"""What stands on an invoice, summed up as far as discounts, minimums and taxes can tell apart."""


@dataclass(frozen=True)
class Told:
    """What rules tell charges apart by; what none of them names is blanked in `ITEMS`."""

    services: pl.Series
    usocs: pl.Series
    products: pl.Series
    customers: pl.Series  # of whom everything is told apart


def items_of(lines: pl.LazyFrame, states: pl.LazyFrame, told: Told) -> pl.DataFrame:
    """Return what customer `lines` come to (`ITEMS`), with `latest`, their latest bill date, and
    whether they give a charge back (`refers`).

    `states` has service and state.
    """
    whole = among("customer", told.customers)
    named = {"service": told.services, "usoc": told.usocs, "product": told.products}
    keys = [*(name for name in ITEMS if name != "price"), "refers"]
    return (
        lines.join(states, on="service", how="left")
        .with_columns(refers=refers())
        .with_columns(
            pl.when(among(name, values.drop_nulls()) | whole).then(name)
            for name, values in named.items()
        )
        .group_by(keys)
        .agg(pl.col("price").sum(), latest=pl.col("bill_date").max())
        .collect()
    )


def in_months(charges: pl.DataFrame, months: list[str], customers: pl.DataFrame) -> pl.DataFrame:
    """Return each own charge with each of the months it is due in, and for what part of it.

    `charges` are rows of `customer_charges`. Adds bill_month, service_from, service_until (the days
    of the month in which it is in force) and `parts`, that part of a month in `MONTH_PARTS`.
    """
    first = pl.col("bill_month").str.to_date("%Y-%m")
    after = first.dt.offset_by("1mo")
    due = charges.join(
        pl.DataFrame({"bill_month": months}, schema={"bill_month": pl.String}), how="cross"
    ).with_columns(
        service_from=pl.max_horizontal(first, "effective_from"),
        service_until=pl.min_horizontal(after, "effective_until"),
        once=pl.col("frequency") == "once",
    )
    begins = pl.col("effective_from").is_between(first, after, closed="left").fill_null(False)
    lasts = pl.col("service_from") < pl.col("service_until")
    rules = customers.select("customer", own="proration")
    dated = (
        due.filter(pl.when("once").then(begins).otherwise(lasts))
        .join(rules, on="customer", how="left")
        .lazy()
        .with_columns(
            bill_day=pl.lit(1, dtype=pl.Int64),
            proration=pl.when(pl.col("own") == "actual_days")
            .then("own")
            .otherwise(pl.lit("thirty_day_month")),
        )
    )
    whole = -(-pl.col("parts") // MONTH_PARTS) * MONTH_PARTS
    return (
        with_fraction(dated, "service_from", "service_until", "parts")
        .with_columns(
            parts=pl.when("once")
            .then(MONTH_PARTS)
            .when(pl.col("own") == "none")
            .then(whole)
            .otherwise("parts")
        )
        .collect()
    )


def charge_lines(due: pl.DataFrame, services: pl.DataFrame) -> pl.DataFrame:
    """Return the customer lines of own charges with an amount; `due` is what `in_months` made."""
    units = micros(pl.col("quantity")) * pl.col("parts")
    amounts = due.filter(pl.col("amount").is_not_null()).with_columns(
        price=to_cents(exact(pl.col("amount"), units)),
        cost=to_cents(exact(pl.col("cost"), units)),
        method=pl.lit("own_charge"),
    )
    return _lines(amounts, services)


def discount_lines(due: pl.DataFrame, items: pl.DataFrame, services: pl.DataFrame) -> pl.DataFrame:
    """Return the customer lines of own charges that are a share of the month's charges.

    `items` (`ITEMS`) is what the share is of: all charges, or those of the service that is named;
    no taxes, surcharges and late charges.
    """
    shares = due.filter(pl.col("percent").is_not_null())
    charges = items.filter(~pl.col("charge_class").is_in(NO_CHARGES))
    key = ["customer", "bill_month"]
    of_all = charges.group_by(key).agg(all_base=pl.col("price").sum())
    of_one = charges.group_by(*key, "service").agg(own_base=pl.col("price").sum())
    based = (
        shares.join(of_all, on=key, how="left")
        .join(of_one, on=[*key, "service"], how="left")
        .with_columns(
            base=pl.when(pl.col("service").is_null())
            .then("all_base")
            .otherwise("own_base")
            .fill_null(0)
        )
        .filter(pl.col("base") != 0)
    )
    fine = cents(pl.col("base")) * micros(pl.col("percent")) * pl.col("parts")
    priced = based.with_columns(
        price=from_cents(divide_half_away(fine, 10**6 * MONTH_PARTS)),
        cost=ZERO_CENTS,
        tax_base=pl.col("base"),
        tax_rate=pl.col("percent"),
        method=pl.lit("share_of_charges"),
    )
    return _lines(priced, services)


def _lines(priced: pl.DataFrame, services: pl.DataFrame) -> pl.DataFrame:
    known = services.select("service", "wtn", "circuit_id", of_service="product")
    kind = pl.col("charge_class")
    since = pl.col("effective_from").cast(pl.String).fill_null("")
    return (
        priced.join(known, on="service", how="left")
        .with_columns(
            kind=pl.lit("own_charge"),
            product=pl.coalesce("product", "of_service"),
            description=pl.coalesce("description", "charge"),
            charge_class=pl.when("once", kind == "recurring")
            .then(pl.lit("one_time"))
            .otherwise(kind),
            made_key=pl.concat_str(
                pl.lit("charge"), "charge", pl.col("service").fill_null(""), since, separator=":"
            ),
            rule=pl.lit("customer_charges row ") + pl.col("row_id").cast(pl.String),
            margin=pl.col("price") - pl.col("cost"),
        )
        .pipe(seal, CUSTOMER_LINES)
    )
