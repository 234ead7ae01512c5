"""The stages of the gate: files read, their documents settled."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import replace

import polars as pl
import sqlalchemy as sa

from invoices.bill_dates import hold_doubtful
from invoices.carrier.alike import causes
from invoices.carrier.reading import QUARANTINE, refused_file
from invoices.schema import LINES, empty
from rebill.intake import arrivals
from rebill.intake.gathered import intake_of, under_contract
from rebill.intake.read import staged, take_in
from rebill.intake.settle import settle
from rebill.outbox.answers import answers_of
from rebill.run.intake import Intake, Settled
from rebill.run.keep import keep, keep_findings
from rebill.run.outcomes import DocumentsSettled, FileLeft, FileRead, Outcomes
from rebill.run.run import Run
from rebill.run.stages import ReadFile, Settle
from rebill.store import insert_frame, models, read_frame
from rebill.store.frames import MONTH, of, one_of
from rebill.store.models import Document
from rebill.store.record import Record
from rebill.workspace import apart
from rebill.workspace.log import masked
from rebill.workspace.write import STAGED
from reconcile.contracts import Contract

STATUSES = ("loaded", "held", "refused")
TOLD = 100
"""So many causes of quarantined rows are told of a file in the log; all rows are findings."""


def read(run: Run, stage: ReadFile, so_far: Outcomes) -> FileRead | FileLeft:
    """Take one file in; one that is not there as it was seen is left for the next run.

    It is read by a process of its own, under the limits of the settings. What goes wrong there is
    the file's fault, and the file is refused.
    """
    workspace = run.record.workspace
    number = run.counts.get("files", 0)
    folder = workspace.lines / STAGED / f"{number:06}"
    again = stage.again
    if stage.fault:
        taken = staged(refused_file(stage.name, stage.sha256, *stage.fault), folder, number)
    else:
        path = run.paths.get(stage.name, workspace.inbox)
        limits = workspace.settings.limits
        given = (workspace.settings, folder, number, stage, path, run.profiles, run.known)
        found = apart.done_apart(apart.budget_of(limits, stage.size), take_in, *given)
        if isinstance(found, str):
            return FileLeft(stage, found)
        if isinstance(found, apart.CameToNothing):
            shutil.rmtree(folder, ignore_errors=True)
            again = apart.terms(limits)
            run.log.warning("file not read", file=stage.name, reason=found.what, trace=found.trace)
            refused = refused_file(stage.name, stage.sha256, found.what, found.remedy)
            found = staged(refused, folder, number)
        taken = found
    run.count("files", 1)
    run.log.event(
        "file read",
        file=stage.name,
        documents=taken.reading.documents.height,
        quarantined=taken.reading.quarantine.height,
    )
    answers = answers_of(taken.reading, stage.received_on or run.as_of)
    return FileRead(stage, taken.reading, taken.staged, answers, again)


def settle_documents(run: Run, stage: Settle, so_far: Outcomes) -> DocumentsSettled:
    """Leave the new documents of the run's files on record, with the status they have from now on.

    Gathered are the files that were read and what is on record; decided is what is new, and by
    which contract it is held.
    """
    record = run.record
    intake = intake_of(so_far.every(FileRead))
    known = _of_their_keys(record, intake.documents)
    months = known.select(MONTH).drop_nulls().to_series().unique().to_list()
    kinds = (record.lines(months), record.held(months), record.void(months))
    on_record = pl.concat([frame.select(LINES.names()) for frame in kinds])
    taken = read_frame(record.connection, sa.select(Document.document_id))["document_id"]
    settled = settle(intake, known, on_record, taken, anew=stage.anew)
    documents = _documents(settled, intake, run.contracts).with_columns(
        run_id=pl.lit(run.run_id, dtype=pl.Int64)
    )
    came = pl.coalesce("received_on", pl.lit(record.last_night(), dtype=pl.Date))
    documents, doubts = hold_doubtful(documents, came)
    settled = replace(settled, findings=pl.concat([settled.findings, doubts]))
    _keep(run, settled, intake, documents)
    waiting = frozenset(intake.reads[number].name for number in settled.waiting)
    became = {}
    told = _parts(documents, settled, intake, waiting)
    for number, (read_file, parts) in enumerate(zip(intake.reads, told, strict=True)):
        words = ", ".join(f"{count} {status}" for status, count in parts.items() if count)
        became[read_file.name] = words or "nothing"
        for status, count in parts.items():
            if status not in (arrivals.PARTS, arrivals.WAITING):
                run.count(status, count)
        if intake.quarantine[number].height:
            _tell_quarantined(run, intake.quarantine[number])
    _tell_documents(run, documents, settled.findings)
    return DocumentsSettled(settled, waiting, became)


def _of_their_keys(record: Record, documents: pl.DataFrame) -> pl.DataFrame:
    """Return the documents on record that may have the key of one that came."""
    numbers = documents["invoice_no"].unique()
    return record.documents(one_of(record.connection, Document.invoice_no, numbers))


def _documents(settled: Settled, intake: Intake, contracts: list[Contract]) -> pl.DataFrame:
    """Return the new documents with the day they came and the contract that holds them."""
    received = pl.DataFrame(
        {
            "intake": range(len(intake.reads)),
            "received_on": [stage.received_on for stage in intake.reads],
        },
        schema={"intake": pl.Int64, "received_on": pl.Date},
    )
    dated = settled.documents.join(received, on="intake", how="left")
    return under_contract(dated, contracts).sort("intake", "source_row", "document_id")


def _keep(run: Run, settled: Settled, intake: Intake, documents: pl.DataFrame) -> None:
    """Write documents and their lines; loaded ones too where no audit of this run does."""
    connection = run.record.connection
    insert_frame(connection, models.Document, documents.drop("intake"))
    insert_frame(connection, models.DocumentTotal, settled.totals)
    held = documents.filter(pl.col("status") == "held")
    if held.height:
        keep(run, "held_lines", of(settled.lines, held["document_id"]))
    if settled.findings.height:
        keep_findings(run, settled.findings)
    new = [rows for n, rows in enumerate(intake.quarantine) if n not in intake.before]
    quarantine = pl.concat([empty(QUARANTINE), *new])
    if quarantine.height:
        nowhere = quarantine.with_columns(carrier=pl.lit(None, dtype=pl.String))
        keep(run, "quarantine", nowhere.lazy(), month=pl.lit(None, dtype=pl.String))
    loaded = documents.filter(pl.col("status") == "loaded")
    if loaded.height and not run.plan.audits:
        keep(run, "lines", of(settled.lines, loaded["document_id"]))
    for number in settled.waiting:
        waits = intake.reads[number]
        arrivals.keep(run.record.workspace, waits.sha256, run.paths[waits.name])


def _parts(
    documents: pl.DataFrame, settled: Settled, intake: Intake, waiting: Collection[str]
) -> Iterator[dict[str, int]]:
    """Yield what became of the parts of each file: how many documents and rows, by word."""
    counted = documents.group_by("intake", "status").len()
    statuses = {(number, status): count for number, status, count in counted.iter_rows()}
    repeats = dict(settled.repeats.group_by("intake").len().iter_rows())
    for number, read_file in enumerate(intake.reads):
        parts = {status: statuses.get((number, status), 0) for status in STATUSES}
        known = any(parts.values())
        parts[arrivals.REPEATED] = repeated = repeats.get(number, 0)
        parts["rows quarantined"] = intake.quarantine[number].height
        if number in intake.parts and not known:
            parts[arrivals.PARTS] = max(0, intake.parts[number] - repeated)
        parts[arrivals.WAITING] = int(read_file.name in waiting)
        yield parts


def _tell_quarantined(run: Run, rows: pl.DataFrame) -> None:
    """Say in the log why rows of a file cannot be read, each cause once."""
    for row in causes(rows).head(TOLD).iter_rows(named=True):
        run.log.warning(
            "rows quarantined" if row["rows"] > 1 else "row quarantined",
            file=row["source_file"],
            row=row["source_row"],
            rows=row["rows"],
            reason=row["told"],
        )


def _with_reasons(documents: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """Add `why`: the first of what is said of each document as a whole."""
    why = findings.filter(pl.col("code").str.starts_with("document_")).unique(
        "document_id", keep="first", maintain_order=True
    )
    return documents.join(
        why.select("document_id", why="message"),
        on="document_id",
        how="left",
        maintain_order="left",
    )


def _without_account(words: str | None, ban: str | None) -> str | None:
    """Return a reason as the log may show it: an account by its last characters."""
    if words is None:
        return None
    words = words.replace(ban, masked(ban)) if ban else words
    return re.sub(r"(\baccount `?)([^\s`:;,]+)", lambda m: m[1] + masked(m[2]), words)


def _tell_documents(run: Run, documents: pl.DataFrame, findings: pl.DataFrame) -> None:
    """Say in the log which documents do not count and why, and in the record of the run what
    came."""
    others = documents.filter(pl.col("status") != "loaded")
    for row in _with_reasons(others, findings).iter_rows(named=True) if others.height else ():
        run.log.warning(
            f"document {row['status']}",
            file=row["source_file"],
            row=row["source_row"],
            carrier=row["carrier"],
            ban=row["ban"],
            invoice=row["invoice_no"],
            reason=_without_account(row["why"], row["ban"]),
        )
    loaded = documents.filter(pl.col("status") == "loaded")
    run.count("lines", int(loaded["lines"].sum() or 0))
    run.total("billed", loaded["current_charges"].drop_nulls())
