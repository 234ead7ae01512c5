"""What a load takes and yet may not be meant: rows "for all" that tax what nobody thought of, and
events of orders on days that do not fit.

A share or a rate without a product holds for whatever is charged, own charges, equipment and
minimums too. That may be right; where no row says so of their product a person is told.
"""

from __future__ import annotations

import polars as pl

from invoices.text import filled
from rebill.reference.changes import Changes
from rebill.reference.checks_cells import FIRST_DAY, LAST_DAY
from rebill.reference.checks_markups import plain_number
from rebill.reference.faults import Faults, placed
from reconcile.orders.fold import named

ASKED = (
    *("interstate_shares", "tax_rates", "customer_charges", "commitments"),
    *("customers", "tax_jurisdictions"),
)
"""A load of one of these may make a row for all tax what it did not tax before."""
_WRONG_DAY = "correct one of the two days, if they are wrong"
NOT_TAXED = ("tax", "surcharge", "late_charge")
_SPAN = ("effective_from", "effective_until")
_OWN = [
    *("_file", "_row", "table", "customer", "charge", "service", "product", "charge_class"),
    *_SPAN,
]


def doubt_shares(load: Changes, doubts: Faults) -> None:
    """Note rows for all of `interstate_shares` and `tax_rates` that own charges fall under, because
    no row names their product."""
    if not any(name in load.changes for name in ASKED):
        return
    own = _own(load)
    if own.is_empty():
        return
    rules = load.after("customers").select("customer", "federal_usf", "tax_source", "tax_exempt")
    known = own.join(rules, on="customer")
    _doubt_contributions(load, known.filter(pl.col("federal_usf") == "charge"), doubts)
    taxed = (pl.col("tax_source") == "table") & ~pl.col("tax_exempt").fill_null(False)
    _doubt_taxes(load, known.filter(taxed), doubts)


def doubt_orders(load: Changes, doubts: Faults) -> None:
    """Note events of a load that were due before they happened, or happened before their order was
    submitted."""
    if "order_events" not in load.changes:
        return
    told = load.rows["order_events"].filter("_ok")
    early = told.filter(pl.col("due_on") < pl.col("at"))
    what = filled("due_on {} lies before {}, the day of the event", "due_on", "at")
    doubts.add_rows(early.with_columns(what=what), _WRONG_DAY)
    heads = load.after("order_heads")
    given = heads.select(of="order_no", given_on="submitted_on")
    late = (
        named(heads, told)
        .join(given, on="of", maintain_order="left")
        .filter(pl.col("at") < pl.col("given_on"))
    )
    before = filled("{} on {}, before {} was submitted on {}", "event", "at", "of", "given_on")
    doubts.add_rows(late.with_columns(what=before), _WRONG_DAY)


def _own(load: Changes) -> pl.DataFrame:
    """Return what customers are charged besides carrier lines; discounts are none."""
    charges = load.after("customer_charges").filter(
        pl.col("amount") > 0, ~pl.col("charge_class").is_in(NOT_TAXED)
    )
    minimums = load.after("commitments").with_columns(
        charge=pl.lit("the minimum"),
        service=pl.lit(None, dtype=pl.String),
        charge_class=pl.lit("recurring"),
    )
    return pl.concat(
        [
            rows.with_columns(table=pl.lit(table)).select(_OWN)
            for rows, table in ((charges, "customer_charges"), (minimums, "commitments"))
        ]
    )


def _doubt_contributions(load: Changes, own: pl.DataFrame, doubts: Faults) -> None:
    shares = load.after("interstate_shares")
    named = shares["product"].drop_nulls().unique()
    for_all = shares.filter(
        pl.col("usoc").is_null(), pl.col("product").is_null(), pl.col("share") > 0
    )
    unnamed = own.filter(~pl.col("product").is_in(named.implode()).fill_null(False))
    met = for_all.join(unnamed, how="cross", suffix="_own").filter(_overlap())
    what = filled(
        "the share for all, {}, also makes own charges interstate: {}",
        plain_number("share"),
        "whose",
    )
    doubts.add_rows(
        placed(_told(met, ["share", *_SPAN]).with_columns(what=what), "interstate_shares"),
        "name their product (customer_charges.product, commitments.product) and give it a row with"
        " a share of its own; 0 is one",
    )


def _doubt_taxes(load: Changes, own: pl.DataFrame, doubts: Faults) -> None:
    rates = load.after("tax_rates")
    named = rates.drop_nulls("product").select("jurisdiction", "tax", "product").unique()
    kind, wanted = pl.col("charge_class_own"), pl.col("charge_class")
    monthly = pl.when(kind == "prorated").then(pl.lit("recurring")).otherwise(kind)
    met = (
        rates.filter(pl.col("product").is_null(), pl.col("rate") > 0)
        .join(_placed_own(load, own), on="jurisdiction", suffix="_own")
        .filter(_overlap(), wanted.is_null() | (wanted == kind) | (wanted == monthly))
        .join(
            named,
            left_on=["jurisdiction", "tax", "product_own"],
            right_on=["jurisdiction", "tax", "product"],
            how="anti",
        )
    )
    what = filled(
        "{} {} names no product: it also taxes own charges: {}", "jurisdiction", "tax", "whose"
    )
    doubts.add_rows(
        placed(_told(met, ["jurisdiction", "tax"]).with_columns(what=what), "tax_rates"),
        "if that is not meant, name their product (customer_charges.product, commitments.product)"
        " and give it a row with a rate of its own; 0 is one",
    )


def _placed_own(load: Changes, own: pl.DataFrame) -> pl.DataFrame:
    """Return own charges with each jurisdiction they may lie in."""
    rows = load.after("tax_jurisdictions").select("customer", "jurisdiction", of="service")
    states = load.after("services").select("service", jurisdiction="state").drop_nulls()
    of_customer = own.join(rows, on="customer").filter(
        pl.col("of").is_null() | pl.col("of").eq_missing(pl.col("service"))
    )
    of_state = own.join(rows, on="customer", how="anti").join(states, on="service")
    columns = [*_OWN, "jurisdiction"]
    return pl.concat([of_customer.select(columns), of_state.select(columns)]).unique()


def _overlap() -> pl.Expr:
    """Return whether the row for all and the own charge hold on a day together."""
    first, last = _SPAN
    start, end = pl.col(first).fill_null(FIRST_DAY), pl.col(last).fill_null(LAST_DAY)
    own_start = pl.col(f"{first}_own").fill_null(FIRST_DAY)
    own_end = pl.col(f"{last}_own").fill_null(LAST_DAY)
    return (start < own_end) & (own_start < end)


def _told(met: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Return each row for all once, with the own charges under it in words: `whose`."""
    where = pl.when(pl.col("_row_own").is_not_null()).then(
        filled(" ({} row {})", "_file_own", "_row_own")
    )
    one = pl.concat_str(
        "charge", pl.lit(" of "), "customer", where.fill_null(""),
        pl.when(pl.col("product_own").is_not_null())
        .then(filled(", product {}", "product_own"))
        .otherwise(pl.lit(", without a product")),
    )  # fmt: skip
    more = pl.col("all").list.len() - 1
    return (
        met.with_columns(one=one)
        .sort("_row", *_SPAN, "one", nulls_last=True)
        .group_by(key, maintain_order=True)
        .agg(pl.col("_file", "_row").first(), all=pl.col("one").unique(maintain_order=True))
        .with_columns(
            whose=pl.concat_str(
                pl.col("all").list.first(),
                pl.when(more > 0).then(filled(" and {} more", more)).otherwise(pl.lit("")),
            )
        )
    )
