"""The stages of the gate: files read, their documents settled."""

from __future__ import annotations

import polars as pl

from invoices.schema import LINES
from rebill.intake import arrivals
from rebill.intake.read import take_in
from rebill.intake.settle import settle
from rebill.outbox.answers import answer
from rebill.run.keep import keep, keep_findings
from rebill.run.night import Night
from rebill.run.stages import (
    ReadFile,
    Settle,
)
from rebill.store import (
    insert_frame,
    models,
)
from rebill.store.frames import of
from reconcile.contracts import contract_for

TOLD = 100
"""So many quarantined rows of a file are told in the log; all are findings."""


def read(night: Night, stage: ReadFile) -> None:
    """Take one file in."""
    workspace = night.record.workspace
    path = night.paths.get(stage.name, workspace.inbox)
    reading = take_in(workspace, night.intake, stage, path, night.profiles, night.known)
    answer(night, reading, stage.received_on or night.as_of)
    night.count("files", 1)
    night.log.event(
        "file read",
        file=stage.name,
        documents=reading.documents.height,
        quarantined=reading.quarantine.height,
    )


def settle_documents(night: Night, stage: Settle) -> None:
    """Leave the new documents of the intake on record, with the status they have from now on."""
    record, connection = night.record, night.record.connection
    stored = record.documents()
    on_record = pl.concat(
        [frame.select(LINES.names()) for frame in (record.lines(), record.held(), record.void())]
    )
    settled = settle(night.intake, stored, on_record)
    night.settled = settled
    received = pl.DataFrame(
        {
            "intake": range(len(night.intake.reads)),
            "received_on": [stage.received_on for stage in night.intake.reads],
        },
        schema={"intake": pl.Int64, "received_on": pl.Date},
    )
    questions = settled.documents.select("carrier", "ban", day="bill_date").unique()
    documents = (
        settled.documents.join(received, on="intake", how="left")
        .join(
            contract_for(questions.drop_nulls(), night.contracts),
            left_on=["carrier", "ban", "bill_date"],
            right_on=["carrier", "ban", "day"],
            how="left",
        )
        .with_columns(run_id=pl.lit(night.run_id, dtype=pl.Int64))
        .sort("intake", "source_row", "document_id")
    )
    insert_frame(connection, models.Document, documents.drop("intake"))
    insert_frame(connection, models.DocumentTotal, settled.totals)
    held = documents.filter(pl.col("status") == "held")
    if held.height:
        keep(night, "held_lines", of(settled.lines, held["document_id"]), "amount")
    if settled.findings.height:
        keep_findings(night, settled.findings)
    quarantine = pl.concat(night.intake.quarantine)
    if quarantine.height:
        nowhere = quarantine.with_columns(carrier=pl.lit(None, dtype=pl.String))
        keep(night, "quarantine", nowhere.lazy(), None, month=pl.lit(None, dtype=pl.String))
    loaded = documents.filter(pl.col("status") == "loaded")
    if loaded.height and not night.audits:
        keep(night, "lines", of(settled.lines, loaded["document_id"]), "amount")
    for number in settled.waiting:
        stage_read = night.intake.reads[number]
        night.waiting.add(stage_read.name)
        arrivals.keep(record.workspace, stage_read.sha256, night.paths[stage_read.name])
    _say_what_came(night, documents, settled.repeats)


def _say_what_came(night: Night, documents: pl.DataFrame, repeats: pl.DataFrame) -> None:
    """Note what became of each file, in words and in the run's counts."""
    for number, stage in enumerate(night.intake.reads):
        own = documents.filter(pl.col("intake") == number)
        parts = {
            status: own.filter(pl.col("status") == status).height
            for status in ("loaded", "held", "refused")
        }
        parts["repeated"] = repeats.filter(pl.col("intake") == number).height
        parts["rows quarantined"] = night.intake.quarantine[number].height
        if number in night.intake.parts and not own.height:
            parts["parts of bills"] = night.intake.parts[number]
        parts["waiting"] = int(stage.name in night.waiting)
        words = ", ".join(f"{count} {status}" for status, count in parts.items() if count)
        night.became[stage.name] = words or "nothing"
        for status, count in parts.items():
            if status not in ("parts of bills", "waiting"):
                night.count(status, count)
        for row in night.intake.quarantine[number].head(TOLD).iter_rows(named=True):
            night.log.warning(
                "row quarantined",
                file=row["source_file"],
                row=row["source_row"],
                reason=row["reason"],
            )
    for row in documents.filter(pl.col("status") != "loaded").iter_rows(named=True):
        night.log.warning(
            f"document {row['status']}",
            file=row["source_file"],
            row=row["source_row"],
            carrier=row["carrier"],
            ban=row["ban"],
            invoice=row["invoice_no"],
        )
    loaded = documents.filter(pl.col("status") == "loaded")
    night.count("lines", int(loaded["lines"].sum() or 0))
    night.total("billed", loaded["current_charges"].drop_nulls())
