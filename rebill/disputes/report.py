"""What was won: the outcomes of disputes as tables and as one page with charts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from rebill.disputes.claims import policies_of
from rebill.paper import charts
from rebill.paper.page import render
from rebill.store.record import Record
from reconcile.claims.outcomes import BUCKETS, STAGES, claims_on, outcomes, still_open

MOST_PAIRS = 20
"""Carriers and reasons shown in a chart; the table has all."""


@dataclass(frozen=True)
class Report:
    """The outcomes of a day."""

    as_of: dt.date
    claims: pl.DataFrame
    """`reconcile.claims.outcomes.claims_on`."""
    open: pl.DataFrame
    """`reconcile.claims.outcomes.OPEN`."""


def report(record: Record, as_of: dt.date, carrier: str | None = None) -> Report:
    """Return what became of all claims, or of one carrier's, up to a day."""
    claims = record.claims()
    if carrier is not None:
        claims = claims.filter(pl.col("carrier") == carrier)
    then = claims_on(claims, record.claim_events(), as_of)
    return Report(as_of, then, still_open(then, policies_of(record), as_of))


def percent(share: Decimal | None) -> str:
    """Return a share as people read it."""
    return "" if share is None else f"{share * 100:.0f} %"


def page(report: Report) -> str:
    """Return the report as one HTML page that needs nothing else."""
    total = outcomes(report.claims, ())
    rows = outcomes(report.claims)
    pairs = outcomes(report.claims, ("carrier", "reason")).filter(pl.col("answered") > 0)
    top = pairs.sort("answered", "carrier", "reason", descending=[True, False, False])
    top = top.head(MOST_PAIRS)
    months = outcomes(report.claims, ("month",))
    carriers = outcomes(report.claims, ("carrier",))
    return render(
        "disputes.html.jinja",
        as_of=report.as_of,
        total=total.to_dicts()[0] if total.height else None,
        rows=rows.to_dicts(),
        pairs=pairs.to_dicts(),
        open=report.open.to_dicts(),
        percent=percent,
        figures=[
            _money_by_month(months),
            _win_rates(top),
            _open(report.open),
            _days(carriers.filter(pl.col("days_to_answer").is_not_null())),
        ],
    )


def _money_by_month(months: pl.DataFrame) -> str:
    parts = ("credited", "denied", "withdrawn", "expired", "open")
    colors = (charts.COLORS[2], charts.COLORS[3], charts.COLORS[7], charts.COLORS[1], "#9db7cf")
    series = [
        charts.Series(name, months[f"{name}_amount"].to_list(), color)
        for name, color in zip(parts, colors, strict=True)
    ]
    labels = months["month"].to_list()
    return charts.columns("Where the money of claims is, by bill month", labels, series,
                          stacked=True)  # fmt: skip


def _win_rates(pairs: pl.DataFrame) -> str:
    labels = [
        f"{row['carrier']} {row['reason']} ({row['won']} of {row['answered']}"
        + (", few)" if row["few"] else ")")
        for row in pairs.iter_rows(named=True)
    ]
    return charts.ranked(
        "Share of answered claims won, in full or in part",
        labels,
        pairs["win_rate"].to_list(),
        unit="share",
    )


def _open(rows: pl.DataFrame) -> str:
    series = []
    for stage in STAGES:
        own = dict(
            rows.filter(pl.col("stage") == stage)
            .group_by("bucket")
            .agg(pl.col("amount").sum())
            .iter_rows()
        )
        series.append(charts.Series(stage, [own.get(bucket, Decimal(0)) for bucket in BUCKETS]))
    return charts.columns("Money still open, by how soon its day is", BUCKETS, series, stacked=True)


def _days(carriers: pl.DataFrame) -> str:
    labels = carriers["carrier"].to_list()
    series = [
        charts.Series("to the answer", carriers["days_to_answer"].to_list()),
        charts.Series("to the credit", carriers["days_to_credit"].to_list()),
    ]
    return charts.columns("Days from filing, of the claim in the middle", labels, series,
                          unit="count")  # fmt: skip
