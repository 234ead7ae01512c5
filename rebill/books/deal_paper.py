"""The paper of a deal's month for all its parties: PDF, page and CSV, who is paid what for what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from invoices.customer.pdf_words import breakable
from rebill.books.commission_words import METHODS, money, payer, period, value_words
from rebill.books.recovered import recovered
from rebill.books.statements import COMMISSIONS, deal_parts, rules, statement_rows, statements
from rebill.paper.page import render
from rebill.paper.text import strict_csv
from rebill.paper.typeset import Sheet, set_pdf
from rebill.store.record import Record
from rebill.workspace import write
from rebill.workspace.settings import ConfigError


def write_deal(record: Record, deal: str, month: str, out: Path | None) -> list[Path]:
    """Leave what every party of a deal is paid in a month, and for what; return where.

    Raises ConfigError where no statement of the month pays anybody of the deal.
    """
    parts = deal_parts(record, month, deal)
    if parts.is_empty():
        raise ConfigError(
            f"nobody of deal {deal} is paid in {month}; `rebill commissions build` makes the"
            " statements, `rebill commissions show --deal` says what a deal brought"
        )
    if out is not None and out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is a file; name a folder for the paper")
    said = _said(record, deal, month, parts)
    sheet = Sheet(f"deal {deal}", breakable(said), kind="deal_statement")
    pdf = set_pdf(sheet)
    papers: dict[str, bytes | str] = {
        "pdf": pdf if isinstance(pdf, bytes) else b"".join(pdf),
        "html": render("deal.html.jinja", d=said),
        "csv": strict_csv(parts),
    }
    base = (out or record.workspace.outbox / COMMISSIONS / month) / write.safe_name(f"deal-{deal}")
    paths = [base.with_name(f"{base.name}.{form}") for form in papers]
    for path, content in zip(paths, papers.values(), strict=True):
        write.leave(path, content)
    return paths


def _said(record: Record, deal: str, month: str, parts: pl.DataFrame) -> dict[str, Any]:
    """Return what the paper says, in words for its templates."""
    stated = statements(record).filter(month=month).with_row_index("place", 1)
    paid = parts.group_by("payee", "role").agg(pl.col("amount").sum()).sort("payee")
    # Whose parts only another's statement speaks of has none of the month.
    numbers = {
        who: f"C-{month}-{at:03d}" for who, at in stated.select("payee", "place").iter_rows()
    }
    return {
        **payer(record),
        **period(month),
        "deal": deal,
        "status": "draft" if stated["status"].eq("draft").any() else "final",
        "parties": [
            {
                "payee": row["payee"],
                "role": row["role"].replace("_", "-"),
                "number": numbers.get(row["payee"], ""),
                "amount": money(row["amount"]),
            }
            for row in paid.iter_rows(named=True)
        ],
        "total": money(paid["amount"].sum()),
        "parts": [_part(row) for row in parts.iter_rows(named=True)],
        "recovered": _recovered(record, deal, month),
    }


def _part(row: dict[str, Any]) -> dict[str, str]:
    """Return in words what a rule comes to on an invoice, and a party's part of it."""
    method = row["rule"].partition(",")[0].partition(" ")[0]
    return {
        "invoice_no": row["invoice_no"],
        "rule": f"{value_words(method, row['value'])} {METHODS.get(method, row['rule'])}",
        "base": money(row["base"]),
        "commission": money(row["commission"]),
        "payee": row["payee"],
        "share": f"{row['share'].normalize():f} %",
        "part": money(row["part"]),
        "before": money(row["before"]) if row["before"] else "",
        "amount": money(row["amount"]),
        "why": row["why"] or "",
    }


def _recovered(record: Record, deal: str, month: str) -> list[dict[str, str]]:
    """Return what carriers gave back that the deal's statements of the month speak of.

    What is credited and not verified line by line waits: nobody is paid of it yet.
    """
    rows = statement_rows(record, [month]).filter(pl.col("deal") == deal)
    back = recovered(record, rules(record))
    named = rows.select("invoice_no").unique().collect()
    verified = back.lines.group_by("invoice_no").agg(verified=pl.col("price").sum())
    told = (
        back.bills.join(named, on="invoice_no", how="semi")
        .join(verified, on="invoice_no", how="left")
        .with_columns(pl.col("verified").fill_null(0))
        .sort("bill_date", "invoice_no")
    )
    return [
        {
            "claim": row["invoice_no"],
            "credited": money(row["total"]),
            "verified": money(row["verified"]),
            "waits": money(row["total"] - row["verified"]),
        }
        for row in told.iter_rows(named=True)
    ]
