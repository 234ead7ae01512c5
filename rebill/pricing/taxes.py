"""The customers' own taxes and the federal contribution: what is taxed, by whom, on what base.

A tax is reckoned once for each invoice, jurisdiction, tax and rate on the sum of the charges it
covers, and rounded once. The contribution is never above interstate charges times the factor (47
CFR 54.712), so it is rounded down. Where a rate that is needed is not in force the invoice waits:
nothing is guessed. Rules: `docs/taxes.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from invoices.money import ZERO_CENTS, cents, divide_half_away, from_cents, micros
from invoices.schema import CENTS, seal
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.pricing.own_charges import NO_CHARGES
from rebill.pricing.precedence import in_force

KEY = ["customer", "bill_month"]
PROBLEMS = pl.Schema({"customer": pl.String(), "bill_month": pl.String(), "hold": pl.String()})
"""Why an invoice waits, in words."""


@dataclass(frozen=True)
class Taxed:
    """The rows of taxes, and the invoices that must wait."""

    lines: pl.DataFrame  # CUSTOMER_LINES
    problems: pl.DataFrame  # PROBLEMS


@dataclass(frozen=True)
class Tables:
    """The reference tables of taxes, as they are stored."""

    customers: pl.DataFrame
    jurisdictions: pl.DataFrame
    rates: pl.DataFrame
    exemptions: pl.DataFrame
    factors: pl.DataFrame
    shares: pl.DataFrame


def own_taxes(items: pl.DataFrame, days: pl.DataFrame, tables: Tables) -> Taxed:
    """Return the taxes on `items` (`rebill.pricing.own_charges.ITEMS`) of customers taxed by the
    table.

    `days` has customer, bill_month and bill_date, the day on which rates must be in force.
    """
    taxable = tables.customers.filter(
        ~pl.col("tax_exempt").fill_null(False), pl.col("tax_source") == "table"
    )
    dated = items.join(days, on=KEY).join(taxable.select("customer"), on="customer", how="semi")
    placed = located(dated, tables)
    nowhere = placed.filter(
        pl.col("jurisdiction").is_null(), ~pl.col("charge_class").is_in(NO_CHARGES)
    )
    known = placed.filter(pl.col("jurisdiction").is_not_null()).with_row_index("item")
    rates = chosen(known, tables.rates)
    charged = known.filter(~pl.col("charge_class").is_in(NO_CHARGES), pl.col("price") != 0)
    held = tables.rates.join(days.select("bill_date").unique(), how="cross").filter(
        in_force("bill_date")
    )
    holes = charged.join(held, on=["jurisdiction", "bill_date"], how="anti")
    based = (
        _not_exempt(rates, tables.exemptions)
        .group_by(*KEY, "jurisdiction", "tax", "rate", maintain_order=True)
        .agg(
            pl.col("row_id", "description").first(),
            tax_base=pl.col("price").sum().cast(CENTS),
        )
        .filter(pl.col("tax_base") != 0, pl.col("rate") != 0)
    )
    return Taxed(_tax_lines(based), pl.concat([_unplaced(nowhere), _holes(holes)]))


def _tax_lines(based: pl.DataFrame) -> pl.DataFrame:
    """Return the customer lines of taxes on their `tax_base`, each rounded once."""
    fine = cents(pl.col("tax_base")) * micros(pl.col("rate"))
    return based.with_columns(
        price=from_cents(divide_half_away(fine, 10**6)),
        kind=pl.lit("tax"),
        charge_class=pl.lit("tax"),
        method=pl.lit("tax_table"),
        rule=pl.lit("tax_rates row ") + pl.col("row_id").cast(pl.String),
        tax_rate="rate",
        made_key=pl.concat_str(
            pl.lit("tax"), "jurisdiction", "tax", pl.col("rate").cast(pl.String), separator=":"
        ),
        description=pl.concat_str(
            pl.coalesce("description", pl.concat_str("jurisdiction", pl.lit(" "), "tax")),
            pl.lit(", "),
            _percent("rate"),
            pl.lit(" of "),
            pl.col("tax_base").cast(pl.String),
        ),
    ).pipe(_lines)


def located(items: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Return each item once for each jurisdiction it lies in; null where none is known.

    Those named for its service, else those named for its customer, else the state of the service.
    """
    rows = tables.jurisdictions.join(items.select("bill_date").unique(), how="cross").filter(
        in_force("bill_date")
    )
    of_service = rows.filter(pl.col("service").is_not_null()).select(
        "service", "bill_date", "jurisdiction"
    )
    of_customer = rows.filter(pl.col("service").is_null()).select(
        "customer", "bill_date", "jurisdiction"
    )
    first = items.join(of_service, on=["service", "bill_date"])
    rest = items.join(of_service, on=["service", "bill_date"], how="anti")
    second = rest.join(of_customer, on=["customer", "bill_date"])
    last = rest.join(of_customer, on=["customer", "bill_date"], how="anti")
    return pl.concat([first, second, last.with_columns(jurisdiction="state")])


def chosen(known: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Return each item with the rate of each tax that covers it: that of its product before that of
    any, that of its class before that of every charge. `known` has jurisdiction and `item`, a
    number of the row."""
    named = rates.rename({"charge_class": "for_class", "product": "for_product"})
    kind = pl.col("charge_class")
    monthly = pl.when(kind == "prorated").then(pl.lit("recurring")).otherwise(kind)
    covers = (
        pl.when(pl.col("for_class").is_null())
        .then(~kind.is_in(NO_CHARGES))
        .otherwise((pl.col("for_class") == kind) | (pl.col("for_class") == monthly))
    )
    product = pl.col("for_product").is_null() | (pl.col("for_product") == pl.col("product"))
    return (
        known.join(named, on="jurisdiction")
        .filter(in_force("bill_date"), covers, product.fill_null(False))
        .sort(
            *("item", "tax"),
            pl.col("for_product").is_null(),
            pl.col("for_class").is_null(),
            (pl.col("for_class") != kind).fill_null(True),
        )
        .unique(["item", "tax"], keep="first", maintain_order=True)
        .sort(*KEY, "jurisdiction", "tax", "item")
    )


def _not_exempt(rates: pl.DataFrame, exemptions: pl.DataFrame) -> pl.DataFrame:
    """Return the taxes that no certificate of the customer spares it."""
    if exemptions.is_empty():
        return rates
    spared = (
        rates.select("item", "customer", "jurisdiction", "tax", "bill_date")
        .join(
            exemptions.select(
                *("customer", "effective_from", "effective_until"),
                spared_by="jurisdiction",
                spared="tax",
            ),
            on="customer",
        )
        .filter(
            in_force("bill_date"),
            pl.col("spared_by").is_null() | (pl.col("spared_by") == pl.col("jurisdiction")),
            pl.col("spared").is_null() | (pl.col("spared") == pl.col("tax")),
        )
    )
    return rates.join(spared, on=["item", "tax"], how="anti")


def contributions(items: pl.DataFrame, days: pl.DataFrame, tables: Tables) -> Taxed:
    """Return our own federal USF for customers whose rule is `charge`: never above the cap."""
    own = tables.customers.filter(pl.col("federal_usf") == "charge").select("customer")
    dated = (
        items.filter(~pl.col("charge_class").is_in(NO_CHARGES))
        .join(days, on=KEY)
        .join(own, on="customer", how="semi")
    )
    fine = (
        with_share(dated, tables.shares)
        .group_by(*KEY, "bill_date")
        .agg(fine=(cents(pl.col("price")) * micros(pl.col("share"))).sum())
        .filter(pl.col("fine") != 0)
    )
    met = fine.join(tables.factors, how="cross").filter(in_force("bill_date"))
    holes = fine.join(met, on=KEY, how="anti")
    words = pl.concat_str(
        pl.lit("no contribution factor is in force on "),
        pl.col("bill_date").cast(pl.String),
        pl.lit(": load it with contribution_factors"),
    )
    return Taxed(_contribution_lines(met), holes.select(*KEY, hold=words))


def _contribution_lines(met: pl.DataFrame) -> pl.DataFrame:
    """Return the customer lines of contributions: `fine` interstate charges, rounded down."""
    whole = pl.lit(10**12, dtype=pl.Int128)
    exact = pl.col("fine") * micros(pl.coalesce("charged", "factor"))
    base = from_cents(divide_half_away(pl.col("fine"), 10**6))
    lines = met.with_columns(
        price=from_cents(exact.sign() * (exact.abs() // whole)),
        kind=pl.lit("surcharge"),
        charge_class=pl.lit("surcharge"),
        method=pl.lit("contribution_factor"),
        tax=pl.lit("federal usf"),
        jurisdiction=pl.lit("US"),
        tax_base=base,
        tax_rate=pl.coalesce("charged", "factor"),
        made_key=pl.lit("federal usf"),
        rule=pl.lit("contribution_factors row ") + pl.col("row_id").cast(pl.String),
    ).with_columns(
        description=pl.concat_str(
            pl.lit("Federal Universal Service Fund, "),
            _percent("tax_rate"),
            pl.lit(" of interstate "),
            pl.col("tax_base").cast(pl.String),
        )
    )
    return _lines(lines)


def with_share(items: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """Return the items with what part of them is interstate: by code, else product, else all; 0
    where nothing is said."""
    rows = shares.join(items.select("bill_date").unique(), how="cross").filter(
        in_force("bill_date")
    )
    by_code = rows.filter(pl.col("usoc").is_not_null()).select("usoc", "bill_date", s1="share")
    by_product = rows.filter(pl.col("product").is_not_null()).select(
        "product", "bill_date", s2="share"
    )
    of_all = rows.filter(pl.col("usoc").is_null(), pl.col("product").is_null()).select(
        "bill_date", s3="share"
    )
    return (
        items.join(by_code, on=["usoc", "bill_date"], how="left")
        .join(by_product, on=["product", "bill_date"], how="left")
        .join(of_all, on="bill_date", how="left")
        .with_columns(share=pl.coalesce("s1", "s2", "s3").fill_null(0))
    )


def _percent(name: str) -> pl.Expr:
    """Return a share as people write it: 0.0575 is 5.75%."""
    hundred = pl.col(name).cast(pl.Decimal(38, 6)) * pl.lit("100").cast(pl.Decimal(38, 6))
    return hundred.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".") + "%"


def _lines(taxes: pl.DataFrame) -> pl.DataFrame:
    """Return taxes as customer lines: what is collected is owed on, so that no margin is left."""
    return taxes.with_columns(
        cost="price",
        margin=ZERO_CENTS,
        bill_date=pl.lit(None, dtype=pl.Date),
    ).pipe(seal, CUSTOMER_LINES)


def _unplaced(items: pl.DataFrame) -> pl.DataFrame:
    words = (
        "no jurisdiction is known for some charges: give their services a state, or the customer a"
        " row in tax_jurisdictions"
    )
    return items.select(KEY).unique().with_columns(hold=pl.lit(words))


def _holes(items: pl.DataFrame) -> pl.DataFrame:
    words = pl.concat_str(
        pl.lit("the tax table has a hole: no rate of "),
        "jurisdiction",
        pl.lit(" is in force on "),
        pl.col("bill_date").cast(pl.String),
        pl.lit(": load it with tax_rates (a rate of 0 is one)"),
    )
    return items.select(*KEY, hold=words).sort(*KEY, "hold").unique(KEY, keep="first")
