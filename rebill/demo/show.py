"""What the demonstration shows when its nights are over, on one screen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from invoices.periods import month_of
from rebill.demo.score import TOTAL, score

BESIDE = 134
"""From this width on the tables stand side by side."""
SHORT = 3
"""Rows of a table that shows only what comes next."""
ANSWERS = 7
"""States of filed claims that are shown, those with the most money."""
_CENT = Decimal("0.01")


def show(
    tables: Mapping[str, pl.DataFrame],
    truth: pl.DataFrame,
    as_of: dt.date,
    workspace: Path,
    console: Console,
) -> None:
    """Print what came in, what was found, how well, and what follows from it.

    `tables` are the exported tables documents, lines, findings, claims, customer_invoices,
    customer_lines, debits and exposure by name, `as_of` is the day of the last night.
    """
    # What the carrier does with its answers was not planted.
    planted = tables["findings"].filter(~pl.col("code").str.starts_with("credit_"))
    scored = score(truth, planted, tables["lines"])
    found = findings_table(scored)
    others: list[RenderableType] = [
        claims_table(tables["claims"]),
        answers_table(tables["claims"], tables["findings"]),
        invoices_table(tables["customer_lines"]),
        pulls_table(tables["debits"], as_of),
        exposure_table(tables["exposure"], as_of),
        places_table(workspace),
    ]
    if not console.is_terminal:  # A file or a pipe is as wide as it needs to be.
        console.width = max(console.width, BESIDE)
    console.print(headline(tables, scored, as_of))
    if console.width >= BESIDE:
        grid = Table.grid(padding=(0, 3))
        grid.add_row(found, Group(*others))
        console.print(grid)
    else:
        console.print(found, *others)


def money(amount: Decimal | None) -> str:
    """Return an amount with thousands separators and two places; nothing for null."""
    return "" if amount is None else f"{amount.quantize(_CENT):,}"


def _share(part: float | None) -> str:
    """Return a share in per cent; 100 % is all, not almost all."""
    if part is None:
        return "-"
    return "100 %" if part == 1 else f"{min(part, 0.999):.1%}".replace("%", " %")


def _sum(frame: pl.DataFrame, column: str) -> Decimal:
    total = frame.get_column(column).cast(pl.Decimal(38, 2)).sum()
    return Decimal(total or 0)


def _table(title: str, names: Sequence[str], right: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in names:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    return table


def headline(tables: Mapping[str, pl.DataFrame], scored: pl.DataFrame, as_of: dt.date) -> Text:
    """Return lines and dollars in, and how much of the planted money was found."""
    documents, lines = tables["documents"], tables["lines"]
    states = dict(documents.group_by("status").len().iter_rows())
    total = scored.filter(pl.col("code") == TOTAL).row(0, named=True)
    text = Text()
    text.append(
        f"\nAs of {as_of}: {len(lines):,} lines over ${money(_sum(lines, 'amount'))}", "bold"
    )
    text.append(
        f" on {states.get('loaded', 0)} documents "
        f"({states.get('held', 0)} held, {states.get('refused', 0)} refused). "
    )
    text.append(f"At stake: ${money(total['found_dollars'])}", "bold")
    text.append(
        f", of ${money(total['planted_dollars'])} planted {_share(total['dollar_recall'])} found.\n"
    )
    return text


def findings_table(scored: pl.DataFrame) -> Table:
    """Return findings by code with dollars, and how they meet the planted errors."""
    right = ("found", "at stake", "precision", "recall", "of $")
    table = _table("Findings", ("code", *right), right)
    for row in scored.iter_rows(named=True):
        dollars = money(row["found_dollars"]) if row["found_dollars"] else ""
        shares = (_share(row[name]) for name in ("precision", "recall", "dollar_recall"))
        style = "bold" if row["code"] == TOTAL else None
        table.add_row(row["code"], f"{row['found']:,}", dollars, *shares, style=style)
    return table


def claims_table(claims: pl.DataFrame) -> Table:
    """Return the claims that wait to be filed, the next deadlines first."""
    ready = claims.filter(pl.col("status") == "ready").sort("file_by", "claim_no", nulls_last=True)
    title = f"Claims: {len(ready)} ready over ${money(_sum(ready, 'amount'))}, next deadlines"
    table = _table(title, ("file by", "claim", "account", "reason", "amount"), ("amount",))
    for row in ready.head(SHORT).iter_rows(named=True):
        cells = (str(row["file_by"] or "no contract"), row["claim_no"], row["ban"], row["reason"])
        table.add_row(*cells, money(row["amount"]))
    return table


def answers_table(claims: pl.DataFrame, findings: pl.DataFrame) -> Table:
    """Return what became of the claims that were filed, and what was granted and did not come."""
    filed = claims.filter(pl.col("filed_on").is_not_null())
    missing = findings.filter(pl.col("code").str.starts_with("credit_"))
    title = (
        f"\nFiled: {len(filed)} over ${money(_sum(filed, 'amount'))}, credited "
        f"${money(_sum(filed, 'credited'))}, overdue ${money(_sum(missing, 'amount_at_stake'))}"
    )
    right = ("claims", "amount", "credited", "denied")
    table = _table(title, ("now", *right), right)
    states = filed.group_by("status").agg(pl.len(), pl.col("amount", "credited", "denied").sum())
    for row in states.sort("amount", "status", descending=True).head(ANSWERS).iter_rows(named=True):
        amounts = (money(row[name]) for name in ("amount", "credited", "denied"))
        table.add_row(row["status"], f"{row['len']}", *amounts)
    return table


def invoices_table(customer_lines: pl.DataFrame) -> Table:
    """Return what customers are billed each month, what it cost and what is left."""
    months = (
        customer_lines.group_by(month_of("bill_date").alias("month"))
        .agg(pl.col("invoice_no").n_unique(), pl.col("cost", "price", "margin").sum())
        .sort("month")
    )
    right = ("invoices", "cost", "billed", "margin", "of cost")
    table = _table("\nCustomer invoices", ("month", *right), right)
    for row in months.iter_rows(named=True):
        share = float(row["margin"] / row["cost"]) if row["cost"] else None
        amounts = (money(row[name]) for name in ("cost", "price", "margin"))
        table.add_row(row["month"], f"{row['invoice_no']}", *amounts, _share(share))
    return table


def pulls_table(debits: pl.DataFrame, as_of: dt.date) -> Table:
    """Return the next days on which the carrier pulls, and how much."""
    ahead = debits.filter(pl.col("debit_on") > as_of, pl.col("status") != "none")
    days = ahead.group_by("debit_on", "carrier").agg(pl.len(), pl.col("amount").sum())
    title = f"\nNext pulls: ${money(_sum(ahead, 'amount'))} after {as_of}"
    table = _table(title, ("on", "carrier", "accounts", "amount"), ("accounts", "amount"))
    for row in days.sort("debit_on", "carrier").head(SHORT).iter_rows(named=True):
        table.add_row(str(row["debit_on"]), row["carrier"], str(row["len"]), money(row["amount"]))
    return table


def exposure_table(exposure: pl.DataFrame, as_of: dt.date) -> Table:
    """Return where the disputed part of what was pulled so far stands."""
    states = ("unfiled", "open", "credited", "denied", "expired")
    table = _table(f"\nExposure on {as_of}", ("carrier", *states), states)
    for row in exposure.filter(pl.col("on") == as_of).sort("carrier").iter_rows(named=True):
        table.add_row(row["carrier"], *(money(row[name]) for name in states))
    return table


def places_table(workspace: Path) -> Table:
    """Return where the documents lie that a person opens next."""
    table = _table(f"\nBelow {workspace}", ("what", "files", "where"), ("files",))
    for what, where, pattern in (
        ("dispute packets", "outbox/claims", "*.csv"),
        ("customer invoices", "outbox/invoices", "*.html"),
        ("the morning's digest", "outbox/digest.html", ""),
        ("what the carrier sent", "months", "*"),
        ("what was planted", "truth.csv", ""),
    ):
        found = (workspace / where).rglob(pattern) if pattern else [workspace / where]
        table.add_row(what, f"{sum(1 for path in found if path.is_file()):,}", where)
    return table
