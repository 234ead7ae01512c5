"""What the acts of a person on documents need: a document, its lines, its status.

Nothing is lost: the lines and findings of a document that is void are kept apart under kinds of
their own, and come back when it is accepted after all.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from rebill.run.keep import keep, take_files
from rebill.run.run import Run
from rebill.store import models, update_rows
from rebill.workspace.settings import ConfigError

VOID_LINES, VOID_FINDINGS = "void_lines", "void_findings"


def document(run: Run, document_id: str) -> dict[str, Any]:
    """Return a document of the record; raises ConfigError where there is none."""
    found = run.record.documents().filter(pl.col("document_id") == document_id)
    if found.is_empty():
        raise ConfigError(
            f"there is no document {document_id}; `rebill export documents` lists them"
        )
    return found.row(0, named=True)


def set_status(run: Run, document_id: str, status: str) -> None:
    """Give a document another status; it is audited when it counts again."""
    row = pl.DataFrame({"document_id": [document_id], "status": [status], "audited_load": [None]})
    update_rows(run.record.connection, models.Document, row)


def kept_in(row: dict[str, Any]) -> pl.DataFrame:
    """Return the carrier and bill month whose files hold a document."""
    day = row["bill_date"]
    months = [day.strftime("%Y-%m")] if day else [None]
    return pl.DataFrame(
        {"carrier": [row["carrier"]], "bill_month": months},
        schema={"carrier": pl.String, "bill_month": pl.String},
    )


def take_lines(run: Run, row: dict[str, Any], kind: str, schema: pl.Schema) -> pl.DataFrame:
    """Take a document's lines out of a kind and return them; those of others are written again."""
    own = pl.col("document_id") == row["document_id"]
    months = kept_in(row)
    there = run.record.scan(kind, schema).filter(own).head(1).collect().height
    if not there:
        return pl.DataFrame(schema=schema)
    rows = take_files(run, kind, months, schema)
    others = rows.filter(~own)
    if others.head(1).collect().height:
        keep(run, kind, others)
    return rows.filter(own).collect()
