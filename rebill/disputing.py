"""What a person does with claims: look at one, and record that some were filed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from rebill import files
from rebill.outbox import disputed_lines
from rebill.record import Record
from rebill.settings import ConfigError, Workspace
from rebill.store import insert_frame, models, read_table, transaction, update_rows
from reconcile.dispute import allowed, refresh


def story(record: Record, claim_no: str) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return a claim, its disputed lines and its events; raises ConfigError where there is none."""
    claims = record.claims().filter(pl.col("claim_no") == claim_no)
    if claims.is_empty():
        raise ConfigError(f"there is no claim {claim_no}; see `rebill disputes list`")
    lines = disputed_lines(record, claims, [claim_no]).sort("finding_id")
    events = read_table(record.connection, models.ClaimEvent)
    return (
        claims.drop("resolved_on"),
        lines.select(
            "invoice_no",
            "bill_date",
            "line_no",
            "service",
            "usoc",
            "code",
            "cause",
            "billed",
            "expected",
            "amount_at_stake",
            "message",
            "line_id",
        ),
        events.filter(pl.col("claim_no") == claim_no).sort("id").drop("id", "claim_no"),
    )


def submit(
    workspace: Workspace,
    claim_nos: Sequence[str],
    on: dt.date,
    who: str | None,
    reference: str | None,
) -> pl.DataFrame:
    """Record that claims were filed on a day: all, or none; return the claims as they stand then.

    Raises ConfigError naming every claim that does not exist, whose state does not allow it, or
    whose window was closed on that day.
    """
    with files.locked(workspace), transaction(workspace) as connection:
        record = Record(workspace, connection)
        claims = record.claims().filter(pl.col("claim_no").is_in(list(claim_nos)))
        on_day = refresh(claims, on)
        faults = [
            f"there is no claim {number}"
            for number in sorted(set(claim_nos) - set(claims["claim_no"]))
        ]
        faults += [
            f"{number} is {status}: it cannot be submitted"
            for number, status in on_day.select("claim_no", "status").iter_rows()
            if allowed(status, "submit") is None
        ]
        if faults:
            raise ConfigError("; ".join(faults))
        moved = on_day.select(
            "claim_no", status=pl.lit("submitted"), filed_on=pl.lit(on, dtype=pl.Date)
        )
        update_rows(connection, models.Claim, moved)
        events = moved.select(
            "claim_no",
            at=pl.lit(on),
            who=pl.lit(who, dtype=pl.String),
            what=pl.lit("submit"),
            reference=pl.lit(reference, dtype=pl.String),
        )
        insert_frame(connection, models.ClaimEvent, events)
        after = record.claims().filter(pl.col("claim_no").is_in(list(claim_nos)))
    return after.drop("resolved_on")
