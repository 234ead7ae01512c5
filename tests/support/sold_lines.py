"""Lines that were sold, as rows that say only what differs from an ordinary one."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import polars as pl

from rebill.pricing.customer_lines import CUSTOMER_LINES

Row = dict[str, Any]

LINE: Row = {
    "customer": "C1",
    "bill_month": "2026-02",
    "line_id": "D-1",
    "service": "S1",
    "product": "voice",
    "carrier": "ILEC",
    "charge_class": "recurring",
    "kind": "charge",
    "cost": D("8.00"),
    "price": D("10.00"),
}


def lines(*given_rows: Row) -> pl.LazyFrame:
    rows = []
    for number, row in enumerate(given_rows, 1):
        whole = {**LINE, "line_id": f"D-{number}", **row}
        rows.append({**whole, "margin": whole["price"] - whole["cost"]})
    return pl.LazyFrame(rows, schema=CUSTOMER_LINES).with_columns(invoice_no=pl.lit("I-1"))
