"""Bulk facts stay few files: what came in many small ones, night by night, is written as one again.

Every night that brings bills of a month leaves files for it, and each of them is opened, and held
against its digest, by every night after it.
"""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from invoices.schema import LINES
from rebill.pricing.credits import PARTS
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.run.run import Run
from rebill.store import read_frame, scan_files, supersede, write_bulk
from rebill.store.frames import table_of
from rebill.store.models import BulkFile
from rebill.store.record import (
    BILL_FINDINGS,
    CREDIT_FINDINGS,
    CREDIT_PARTS,
    INVOICED_LINES,
    KEPT_FINDINGS,
    MADE_LINES,
    MONTH_FINDINGS,
)
from reconcile.schema import AUDITED

SCHEMAS = {
    **dict.fromkeys(("lines", "held_lines", "void_lines"), LINES),
    "audited": AUDITED,
    **dict.fromkeys(
        ("findings", "void_findings", MONTH_FINDINGS, BILL_FINDINGS, CREDIT_FINDINGS), KEPT_FINDINGS
    ),
    **dict.fromkeys(("customer_lines", MADE_LINES), CUSTOMER_LINES),
    "issued_lines": INVOICED_LINES,
    CREDIT_PARTS: PARTS,
}
"""The kinds of bulk facts that are joined, with the columns they are kept with."""
MOST = 8
"""So many small files may a carrier's month have of a kind."""
SMALL, WHOLE = 100_000, 200_000
"""A file of fewer rows is small; what is joined has about so many, as much as a portion has."""
_GROUP = ["kind", "carrier", "bill_month"]


def join_small(run: Run) -> int:
    """Leave at most `MOST` small files of each kind, carrier and month; return how many went.

    The rows are the same; files that were joined count no more from this run on.
    """
    record = run.record
    small = read_frame(
        record.connection,
        sa.select(table_of(BulkFile))
        .where(BulkFile.superseded_by_run.is_(None), BulkFile.rows < SMALL)
        .where(BulkFile.kind.in_(SCHEMAS))
        .order_by(BulkFile.id),
    )
    many = small.filter(pl.len().over(_GROUP) > MOST).with_columns(
        part=(pl.col("rows").cum_sum().over(_GROUP) - 1) // WHOLE
    )
    for _, files in many.group_by(*_GROUP, "part", maintain_order=True):
        kind, month = files.select("kind", "bill_month").row(0)
        rows = scan_files(record.workspace, files, SCHEMAS[kind]).collect()
        supersede(record.connection, files["id"].to_list(), run.run_id)
        of_month = pl.lit(month, dtype=pl.String)
        place = record.workspace, record.connection
        write_bulk(*place, kind, rows.select(SCHEMAS[kind].names()), run.run_id, month=of_month)
    return many.height
