"""A held or voided document is accepted: it counts from now on, as it is."""

from __future__ import annotations

from typing import Any

import polars as pl

from invoices.schema import LINES
from rebill.judging.documents import (
    VOID_FINDINGS,
    VOID_LINES,
    document,
    kept_in,
    set_status,
    take_lines,
)
from rebill.run.acts import Accept
from rebill.run.keep import GATE_CODES, keep, keep_findings, note, take_files
from rebill.run.outcomes import DocumentDecided, Outcomes
from rebill.run.run import Run
from rebill.store.record import KEPT_FINDINGS, KEY
from rebill.workspace.settings import ConfigError


def accept(run: Run, stage: Accept, so_far: Outcomes) -> DocumentDecided:
    """Leave a held or voided document loaded, its lines waiting for the audit of this run.

    Raises ConfigError where nothing of it was read, it counts already, or another one of its key
    does.
    """
    row = document(run, stage.document_id)
    name = f"document {stage.document_id}"
    if row["status"] == "loaded":
        raise ConfigError(f"{name} counts already: there is nothing to accept")
    if row["status"] == "refused" or row["invoice_no"] is None or row["line_sum"] is None:
        raise ConfigError(f"{name} could not be read: ask the sender for the file again")
    same = run.record.documents().filter(
        pl.col("status") == "loaded", *(pl.col(key) == row[key] for key in KEY)
    )
    if same.height:
        other = same["document_id"].item(0)
        raise ConfigError(
            f"invoice {row['invoice_no']} is loaded as document {other}: one of the two can"
            f" count. `rebill documents replace {other} --by {stage.document_id}` lets this one"
        )
    place = VOID_LINES if row["status"] == "void" else "held_lines"
    lines = take_lines(run, row, place, LINES)
    if lines.height:
        keep(run, "lines", lines.lazy())
    _restore_findings(run, row)
    set_status(run, stage.document_id, "loaded")
    if stage.word:
        note(run, stage.word, stage.act, subject=stage.document_id, carrier=row["carrier"])
    return DocumentDecided((stage.document_id,), {stage.document_id: "accepted"})


def _restore_findings(run: Run, row: dict[str, Any]) -> None:
    """Put what the gate had found of a voided document back on the record."""
    own = (pl.col("document_id") == row["document_id"]).fill_null(False)
    if row["status"] != "void":
        return
    rows = take_files(run, VOID_FINDINGS, kept_in(row), KEPT_FINDINGS).collect()
    keep_findings(run, rows.filter(~own), VOID_FINDINGS)
    keep_findings(run, rows.filter(own, pl.col("code").is_in(GATE_CODES)))
