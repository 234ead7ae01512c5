"""Cash at a glance: one page that works offline and prints, the same figures as CSV.

The page holds no script. Every figure on it is a cell of one of the tables that lie beside it, or
of a chart drawn from them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

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
from rebill.paper import charts, page
from rebill.paper.charts import Band, Mark, Series
from rebill.paper.text import as_text
from rebill.reference import current
from rebill.store.record import Record
from rebill.workspace.write import leave
from reconcile.cash.exposure import EXPOSURE, PLACES, as_pulled
from reconcile.cash.exposure import exposure as exposed

BACK = 30
"""Pulls of so many days before are shown with those to come."""
LABELS = 26
"""So many columns fit a chart."""

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
    contracts = current.contracts(record.connection)
    exposure = exposed(known.debits, known.steps, as_of, known.pulled)
    today = pl.col("on") == as_of
    position = exposure.filter(today).join(
        known.position().filter(today).drop("expired", "disputed"), on=["on", "carrier"]
    )
    tables = {
        "pulls": pull_days(known, bills_ahead(known, ahead, draws.days), draws.days),
        "position": position.sort("carrier"),
        "win_rates": _rates(known),
        "cases": told.cases,
        "forecast": told.daily,
        "commitments": commitments_of(record, contracts, as_of),
        "security": security_of(record, contracts, as_of),
    }
    return Report(as_of, draws.days, told, exposure, tables)


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
    nothing = ZERO_CENTS
    return (
        pl.concat(both, how="diagonal")
        .filter(pl.col("debit_on").is_between(first, last))
        .group_by("carrier", "contract", "kind", on="debit_on")
        .agg(
            bills=pl.len().cast(pl.Int64),
            amount=pl.col("amount").sum(),
            disputed=pl.col("disputed").fill_null(nothing).sum(),
            unfiled=pl.col("unfiled").fill_null(nothing).sum(),
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
    return known.rates.join(waits, on=["carrier", "reason"]).sort("carrier", "reason")


# --- the page ---------------------------------------------------------------------------------

MONEY, DAY, TEXT, COUNT, RATE = "money", "day", "text", "count", "share"
SHOWN: dict[str, tuple[tuple[str, str, str], ...]] = {
    "pulls": (
        ("on", "Pulled on", DAY),
        ("carrier", "Carrier", TEXT),
        ("contract", "Contract", TEXT),
        ("kind", "", TEXT),
        ("bills", "Bills", COUNT),
        ("amount", "Amount", MONEY),
        ("disputed", "Disputed", MONEY),
        ("unfiled", "Still to file", MONEY),
        ("window_closes", "First window closes", DAY),
        ("days_after_pull", "Days after the pull", COUNT),
    ),
    "position": (
        ("carrier", "Carrier", TEXT),
        ("pending", "Pending", MONEY),
        *((name, name.capitalize(), MONEY) for name in ("debited", *PLACES)),
        ("not_audited", "Not audited", MONEY),
    ),
    "win_rates": (
        ("carrier", "Carrier", TEXT),
        ("reason", "Reason", TEXT),
        ("ended", "Ended", COUNT),
        ("win_rate_low", "Low", RATE),
        ("win_rate", "Win rate", RATE),
        ("win_rate_high", "High", RATE),
        ("waiting", "Waiting", MONEY),
        ("expected_recovery", "Expected", MONEY),
        ("provision", "Provision", MONEY),
        ("carry_cost", "Cost of waiting", MONEY),
    ),
    "cases": (
        ("case", "", TEXT),
        ("lowest_p5", "Lowest, bad case", MONEY),
        ("lowest_p50", "Lowest, middle", MONEY),
        ("lowest_on", "On", DAY),
        ("peak_funding_p50", "To fund", MONEY),
        ("peak_funding_p95", "To fund, bad case", MONEY),
        ("bounce", "A pull bounces", RATE),
        ("credits", "Credits", MONEY),
        ("expired", "Too late", MONEY),
    ),
    "forecast": (
        ("on", "Day", DAY),
        ("pulls", "Pulls", MONEY),
        ("credits", "Credits", MONEY),
        ("receipts", "Receipts", MONEY),
        ("balance_p5", "5 %", MONEY),
        ("balance_p25", "25 %", MONEY),
        ("balance_p50", "Middle", MONEY),
        ("balance_p75", "75 %", MONEY),
        ("balance_p95", "95 %", MONEY),
        ("bounce", "Bounces", RATE),
    ),
    "commitments": (
        ("contract", "Contract", TEXT),
        ("year_until", "Year ends before", DAY),
        ("annual", "Promised", MONEY),
        ("counted", "Bought", MONEY),
        ("run_rate", "A usual month", MONEY),
        ("moved_in", "Coming", MONEY),
        ("moved_out", "Leaving", MONEY),
        ("projected", "Projected", MONEY),
        ("shortfall", "Short", MONEY),
        ("certain_on", "Certain on", DAY),
        ("status", "", TEXT),
    ),
    "security": (
        ("contract", "Contract", TEXT),
        ("required", "Required", MONEY),
        ("held", "Held", MONEY),
        ("headroom", "Headroom", MONEY),
        ("months_covered", "Months covered", TEXT),
        ("pending", "Pending", MONEY),
        ("cost", "Cost a year", MONEY),
        ("headroom_later", "Headroom in a year", MONEY),
    ),
}
"""The columns of each table that the page shows: name, heading, kind."""


def as_page(report: Report) -> str:
    """Return the report as one self-contained HTML page."""
    rows = {name: frame.to_dicts() for name, frame in report.tables.items()}
    return page.render(
        "cash.html.jinja",
        report=report,
        rows=rows,
        shown=SHOWN,
        facts=headline(report),
        figures=_figures(report),
    )


def headline(report: Report) -> list[tuple[str, Any, bool]]:
    """Return the figures that matter most: what it is, the figure, whether it is bad."""
    position, case = report.tables["position"], report.tables["cases"].row(0, named=True)
    month = report.as_of + dt.timedelta(30)
    next_month = report.tables["pulls"].filter(pl.col("on") > report.as_of, pl.col("on") <= month)
    facts: list[tuple[str, Any, bool]] = [
        ("pulled in the next 30 days", _sum(next_month, "amount"), False),
        ("still to file", _sum(position, "unfiled"), False),
        ("filed and not answered or credited", _sum(position, "open"), False),
        ("of it expected back", _sum(position, "expected_recovery"), False),
        ("expired", _sum(position, "expired"), _sum(position, "expired") > 0),
        (f"lowest point, {case['lowest_on']}", case["lowest_p50"], case["lowest_p50"] < 0),
        ("to fund, in a bad case", case["peak_funding_p95"], False),
    ]
    if case["bounce"] is not None:
        chance = f"{case['bounce'] * 100:.1f} %"
        facts.append(("chance that a pull bounces", chance, case["bounce"] > 0))
    return facts


def _sum(frame: pl.DataFrame, name: str) -> Decimal:
    total: Decimal = frame.select((pl.col(name).sum() + ZERO_CENTS).cast(CENTS)).item()
    return total


def _figures(report: Report) -> dict[str, Any]:
    """Return the charts by the section they stand in."""
    told = report.tables["forecast"]
    days = told["on"].to_list()
    low = report.tables["cases"]["lowest_on"][0]
    bands = [
        Band("nine of ten scenarios", told["balance_p5"].to_list(), told["balance_p95"].to_list()),
        Band("one of two", told["balance_p25"].to_list(), told["balance_p75"].to_list()),
    ]
    middle = [Series("the middle", told["balance_p50"].to_list(), step=True)]
    marks = [Mark(low, "lowest")]
    return {
        "pulls": _pull_chart(report),
        "exposure": _exposure_chart(report),
        "forecast": charts.over_time("Balance", days, middle, bands=bands, marks=marks),
        "commitments": _promise_chart(report),
    }


def _pull_chart(report: Report) -> Any:
    """Return pulls against what has to be filed, by day, or by week where there are many."""
    pulls = report.tables["pulls"]
    if pulls.is_empty():
        return ""
    by_week = pulls["on"].n_unique() > LABELS
    on, closes = pl.col("on"), pl.col("window_closes")
    if by_week:
        on, closes = on.dt.truncate("1w"), closes.dt.truncate("1w")
    parts = {
        "pulled for bills that are in": pulls.filter(pl.col("kind") == "known").select(
            on=on, amount="amount"
        ),
        "expected to be pulled": pulls.filter(pl.col("kind") == "expected").select(
            on=on, amount="amount"
        ),
        "to file before its window closes": pulls.filter(pl.col("unfiled") > 0).select(
            on=closes, amount="unfiled"
        ),
    }
    sums = {
        name: dict(part.group_by("on").agg(pl.col("amount").sum()).iter_rows())
        for name, part in parts.items()
    }
    days = sorted({day for part in sums.values() for day in part if day is not None})
    series = [Series(name, [part.get(day) for day in days]) for name, part in sums.items()]
    title = "Pulls against windows" + (", by week" if by_week else "")
    return charts.columns(title, [f"{day:%m-%d}" for day in days], series)


def _exposure_chart(report: Report) -> Any:
    total = report.exposure.group_by("on").agg(pl.col(PLACES).sum()).sort("on")
    names = [name for name in PLACES if name != "undisputed"]
    series = [Series(name, total[name].to_list(), step=True) for name in names]
    marks = [Mark(report.as_of, "today")]
    return charts.over_time("Disputed money that was pulled", total["on"].to_list(), series,
                            marks=marks) if total.height else ""  # fmt: skip


def _promise_chart(report: Report) -> Any:
    promised = report.tables["commitments"]
    if promised.is_empty():
        return ""
    series = [
        Series(label, promised[name].to_list())
        for name, label in (
            ("annual", "promised"),
            ("counted", "bought"),
            ("projected", "projected"),
        )
    ]
    return charts.columns("Commitments of the year", promised["contract"].to_list(), series)


def write(report: Report, folder: Path) -> list[Path]:
    """Leave the page and its tables in a folder, each whole or as it was; return their paths.

    `exposure.csv` is the table the export gives, for the day of the report.
    """
    tables = {**report.tables, "exposure": report.exposure.select(EXPOSURE.names())}
    paths = [folder / "cash.html"]
    leave(paths[0], as_page(report))
    for name, frame in tables.items():
        paths.append(folder / f"{name}.csv")
        leave(paths[-1], as_text(frame).write_csv())
    return paths
