"""Which options a quote line has: who offers its product, where, for which terms, and who does not.

A line meets every offer of its product. Of a carrier none of whose offers fits, one option a term
says why; so does one of a carrier that is named and offers nothing.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.text import filled
from rebill.pricing.quoting.quote_schema import Wanted
from reconcile.audit.pricing import on_day

KEY = ["quote", "version", "line"]
_LINE = (*KEY, "state", "zone", "miles", "product", "quantity", "price", "promotion")
_HEAD = ("customer", "target_margin")
_OFFER = ("carrier", "offer", "contract", "term_months", "install_days")


def grid(wanted: Wanted, on: dt.date) -> pl.DataFrame:
    """Return every option of every line, numbered through its version, priced or not.

    Columns of the line and of the head of its quote, carrier, offer, contract, term_months,
    install_days, `own` (a product of ours), `why_not` (null where it may be had), `option`, and
    `at`, its place in the frame.
    """
    lines = wanted.lines.select(*_LINE, carriers=listed("carriers")).join(
        wanted.quotes.select("quote", "version", *_HEAD),
        on=["quote", "version"],
        maintain_order="left",
    )
    met = _best(_met(lines, wanted.offers, on))
    own = _own(lines, wanted.own_products)
    some = pl.concat([met.select(KEY), own.select(KEY)]).unique()
    none = pl.concat([_named_in_vain(lines, wanted.offers), _nobody(lines, some)], how="diagonal")
    every = pl.concat([met, own, none], how="diagonal").drop("carriers")
    number = pl.col("line").cast(pl.Int64, strict=False)
    order = ["quote", "version", number, "line", "carrier", "offer", "term_months"]
    return (
        every.with_columns(pl.col("own").fill_null(False))
        .sort(order, nulls_last=[False, False, True, False, False, False, False])
        .with_columns(option=pl.int_range(1, pl.len() + 1).over("quote", "version"))
        .with_columns(pl.col("option").cast(pl.Int64))
        .with_row_index("at")
    )


def listed(column: str) -> pl.Expr:
    """Return a cell like `OH;MI` as the list of what it names; null where it names nothing."""
    words = pl.col(column).str.split(";").list.eval(pl.element().str.strip_chars())
    words = words.list.eval(pl.element().filter(pl.element() != "")).list.unique(
        maintain_order=True
    )
    return pl.when(words.list.len() > 0).then(words)


def _met(lines: pl.DataFrame, offers: pl.DataFrame, on: dt.date) -> pl.DataFrame:
    """Return lines with the offers of their product, a row a term, and why one does not fit."""
    terms = listed("terms").list.eval(pl.element().cast(pl.Int64, strict=False))
    known = offers.select(
        *("offer", "product", "carrier", "contract", "install_days"),
        *("effective_from", "effective_until", "states", "zones"),
        term_months=terms,
        of_states=listed("states").list.eval(pl.element().str.to_uppercase()),
        of_zones=listed("zones"),
    ).explode("term_months", empty_as_null=True)
    named = pl.col("carriers").is_null() | pl.col("carrier").is_in(pl.col("carriers"))
    return (
        lines.join(known, on="product", maintain_order="left")
        .filter(named)
        .with_columns(**_unfit(on))
        .with_columns(why_not=pl.coalesce("_day", "_state", "_zone"))
        .with_columns(
            worth=pl.when(pl.col("why_not").is_null())
            .then(0)
            .when(pl.col("_day").is_not_null())
            .then(3)
            .when(pl.col("_state").is_not_null())
            .then(2)
            .otherwise(1)
        )
        .select(*lines.columns, *_OFFER, "why_not", "worth")
    )


def _unfit(on: dt.date) -> dict[str, pl.Expr]:
    """Return by what an offer may not fit, and in which words that is said."""

    def place(thing: str) -> pl.Expr:
        has = pl.col(thing).is_in(pl.col(f"of_{thing}s"))
        named = pl.col(f"of_{thing}s").is_not_null()
        return (
            pl.when(named & pl.col(thing).is_null())
            .then(filled(f"no {thing} on the line: offer {{}} is for {{}}", "offer", f"{thing}s"))
            .when(named & ~has)
            .then(filled(f"offer {{}} is for {thing} {{}}, not {{}}", "offer", f"{thing}s", thing))
        )

    out = filled("offer {} is not in force on {}", "offer", pl.lit(on))
    return {
        "_day": pl.when(~on_day(pl.lit(on))).then(out),
        "_state": place("state"),
        "_zone": place("zone"),
    }


def _best(met: pl.DataFrame) -> pl.DataFrame:
    """Return the offers that fit; of a carrier without one those that come nearest, one a term."""
    least = met.filter(pl.col("worth") == pl.col("worth").min().over(*KEY, "carrier"))
    key = [*KEY, "carrier", "term_months"]
    nearest = (
        least.filter(pl.col("worth") > 0)
        .sort("offer")
        .unique(key, keep="first", maintain_order=True)
    )
    return pl.concat([least.filter(pl.col("worth") == 0), nearest]).drop("worth")


def _own(lines: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Return the lines that ask for a product of our own, and for no carrier's."""
    ours = products.select("product", "frequency", own_price="price", own_cost="cost")
    free = lines.filter(pl.col("carriers").is_null())
    return free.join(ours, on="product", maintain_order="left").with_columns(own=pl.lit(True))


def _named_in_vain(lines: pl.DataFrame, offers: pl.DataFrame) -> pl.DataFrame:
    """Return the carriers that lines name and that offer nothing of the product."""
    named = lines.explode("carriers", empty_as_null=True).filter(pl.col("carriers").is_not_null())
    known = offers.select("product", carriers="carrier")
    lacking = named.join(known, on=["product", "carriers"], how="anti", maintain_order="left")
    return lacking.drop("carriers").with_columns(
        carrier=lacking["carriers"],
        why_not=lacking.select(filled("{} has no offer of {}", "carriers", "product")).to_series(),
    )


def _nobody(lines: pl.DataFrame, some: pl.DataFrame) -> pl.DataFrame:
    """Return the lines that name no carrier and that nobody has an offer for."""
    lacking = lines.filter(pl.col("carriers").is_null()).join(
        some, on=KEY, how="anti", maintain_order="left"
    )
    return lacking.drop("carriers").with_columns(
        why_not=filled("no offer of {}, and it is no product of ours", "product")
    )
