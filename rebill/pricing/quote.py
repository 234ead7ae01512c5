"""What must I charge? The price that covers carrier, service and risk, and leaves a target margin.

    price = (carrier cost + cost to serve + cost of float) / (1 - bad debt - target margin)

Carrier cost is that of the charges a markup works on (recurring, prorated, one-time, usage); the
cost of float is carrier cost x cost of capital x days / 365; bad debt and margin are shares of the
price. The price is rounded up to the cent and the markup it needs up to four places, so that what
is charged never falls short of the target; everything else is rounded half away from zero.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

import polars as pl

from invoices.money import cents, divide_half_away, from_cents, micros
from invoices.schema import CENTS, RATE, among, columns_of
from rebill.pricing.margin import PLACES, SHARE, share_of

CHARGED = ("recurring", "prorated", "one_time", "usage")
"""Charge classes whose price a markup makes; the others are passed on."""
SCOPES = (("customer", "product"), ("customer",), ("product",), ())
"""What a row of cost_to_serve may name, the strongest first."""
YEAR = 365

QUOTE = pl.Schema(
    {
        "services": pl.Int64(),  # services x months
        "lines": pl.Int64(),
        "cost": CENTS,  # of the carrier
        "to_serve": CENTS,  # support, selling, marketing
        "float_cost": CENTS,
        "bad_debt": CENTS,  # at the price needed
        "margin": CENTS,  # what is left of the price needed
        "margin_share": SHARE,
        "price_needed": CENTS,
        "markup_needed": SHARE,
        "price_now": CENTS,
        "markup_now": SHARE,
        "retail": CENTS,  # of the lines that have a retail price; null = none has
        "price_of_those": CENTS,  # at the markup needed
        "markup_at_retail": SHARE,  # the markup that reaches retail
        "stays_under_retail": pl.Boolean(),  # null = nothing to compare
        "lines_above_retail": pl.Int64(),
    }
)

_MILLION = 10**6


def quote(
    earning: pl.LazyFrame,
    to_serve: pl.DataFrame,
    by: Literal["customer", "product"],
    target: Decimal | None,
    on: dt.date,
) -> tuple[pl.DataFrame, list[str]]:
    """Return what each customer or product must be charged (`by`, `QUOTE`), and what is missing.

    `earning` are lines of `rebill.pricing.margin.earning`, of one bill month or several; `to_serve`
    is the table cost_to_serve, whose rows in force `on` that day count; `target` stands for the
    rows' own target margin. A customer or product of which a part has no row, no target, or a
    target that no price reaches is left out and told.
    """
    charged = (
        earning.filter(
            pl.col("charge_class").is_in(CHARGED), pl.col("price") >= 0, pl.col("cost") >= 0
        )
        .select(*("customer", "product", "service", "bill_month", "cost", "retail"), price="earned")
        .collect()
    )
    cells = charged.group_by("customer", "product").agg(
        # what stands on no service (own charges, minimums) is none to be served
        services=pl.struct("service", "bill_month")
        .filter(pl.col("service").is_not_null())
        .n_unique()
        .cast(pl.Int64),
        lines=pl.len().cast(pl.Int64),
        cost=pl.col("cost").sum().cast(CENTS),
        price_now=pl.col("price").sum().cast(CENTS),
    )
    asked = with_terms(cells, to_serve, on).with_columns(
        target=pl.lit(target, dtype=RATE) if target is not None else pl.col("target_margin")
    )
    wrong = asked.with_columns(why=why_no_price()).filter(pl.col("why").is_not_null())
    told = _told(wrong, cells.height, to_serve.is_empty())
    able = asked.filter(~among(by, wrong[by]), pl.col(by).is_not_null())
    priced = able.with_columns(price_needed=price_needed()).with_columns(_parts())
    sums = priced.group_by(by).agg(pl.col(name).sum() for name in QUOTE.names() if name in priced)
    ours = charged.join(sums.select(by), on=by, how="semi")
    return sums.pipe(_judged, ours, by), told


def _told(wrong: pl.DataFrame, count: int, bare: bool) -> list[str]:
    """Return what is missing: where the cause is one for all, once; else for each by name."""
    if bare and wrong.height == count > 0:
        rows = "load a row, for all lines if need be, with a target_margin or give --target"
        return [f"the optional table cost_to_serve has no rows, so no price is known: {rows}"]
    return [
        f"customer {row['customer'] or '(none)'} and product {row['product'] or '(none)'}:"
        f" {row['why']}"
        for row in wrong.sort("customer", "product", nulls_last=True).iter_rows(named=True)
    ]


def with_terms(cells: pl.DataFrame, to_serve: pl.DataFrame, on: dt.date) -> pl.DataFrame:
    """Add the row of cost_to_serve of each customer and product, null where none is in force."""
    begun = pl.col("effective_from").is_null() | (pl.col("effective_from") <= on)
    lasts = pl.col("effective_until").is_null() | (pl.col("effective_until") > on)
    rows = to_serve.filter(begun & lasts).sort("effective_from", nulls_last=False)
    found = []
    for rank, names in enumerate(SCOPES):
        own = pl.all_horizontal(
            *(
                pl.col(name).is_not_null() if name in names else pl.col(name).is_null()
                for name in ("customer", "product")
            )
        )
        terms = rows.filter(own).drop("customer", "product")
        scoped = rows.filter(own).select(*names, pl.col("row_id").alias("row"))
        last = (
            scoped.unique([*names], keep="last", maintain_order=True) if names else scoped.tail(1)
        )
        keys = cells.select("customer", "product")
        fit = keys.join(last, on=[*names]) if names else keys.join(last, how="cross")
        found.append(
            fit.join(terms, left_on="row", right_on="row_id").with_columns(rank=pl.lit(rank))
        )
    best = (
        pl.concat(found)
        .sort("rank")
        .unique(["customer", "product"], keep="first", maintain_order=True)
        .drop("rank", "effective_from", "effective_until")
    )
    return cells.join(best, on=["customer", "product"], how="left", nulls_equal=True)


def why_no_price() -> pl.Expr:
    """Return why no price can be named, null where one can."""
    left = _MILLION - micros(pl.col("bad_debt").fill_null(0)) - micros(pl.col("target"))
    return (
        pl.when(pl.col("row").is_null())
        .then(pl.lit("no row of cost_to_serve covers it; add one, for all lines if need be"))
        .when(pl.col("target").is_null())
        .then(pl.lit("no target margin; give --target or target_margin in cost_to_serve"))
        .when(left <= 0)
        .then(pl.lit("target margin and bad debt leave nothing of the price; lower one"))
    )


def _serving() -> pl.Expr:
    """Return support, selling and marketing in millionths of a dollar."""
    each = [micros(pl.col(name).fill_null(0)) for name in ("support", "selling", "marketing")]
    return pl.sum_horizontal(each) * pl.col("services").cast(pl.Int128)


def serving_cost() -> pl.Expr:
    """Return the cost to serve of a row with services and the terms of `with_terms`."""
    return from_cents(divide_half_away(_serving(), 10**4))


def _floating() -> pl.Expr:
    """Return the cost of float in millionths of a dollar x a million x the days of a year."""
    capital = micros(pl.col("cost_of_capital").fill_null(0))
    days = pl.col("float_days").fill_null(0).cast(pl.Int128)
    return cents(pl.col("cost")) * 10**4 * capital * days


def price_needed() -> pl.Expr:
    """Return the price needed, rounded up to the cent.

    Of a row with cost, services (to be served), target and the terms of `with_terms`.
    """
    base = (cents(pl.col("cost")) * 10**4 + _serving()) * (YEAR * _MILLION) + _floating()
    left = _MILLION - micros(pl.col("bad_debt").fill_null(0)) - micros(pl.col("target"))
    bottom = left * (YEAR * 10**4)
    return from_cents((base + bottom - 1) // bottom)


def _parts() -> list[pl.Expr]:
    """Return what a price is made of, each rounded once; the margin is what is left."""
    served = serving_cost()
    floating = from_cents(divide_half_away(_floating(), YEAR * _MILLION * 10**4))
    share = micros(pl.col("bad_debt").fill_null(0))
    debt = from_cents(divide_half_away(cents(pl.col("price_needed")) * share, _MILLION))
    left = (pl.col("price_needed") - pl.col("cost") - served - floating - debt).cast(CENTS)
    return [
        served.alias("to_serve"),
        floating.alias("float_cost"),
        debt.alias("bad_debt"),
        left.alias("margin"),
    ]


def _judged(sums: pl.DataFrame, charged: pl.DataFrame, by: str) -> pl.DataFrame:
    """Add markups, and how price and lines stand to the carrier's retail."""
    gain = cents(pl.col("price_needed") - pl.col("cost")) * PLACES
    cost = pl.when(pl.col("cost") > 0).then(cents(pl.col("cost")))
    whole = sums.with_columns(
        markup_ten_thousandths=(gain + cost - 1) // cost,
        margin_share=share_of(pl.col("margin"), pl.col("price_needed")),
        markup_now=share_of(pl.col("price_now") - pl.col("cost"), pl.col("cost")),
    )
    lines = charged.filter(pl.col("retail").is_not_null()).join(
        whole.select(by, "markup_ten_thousandths"), on=by
    )
    at_markup = cents(pl.col("cost")) * (PLACES + pl.col("markup_ten_thousandths"))
    lines = lines.with_columns(at=from_cents(divide_half_away(at_markup, PLACES)))
    retail = lines.group_by(by).agg(
        pl.col("retail").sum().cast(CENTS),
        cost_of_those=pl.col("cost").sum().cast(CENTS),
        price_of_those=pl.col("at").sum().cast(CENTS),
        lines_above_retail=(pl.col("at") > pl.col("retail")).sum().cast(pl.Int64),
    )
    one = pl.lit("0.0001").cast(SHARE)
    gap = pl.col("retail") - pl.col("cost_of_those")
    return (
        whole.join(retail, on=by, how="left")
        .with_columns(
            markup_needed=pl.col("markup_ten_thousandths").cast(SHARE) * one,
            markup_at_retail=share_of(gap, pl.col("cost_of_those")),
            stays_under_retail=pl.col("price_of_those") <= pl.col("retail"),
        )
        .select(by, *columns_of(QUOTE))
        .sort(by)
    )
