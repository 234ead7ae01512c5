"""Bulk facts of a run: written as new files, or taken off the record to be written again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from invoices.schema import among, seal
from rebill.run.acts import Act
from rebill.run.run import Run
from rebill.store import live_bulk, scan_files, supersede, write_bulk
from rebill.store.decisions import decide
from rebill.store.frames import MONTH
from rebill.store.record import KEPT_FINDINGS

GATE_CODES = (
    "document_unreadable",
    "line_unreadable",
    "document_does_not_foot",
    "document_conflicts",
    "document_doubtful",
)
"""Findings of the gate: an audit done again leaves them alone."""


def keep(
    run: Run,
    kind: str,
    frame: pl.LazyFrame | pl.DataFrame,
    month: pl.Expr | None = None,
) -> None:
    """Write rows as bulk facts of a kind, and note what documents and months changed."""
    written = write_bulk(
        run.record.workspace,
        run.record.connection,
        kind,
        frame,
        run.run_id,
        month=month,
    )
    run.count(f"{kind} rows", int(written["rows"].sum() or 0))


def keep_findings(run: Run, findings: pl.DataFrame, kind: str = "findings") -> None:
    """Write findings as bulk facts; those without a claim say so."""
    if findings.is_empty():
        return
    keep(run, kind, seal(findings, KEPT_FINDINGS))


def renew_findings(run: Run, findings: pl.DataFrame, kind: str) -> None:
    """Leave the findings of a kind that is made anew each night as they are now.

    Only files of carriers and months of which something is another are written again.
    """
    now = seal(findings, KEPT_FINDINGS)
    stored = seal(run.record.scan(kind, KEPT_FINDINGS), KEPT_FINDINGS).collect()
    columns = KEPT_FINDINGS.names()
    other = [
        one.join(another, on=columns, how="anti", nulls_equal=True)
        for one, another in ((now, stored), (stored, now))
    ]
    months = pl.concat(other).select("carrier", bill_month=MONTH).unique()
    if months.is_empty():
        return
    take_files(run, kind, months, KEPT_FINDINGS)
    placed = now.with_columns(bill_month=MONTH)
    of_months = placed.join(months, on=["carrier", "bill_month"], how="semi", nulls_equal=True)
    keep_findings(run, of_months, kind)


def take_files(run: Run, kind: str, months: pl.DataFrame, schema: pl.Schema) -> pl.LazyFrame:
    """Supersede the files of carriers and months, and return their rows to be written again."""
    record = run.record
    live = live_bulk(record.connection, kind)
    own = live.join(months, on=["carrier", "bill_month"], how="semi", nulls_equal=True)
    supersede(record.connection, own["id"].to_list(), run.run_id)
    return scan_files(record.workspace, own, schema).select(schema.names())


def take_out(run: Run, findings: pl.DataFrame) -> None:
    """Take findings out of the record's files; the others of their months are written again."""
    if findings.is_empty():
        return
    months = findings.select("carrier", bill_month=MONTH).unique()
    rows = take_files(run, "findings", months, KEPT_FINDINGS).collect()
    keep_findings(run, rows.join(findings, on="finding_id", how="anti"))


def take_back_findings(run: Run, documents: pl.DataFrame, months: pl.DataFrame) -> pl.DataFrame:
    """Take the findings of documents off the record and return them.

    Those of the gate stay, for an audit does not make them.
    """
    rows = take_files(run, "findings", months, KEPT_FINDINGS).collect()
    again = among("document_id", documents["document_id"]) & ~pl.col("code").is_in(GATE_CODES)
    keep_findings(run, rows.filter(~again.fill_null(False)))
    return rows.filter(again.fill_null(False))


def note(run: Run, word: str, act: Act, **about: Any) -> None:
    """Add an act to the list of decisions."""
    note_each(run, word, act, [about])


def note_each(run: Run, word: str, act: Act, rows: Sequence[dict[str, Any]]) -> None:
    """Add an act to the list of decisions, once for each thing it is about."""
    given = {
        "decided_on": act.on,
        "who": act.who,
        "act": word,
        "reason": act.reason,
        "run_id": run.run_id,
    }
    decide(run.record, pl.DataFrame([{**given, **row} for row in rows], infer_schema_length=None))
