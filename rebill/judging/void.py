"""A document is voided: nothing of it counts any more; another may stand in for it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import sqlalchemy as sa

from invoices.carrier.reading import unread_ids
from invoices.schema import CENTS, LINES
from rebill.disputes.claims import happen, news_of
from rebill.disputes.credits_on_bills import OF_HEADER
from rebill.judging.documents import (
    VOID_FINDINGS,
    VOID_LINES,
    document,
    kept_in,
    set_status,
    take_lines,
)
from rebill.run.acts import StandIn, Void
from rebill.run.keep import keep, keep_findings, note, take_files
from rebill.run.outcomes import DocumentDecided, DocumentsSettled, FileRead, Outcomes
from rebill.run.run import Run
from rebill.run.stages import TakeBack
from rebill.store import models, models_disputes, read_table
from rebill.store.record import KEPT_FINDINGS, KEY, MONTH_FINDINGS
from rebill.workspace.settings import ConfigError
from reconcile.schema import AUDITED

KINDS = {"lines": LINES, "held_lines": LINES, "audited": AUDITED}
"""Where the lines of a document can be while it counts or is held."""


UNBOUND = ("expected", "estimated", "held", "none")
"""Pulls the bank has said nothing about yet."""


def void(run: Run, stage: Void, so_far: Outcomes) -> DocumentDecided:
    """Leave a document void: no line, finding, pull or claim of it counts any more.

    Raises ConfigError where it is void already, or what is to stand instead is another invoice.
    """
    row = document(run, stage.document_id)
    if row["status"] == "void":
        raise ConfigError(f"document {stage.document_id} is void already")
    if stage.instead:
        other = document(run, stage.instead)
        if any(other[key] != row[key] for key in KEY):
            raise ConfigError(
                f"document {stage.instead} is invoice {other['invoice_no']} of account"
                f" {other['ban']}, not {row['invoice_no']} of {row['ban']}: it cannot stand"
                " instead; void the one and accept the other"
            )
    lines = pl.concat(
        take_lines(run, row, kind, schema).select(LINES.names()) for kind, schema in KINDS.items()
    )
    if lines.height:
        keep(run, VOID_LINES, lines.lazy())
    _reverse_credits(run, stage, [*lines["line_id"], OF_HEADER.format(stage.document_id)])
    findings = _take_findings(run, row)
    keep_findings(run, findings, VOID_FINDINGS)
    set_status(run, stage.document_id, "void")
    pull = models.Debit.document_id == stage.document_id
    run.record.connection.execute(
        sa.update(models.Debit)
        .where(pull, models.Debit.status.in_(UNBOUND))
        .values(amount=Decimal("0.00"), status="none", debit_on=None)
    )
    word = "void" if stage.instead is None else "replace"
    instead = stage.instead or None
    if stage.instead != "":
        about = {"subject": stage.document_id, "other": instead, "carrier": row["carrier"]}
        note(run, word, stage.act, **about)
    became = "void" if instead is None else f"void: {instead} stands instead"
    counted = row["status"] == "loaded"
    left = ((row["carrier"], kept_in(row)["bill_month"].item()),)
    return DocumentDecided(
        (stage.document_id,),
        {stage.document_id: became},
        gone=lines if counted else lines.clear(),
        gone_from=left if counted else (),
        replaced=findings,
    )


def take_back(run: Run, stage: TakeBack, so_far: Outcomes) -> None:
    """Leave void what stands on record for files that could not be read, with its findings."""
    status = dict(run.record.documents().select("document_id", "status").iter_rows())
    for sha256 in stage.files:
        for document_id in unread_ids(sha256):
            if document_id not in status:
                break
            if status[document_id] == "refused":
                findings = _take_findings(run, document(run, document_id))
                keep_findings(run, findings, VOID_FINDINGS)
                set_status(run, document_id, "void")


def stand_in(run: Run, stage: StandIn, so_far: Outcomes) -> DocumentDecided:
    """Check that a document read in this run has the key of the voided one, and record it.

    Raises ConfigError where none does, or where it is held: then nothing is replaced.
    """
    row = document(run, stage.document_id)
    if not so_far.every(FileRead):
        raise ConfigError("the file was taken in before: name its document instead of the file")
    known = run.record.documents()
    mine = pl.col("run_id") == run.run_id
    ours = known.filter(mine, *(pl.col(key) == row[key] for key in KEY))
    invoice = f"invoice {row['invoice_no']} of account {row['ban']}"
    if ours.is_empty():
        read = so_far.last(DocumentsSettled)
        repeats = read is not None and read.settled.repeats.height
        why = "says nothing new" if repeats else f"has no {invoice} that can be read"
        raise ConfigError(f"the file {why}: document {stage.document_id} stays")
    if "loaded" not in ours["status"]:
        raise ConfigError(
            f"the file's {invoice} does not foot either: document {stage.document_id} stays;"
            " ingest the file and accept its document if it is right all the same"
        )
    new = ours.filter(pl.col("status") == "loaded")["document_id"].item(0)
    note(run, "replace", stage.act, subject=stage.document_id, other=new, carrier=row["carrier"])
    return DocumentDecided((), {stage.document_id: f"void: {new} stands instead"})


def _reverse_credits(run: Run, stage: Void, credits: list[str]) -> None:
    """Take credits that stand on a void document back from their claims.

    Raises ConfigError where a claim does not let one be taken back, because it is closed.
    """
    record = run.record
    key = ["claim_no", "document_id", "finding_id", "credit_id", "matched_by"]
    given = (
        read_table(record.connection, models_disputes.ClaimCredit)
        .filter(pl.col("credit_id").is_in(credits))
        .group_by(key)
        .agg(pl.col("amount").sum().cast(CENTS))
        .filter(pl.col("amount") > 0)
    )
    if given.is_empty():
        return
    so_far = record.claim_events().group_by("claim_no").agg(event=pl.len().cast(pl.Int64) + 1)
    back = given.join(so_far, on="claim_no").with_columns(-pl.col("amount"), at=stage.act.on)
    sums = given.group_by("claim_no").agg(pl.col("amount").sum()).sort("claim_no")
    news = news_of(
        [
            {
                "claim_no": number,
                "at": stage.act.on,
                "who": stage.act.who,
                "what": "reverse_credit",
                "amount": amount,
                "note": f"document {stage.document_id} is void: {stage.act.reason}",
            }
            for number, amount in sums.iter_rows()
        ]
    )
    outcome = happen(record, news, back.select(*key, "amount", "at", "event"))
    if outcome.refused.height:
        told = "; ".join(
            f"{n}: {why}" for n, why in outcome.refused.select("claim_no", "why").rows()
        )
        raise ConfigError(f"document {stage.document_id} bears credits of claims: {told}")


def _take_findings(run: Run, row: dict[str, Any]) -> pl.DataFrame:
    """Take the findings of a document off the record and return them, with their claims.

    Those about the months of its carrier are made anew by the audit of this run.
    """
    own = (pl.col("document_id") == row["document_id"]).fill_null(False)
    months = kept_in(row)
    rows = take_files(run, "findings", months, KEPT_FINDINGS).collect()
    keep_findings(run, rows.filter(~own))
    if row["status"] == "loaded":
        take_files(run, MONTH_FINDINGS, months, KEPT_FINDINGS)
    return rows.filter(own)
