"""Documents, services and their contract as tables that can be read."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from invoices.schema import CENTS
from reconcile.contracts import Contract

MONEY = ("previous_balance", "payments", "current_charges", "total_due")


def contract(**parts: object) -> Contract:
    return Contract.model_validate(
        {
            "id": "C",
            "carrier": "ILEC",
            "effective_from": dt.date(2026, 1, 1),
            "accounts": ["0*"],
            **parts,
        }
    )


def bills(table: str) -> pl.DataFrame:
    """Read a table: ban, bill_date, status; previous, payments, current, total if they matter.

    The document's id is its account and date; one before 2026 or of an account that does not begin
    with 0 is under no contract.
    """
    rows = []
    for line in table.strip().splitlines():
        ban, date, status, *cells = line.split()
        money = [None if cell == "-" else Decimal(cell) for cell in cells] or [None] * 4
        held = date >= "2026" and ban.startswith("0")
        rows.append(
            {
                "document_id": f"{ban}/{date}",
                "carrier": "ILEC",
                "ban": ban,
                "invoice_no": f"{ban}-{date}",
                "bill_date": dt.date.fromisoformat(date),
                "status": status,
                "contract": "C" if held else None,
                "source_file": "march.csv",
                "source_row": 2,
                **dict(zip(MONEY, money, strict=True)),
            }
        )
    schema = {
        **dict.fromkeys(("document_id", "carrier", "ban", "invoice_no"), pl.String),
        **dict.fromkeys(("bill_date", "due_date", "received_on"), pl.Date),
        **dict.fromkeys(("status", "contract", "source_file"), pl.String),
        "source_row": pl.Int64,
        **dict.fromkeys(MONEY, CENTS),
    }
    return pl.DataFrame(rows, schema=schema)


def services(table: str = "") -> pl.DataFrame:
    """Read a table: ban, installed_on, disconnected_on; a dash is null."""
    rows = [[None if c == "-" else c for c in line.split()] for line in table.strip().splitlines()]
    names = ("ban", "installed_on", "disconnected_on")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    dates = pl.col("installed_on", "disconnected_on").str.to_date()
    at_once = pl.lit(None, dtype=pl.Date).alias("home_from")
    name = pl.int_range(pl.len()).cast(pl.String).alias("service")
    return frame.select(name, pl.lit("ILEC").alias("carrier"), "ban", dates, at_once)
