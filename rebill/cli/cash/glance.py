"""Cash at a glance on a terminal: the figures of the report, in colour where there is any."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rebill.cash.report import Report
from rebill.cash.report_page import SHOWN, headline

BLOCKS = "▁▂▃▄▅▆▇█"
WIDTH = 60
MOST = 14
"""So wide a cell stays at least, if it is."""
NEXT = 12
"""So many of the next pulls are shown."""
BRIEF = {
    "pulls": ("on", "carrier", "kind", "bills", "amount", "unfiled", "window_closes"),
    "position": ("carrier", "pending", "unfiled", "open", "credited", "expired"),
    "cases": ("case", "lowest_p50", "lowest_on", "peak_funding_p95", "bounce"),
    "commitments": ("contract", "annual", "counted", "shortfall", "certain_on", "status"),
    "security": ("contract", "required", "held", "headroom", "cost"),
}
"""The columns that fit a terminal."""
_NUMBERS = ("money", "count", "share")
_STATUS = {"short": "red", "certain": "bold red", "met": "green", "on_course": "green"}


def show_report(report: Report, console: Console) -> None:
    """Print what the page says, shortly."""
    console.print(f"\n[bold]Cash on {report.as_of}[/bold]")
    for what, figure, bad in headline(report):
        words = figure if isinstance(figure, str) else f"{figure:,.2f}"
        console.print(Text(f"{words:>18}", "bold red" if bad else "bold"), Text(what, "dim"))
    pulls = report.tables["pulls"].filter(pl.col("on") > report.as_of)
    console.print(_table("Next pulls", "pulls", pulls.head(NEXT)))
    console.print(_table("Where the money stands", "position", report.tables["position"]))
    balance = report.tables["forecast"]["balance_p50"].to_list()
    console.print("\n[bold]Balance, median[/bold]", spark(balance, WIDTH))
    console.print(_table("Ways of working", "cases", report.tables["cases"]))
    if report.alike:
        told = f"{', '.join(report.alike)}: none of the figures changes"
        console.print(Text(told[0].upper() + told[1:], "dim"))
    for name, title in (("commitments", "Commitments"), ("security", "Securities")):
        if report.tables[name].height:
            console.print(_table(title, name, report.tables[name]))


def spark(values: Sequence[Decimal], width: int) -> Text:
    """Return values as a line of blocks, the lowest of each stretch; below zero it is red."""
    size = -(-len(values) // width) or 1
    lows = [min(values[at : at + size]) for at in range(0, len(values), size)]
    low, high = min(lows), max(lows)
    span = (high - low) or 1
    text = Text()
    for value in lows:
        block = BLOCKS[int((value - low) * (len(BLOCKS) - 1) / span)]
        text.append(block, "red" if value < 0 else "green")
    return text


def _table(title: str, which: str, frame: pl.DataFrame) -> Table:
    table = Table(title=f"\n{title}", title_justify="left", title_style="bold", box=None)
    shown = [column for column in SHOWN[which] if column[0] in BRIEF[which]]
    rows = [
        [_cell(row[column], kind, column) for column, _, kind in shown]
        for row in frame.iter_rows(named=True)
    ]
    for at, (_, label, kind) in enumerate(shown):
        # Headings may break, figures may not.
        widest = max((len(row[at]) for row in rows), default=0)
        table.add_column(
            label,
            justify="right" if kind in _NUMBERS else "left",
            min_width=min(widest, MOST),
        )
    for row in rows:
        table.add_row(*row)
    return table


def _cell(value: Any, kind: str, column: str) -> Text:
    if value is None:
        return Text("-", "dim")
    if kind == "money":
        return Text(f"{value:,.2f}", "red" if value < 0 else "")
    if kind == "share":
        return Text(f"{value * 100:.1f} %")
    return Text(str(value), _STATUS.get(str(value), "") if column == "status" else "")
