"""Pulls that no invoice explains, and what the bank says of a debit: returns and changes."""

from __future__ import annotations

import polars as pl

from invoices.bank.returns import CHANGE_CODES, RETURN_CODES
from invoices.money import cents, from_cents
from invoices.text import filled
from reconcile.pulls.seen import Seen, contracts_of_company


def pull_unmatched(seen: Seen) -> pl.DataFrame:
    """Return pulls, or what is left of them, that no invoice on record explains."""
    matched = seen.settled.group_by("entry_id").agg(pl.col("c").sum().alias("matched"))
    left = (
        seen.pulls.join(contracts_of_company(seen).select("company"), on="company", how="semi")
        .join(matched, on="entry_id", how="left")
        .with_columns(left=pl.col("cents") - pl.col("matched").fill_null(0))
        .filter(pl.col("left") != 0)
    )
    return left.select(
        "entry_id",
        cause=pl.when(pl.col("matched").is_null()).then(pl.lit("whole")).otherwise(pl.lit("part")),
        pulled="left",
        expected=pl.lit(0, dtype=pl.Int64),
        message=filled(
            "{} of a pull of {} is explained by no invoice on record",
            from_cents(pl.col("left")),
            "amount",
        ),
    )


def return_unmatched(seen: Seen) -> pl.DataFrame:
    """Return returns that undo no debit on record."""
    lost = seen.banked.returned.filter(pl.col("of").is_null())
    return lost.join(seen.banked.moves, on="entry_id").select(
        "entry_id",
        pulled="cents",
        message=filled(
            "a return of {} ({}) undoes no debit on record", "amount", pl.col("code").fill_null("?")
        ),
    )


def pull_returned(seen: Seen) -> pl.DataFrame:
    """Return pulls of invoices that came back, with the bank's reason."""
    why = pl.col("code").replace_strict(RETURN_CODES, default="no reason we know")
    told = seen.banked.settlements.filter(pl.col("kind") == "return")
    codes = seen.banked.returned.select("entry_id", "code")
    numbers = seen.known.debits.select("document_id", "invoice_no")
    return (
        told.join(codes, on="entry_id")
        .join(numbers, on="document_id", how="left")
        .select(
            "entry_id",
            "document_id",
            cause="code",
            pulled=-cents(pl.col("amount")).cast(pl.Int64),
            message=filled(
                "{} for invoice {} came back: {}, {}",
                "amount",
                "invoice_no",
                pl.col("code").fill_null("no code"),
                why,
            ),
        )
    )


def change_asked(seen: Seen) -> pl.DataFrame:
    """Return the bank's notices that data of a debit are to be corrected."""
    what = pl.col("code").replace_strict(CHANGE_CODES, default="data")
    own = seen.banked.moves.filter(pl.col("kind") == "change", pl.col("same_as").is_null())
    return own.select(
        "entry_id",
        cause="code",
        pulled=pl.lit(0, dtype=pl.Int64),
        message=filled("{}: the {} is to be corrected", "code", what),
    )
