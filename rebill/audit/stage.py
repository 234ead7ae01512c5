"""The stages that judge: lines against contract and inventory, bills as a whole."""

from __future__ import annotations

import polars as pl

from invoices.schema import FINDINGS, LINES
from rebill.audit.late_charges import judge_late_charges
from rebill.audit.passes import audit_all, to_do_again
from rebill.cash.bank_tables import actual_pulls, pull_events
from rebill.run.deadlines import papers
from rebill.run.keep import keep, keep_findings, take_back_findings, take_files
from rebill.run.night import Night
from rebill.run.stages import (
    Audit,
    CheckBills,
)
from rebill.store import (
    live_bulk,
    models,
    supersede,
    update_rows,
)
from rebill.store.frames import MONTH, not_of, of
from rebill.store.record import BILL_FINDINGS, KEPT_FINDINGS, MONTH_FINDINGS
from reconcile.audit import bills
from reconcile.pulls.events import pull_findings
from reconcile.schema import AUDITED


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
    late = to_do_again(night, documents, todo, lines)
    night.touched = late["document_id"].to_list()
    night.audited = [*todo["document_id"], *night.touched]
    passes = audit_all(night, documents, todo, late, lines)
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
        pull_findings(pull_events(record), pulls),
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
