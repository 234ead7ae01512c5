"""What a digest says, gathered from the record: the news of the last night, and what stands."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import polars as pl
import sqlalchemy as sa

from invoices.calendar import add_banking_days
from invoices.schema import columns_of
from rebill.cash.bank_tables import returnable
from rebill.disputes.held_by_claims import grown
from rebill.outbox.claim_letters import unwritten
from rebill.outbox.digest import SCHEMAS, Digest
from rebill.outbox.lacking import lacking
from rebill.store.frames import one_of
from rebill.store.models import Claim, CustomerInvoice, Debit, Document
from rebill.store.record import KEY, Record, corrected
from reconcile.claims.group import due
from reconcile.claims.moves import UNFILED
from reconcile.window import closed_before

WHY_NOT = (
    *("document_unreadable", "document_does_not_foot", "document_conflicts", "document_doubtful"),
)
"""Findings that say, as errors, why a document is held or refused."""


def read_digest(record: Record, on: dt.date | None = None) -> Digest:
    """Return the digest of the last night: its news, and what stands as of its day, or `on` one."""
    news = json.loads(record.fact("night.news") or "{}")
    as_of = on or record.last_as_of()
    frames = {
        name: _rows(news.get(name, []), SCHEMAS[name]) for name in ("came", "stakes", "small")
    }
    settings = record.workspace.settings
    claims = record.claims(Claim.status.in_(UNFILED))
    near = claims.clear()
    if as_of is not None:
        near = due(claims, as_of, settings.warnings.deadline_days, settings.closings)
    pulls = record.debits(
        Debit.status.in_(("expected", "held", "estimated")),
        sa.false() if as_of is None else Debit.debit_on >= as_of,
    )
    pulls = pulls.group_by("debit_on", "carrier", "status").agg(
        count=pl.len().cast(pl.Int64), amount=pl.col("amount").sum()
    )
    drafts = record.customer_invoices(
        CustomerInvoice.status == "draft", CustomerInvoice.hold.is_not(None)
    )
    return Digest(
        **frames,
        drafts=_shaped(drafts.rename({"total": "amount"}), "drafts"),
        lacking=lacking(record),
        letters=unwritten(record),
        **_not_loaded(record, news),
        deadlines=_shaped(near, "deadlines"),
        grown=_shaped(_grown(record, as_of), "grown"),
        pulls=_shaped(pulls.sort("debit_on", "carrier", "status"), "pulls"),
        returns=_shaped(returnable(record, as_of).rename({"pulled": "amount"}), "returns"),
    )


def _grown(record: Record, as_of: dt.date | None) -> pl.DataFrame:
    """Return the claims that hold what others lack: those in time, and what expired lately."""
    settings, lately = record.workspace.settings, None
    in_time = pl.lit(True)
    if as_of is not None:
        lately = add_banking_days(as_of, -settings.warnings.deadline_days, settings.closings)
        in_time = ~closed_before(as_of)
    told = grown(record, lately)
    claims = record.claims(one_of(record.connection, Claim.claim_no, told["claim_no"]))
    claims = claims.join(told, on="claim_no")
    wanted = claims.filter((pl.col("status") == "expired") | in_time)
    return wanted.sort("file_by", "claim_no", nulls_last=True)


def _not_loaded(record: Record, news: dict[str, Any]) -> dict[str, pl.DataFrame]:
    """Return what is `held`, or was refused since the night before, and what is `refused` longer.

    The news of a night name the run before whose end everything was told already.
    """
    papers = held_documents(record)
    older = (pl.col("status") == "refused") & (pl.col("run_id") <= news.get("told", 0))
    return {
        "held": _shaped(papers.filter(~older), "held"),
        "refused": _shaped(papers.filter(older), "refused"),
    }


def held_documents(record: Record) -> pl.DataFrame:
    """Return every document that is held or refused, with the reason and what to do."""
    known = _of_held(record)
    papers = known.filter(
        pl.col("status").is_in(("held", "refused")), ~pl.col("document_id").is_in(corrected(known))
    )
    if papers.is_empty():
        why = pl.DataFrame(schema=_WHY)
        return papers.join(why, on="document_id", how="left")
    why = (
        record.findings()
        .filter(pl.col("code").is_in(WHY_NOT), pl.col("severity") == "error")
        .select("document_id", "code", "message", "remedy")
        .sort("document_id", "code")
        .collect()
        .group_by("document_id", maintain_order=True)
        .agg(
            pl.col("code").first(),
            pl.col("message").str.join("; "),
            pl.col("remedy").unique(maintain_order=True).str.join("; "),
        )
    )
    return papers.join(why, on="document_id", how="left").sort(
        "carrier", "invoice_no", "document_id"
    )


_WHY = dict.fromkeys(("document_id", "code", "message", "remedy"), pl.String())


def _of_held(record: Record) -> pl.DataFrame:
    """Return what is held or refused, and the other documents of the key of a held one."""
    key = [getattr(Document, name) for name in KEY]
    again = sa.tuple_(*key).in_(sa.select(*key).where(Document.status == "held"))
    return record.documents(Document.status.in_(("held", "refused")) | again)


def _shaped(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.select(columns_of(SCHEMAS[name]))


def _rows(rows: list[dict[str, Any]], schema: pl.Schema) -> pl.DataFrame:
    """Return rows kept as JSON as a frame; amounts were kept as text."""
    exact = [
        {
            name: Decimal(value) if isinstance(schema[name], pl.Decimal) else value
            for name, value in row.items()
        }
        for row in rows
    ]
    return pl.DataFrame(exact, schema=schema)
