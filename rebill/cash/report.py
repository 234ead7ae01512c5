"""Cash at a glance: every figure of the day, as tables that lie beside the page as CSV."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.periods import days_between
from invoices.schema import CENTS, columns_of
from rebill.cash.as_of import Standing, standing
from rebill.cash.bank_tables import to_come
from rebill.cash.forecast.draw import Case
from rebill.cash.forecast.gather import bills_ahead, facts_of
from rebill.cash.forecast.outlook import Outlook, outlook
from rebill.cash.pledges import commitments_of, security_of
from rebill.store.record import Record
from reconcile.cash.exposure import as_pulled
from reconcile.cash.exposure import exposure as exposed
from reconcile.findings import REASONS

BACK = 30
"""Pulls of so many days before are shown with those to come."""

PULL_DAYS = pl.Schema(
    {
        "on": pl.Date(),
        "carrier": pl.String(),
        "contract": pl.String(),
        "kind": pl.String(),  # known: of bills that are in; expected: of bills to come
        "bills": pl.Int64(),
        "amount": CENTS,
        "disputed": CENTS,  # what is claimed of these bills, not given up
        "unfiled": CENTS,  # of it: not filed yet
        "window_closes": pl.Date(),  # the first of their windows
        "days_after_pull": pl.Int64(),  # from the pull to that day; negative: closed before it
    }
)

TOLD_OF_CASES = (
    *("lowest_p5", "lowest_p50", "lowest_on", "peak_funding_p50", "peak_funding_p95", "bounce"),
    *("credits", "expired", "closing"),
)
"""The figures by which ways of working are told apart; those alike are shown once."""


@dataclass(frozen=True)
class Report:
    """Everything the page tells, as tables by name."""

    as_of: dt.date
    days: int
    outlook: Outlook
    exposure: pl.DataFrame
    """Every carrier and day, for the chart."""
    tables: dict[str, pl.DataFrame]
    """What is shown and left as CSV: pulls, position, win_rates, forecast, cases and so on."""
    alike: tuple[str, ...] = ()
    """Ways of working that change none of the figures that are told."""


@dataclass(frozen=True)
class Draws:
    """How the forecast of a report is drawn."""

    days: int
    scenarios: int
    seed: int
    opening: Decimal | None
    cases: tuple[Case, ...]


def cash_report(record: Record, as_of: dt.date, draws: Draws) -> Report:
    """Return what there is to say about cash on a day.

    Raises ConfigError where no carrier bill is on record.
    """
    known, ahead = standing(record, as_of), to_come(record, as_of, draws.days)
    facts = facts_of(record, known, ahead, draws.days)
    line = record.workspace.settings.forecast.credit_line
    told = outlook(facts, draws.scenarios, draws.seed, draws.cases, draws.opening, line)
    cases = told.cases.unique(TOLD_OF_CASES, keep="first", maintain_order=True)
    alike = told.cases.join(cases, on="case", how="anti")["case"].to_list()
    exposure = exposed(known.debits, known.steps, as_of, known.pulled)
    today = pl.col("on") == as_of
    position = exposure.filter(today).join(
        known.position().filter(today).drop("expired", "disputed"), on=["on", "carrier"]
    )
    tables = {
        "pulls": pull_days(known, bills_ahead(known, ahead, draws.days), draws.days),
        "position": position.sort("carrier"),
        "win_rates": _rates(known),
        "cases": cases,
        "forecast": told.daily,
        "commitments": commitments_of(record, known.contracts, as_of),
        "security": security_of(record, known.contracts, as_of),
    }
    return Report(as_of, draws.days, told, exposure, tables, tuple(alike))


def pull_days(known: Standing, bills: pl.DataFrame, days: int) -> pl.DataFrame:
    """Return pulls by day and carrier against the windows of their bills (columns of `PULL_DAYS`).

    Pulls of the last month and of the next so many days; a late bill to come is pulled tomorrow.
    """
    standing_claims = known.disputed.filter(~pl.col("status").is_in(("withdrawn", "expired")))
    claimed = standing_claims.group_by("document_id").agg(
        disputed=pl.col("amount").sum(),
        unfiled=pl.col("amount").filter(pl.col("filed_on").is_null()).sum(),
    )
    pulls = (
        as_pulled(known.debits)
        .filter(pl.col("status").is_in(("expected", "held", "debited")), pl.col("amount") > 0)
        .join(claimed, on="document_id", how="left")
    )
    tomorrow = pl.lit(known.as_of + dt.timedelta(1))
    both = [
        pulls.with_columns(kind=pl.lit("known")),
        bills.with_columns(
            debit_on=pl.max_horizontal("debit_on", tomorrow), kind=pl.lit("expected")
        ),
    ]
    first, last = known.as_of - dt.timedelta(BACK), known.as_of + dt.timedelta(days)
    return (
        pl.concat(both, how="diagonal")
        .filter(pl.col("debit_on").is_between(first, last))
        .group_by("carrier", "contract", "kind", on="debit_on")
        .agg(
            bills=pl.len().cast(pl.Int64),
            amount=pl.col("amount").sum(),
            disputed=pl.col("disputed").fill_null(ZERO_CENTS).sum(),
            unfiled=pl.col("unfiled").fill_null(ZERO_CENTS).sum(),
            window_closes=pl.col("dispute_closes_on").min(),
        )
        .with_columns(days_after_pull=days_between(pl.col("on"), pl.col("window_closes")))
        .select(columns_of(PULL_DAYS))
        .sort("on", "carrier", "contract", "kind")
    )


def _rates(known: Standing) -> pl.DataFrame:
    """Return win rates with what waits under each of them."""
    waits = (
        known.recovery()
        .group_by("carrier", "reason")
        .agg(pl.col("waiting", "expected_recovery", "provision", "carry_cost").sum())
    )
    words = pl.col("reason").replace_strict(REASONS, default=None, return_dtype=pl.String)
    rates = known.rates.join(waits, on=["carrier", "reason"]).sort("carrier", "reason")
    return rates.with_columns(reason_in_words=words)
