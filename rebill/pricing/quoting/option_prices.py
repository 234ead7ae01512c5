"""What the charges of options are sold for, by the markups that would price them once sold.

They go through `rebill.pricing.rate` as lines of a bill at contract would, so that the first full
invoice of what was won is what was quoted, to the cent. A prospect is priced as a customer of whom
no rule says anything.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl

from invoices.schema import CENTS, among
from rebill.pricing.customer_rules import CUSTOMER_RULES, Rules
from rebill.pricing.margin import at_retail
from rebill.pricing.quoting.option_charges import as_lines
from rebill.pricing.quoting.quote_schema import Terms
from rebill.pricing.rate import rate

PROSPECT = "\0prospect"
"""Whom a prospect is priced as: a name that no table can hold."""
SOLD = pl.Schema(
    {
        "charge": pl.UInt32(),
        "sold_for": CENTS,
        "cause": pl.String(),  # why there is no price: no_markup, no_retail_rate
        "promotion_used": pl.String(),
        "charge_retail": CENTS,
    }
)


def sold(found: pl.DataFrame, terms: Terms, on: dt.date) -> pl.DataFrame:
    """Return what the charges that cost something are sold for (`SOLD`), a row a charge.

    A charge of a line that names a promotion is priced by the markups of that promotion and by
    those of none, any other by all of them. What nobody is charged for has neither price nor cause.
    """
    rules = _with_prospect(terms.rules)
    customer = pl.col("customer").fill_null(PROSPECT)
    asked = found.with_columns(customer=customer, pool=_pools(found, terms))
    parts = []
    for promotion in asked["promotion"].unique(maintain_order=True):
        own = asked.filter(pl.col("promotion").eq_missing(pl.lit(promotion, dtype=pl.String)))
        markups = terms.markups
        if promotion is not None:
            fits = pl.col("promotion").is_null() | (pl.col("promotion") == promotion)
            markups = markups.filter(fits)
        parts.append(_sold(own, replace(terms, markups=markups, rules=rules), on))
    return pl.concat(parts) if parts else SOLD.to_frame()


def _sold(asked: pl.DataFrame, terms: Terms, on: dt.date) -> pl.DataFrame:
    """Return what charges of one promotion are sold for (`SOLD`)."""
    lines = as_lines(asked, on).collect().lazy()
    customers = terms.rules.customers
    rated = rate(lines, customers, terms.markups, terms.retail, terms.rules)
    priced, missing, retail = pl.collect_all(
        [
            rated.customer_lines.select("line_id", sold_for="price", promotion_used="promotion"),
            rated.findings.select("line_id", "cause"),
            at_retail(lines, customers, terms.retail).rename({"retail": "charge_retail"}),
        ]
    )
    told = lines.select("line_id").collect()
    for answers in (priced, missing, retail):
        told = told.join(answers, on="line_id", how="left", maintain_order="left")
    return told.select(
        pl.col("line_id").cast(pl.UInt32).alias("charge"),
        *(pl.col(name).cast(dtype) for name, dtype in list(SOLD.items())[1:]),
    )


def _with_prospect(rules: Rules) -> Rules:
    """Return the rules with whom nothing is said of."""
    row = {"customer": PROSPECT, "cost_basis": "expected", "federal_usf": "pass_through"}
    nobody = pl.DataFrame([{**row, "tax_exempt": False}], schema=CUSTOMER_RULES)
    return replace(rules, customers=pl.concat([rules.customers, nobody]))


def _pools(found: pl.DataFrame, terms: Terms) -> pl.Series:
    """Return a number for each option of a customer, where some tier counts a customer's month.

    Such a tier counts the units of the option alone: neither other options, of which one at most
    is taken, nor what the customer has already.
    """
    shared = terms.rules.tiers.filter(pl.col("per") == "customer")["tier"].unique()
    if not terms.markups.select(among("tier", shared).any()).item():
        return pl.zeros(found.height, dtype=pl.Int64, eager=True)
    return found.select(pl.col("at").rank("dense").over("customer").cast(pl.Int64)).to_series()
