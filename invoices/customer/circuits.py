"""Circuits spelled one way on an invoice: as the inventory has them, else as first seen."""

from __future__ import annotations

import polars as pl


def spelled_once(lines: pl.DataFrame, services: pl.DataFrame) -> pl.DataFrame:
    """Return lines (with invoice_no, service, circuit_id) in which each circuit has one spelling.

    Two spellings are of one circuit where letters and digits agree. It is spelled as `services`
    (service, circuit_id) has it where that is the line's service, else as the line of the invoice
    that shows most of its parts, else the first in the order of letters.
    """
    if lines["circuit_id"].null_count() == lines.height:
        return lines
    parts = pl.col("circuit_id").str.count_matches("[^A-Za-z0-9]")
    known = services.select("service", own="circuit_id").drop_nulls().unique("service")
    spelled = (
        lines.lazy()
        .select("invoice_no", "circuit_id", key=_key("circuit_id"), parts=parts)
        .drop_nulls("key")
        .unique()
        .sort("parts", "circuit_id", descending=[True, False])
        .group_by("invoice_no", "key", maintain_order=True)
        .agg(seen=pl.col("circuit_id").first())
        .collect()
    )
    told = (
        lines.with_columns(key=_key("circuit_id"))
        .join(known, on="service", how="left", maintain_order="left")
        .join(spelled, on=["invoice_no", "key"], how="left", maintain_order="left")
    )
    named = pl.when(_key("own") == pl.col("key")).then("own")
    spelling = pl.coalesce(named, "seen", "circuit_id")
    return told.with_columns(circuit_id=spelling).select(lines.columns)


def _key(column: str) -> pl.Expr:
    """Return letters and digits of a circuit, in capitals; null where there are none."""
    signs = pl.col(column).str.replace_all("[^A-Za-z0-9]", "").str.to_uppercase()
    return pl.when(signs != "").then(signs)
