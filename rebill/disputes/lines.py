"""The lines that claims dispute, each with what its findings say."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
import sqlalchemy as sa

from rebill.store import read_frame
from rebill.store.models import REFERENCE
from rebill.store.record import Record


def disputed_lines(record: Record, claims: pl.DataFrame, numbers: Collection[str]) -> pl.DataFrame:
    """Return the findings of claims with what their lines say, as a packet takes them."""
    own = claims.filter(pl.col("claim_no").is_in(list(numbers)))
    months = own["bill_month"].unique().to_list()
    findings = record.claimed(months).filter(pl.col("claim_no").is_in(list(numbers))).collect()
    lines = (
        record.lines(months)
        .join(findings.lazy().select("line_id"), on="line_id", how="semi")
        .drop("document_id", "carrier", "ban", "bill_date", "service", "usoc", "source_file")
        .drop("source_row", "expected")
        .collect()
    )
    rates = REFERENCE["buy_rates"]
    used = set(lines["rate_id"].drop_nulls())
    sources = read_frame(record.connection, sa.select(rates.c.row_id, rates.c.source)).filter(
        pl.col("row_id").is_in(list(used))
    )
    return (
        findings.join(lines, on="line_id", how="left")
        .join(
            sources.rename({"row_id": "rate_id", "source": "rate_source"}), on="rate_id", how="left"
        )
        .join(own.select("claim_no", "dispute_closes_on", "file_by"), on="claim_no", how="left")
    )
