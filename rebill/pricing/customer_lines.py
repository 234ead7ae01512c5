"""What stands on a customer invoice: a line of a carrier as it is charged, or a row of our own."""

from __future__ import annotations

import polars as pl

from invoices.schema import CENTS, RATE

CUSTOMER_LINES = pl.Schema(
    {
        "customer": pl.String(),
        "bill_month": pl.String(),  # YYYY-MM of bill_date
        "line_id": pl.String(),  # of the carrier line
        "service": pl.String(),
        "usoc": pl.String(),
        "description": pl.String(),  # as the carrier printed it
        "charge_class": pl.String(),
        "quantity": RATE,  # units due (cost basis expected) or billed
        "service_from": pl.Date(),
        "service_until": pl.Date(),  # excluded
        "wtn": pl.String(),
        "circuit_id": pl.String(),
        "carrier": pl.String(),
        "bill_date": pl.Date(),  # of the carrier's document
        "cost": CENTS,
        "price": CENTS,
        "method": pl.String(),
        "margin": CENTS,  # price less cost
        "markup_row": pl.Int64(),  # row_id; null = a tax or surcharge passed on by default
        "markup_scope": pl.String(),
        "bundle": pl.String(),  # rows of one service and bundle are shown as one line; null = none
        "retail_rate": RATE,  # the carrier's retail rate, where the price used one
        "kind": pl.String(),  # one of KINDS: what sort of row it is
        "made_key": pl.String(),  # with line_id unique on an invoice; null on carrier lines
        "product": pl.String(),
        "rule": pl.String(),  # what priced the line, in words
        "promotion": pl.String(),  # the promotion the price belongs to
        "credit_of": pl.String(),  # line_id of the charge that a credit gives back
        "tax": pl.String(),  # which tax or fee a row of taxes is
        "jurisdiction": pl.String(),  # whose
        "tax_base": CENTS,  # the charges it is reckoned on
        "tax_rate": RATE,  # the share of them; null = as an outside engine says
        "priced_load": pl.Int64(),  # the version of the reference tables that priced it
    }
)

KINDS = ("charge", "credit", "unbilled", "own_charge", "minimum", "tax", "surcharge")
"""What sort of row a customer line is. `charge` and `credit` are lines of the carrier (`line_id`);
an active element that no carrier line bills is `unbilled`; the others are our own."""
OWN_TAXES = ("tax", "surcharge")
"""Kinds of rows that collect for others."""
GIVEN_BACK = "given_back"
"""The method of a row of taxes that gives back what was charged on a charge (`credit_of`)."""
BACK = ":billed"
"""How the `made_key` of a row that gives an unbilled element back ends."""


def refers() -> pl.Expr:
    """Return whether a line gives back a charge that is known: its taxes are those of the charge.

    That is a credit that names its charge, an unbilled element that the carrier has billed since,
    a minimum of which more was charged than is missing, and the taxes that are given back with any.
    """
    kind = pl.col("kind")
    return (
        (kind == "credit") & pl.col("credit_of").is_not_null()
        | (kind == "unbilled") & pl.col("made_key").str.ends_with(BACK)
        | (kind == "minimum") & (pl.col("price") < 0)
        | (pl.col("method") == GIVEN_BACK)
    ).fill_null(False)


def charge_key() -> pl.Expr:
    """Return the name under which a line can be given back; all minimums of a month have one."""
    minimum = pl.concat_str(pl.lit("minimum:"), "bill_month")
    return (
        pl.when(pl.col("kind") == "minimum")
        .then(minimum)
        .otherwise(pl.coalesce("line_id", "made_key"))
    )


def described(lines: pl.LazyFrame, usocs: pl.LazyFrame) -> pl.LazyFrame:
    """Return customer `lines` with the catalogue's text where the carrier printed none."""
    text = (
        usocs.filter(pl.col("description").is_not_null())
        .select("carrier", "usoc", "valid_from", known="description")
        .sort("valid_from", nulls_last=False)
        .unique(["carrier", "usoc"], keep="last", maintain_order=True)
        .drop("valid_from")
    )
    return (
        lines.join(text, on=["carrier", "usoc"], how="left", maintain_order="left")
        .with_columns(description=pl.coalesce("description", "known"))
        .drop("known")
    )
