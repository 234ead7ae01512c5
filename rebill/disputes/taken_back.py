"""Claims that expired only because a run was for a later day: open again, and it is told."""

from __future__ import annotations

import datetime as dt

import polars as pl
import sqlalchemy as sa

from invoices.schema import columns_of
from invoices.text import filled
from rebill.disputes.assign import EVENTS, US
from rebill.store import insert_frame, models, models_disputes, update_rows
from rebill.store.record import Record
from reconcile.claims.moves import TAKE_BACK, UNFILED, standing
from reconcile.window import closed_before


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
