"""The lines that claims dispute, each with what its findings say."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
import sqlalchemy as sa

from invoices.schema import FINDINGS
from rebill.disputes.held_by_claims import holds, with_word_of_before
from rebill.store import read_frame
from rebill.store.frames import MONTH
from rebill.store.models import REFERENCE
from rebill.store.record import Record


def disputed_lines(record: Record, claims: pl.DataFrame, numbers: Collection[str]) -> pl.DataFrame:
    """Return what claims hold with what findings and lines say, as a packet takes them.

    `amount_at_stake` is what the claim holds of the finding.
    """
    own = claims.filter(pl.col("claim_no").is_in(list(numbers)))
    held = holds(record, own["claim_no"])
    months = held.select(MONTH).to_series().unique().drop_nulls().to_list()
    said = [name for name in FINDINGS.names() if name not in held.columns and name != "reason"]
    findings = (
        record.findings(months)
        .join(held.lazy().select("finding_id"), on="finding_id", how="semi")
        .select("finding_id", *said)
        .collect()
        .unique("finding_id", keep="first", maintain_order=True)
    )
    lines = (
        record.lines(months)
        .join(held.lazy().select("line_id"), on="line_id", how="semi")
        .drop("document_id", "carrier", "ban", "bill_date", "service", "usoc", "source_file")
        .drop("source_row", "expected")
        .collect()
    )
    rates = REFERENCE["buy_rates"]
    used = set(lines["rate_id"].drop_nulls())
    sources = read_frame(record.connection, sa.select(rates.c.row_id, rates.c.source)).filter(
        pl.col("row_id").is_in(list(used))
    )
    facts = own.select("claim_no", "carrier", "reason", "dispute_closes_on", "file_by")
    return (
        held.join(findings.drop("carrier"), on="finding_id", how="left")
        .pipe(lambda told: with_word_of_before(record, told, "message"))
        .with_columns(amount_at_stake="amount")
        .drop("amount", "before", "under")
        .join(lines, on="line_id", how="left")
        .join(
            sources.rename({"row_id": "rate_id", "source": "rate_source"}), on="rate_id", how="left"
        )
        .join(facts, on="claim_no", how="left")
    )
