"""What only a run for a later day did is taken back: claims that expired by it, days it gave.

Somebody typed 2099. A run for an earlier day than the last night's lets stand what is true on its
own day; everything else that a night says of a day is said anew by its stages.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
import sqlalchemy as sa

from invoices.calendar import FAR_AHEAD
from invoices.schema import columns_of
from invoices.text import filled
from rebill.disputes.assign import EVENTS, US
from rebill.run.outcomes import Outcomes, WentBack
from rebill.run.run import Run
from rebill.run.stages import GoBack
from rebill.store import insert_frame, models, models_disputes, read_frame, update_rows
from rebill.store.record import Record
from reconcile.claims.moves import TAKE_BACK, UNFILED, standing
from reconcile.window import closed_before

UNBOUND = ("expected", "held", "none")
"""States of a pull of which the bank has said nothing."""


def expired_later(record: Record, as_of: dt.date) -> pl.DataFrame:
    """Return the claims that expired by runs for later days only, with `expired_by` and `was`.

    Their windows are open on the day. `expired_by` is the day of the run, `was` the state before;
    a claim that such a run made was a draft.
    """
    claims = record.claims().filter(pl.col("status") == "expired", ~closed_before(as_of))
    events = standing(record.claim_events()).filter(pl.col("status").is_not_null())
    last = events.group_by("claim_no", maintain_order=True).agg(
        expired_by=pl.col("at").last(),
        was=pl.col("status").filter(pl.col("status").is_in(UNFILED)).last().fill_null("draft"),
    )
    return claims.join(last, on="claim_no").filter(pl.col("expired_by") > as_of)


def go_back(run: Run, stage: GoBack, so_far: Outcomes) -> WentBack:
    """Leave the record as it is on the day of the run, as far as claims and receipts go."""
    claims = take_back(run.record, stage.as_of)
    documents = _received_later(run.record, stage.as_of)
    if documents:
        _receive(run.record, documents, stage.as_of)
    run.count("claims open again", len(claims))
    return WentBack(claims, documents)


def _received_later(record: Record, as_of: dt.date) -> tuple[str, ...]:
    """Return the documents that a run took in for a day far beyond that on which it really ran."""
    runs = read_frame(record.connection, sa.select(models.Run.id, models.Run.started))
    ran = runs.select(run_id="id", ran=pl.col("started").str.slice(0, 10).str.to_date(strict=False))
    late = record.documents().filter(pl.col("received_on") > as_of).join(ran, on="run_id")
    wrong = pl.col("received_on") > pl.col("ran") + pl.duration(days=FAR_AHEAD)
    return tuple(late.filter(wrong)["document_id"])


def _receive(record: Record, documents: tuple[str, ...], as_of: dt.date) -> None:
    """Let documents have come in on a day; days reckoned from the other one are given anew."""
    named = pl.DataFrame({"document_id": list(documents)})
    update_rows(record.connection, models.Document, named.with_columns(received_on=pl.lit(as_of)))
    never = pl.lit(None, dtype=pl.Date)
    unbound = record.debits().filter(pl.col("status").is_in(UNBOUND), pl.col("pulled_on").is_null())
    update_rows(
        record.connection,
        models.Debit,
        unbound.join(named, on="document_id", how="semi").select(
            "document_id", debit_on=never, dispute_closes_on=never
        ),
    )


def take_back(record: Record, as_of: dt.date) -> tuple[str, ...]:
    """Let the claims that expired by later days only be open again, and return their numbers.

    They follow their findings as they did before: what was kept of their lines when they expired is
    no evidence, for the carrier never saw them.
    """
    back = expired_later(record, as_of)
    if back.is_empty():
        return ()
    connection, numbers = record.connection, back["claim_no"]
    note = filled("the expiry of {} is taken back: {}", "expired_by", "was")
    events = back.with_columns(
        at=pl.lit(as_of), who=pl.lit(US), what=pl.lit(TAKE_BACK), note=note, status="was"
    )
    update_rows(connection, models.Claim, back.select("claim_no", status="was"))
    insert_frame(connection, models.ClaimEvent, events.select(columns_of(EVENTS)))
    lines = models_disputes.ClaimLine
    connection.execute(sa.delete(lines).where(lines.claim_no.in_(numbers.to_list())))
    return tuple(numbers)
