"""What prices a quote, and the columns of its options."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from invoices.schema import CENTS
from rebill.pricing.customer_rules import Rules
from rebill.pricing.margin import SHARE
from reconcile.contracts import Contract

QUOTE_OPTIONS = pl.Schema(
    {
        "quote": pl.String(),
        "version": pl.Int64(),
        "line": pl.String(),
        "option": pl.Int64(),  # from 1 through the version
        "carrier": pl.String(),  # null = a product of our own, or nobody offers it
        "term_months": pl.Int64(),  # null = month to month
        "available": pl.Boolean(),  # false: it has no money at all, and why_not says why
        "why_not": pl.String(),
        "monthly_cost": CENTS,  # null on an available option: what our own product costs is unknown
        "monthly_price": CENTS,
        "monthly_margin": CENTS,  # price less cost
        "share": SHARE,  # of the price
        "nrc_cost": CENTS,
        "nrc_price": CENTS,
        "term_total": CENTS,  # what the customer pays in the first term, once included
        "retail": CENTS,  # a month at the carrier's retail rates; null = one is not known
        "reach": CENTS,  # retail less price
        "install_days": pl.Int64(),
        "rate_sources": pl.String(),  # the rate of each element, and the row it stands in
        "chosen": pl.Boolean(),
        "offer": pl.String(),
        "priced_by": pl.String(),  # by hand, markup, target, product
        "cost_to_serve": CENTS,  # a month; null = no row of cost_to_serve covers it
        "nrc_months": pl.Int64(),  # months of margin that earn back a waived NRC; null = none do
        "cost_changes": pl.String(),  # dated rates inside the term
        "cost_changes_effect": CENTS,  # what they add to the cost of the term; null = not known
        "commitment": CENTS,  # what it adds a month to what counts; null = the contract has none
    }
)
MONEY = ("monthly_cost", "monthly_price", "nrc_cost", "nrc_price", "retail", "cost_to_serve")


@dataclass(frozen=True)
class Wanted:
    """What is asked for and what is offered: reference tables, as they are stored."""

    quotes: pl.DataFrame
    lines: pl.DataFrame  # quote_lines
    offers: pl.DataFrame
    elements: pl.DataFrame  # offer_elements
    own_products: pl.DataFrame


@dataclass(frozen=True)
class Terms:
    """What prices it: the tables of the audit and those of customers, as they are stored."""

    buy_rates: pl.LazyFrame
    usocs: pl.LazyFrame
    contracts: list[Contract]
    markups: pl.DataFrame  # rebill.pricing.markups.MARKUPS
    retail: pl.DataFrame  # rebill.pricing.markups.RETAIL
    rules: Rules
    to_serve: pl.DataFrame  # cost_to_serve
