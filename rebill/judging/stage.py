"""The stages that judge: lines against contract and inventory, bills as a whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from invoices.schema import FINDINGS, LINES
from rebill.cash.bank_tables import actual_pulls, pull_events
from rebill.judging.passes import Pass, audit_all, to_do_again
from rebill.judging.whole_bills import of_bills
from rebill.run.deadlines import dated
from rebill.run.keep import (
    keep,
    keep_findings,
    renew_findings,
    take_back_findings,
    take_files,
)
from rebill.run.outcomes import DocumentsSettled, LinesAudited, Outcomes
from rebill.run.run import Run
from rebill.run.stages import Audit, CheckBills
from rebill.store import live_bulk, models, name_bulk, supersede, update_rows
from rebill.store.frames import MONTH, first_day, not_of, of
from rebill.store.record import (
    BILL_FINDINGS,
    KEPT_FINDINGS,
    MONTH_FINDINGS,
    documents_named,
)
from reconcile.pulls.events import pull_findings
from reconcile.schema import AUDITED


@dataclass(frozen=True)
class ToAudit:
    """What an audit has to look at."""

    documents: pl.DataFrame
    """All loaded documents."""
    new: pl.DataFrame
    """Those of them that were not audited yet."""
    late: pl.DataFrame
    """Those audited before that are looked at again, with the tables to use."""
    lines: pl.LazyFrame  # LINES of the new ones

    @property
    def months(self) -> pl.DataFrame:
        """Carrier and bill_month of the files that are written again."""
        return self.late.select("carrier", bill_month=MONTH).unique()

    @property
    def ids(self) -> tuple[str, ...]:
        """The documents that are audited."""
        return (*self.new["document_id"], *self.late["document_id"])


def audit_lines(run: Run, stage: Audit, so_far: Outcomes) -> LinesAudited | None:
    """Leave every loaded line matched, priced and audited; its findings wait for their claims."""
    work = _to_audit(run, so_far)
    if work is None:
        return None
    passes = audit_all(run, work.documents, work.new, work.late, work.lines)
    replaced = _keep(run, work, passes, so_far.asked)
    found = pl.concat([one.findings for one in passes])
    return LinesAudited(work.ids, tuple(work.late["document_id"]), found, replaced)


def _to_audit(run: Run, so_far: Outcomes) -> ToAudit | None:
    """Gather what is to be audited; none where nothing is."""
    document = models.Document
    loaded = document.status == "loaded"
    new = run.record.documents(loaded, document.audited_load.is_(None))
    if new.is_empty() and not so_far.asked and so_far.months_left.is_empty():
        return None
    documents = run.record.documents(loaded, document.bill_date >= _first_day(run, so_far, new))
    lines = of(run.record.waiting(), new["document_id"]).select(LINES.names())
    came = so_far.last(DocumentsSettled)
    if came is not None:
        lines = pl.concat([lines, of(came.settled.lines, new["document_id"])])
    late = to_do_again(run, so_far, documents, new, lines)
    return ToAudit(documents, new, late, lines)


def _first_day(run: Run, so_far: Outcomes, new: pl.DataFrame) -> dt.date:
    """Return the first day of the first month that an audit looks at documents of.

    Documents concern others of their month and later ones; `new` are those that came.
    """
    asked = documents_named(run.record, [*so_far.asked, *so_far.gone["document_id"].unique()])
    months = [frame.select(MONTH).to_series() for frame in (new, asked)]
    first = pl.concat([*months, so_far.months_left["bill_month"]]).min()
    return dt.date.min if first is None else first_day(str(first))


def _keep(run: Run, work: ToAudit, passes: Sequence[Pass], asked: list[str]) -> pl.DataFrame:
    """Keep the audited lines and month findings; return the findings taken back for them."""
    connection = run.record.connection
    late = work.late["document_id"]
    old = take_files(run, "audited", work.months, AUDITED)
    if not work.months.is_empty():
        keep(run, "audited", not_of(old, late))
    for one in passes:
        name_bulk(connection, one.files)
        run.count("audited rows", int(one.files["rows"].sum()))
    supersede(connection, live_bulk(connection, "lines")["id"].to_list(), run.run_id)
    replaced = take_back_findings(run, work.late, work.months)
    for one in passes:
        take_files(run, MONTH_FINDINGS, one.months, KEPT_FINDINGS)
        keep_findings(run, one.month_findings, MONTH_FINDINGS)
    anew = work.late.filter(pl.col("document_id").is_in(asked))
    load = pl.lit(run.load_id, dtype=pl.Int64)
    audits = pl.concat([work.new, anew]).select("document_id", audited_load=load)
    update_rows(connection, models.Document, audits)
    run.count("audited", work.new.height)
    run.count("audited again", late.len())
    return replaced


def check_bills(run: Run, stage: CheckBills, so_far: Outcomes) -> None:
    """Leave the findings about bills as a whole as they are on the day of the run."""
    renew_findings(run, _of_bills(run, stage.as_of), BILL_FINDINGS)


def _of_bills(run: Run, as_of: dt.date | None) -> pl.DataFrame:
    """Return what is to be said of bills as a whole, and of the bank's word on their pulls."""
    record = run.record
    documents, pulls = record.counted(), record.debits()
    days, actual = dated(run, documents, pulls), actual_pulls(record)
    tables = (run.reference, run.contracts)
    found = of_bills(days, record.totals(), pulls, actual, *tables, as_of)
    told = pull_findings(pull_events(record), pulls).select(FINDINGS.names())
    return pl.concat([found, told]).sort("finding_id")
