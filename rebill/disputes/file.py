"""What a person does with claims: look at one, file it, record what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from invoices.schema import among
from rebill.disputes.approval import unapproved
from rebill.disputes.claims import happen, news_of
from rebill.disputes.held_by_claims import rest_of
from rebill.disputes.lines import disputed_lines
from rebill.store.record import Record, changing
from rebill.workspace.settings import ConfigError, Workspace
from reconcile.claims.moves import EVENTS


def story(record: Record, claim_no: str) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return a claim, its disputed lines and its events; raises ConfigError where there is none."""
    claims = record.claims().filter(pl.col("claim_no") == claim_no)
    if claims.is_empty():
        raise ConfigError(f"there is no claim {claim_no}; see `rebill disputes list`")
    lines = disputed_lines(record, claims, [claim_no]).sort("finding_id")
    return (
        claims.drop("resolved_on").join(rest_of(record, claims["claim_no"]), "claim_no", "left"),
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
        record.claim_events().filter(pl.col("claim_no") == claim_no).drop("id", "claim_no"),
    )


def submit(
    workspace: Workspace,
    claim_nos: Sequence[str],
    on: dt.date,
    who: str | None,
    reference: str | None,
    late: bool = False,
) -> pl.DataFrame:
    """Record that claims were filed on a day: all, or none; return the claims as they stand then.

    Raises ConfigError naming every claim that does not exist, whose state does not allow it, or
    whose window was closed on that day; with `late` a claim is filed after its window, and marked.
    """
    return record_events(
        workspace,
        [
            {
                "claim_no": number,
                "at": on,
                "who": who,
                "what": "submit",
                "reference": reference,
                "late": late,
            }
            for number in dict.fromkeys(claim_nos)
        ],
    )


def record_events(workspace: Workspace, rows: Sequence[dict[str, object]]) -> pl.DataFrame:
    """Record events of claims, in order: all, or none; return the claims as they stand then.

    A row has the columns of `life.NEWS`. Raises ConfigError that says of each event that
    is not allowed why, and of each claim that is filed which a second person did not approve.
    """
    ours = sorted({str(row["what"]) for row in rows} & {"expire", "change", "mark", "join"})
    if ours:
        raise ConfigError(f"{', '.join(ours)}: the night sees to that by itself")
    with changing(workspace) as record:
        news = news_of(rows)
        faults = unapproved(record, news)
        outcome = happen(record, news)
        faults = refusals(outcome.refused) + faults
        if faults:
            raise ConfigError("; ".join(faults))
        own = news["claim_no"].unique()
        claims = record.claims().filter(among("claim_no", own))
        return claims.drop("resolved_on")


def refusals(refused: pl.DataFrame) -> list[str]:
    """Return the words of refused events, each with the claim it is about."""
    told = []
    for number, what, why in refused.select("claim_no", "what", "why").iter_rows():
        named = why if str(number) in why else f"{number}: {why}"
        told.append(named if what in EVENTS or "no event" in named else f"{named} ({what})")
    return told
