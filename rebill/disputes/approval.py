"""Claims over an amount are filed by one person and approved by another."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rebill.run.acts import Act
from rebill.store.decisions import decide, decisions
from rebill.store.record import Record, changing
from rebill.workspace.settings import ConfigError, Workspace
from reconcile.claims.approval import lacking
from reconcile.claims.moves import allowed


def unapproved(record: Record, news: pl.DataFrame) -> list[str]:
    """Return why claims that events (`reconcile.claims.life.NEWS`) file may not be filed by who
    does.

    Nothing where all may. An approval counts from its day on.
    """
    over = record.workspace.settings.approval.claims_over
    filed = news.filter(pl.col("what") == "submit")
    if over is None or filed.is_empty():
        return []
    given = decisions(record).filter(pl.col("act") == "approve")
    claims = record.claims().select("claim_no", "amount")
    faults = []
    for (who, on), part in filed.group_by("who", "at", maintain_order=True):
        own = claims.join(part, on="claim_no", how="semi")
        so_far = given.filter(pl.col("decided_on") <= pl.lit(on))
        approvals = so_far.select("who", "amount", claim_no="subject")
        name = None if who is None else str(who)
        faults += [
            f"{number} is over {over:,.2f}: {why}"
            for number, why in lacking(own, approvals, over, name)
            .select("claim_no", "why")
            .iter_rows()
        ]
    return faults


def approve(workspace: Workspace, claim_nos: Sequence[str], act: Act) -> pl.DataFrame:
    """Record that a person agrees to file claims as they are: all, or none; return the claims.

    Raises ConfigError naming every claim that does not exist or cannot be filed any more.
    """
    with changing(workspace) as record:
        claims = record.claims().filter(pl.col("claim_no").is_in(list(claim_nos)))
        faults = [
            f"there is no claim {number}"
            for number in sorted(set(claim_nos) - set(claims["claim_no"]))
        ]
        faults += [
            f"{number} is {status}: there is nothing to approve"
            for number, status in claims.select("claim_no", "status").iter_rows()
            if allowed(status, "submit") is None
        ]
        if faults:
            raise ConfigError("; ".join(faults))
        words = {"decided_on": act.on, "who": act.who, "act": "approve", "reason": act.reason}
        rows = claims.select(
            *(pl.lit(value).alias(name) for name, value in words.items()),
            "carrier",
            "amount",
            subject="claim_no",
        )
        decide(record, rows)
    return claims.select("claim_no", "carrier", "ban", "reason", "bill_month", "status", "amount")
