"""What only a run for a later day did is taken back: somebody had typed 2099.

Claims that it let expire are open again, and what came in then came in by the day of this run at
the latest. Everything else that a night says of its day is said anew by the other stages.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import sqlalchemy as sa

from invoices.bill_dates import doubtful
from invoices.calendar import FAR_AHEAD
from invoices.schema import LINES
from rebill.disputes.taken_back import take_back
from rebill.judging.documents import kept_in, set_status, take_lines
from rebill.run.keep import keep, keep_findings, take_files
from rebill.run.outcomes import Outcomes, WentBack
from rebill.run.run import Run
from rebill.run.stages import GoBack
from rebill.store import models, read_frame, update_rows
from rebill.store.record import KEPT_FINDINGS, Record

UNBOUND = ("expected", "held", "none")
"""States of a pull of which the bank has said nothing."""
DOUBTFUL = "document_doubtful"


def go_back(run: Run, stage: GoBack, so_far: Outcomes) -> WentBack:
    """Leave the record as it is on the day of the run, as far as claims and receipts go."""
    claims = take_back(run.record, stage.as_of)
    late = _received_later(run.record, stage.as_of)
    _receive(run.record, late.select("document_id"), stage.as_of)
    plausible = ~doubtful(pl.lit(stage.as_of))
    for row in late.filter(pl.col("status") == "held", plausible).iter_rows(named=True):
        _believe(run, row)
    run.count("claims open again", len(claims))
    return WentBack(claims, tuple(late["document_id"]))


def _received_later(record: Record, as_of: dt.date) -> pl.DataFrame:
    """Return the documents that a run took in for a day far beyond that on which it really ran."""
    runs = read_frame(record.connection, sa.select(models.Run.id, models.Run.started))
    ran = runs.select(run_id="id", ran=pl.col("started").str.slice(0, 10).str.to_date(strict=False))
    late = record.documents().filter(pl.col("received_on") > as_of).join(ran, on="run_id")
    return late.filter(pl.col("received_on") > pl.col("ran") + pl.duration(days=FAR_AHEAD))


def _receive(record: Record, documents: pl.DataFrame, as_of: dt.date) -> None:
    """Let documents have come in on a day; days reckoned from the other one are given anew."""
    came = documents.with_columns(received_on=pl.lit(as_of))
    update_rows(record.connection, models.Document, came)
    never = pl.lit(None, dtype=pl.Date)
    unbound = record.debits().filter(pl.col("status").is_in(UNBOUND), pl.col("pulled_on").is_null())
    pulls = unbound.join(documents, on="document_id", how="semi").select("document_id")
    given = pulls.with_columns(debit_on=never, dispute_closes_on=never)
    update_rows(record.connection, models.Debit, given)


def _believe(run: Run, row: dict[str, Any]) -> None:
    """Let a document count that was held for its date alone, which the other day made doubtful."""
    own = pl.col("document_id") == row["document_id"]
    why = run.record.findings().filter(own, pl.col("severity") == "error").select("code").collect()
    if set(why["code"]) != {DOUBTFUL}:
        return
    lines = take_lines(run, row, "held_lines", LINES)
    if lines.height:
        keep(run, "lines", lines.lazy())
    told = take_files(run, "findings", kept_in(row), KEPT_FINDINGS).collect()
    keep_findings(run, told.filter(~own.fill_null(False) | (pl.col("code") != DOUBTFUL)))
    set_status(run, str(row["document_id"]), "loaded")
