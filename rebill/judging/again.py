"""Months audited again with the tables of the day, and what that changes shown before it is kept.

The trial and the real thing are one run: the months are audited, compared with what was on record,
and then the transaction is kept or undone. So what was shown is what is kept.
"""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.run.acts import AuditAgain, Compare
from rebill.run.difference import State, difference
from rebill.run.keep import note
from rebill.run.outcomes import AuditAsked, Outcomes, RunCompared
from rebill.run.run import Run
from rebill.store import models, update_rows
from rebill.store.frames import MONTH
from rebill.store.record import KEPT_FINDINGS, Record
from rebill.workspace.settings import ConfigError
from reconcile.contracts import contract_for


def audit_again(run: Run, stage: AuditAgain, so_far: Outcomes) -> AuditAsked:
    """Let the audit of this run look at every document of a month and later once more.

    Each is held by the contract that today's tables give it. Raises ConfigError where there is no
    audited document.
    """
    record = run.record
    loaded = record.documents().filter(
        pl.col("status") == "loaded",
        pl.col("audited_load").is_not_null(),
        stage.first_month <= MONTH,
    )
    if loaded.is_empty():
        raise ConfigError(f"no document from {stage.first_month} on was audited: nothing to do")
    before = state(record, loaded.select(MONTH).to_series().unique().to_list())
    last = record.connection.scalar(sa.select(sa.func.max(models.ClaimEvent.id))) or 0
    questions = loaded.select("carrier", "ban", day="bill_date").unique().drop_nulls()
    held = loaded.drop("contract").join(
        contract_for(questions, run.contracts),
        left_on=["carrier", "ban", "bill_date"],
        right_on=["carrier", "ban", "day"],
        how="left",
    )
    was = loaded.select("document_id", was="contract")
    moved = held.join(was, on="document_id").filter(pl.col("contract").ne_missing(pl.col("was")))
    update_rows(record.connection, models.Document, moved.select("document_id", "contract"))
    note(run, "reaudit", stage.act, subject=stage.first_month)
    ids = tuple(loaded["document_id"])
    return AuditAsked(ids, tuple(moved["document_id"]), before, last)


def state(record: Record, months: list[str]) -> State:
    """Return what the record says of bill months at this moment."""
    return State(
        record.audited(months),
        record.scan("findings", KEPT_FINDINGS, months).collect(),
        record.scan("customer_lines", CUSTOMER_LINES, months).select(CUSTOMER_LINES.names()),
        record.claims(),
    )


def compare(run: Run, stage: Compare, so_far: Outcomes) -> RunCompared:
    """Return what this run changed; the stage says whether it is to be kept."""
    asked = so_far.last(AuditAsked)
    if asked is None:
        raise ValueError("there is nothing to compare with")
    record = run.record
    months = (
        record.documents().filter(pl.col("document_id").is_in(list(asked.documents))).select(MONTH)
    )
    after = state(record, months.to_series().unique().to_list())
    marks = sa.select(models.ClaimEvent.claim_no).where(
        models.ClaimEvent.id > asked.last_event, models.ClaimEvent.what == "mark"
    )
    marked = pl.Series(list(record.connection.scalars(marks)), dtype=pl.String)
    live = record.customer_invoices().filter(pl.col("status").is_in(("issued", "draft")))
    # Of several of a month the one that was issued last: what changes is a debit or credit to it.
    bills = (
        live.sort("invoice_no")
        .sort(pl.col("status") == "issued", maintain_order=True)
        .unique(["customer", "bill_month"], keep="last", maintain_order=True)
        .select("customer", "bill_month", "invoice_no", "status")
    )
    return RunCompared(difference(asked.before, after, marked, bills))
