"""The page of the cash report: it works offline, prints and holds no script.

Every figure on it is a cell of one of the tables that lie beside it, or of a chart drawn from them.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl

from rebill.cash.report import Report
from rebill.paper import charts, page
from rebill.paper.charts import Band, Mark, Series
from rebill.paper.text import safe_csv
from rebill.workspace.write import leave
from reconcile.cash.exposure import EXPOSURE, PLACES
from reconcile.cash.run_rate import total

LABELS = 26
"""So many columns fit a chart."""
BLUE = charts.COLORS[0]
MONEY, DAY, TEXT, COUNT, RATE = "money", "day", "text", "count", "share"
PLACE_NAMES = {
    "undisputed": "Undisputed",
    "unfiled": "Not filed yet",
    "open": "Filed, open",
    "credited": "Credited",
    "denied": "Denied",
    "withdrawn": "Withdrawn",
    "expired": "Window missed",
}
"""Where pulled money stands, in the trade's words."""
SHOWN: dict[str, tuple[tuple[str, str, str], ...]] = {
    "pulls": (
        ("on", "ACH pull on", DAY),
        ("carrier", "Carrier", TEXT),
        ("contract", "Contract", TEXT),
        ("kind", "Bill is", TEXT),
        ("bills", "Bills", COUNT),
        ("amount", "Amount", MONEY),
        ("disputed", "In dispute", MONEY),
        ("unfiled", "Still to file", MONEY),
        ("window_closes", "First window closes", DAY),
        ("days_after_pull", "Days after the pull", COUNT),
    ),
    "position": (
        ("carrier", "Carrier", TEXT),
        ("pending", "Not pulled yet", MONEY),
        ("debited", "Pulled", MONEY),
        *((name, PLACE_NAMES[name], MONEY) for name in PLACES),
        ("not_audited", "Not audited yet", MONEY),
    ),
    "win_rates": (
        ("carrier", "Carrier", TEXT),
        ("reason", "Reason", TEXT),
        ("reason_in_words", "", TEXT),
        ("ended", "Claims decided", COUNT),
        ("win_rate_low", "Win rate, low", RATE),
        ("win_rate", "Win rate", RATE),
        ("win_rate_high", "High", RATE),
        ("waiting", "Open", MONEY),
        ("expected_recovery", "Expected back", MONEY),
        ("provision", "Provision", MONEY),
        ("carry_cost", "Carrying cost", MONEY),
    ),
    "cases": (
        ("case", "", TEXT),
        ("lowest_p5", "Lowest balance, bad case", MONEY),
        ("lowest_p50", "Lowest, median", MONEY),
        ("lowest_on", "On", DAY),
        ("peak_funding_p50", "To fund, median", MONEY),
        ("peak_funding_p95", "To fund, bad case", MONEY),
        ("bounce", "A pull bounces", RATE),
        ("credits", "Credits", MONEY),
        ("expired", "Window missed", MONEY),
        ("closing", "Balance at the end", MONEY),
    ),
    "forecast": (
        ("on", "Day", DAY),
        ("pulls", "Pulls", MONEY),
        ("credits", "Credits", MONEY),
        ("receipts", "Receipts", MONEY),
        ("balance_p5", "5 %", MONEY),
        ("balance_p25", "25 %", MONEY),
        ("balance_p50", "Median", MONEY),
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
        shown=_shown(rows),
        facts=headline(report),
        figures=_figures(report),
    )


def _shown(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[tuple[str, str, str]]]:
    """Return the columns of each table in which something stands."""
    return {
        name: [
            column
            for column in columns
            if not rows[name] or any(row[column[0]] is not None for row in rows[name])
        ]
        for name, columns in SHOWN.items()
    }


def headline(report: Report) -> list[tuple[str, Any, bool]]:
    """Return the figures that matter most: what it is, the figure, whether it is bad."""
    position, case = report.tables["position"], report.tables["cases"].row(0, named=True)
    month = report.as_of + dt.timedelta(30)
    next_month = report.tables["pulls"].filter(pl.col("on") > report.as_of, pl.col("on") <= month)
    facts: list[tuple[str, Any, bool]] = [
        ("pulled in the next 30 days", total(next_month, "amount"), False),
        ("still to file", total(position, "unfiled"), False),
        ("filed, open", total(position, "open"), False),
        ("of it expected back", total(position, "expected_recovery"), False),
        ("window missed", total(position, "expired"), total(position, "expired") > 0),
        (f"lowest point, {case['lowest_on']}", case["lowest_p50"], case["lowest_p50"] < 0),
        ("to fund, in a bad case", case["peak_funding_p95"], False),
    ]
    if case["bounce"] is not None:
        chance = f"{case['bounce'] * 100:.1f} %"
        facts.append(("chance that a pull bounces", chance, case["bounce"] > 0))
    return facts


def _figures(report: Report) -> dict[str, Any]:
    """Return the charts by the section they stand in."""
    told = report.tables["forecast"]
    days = told["on"].to_list()
    lowest = report.tables["cases"]["lowest_on"][0]
    bands = [
        Band(name, told[f"balance_p{low}"].to_list(), told[f"balance_p{high}"].to_list(), BLUE)
        for name, low, high in (("9 of 10 outcomes", 5, 95), ("half of the outcomes", 25, 75))
    ]
    middle = [Series("median balance", told["balance_p50"].to_list(), step=True)]
    marks = [Mark(lowest, "lowest")]
    return {
        "pulls": _pull_chart(report),
        "exposure": _exposure_chart(report),
        "forecast": charts.over_time(
            "Balance of the account", days, middle, bands=bands, marks=marks
        ),
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
        "ACH pulls of bills that are in": pulls.filter(pl.col("kind") == "known").select(
            on=on, amount="amount"
        ),
        "ACH pulls of bills to come": pulls.filter(pl.col("kind") == "expected").select(
            on=on, amount="amount"
        ),
        "disputes still to file, by the close of their window": pulls.filter(
            pl.col("unfiled") > 0
        ).select(on=closes, amount="unfiled"),
    }
    sums = {
        name: dict(part.group_by("on").agg(pl.col("amount").sum()).iter_rows())
        for name, part in parts.items()
    }
    days = sorted({day for part in sums.values() for day in part if day is not None})
    series = [Series(name, [part.get(day) for day in days]) for name, part in sums.items()]
    title = "ACH pulls and disputes still to file, " + ("by week" if by_week else "by day")
    return charts.columns(title, [f"{day:%m-%d}" for day in days], series)


def _exposure_chart(report: Report) -> Any:
    summed = report.exposure.group_by("on").agg(pl.col(PLACES).sum()).sort("on")
    names = [name for name in PLACES if name != "undisputed"]
    series = [Series(PLACE_NAMES[name], summed[name].to_list(), step=True) for name in names]
    marks = [Mark(report.as_of, "today")]
    return charts.over_time("Disputed money by where it stands", summed["on"].to_list(), series,
                            marks=marks) if summed.height else ""  # fmt: skip


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

    `exposure.csv` is the table the export gives, for the day of the report; no cell is a formula.
    """
    tables = {**report.tables, "exposure": report.exposure.select(EXPOSURE.names())}
    paths = [folder / "cash.html"]
    leave(paths[0], as_page(report))
    for name, frame in tables.items():
        paths.append(folder / f"{name}.csv")
        leave(paths[-1], safe_csv(frame))
    return paths
