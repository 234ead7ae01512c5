"""The lines that claims dispute, each with what its findings say."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import polars as pl
import sqlalchemy as sa

from invoices.packet.packet import COLUMNS
from invoices.schema import FINDINGS, among
from rebill.disputes.held_by_claims import HOLDS, held_before, holds, with_word_of_before
from rebill.store import read_frame
from rebill.store.frames import MONTH
from rebill.store.models import REFERENCE
from rebill.store.record import Record
from reconcile.schema import AUDITED

_OF_FINDINGS = [
    name for name in FINDINGS.names() if name not in HOLDS and name not in ("carrier", "reason")
]
_OF_LINES = [
    source
    for _, source, _ in COLUMNS
    if source in AUDITED and source not in HOLDS and source not in FINDINGS
]
AT_ONCE = 200_000
"""Findings of claims that are looked up at a time, where a month has no more."""
_RATES_AT_ONCE = 500
"""Rates that are asked for in one question: a database bounds how many can be named."""


def disputed_lines(record: Record, claims: pl.DataFrame, numbers: Collection[str]) -> pl.DataFrame:
    """Return what claims hold with what findings and lines say, as a packet takes them.

    `amount_at_stake` is what the claim holds of the finding.
    """
    own = claims.filter(among("claim_no", pl.Series(numbers, dtype=pl.String)))
    held = holds(record, own["claim_no"])
    return _told(record, own, held, held_before(record, held))


def disputed_by_month(
    record: Record, claims: pl.DataFrame, numbers: Collection[str]
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield each bill month of claims and its `disputed_lines`, one month in memory at a time.

    What claims hold is looked up for several months at once, as long as it is little.
    """
    own = claims.filter(among("claim_no", pl.Series(numbers, dtype=pl.String)))
    for portion in _portions(own):
        held = holds(record, portion["claim_no"])
        before = held_before(record, held)
        months = portion.sort("bill_month").partition_by("bill_month", as_dict=True)
        for (month,), some in months.items():
            of_month = among("claim_no", some["claim_no"])
            yield month, _told(record, some, held.filter(of_month), before.filter(of_month))


def _portions(claims: pl.DataFrame) -> list[pl.DataFrame]:
    """Return claims by months, each portion of one month or of few findings (`AT_ONCE`)."""
    months = claims.group_by("bill_month").agg(pl.col("findings").sum()).sort("bill_month")
    before = pl.col("findings").cum_sum() - pl.col("findings")
    portion = months.select("bill_month", portion=before // AT_ONCE)
    own = claims.join(portion, on="bill_month", maintain_order="left")
    return own.sort("portion", maintain_order=True).partition_by(
        "portion", maintain_order=True, include_key=False
    )


def _told(
    record: Record, claims: pl.DataFrame, held: pl.DataFrame, before: pl.DataFrame
) -> pl.DataFrame:
    """Return what claims hold (`HOLDS`), and what others held before, with what is said of it."""
    months = held.select(MONTH).to_series().unique().drop_nulls().to_list()
    findings = (
        record.findings(months)
        .join(held.lazy().select("finding_id"), on="finding_id", how="semi")
        .select("finding_id", *_OF_FINDINGS)
        .collect()
        .unique("finding_id", keep="first", maintain_order=True)
    )
    lines = (
        record.lines(months)
        .join(held.lazy().select("line_id"), on="line_id", how="semi")
        .select("line_id", "rate_id", *_OF_LINES)
        .collect()
    )
    facts = claims.select("claim_no", "carrier", "reason", "dispute_closes_on", "file_by")
    return (
        held.join(findings, on="finding_id", how="left")
        .pipe(with_word_of_before, before, "message")
        .with_columns(amount_at_stake="amount")
        .drop("amount", "before", "under")
        .join(lines, on="line_id", how="left")
        .join(_sources(record, lines["rate_id"]), on="rate_id", how="left")
        .join(facts, on="claim_no", how="left")
    )


def _sources(record: Record, rate_ids: pl.Series) -> pl.DataFrame:
    """Return [rate_id, rate_source]: where each of these rates stands."""
    rates = REFERENCE["buy_rates"]
    columns = rates.c.row_id.label("rate_id"), rates.c.source.label("rate_source")
    used = rate_ids.drop_nulls().unique().sort()
    parts = [used.to_list()[n : n + _RATES_AT_ONCE] for n in range(0, len(used), _RATES_AT_ONCE)]
    named = [sa.select(*columns).where(rates.c.row_id.in_(part)) for part in parts or [[]]]
    return pl.concat(read_frame(record.connection, question) for question in named)
