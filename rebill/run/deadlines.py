"""The documents of the record with the days that depend on them."""

from __future__ import annotations

import polars as pl

from invoices.calendar import closed_weekdays
from rebill.run.run import Run
from reconcile.window import roll


def dated(run: Run, documents: pl.DataFrame, pulls: pl.DataFrame) -> pl.DataFrame:
    """Return documents with debit_on, dispute_closes_on and file_by; days on record stand."""
    given = pulls.select("document_id", was_on="debit_on", was_until="dispute_closes_on")
    known = run.record.with_deadlines(documents, run.contracts).join(
        given, on="document_id", how="left"
    )
    until = pl.coalesce("was_until", "dispute_closes_on")
    first, last = known.select(first=until.min() - pl.duration(days=14), last=until.max()).row(0)
    closings = run.record.workspace.settings.closings
    closed = closed_weekdays(first, last, closings) if first and last else []
    return known.with_columns(
        debit_on=pl.coalesce("was_on", "debit_on"),
        dispute_closes_on=until,
        file_by=roll(until, "previous", closed),
    ).drop("was_on", "was_until")
