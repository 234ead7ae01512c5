"""The options of quotes, priced: what each costs, what it must bring, and what cannot be priced.

A price is set by hand, else made by the markups that would price it once sold, else what the target
margin needs after cost to serve (`rebill.pricing.quote`). The month and what is charged once are
priced apart, each wholly in one way. What lacks a rate, an offer or a price is an option that is
not available, with no money at all. Rules: `docs/quotes.md`.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.money import (
    EXACT_PER_CENT,
    MICROS,
    MONTH_PARTS,
    ZERO_CENTS,
    cents,
    divide_half_away,
    from_cents,
    micros,
)
from invoices.schema import RATE, seal
from invoices.text import filled
from rebill.pricing.margin import share_of
from rebill.pricing.quote import price_needed, serving_cost, why_no_price, with_terms
from rebill.pricing.quoting.known_changes import known_changes
from rebill.pricing.quoting.option_charges import MOST_COST, charges, named
from rebill.pricing.quoting.option_grid import grid
from rebill.pricing.quoting.option_prices import sold
from rebill.pricing.quoting.quote_schema import MONEY, QUOTE_OPTIONS, Terms, Wanted
from reconcile.audit.pricing import rate_frame

PARTS = {"monthly": "recurring", "nrc": "one_time"}
"""What is priced apart, and the class of its charges."""
CAUSES = {
    "no_markup": "no markup covers it",
    "no_retail_rate": "its markup needs a retail rate, and none is in force",
}


def priced(wanted: Wanted, terms: Terms, on: dt.date) -> pl.DataFrame:
    """Return every option of every quote line with its price on a day (`QUOTE_OPTIONS`)."""
    options = grid(wanted, on)
    rates = rate_frame(terms.buy_rates)
    found = charges(options, wanted.elements, rates, terms, on)
    bought = found.join(sold(found, terms, on), on="charge", how="left", maintain_order="left")
    changes = known_changes(found.filter(pl.col("cost").is_not_null()), rates, on)
    whole = (
        options.join(_summed(bought, terms), on="at", how="left", maintain_order="left")
        .join(changes, on="at", how="left", maintain_order="left")
        .pipe(_with_own)
        .pipe(_to_serve, terms.to_serve, on)
        .with_columns(why_not=pl.coalesce("why_not", "lacking", "vain"))
    )
    return whole.pipe(_decided).pipe(_judged)


def _summed(bought: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Return what the charges of each option come to, by part, and why it cannot be had."""
    eligible = pl.DataFrame(
        [(c.id, kind) for c in terms.contracts if c.commitment for kind in c.commitment.eligible],
        schema={"contract": pl.String(), "charge_class": pl.String()},
        orient="row",
    ).with_columns(counts=pl.lit(True))
    promising = [contract.id for contract in terms.contracts if contract.commitment]
    counted = bought.join(
        eligible, on=["contract", "charge_class"], how="left", maintain_order="left"
    )
    monthly = pl.col("charge_class") == PARTS["monthly"]
    source = filled("{} {} ({} row {})", named(), _plain("buy_rate"), "contract", "rate_id")
    words = pl.col("cause").replace_strict(CAUSES, default=None, return_dtype=pl.String)
    said = filled("{}: {}", named(), words)
    of_parts: dict[str, pl.Expr] = {}
    for part, charge_class in PARTS.items():
        own = pl.col("charge_class") == charge_class
        unpriced = pl.col("cause").filter(own).drop_nulls()
        of_parts |= {
            f"{part}_cost": pl.col("cost").filter(own).sum(),
            f"{part}_sold": pl.when(unpriced.len() == 0).then(pl.col("sold_for").filter(own).sum()),
            f"{part}_cause": said.filter(own).drop_nulls().first(),
        }
    promised = pl.col("promotion").first()
    used = (pl.col("promotion_used") == pl.col("promotion")).any()
    retail = pl.col("charge_retail").filter(monthly & (pl.col("units") > 0))
    return (
        counted.group_by("at", maintain_order=True)
        .agg(
            lacking=pl.when(pl.col("usoc").is_null().all() & pl.col("package").is_null().all())
            .then(filled("offer {} has no elements", pl.col("offer").first()))
            .otherwise(pl.col("why_not").drop_nulls().unique(maintain_order=True).str.join("; ")),
            vain=pl.when(promised.is_not_null() & ~used).then(
                filled("promotion {} prices nothing of it", promised)
            ),
            rate_sources=source.drop_nulls().str.join("; "),
            retail=pl.when((retail.len() > 0) & (retail.null_count() == 0)).then(retail.sum()),
            commitment=pl.when(pl.col("contract").first().is_in(promising)).then(
                pl.col("cost").filter(monthly & pl.col("counts").fill_null(False)).sum()
            ),
            **of_parts,
        )
        .with_columns(pl.when(pl.col("lacking") != "").then("lacking"))
    )


def _plain(rate: str) -> pl.Expr:
    """Return a rate as text, without the zeros behind its cents."""
    return pl.col(rate).cast(pl.String).str.replace(r"(\.\d\d\d*?)0+$", "$1")


def _times(each: str) -> pl.Expr:
    """Return dollars a unit x the quantity of the line, rounded once; null where it is too much."""
    exact = micros(pl.col(each)) * micros(pl.col("quantity"))
    sane = pl.when(exact <= MOST_COST * MICROS * MICROS).then(exact)
    return from_cents(divide_half_away(sane, EXACT_PER_CENT // MONTH_PARTS))


def _with_own(options: pl.DataFrame) -> pl.DataFrame:
    """Fill in what products of our own cost and what they are sold for."""
    own = pl.col("own")
    filled_in: dict[str, pl.Expr] = {}
    for part, frequency in (("monthly", "monthly"), ("nrc", "once")):
        is_it = pl.col("frequency") == frequency
        filled_in |= {
            f"{part}_cost": pl.when(own & is_it)
            .then(_times("own_cost"))
            .when(own)
            .then(ZERO_CENTS)
            .otherwise(f"{part}_cost"),
            f"{part}_sold": pl.when(own & is_it)
            .then(_times("own_price"))
            .when(own)
            .then(ZERO_CENTS)
            .otherwise(f"{part}_sold"),
        }
    return options.with_columns(**filled_in)


def _to_serve(options: pl.DataFrame, to_serve: pl.DataFrame, on: dt.date) -> pl.DataFrame:
    """Add the terms of serving: one service a line and month; and what the target margin needs."""
    keys = ["customer", "product"]
    terms = with_terms(options.select(keys).unique(), to_serve, on)
    found = options.rename({"target_margin": "asked"}).join(
        terms, on=keys, how="left", nulls_equal=True, maintain_order="left"
    )
    found = found.with_columns(target=pl.coalesce("asked", "target_margin").cast(RATE))
    found = found.with_columns(services=pl.lit(1, dtype=pl.Int64)).with_columns(
        cost_to_serve=pl.when(pl.col("row").is_not_null()).then(serving_cost()),
        target_why=why_no_price(),
    )
    for part in PARTS:
        served = pl.col("services") if part == "monthly" else pl.col("services") * 0
        needed = found.with_columns(cost=f"{part}_cost", services=served).select(
            pl.when(pl.col("target_why").is_null()).then(price_needed())
        )
        found = found.with_columns(needed.to_series().alias(f"{part}_needed"))
    return found


def _decided(options: pl.DataFrame) -> pl.DataFrame:
    """Add the price of each part, how it was found, and why there is none."""
    once = (pl.col("frequency") == "once").fill_null(False)
    by_hand, own = pl.col("price").is_not_null(), pl.col("own")
    hand = {"monthly": by_hand & ~once, "nrc": by_hand & once}
    no_target = (
        pl.when(pl.col("target").is_null())
        .then(pl.lit("there is no target_margin"))
        .when(pl.col("row").is_null())
        .then(pl.lit("no row of cost_to_serve says what serving costs"))
        .otherwise(pl.lit("target margin and bad debt leave nothing of the price"))
    )
    prices, ways, lacks = {}, {}, []
    for part, is_it in hand.items():
        sold_for, needed = pl.col(f"{part}_sold"), pl.col(f"{part}_needed")
        price = pl.when(is_it).then(_times("price")).otherwise(pl.coalesce(sold_for, needed))
        prices[f"{part}_price"] = price
        ways[part] = (
            pl.when(is_it)
            .then(pl.lit("by hand"))
            .when(sold_for.is_null())
            .then(pl.lit("target"))
            .otherwise(pl.when(own).then(pl.lit("product")).otherwise(pl.lit("markup")))
        )
        unknown = pl.when(own).then(pl.lit("it has no price")).otherwise(pl.col(f"{part}_cause"))
        lacks.append(
            pl.when(price.is_not_null())
            .then(None)
            .when(is_it | (own & pl.col("own_price").is_not_null()))
            .then(pl.lit(f"it comes to more than {MOST_COST:,}.00"))
            .otherwise(filled("{}, and {}", unknown, no_target))
        )
    return options.with_columns(
        **prices,
        priced_by=pl.when(once).then(ways["nrc"]).otherwise(ways["monthly"]),
        why_not=pl.coalesce("why_not", *lacks),
    )


def _judged(options: pl.DataFrame) -> pl.DataFrame:
    """Add what follows from the prices of options that are available, and blank the others."""
    can = pl.col("why_not").is_null()
    blank = (
        "install_days",
        "rate_sources",
        "priced_by",
        "cost_changes",
        "cost_changes_effect",
        "commitment",
    )
    known = options.with_columns(pl.when(can).then(name).alias(name) for name in (*MONEY, *blank))
    monthly, once = cents(pl.col("monthly_price")), cents(pl.col("nrc_price"))
    margin = cents(pl.col("monthly_price")) - cents(pl.col("monthly_cost"))
    first = cents(pl.col("nrc_cost"))
    changing = can & ~pl.col("own") & pl.col("cost_changes").is_null()
    return (
        known.with_columns(
            available=can,
            chosen=pl.lit(False),
            monthly_margin=from_cents(margin),
            term_total=from_cents(monthly * pl.col("term_months").cast(pl.Int128) + once),
            reach=pl.col("retail") - pl.col("monthly_price"),
            nrc_months=pl.when(first == 0)
            .then(pl.lit(0, dtype=pl.Int128))
            .when(margin > 0)
            .then((first + margin - 1) // margin)
            .cast(pl.Int64),
            cost_changes_effect=pl.when(changing).then(ZERO_CENTS).otherwise("cost_changes_effect"),
        )
        .with_columns(share=share_of(pl.col("monthly_margin"), pl.col("monthly_price")))
        .pipe(seal, QUOTE_OPTIONS)
    )
