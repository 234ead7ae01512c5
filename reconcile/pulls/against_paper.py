"""Pulls against the paper of their invoice: twice, early, though credited, or another amount."""

from __future__ import annotations

import polars as pl

from invoices.money import cents, from_cents
from invoices.text import filled
from reconcile.pulls.seen import Seen, pulled_again


def pulled_twice(seen: Seen) -> pl.DataFrame:
    """Return pulls of an invoice that had been pulled in full before."""
    return seen.settled.filter(pulled_again()).select(
        "entry_id",
        "document_id",
        pulled="c",
        expected=pl.lit(0, dtype=pl.Int64),
        message=filled(
            "{} of invoice {} was pulled before; {} is taken again",
            from_cents(pl.col("before")),
            "invoice_no",
            "amount",
        ),
    )


def pulled_early(seen: Seen) -> pl.DataFrame:
    """Return pulls that settled before the day of the contract."""
    return seen.settled.filter(pl.col("settled_on") < pl.col("debit_on"), ~pulled_again()).select(
        "entry_id",
        "document_id",
        pulled="c",
        expected="c",
        message=filled(
            "invoice {} was pulled on {}; by the contract it is due on {}",
            "invoice_no",
            "settled_on",
            "debit_on",
        ),
    )


def pulled_though_credited(seen: Seen) -> pl.DataFrame:
    """Return what was pulled though it was credited, or though nothing was due."""
    return _credited(seen).select(
        "entry_id",
        "document_id",
        "cause",
        "pulled",
        expected=pl.col("pulled") - pl.col("over"),
        message=filled(
            "{} of the pull for invoice {} is not owed: it was credited or nothing was due",
            from_cents(pl.col("over")),
            "invoice_no",
        ),
    )


def amount_differs(seen: Seen) -> pl.DataFrame:
    """Return invoices of which more or less was pulled than their paper says."""
    more = pl.col("pulled") > pl.col("due")
    return (
        _sums(seen)
        .filter(pl.col("due") > 0, pl.col("pulled") != pl.col("due"))
        .select(
            "entry_id",
            "document_id",
            cause=pl.when(more).then(pl.lit("more")).otherwise(pl.lit("less")),
            pulled="pulled",
            expected="due",
            message=filled(
                "invoice {} was pulled for {}, its paper says {}",
                "invoice_no",
                from_cents(pl.col("pulled")),
                from_cents(pl.col("due")),
            ),
        )
    )


def _sums(seen: Seen) -> pl.DataFrame:
    """Return what was pulled of each document, second pulls left out, with its last pull."""
    return (
        seen.settled.filter(~pulled_again(), pl.col("undone_on").is_null())
        .group_by("document_id", maintain_order=True)
        .agg(
            pl.col("c").sum().alias("pulled"),
            pl.col("due", "invoice_no").first(),
            pl.col("entry_id", "settled_on").last(),
        )
    )


def _credited(seen: Seen) -> pl.DataFrame:
    """Return what of each document was pulled though credited: [document_id, ..., over]."""
    sums = _sums(seen)
    nothing_due = sums.filter(pl.col("due") <= 0).with_columns(
        over="pulled", cause=pl.lit("nothing_due")
    )
    if seen.known.credited is None:
        return nothing_due
    granted = (
        sums.filter(pl.col("due") > 0)
        .join(seen.known.credited, on="document_id")
        .filter(pl.col("credited_on") <= pl.col("settled_on"))
        .with_columns(given=cents(pl.col("credited")).cast(pl.Int64))
        .group_by(sums.columns, maintain_order=True)
        .agg(pl.col("given").sum())
        .with_columns(over=pl.col("pulled") - (pl.col("due") - pl.col("given")))
        .with_columns(over=pl.min_horizontal("over", "given"), cause=pl.lit("claim_credited"))
        .filter(pl.col("over") > 0)
    )
    return pl.concat([nothing_due, granted.select(nothing_due.columns)])
