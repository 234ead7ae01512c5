"""Findings that a person decided not to claim: by name, or every one of a kind.

A waiver holds from the day it was given up to `holds_until` (excluded), or until another act ends
it. It changes nothing of what a finding says or puts at stake.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.schema import columns_of

WAIVERS = pl.Schema(
    {
        "decision": pl.Int64(),
        "finding_id": pl.String(),  # null = a standing exception
        "code": pl.String(),  # of an exception, as the next three; null = any
        "carrier": pl.String(),
        "service": pl.String(),
        "usoc": pl.String(),
        "waived_until": pl.Date(),  # excluded; null = until it is reopened
    }
)
_KINDS = ("carrier", "service", "usoc")


def active(decisions: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return the waivers (`WAIVERS`) that hold on a day, by decision.

    `decisions` are all acts on record, with id, decided_on, act, subject, holds_until, ends and
    what an exception names.
    """
    until_now = decisions.filter(pl.col("decided_on") <= as_of)
    ended = until_now.filter(pl.col("act") == "reopen").select(id="ends")
    holds = pl.col("holds_until").is_null() | (pl.col("holds_until") > as_of)
    given = until_now.filter(pl.col("act") == "waive", holds).join(ended, on="id", how="anti")
    named = given.rename({"id": "decision", "subject": "finding_id", "holds_until": "waived_until"})
    return named.select(columns_of(WAIVERS)).sort("decision")


def waived(findings: pl.LazyFrame, waivers: pl.DataFrame) -> pl.LazyFrame:
    """Return findings with `waived_by`, the decision that waives each, and `waived_until`.

    Both are null on a finding that nothing waives; of several waivers the first by number counts.
    `findings` have finding_id, code, carrier, service and usoc; their order stays.
    """
    found = [_matches(findings, part, keys) for keys, part in _alike(waivers)]
    nothing = pl.LazyFrame(schema={"finding_id": pl.String, "waived_by": pl.Int64})
    first = pl.concat([nothing, *found]).group_by("finding_id").agg(pl.col("waived_by").min())
    until = waivers.lazy().select("waived_until", waived_by="decision")
    return findings.join(first, on="finding_id", how="left", maintain_order="left").join(
        until, on="waived_by", how="left", maintain_order="left"
    )


def _alike(waivers: pl.DataFrame) -> list[tuple[list[str], pl.DataFrame]]:
    """Return the waivers in groups that name the same columns, with these columns."""
    by_name = waivers.filter(pl.col("finding_id").is_not_null())
    groups = [(["finding_id"], by_name)] if by_name.height else []
    kinds = waivers.filter(pl.col("finding_id").is_null())
    given = kinds.with_columns(pl.col(name).is_not_null().alias(f"has_{name}") for name in _KINDS)
    has = [f"has_{name}" for name in _KINDS]
    for flags, part in given.group_by(has):
        named = [name for name, flag in zip(_KINDS, flags, strict=True) if flag]
        groups.append((["code", *named], part))
    return groups


def _matches(findings: pl.LazyFrame, waivers: pl.DataFrame, keys: list[str]) -> pl.LazyFrame:
    given = waivers.group_by(keys).agg(waived_by=pl.col("decision").min()).lazy()
    return findings.join(given, on=keys, how="inner").select("finding_id", "waived_by")
