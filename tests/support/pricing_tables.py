"""Prices as tables an analyst can read: lines, markups and retail rates in, what is charged out."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import polars as pl

from invoices.schema import CHARGE_CLASSES, RATE
from rebill.pricing.markups import MARKUPS, RETAIL
from rebill.pricing.rate import Rated, rate
from reconcile.schema import AUDITED

MONTH = 377_580
CUSTOMERS = pl.DataFrame(
    {"customer": ["acme", "bolt", "asis"], "cost_basis": ["expected", "expected", "billed"]}
)
"""`asis` is charged on what was billed, the others on what was due."""

CHARGES = {
    "row_id": pl.Int64, "customer": pl.String, "charge": pl.String, "service": pl.String,
    "description": pl.String, "charge_class": pl.String, "frequency": pl.String,
    "amount": RATE, "percent": RATE, "quantity": RATE, "cost": RATE, "product": pl.String,
    "effective_from": pl.Date, "effective_until": pl.Date,
}  # fmt: skip
"""What the table of own charges has."""

LINE = {
    "document_id": "D",
    "carrier": "ILEC",
    "bill_date": dt.date(2026, 2, 10),
    "rate_day": dt.date(2026, 2, 10),
    "customer": "acme",
    "service": "S1",
    "charge_class": "recurring",
    "kind": "recurring",
    "buy_rate": D(10),
    "at_stake": D("0.00"),
}

AT_COST = "method\npass_through"


def table(text: str) -> list[dict[str, Any]]:
    """Return the rows of an aligned text table; `-` is an empty cell, `{...}` no part of it."""
    head, *rows = (line.split() for line in text.strip().splitlines())
    return [
        {name: _value(name, cell) for name, cell in zip(head, row, strict=True) if cell != "-"}
        for row in rows
    ]


def _value(name: str, cell: str) -> Any:
    schema = {**RETAIL, **MARKUPS, **AUDITED}
    if name in ("days", "due_days"):
        return int(cell)
    dtype = schema.get(name, pl.String())
    if isinstance(dtype, pl.Decimal) or name in ("price", "cost"):
        return D(cell)
    if dtype == pl.Date:
        return dt.date.fromisoformat(cell)
    return cell == "yes" if dtype == pl.Boolean else cell


def a_line(**given: Any) -> dict[str, Any]:
    """Return an audited line: what is not given is one unit for a whole month, due as billed.

    `days` are days of 30 billed and `due_days` those due; one-time and usage lines have none.
    """
    line = {**LINE, **given}
    amount = line["amount"]
    line.setdefault("expected", amount)
    line.setdefault("due_units", abs(line.get("quantity", D(1))))
    days = line.pop("days", 30)
    due_days = line.pop("due_days", days)
    if line["charge_class"] in ("recurring", "prorated", "surcharge"):
        line["fraction_parts"] = MONTH * days // 30
        line["due_unit_parts"] = line["due_units"] * MONTH * due_days / 30
    else:
        line["due_unit_parts"] = line["due_units"] * MONTH
    return line


def rated(
    lines: list[dict[str, Any]],
    markups: list[dict[str, Any]],
    retail: list[dict[str, Any]] | None = None,
) -> Rated:
    """Price `lines`, numbered from D-1, by `markups` and `retail`, numbered from 1."""
    assert {line.get("charge_class") for line in lines} <= {None, *CHARGE_CLASSES}
    numbered = [{**a_line(**line), "line_id": f"D-{n}"} for n, line in enumerate(lines, 1)]
    rows = [{"row_id": n, **row} for n, row in enumerate(markups, 1)]
    listed = [{"row_id": n, "carrier": "ILEC", **row} for n, row in enumerate(retail or [], 1)]
    return rate(
        pl.LazyFrame(numbered, schema=AUDITED),
        CUSTOMERS,
        pl.DataFrame(rows, schema=MARKUPS),
        pl.DataFrame(listed, schema=RETAIL),
    )


def prices(
    lines: list[dict[str, Any]],
    markups: list[dict[str, Any]],
    retail: list[dict[str, Any]] | None = None,
) -> list[D | str | None]:
    """Return, line by line, the price, the cause of `markup_missing`, or null for not invoiced."""
    outcome = rated(lines, markups, retail)
    priced, missing = pl.collect_all([outcome.customer_lines, outcome.findings])
    told: dict[str, D | str] = dict(priced.select("line_id", "price").iter_rows())
    told |= dict(missing.select("line_id", "cause").iter_rows())
    return [told.get(f"D-{n}") for n in range(1, len(lines) + 1)]


def assert_priced(text: str, markups: str, retail: str = "") -> None:
    """Assert the column `charged` of the lines in `text`: a price, `none`, or a cause."""
    lines = table(text)
    charged = [line.pop("charged") for line in lines]
    got = prices(lines, table(markups), table(retail) if retail else [])
    said = ["none" if price is None else str(price) for price in got]
    assert said == charged
