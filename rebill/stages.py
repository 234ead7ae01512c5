"""How each stage of a plan is carried out, on the run's own connection.

Bulk facts are written as new Parquet files; where rows of documents audited before change, the
files of their carrier and month are written again without them and the old ones superseded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from invoices.schema import FINDINGS, LINES
from rebill import again, arrivals, auditing, banking, deciding, selling, waiving
from rebill.acts import Accept, AuditAgain, Compare, Reopen, StandIn, Void, Waive
from rebill.answering import answer
from rebill.auditing import MONTH, not_of, of
from rebill.bank_tables import actual_pulls, bank_frame
from rebill.claimbook import freeze, written_lines
from rebill.claiming import EVENTS, Found, Terms, claim
from rebill.following import follow, judge_late_charges
from rebill.form_profiles import forms_for
from rebill.ingest import settle, take_in
from rebill.keeping import keep, keep_findings, take_back_findings, take_files, take_out
from rebill.night import Night
from rebill.plan import (
    Audit,
    CheckBills,
    Claim,
    FollowClaims,
    MatchPulls,
    Price,
    ReadBank,
    ReadFile,
    Schedule,
    Settle,
    Stage,
)
from rebill.record import BILL_FINDINGS, KEPT_FINDINGS, MONTH_FINDINGS
from rebill.scheduling import papers, schedule
from rebill.settings import ConfigError
from rebill.store import (
    insert_frame,
    live_bulk,
    models,
    next_numbers,
    supersede,
    update_rows,
    write_rows,
)
from reconcile import bills
from reconcile.contracts import contract_for
from reconcile.dispute import UNFILED
from reconcile.pull_events import pull_findings
from reconcile.schema import AUDITED

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


def audit_lines(night: Night, stage: Audit) -> None:
    """Leave every loaded line matched, priced and audited; its findings wait for their claims."""
    record = night.record
    documents = record.documents().filter(pl.col("status") == "loaded")
    todo = documents.filter(pl.col("audited_load").is_null())
    if todo.is_empty() and not night.again and not night.gone_from:
        return
    lines = of(record.waiting(), todo["document_id"]).select(LINES.names())
    if night.settled is not None:
        lines = pl.concat([lines, of(night.settled.lines, todo["document_id"])])
    late = auditing.to_do_again(night, documents, todo, lines)
    night.touched = late["document_id"].to_list()
    night.audited = [*todo["document_id"], *night.touched]
    passes = auditing.audit_all(night, documents, todo, late, lines)
    passes = judge_late_charges(night, passes)
    night.found = pl.concat([one.findings for one in passes])
    months = late.select("carrier", bill_month=MONTH).unique()
    old = take_files(night, "audited", months, AUDITED)
    audited = [not_of(old, late["document_id"]), *(one.lines for one in passes)]
    keep(night, "audited", pl.concat([part.select(AUDITED.names()) for part in audited]), "amount")
    waiting = live_bulk(record.connection, "lines")
    supersede(record.connection, waiting["id"].to_list(), night.run_id)
    replaced = take_back_findings(night, late, months)
    night.replaced = pl.concat([night.replaced, replaced])
    for one in passes:
        take_files(night, MONTH_FINDINGS, one.months, KEPT_FINDINGS)
        keep_findings(night, one.month_findings, MONTH_FINDINGS)
    update_rows(
        record.connection,
        models.Document,
        pl.concat([todo, late.filter(pl.col("document_id").is_in(night.again))]).select(
            "document_id", audited_load=pl.lit(night.load_id, dtype=pl.Int64)
        ),
    )
    night.count("audited", todo.height)
    night.count("audited again", late.height)


def check_bills(night: Night, stage: CheckBills) -> None:
    """Leave the findings about bills as a whole as they are on the day of the run."""
    record = night.record
    documents = record.counted()
    pulls = record.debits()
    dated = papers(night, documents, pulls)
    found = [
        bills.balance_breaks(dated, pulls, actual_pulls(record)),
        bills.bill_jumped(documents, record.totals(), night.contracts),
        pull_findings(bank_frame(record, "pull_events"), pulls),
    ]
    if stage.as_of is not None:
        services = night.reference["services"].collect()
        found.append(bills.document_missing(documents, services, night.contracts, stage.as_of))
    findings = pl.concat([part.select(FINDINGS.names()) for part in found]).sort("finding_id")
    live = live_bulk(record.connection, BILL_FINDINGS)
    stored = record.scan(BILL_FINDINGS, KEPT_FINDINGS).select(FINDINGS.names()).collect()
    if stored.sort("finding_id").equals(findings):
        return
    supersede(record.connection, live["id"].to_list(), night.run_id)
    keep_findings(night, findings, BILL_FINDINGS)


def claim_findings(night: Night, stage: Claim) -> None:
    """Leave the run's findings on record with their claims; states follow the day of the run."""
    record = night.record
    if stage.as_of is None:
        raise ConfigError("claims need a day: give --as-of")
    claims = record.claims()
    turned = waiving.turn(night, claims, stage.as_of)
    free = night.found.join(turned.aside, on="finding_id", how="anti")
    night.found = pl.concat([free, turned.back.select(FINDINGS.names())])
    night.replaced = pl.concat([night.replaced, turned.out])
    open_ones = claims.filter(pl.col("status").is_in(UNFILED))
    documents = record.counted()
    # A claim may hold several months: those of all unfiled claims are at hand.
    standing = (
        record.scan("findings", KEPT_FINDINGS)
        .join(open_ones.lazy().select("claim_no"), on="claim_no", how="semi")
        .select(KEPT_FINDINGS.names())
        .collect()
    )
    written = written_lines(record).join(turned.back, on="finding_id", how="anti")
    outcome = claim(
        Found(night.found, night.replaced, standing, written),
        claims,
        Terms(
            papers(night, documents, record.debits()),
            night.contracts,
            night.reference["services"].select("service", "state", "product").collect(),
            forms_for(record.workspace, night.contracts),
        ),
        stage.as_of,
        lambda count: [f"D-{n:06d}" for n in next_numbers(record.connection, "claims", count)],
    )
    write_rows(record.connection, models.Claim, outcome.claims)
    insert_frame(record.connection, models.ClaimEvent, outcome.events.select(EVENTS.names()))
    kept = KEPT_FINDINGS.names()
    unclaimed = pl.concat([turned.aside, turned.out]).with_columns(
        claim_no=pl.lit(None, dtype=pl.String)
    )
    night.waived = unclaimed["finding_id"].to_list()
    night.kept = pl.concat([outcome.findings.select(kept), unclaimed.select(kept)])
    take_out(night, outcome.moved)
    keep_findings(night, pl.concat([night.kept, outcome.moved.select(kept)]).sort("finding_id"))
    over = outcome.claims.filter(~pl.col("status").is_in(UNFILED))
    freeze(record, over["claim_no"])
    night.claims = outcome.claims["claim_no"].to_list()
    night.count("findings", night.kept.height)
    night.count("claims new or changed", outcome.claims.height)
    night.total("at stake", night.kept["amount_at_stake"])


HANDLERS: dict[type[Any], Callable[[Night, Any], None]] = {
    Accept: deciding.accept,
    Void: deciding.void,
    StandIn: deciding.stand_in,
    Waive: waiving.waive,
    Reopen: waiving.reopen,
    AuditAgain: again.audit_again,
    Compare: again.compare,
    ReadFile: read,
    Settle: settle_documents,
    Audit: audit_lines,
    ReadBank: banking.read_bank,
    MatchPulls: banking.match_pulls,
    Schedule: schedule,
    CheckBills: check_bills,
    FollowClaims: follow,
    Claim: claim_findings,
    Price: selling.price_lines,
}
"""Who carries out which stage; what goes to the outbox follows after the record is kept."""


def carry_out(night: Night, stage: Stage) -> None:
    """Carry out one stage of the plan."""
    HANDLERS[type(stage)](night, stage)
