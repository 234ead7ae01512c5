"""An invented world as the frames the kernels take, and as the files the command line takes."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any

import polars as pl
from model_lines import circuit_key
from worlds import Row, World

from invoices.schema import DOCUMENTS, LINES, RATE

REFERENCE = {
    "usocs": ("carrier", "usoc", "description", "kind", "family", "valid_from", "valid_until",
              "source"),
    "packages": ("carrier", "package", "usoc", "quantity"),
    "usoc_rules": ("carrier", "usoc", "relation", "other_usoc", "valid_from", "valid_until"),
    "buy_rates": ("contract", "charge_class", "usoc", "package", "state", "zone", "term_months",
                  "ban", "circuit_id", "rate", "effective_from", "effective_until", "source"),
    "services": ("service", "carrier", "ban", "wtn", "circuit_id", "state", "zone", "term_months",
                 "package", "product", "customer", "installed_on", "disconnected_on"),
    "service_accounts": ("service", "carrier", "ban", "effective_from", "effective_until"),
    "service_elements": ("service", "usoc", "quantity", "active_from", "active_until"),
    "orders": ("order_no", "service", "usoc", "quantity", "completed_on", "nrc_waived"),
    "retail_rates": ("carrier", "usoc", "package", "state", "rate", "effective_from",
                     "effective_until"),
}  # fmt: skip
"""The columns of each reference table, as its CSV file names them."""

TYPES: dict[str, Any] = {
    "quantity": RATE,
    "rate": RATE,
    "term_months": pl.Int64,
    "row_id": pl.Int64,
    "nrc_waived": pl.Boolean,
    **dict.fromkeys(("valid_from", "valid_until", "effective_from", "effective_until"), pl.Date),
    **dict.fromkeys(("active_from", "active_until", "completed_on"), pl.Date),
    **dict.fromkeys(("installed_on", "disconnected_on"), pl.Date),
}
"""The types of reference columns that are not text."""


def frame(rows: list[Row], schema: pl.Schema) -> pl.DataFrame:
    """Return plain rows as a frame of a schema; what a row does not say is null."""
    columns = {name: [row.get(name) for row in rows] for name in schema}
    exact = {
        name: [None if v is None else Decimal(v) for v in values]
        if isinstance(schema[name], pl.Decimal)
        else values
        for name, values in columns.items()
    }
    return pl.DataFrame(exact, schema=schema)


def frames(world: World) -> tuple[pl.LazyFrame, dict[str, pl.DataFrame]]:
    """Return the lines as `LINES`, and the reference tables with `documents` beside them."""
    reference = {}
    for table, columns in REFERENCE.items():
        rows = [dict(row) for row in getattr(world, table)]
        extra: list[str] = []
        if table == "services":
            extra = ["circuit_key"]
            rows = [{**row, "circuit_key": circuit_key(row["circuit_id"])} for row in rows]
        if table == "buy_rates":
            extra = ["row_id"]
            rows = [{**row, "row_id": n} for n, row in enumerate(rows, 1)]
        schema = pl.Schema({name: TYPES.get(name, pl.String) for name in [*extra, *columns]})
        reference[table] = frame(rows, schema)
    reference["documents"] = frame([{**head(world, d), **d} for d in world.documents], DOCUMENTS)
    return frame(world.lines, LINES).lazy(), reference


def head(world: World, document: Row) -> Row:
    """Return the printed totals of a document: they foot, and nothing is carried over."""
    own = [line for line in world.lines if line["document_id"] == document["document_id"]]
    total = sum((line["amount"] for line in own), Decimal("0.00"))
    zero = Decimal("0.00")
    return {
        "due_date": document["bill_date"] + dt.timedelta(days=30), "previous_balance": zero,
        "payments": zero, "adjustments": zero, "current_charges": total, "total_due": total,
        "lines": len(own), "line_sum": total, "status": "loaded", "source_file": "bill.csv",
        "source_row": 1,
    }  # fmt: skip


def to_tables(world: World) -> dict[str, list[Row]]:
    """Return the reference tables, and the customers that the services name, for CSV files."""
    tables = {
        table: [{name: row.get(name) for name in columns} for row in getattr(world, table)]
        for table, columns in REFERENCE.items()
    }
    tables["customers"] = [
        {
            "customer": name, "name": f"Customer {name}", "brand": None, "bill_day": 1,
            "due_days": 30, "cost_basis": "expected", "tax_exempt": False, "email": None,
            "address": None,
        }
        for name in sorted({s["customer"] for s in world.services})
    ]  # fmt: skip
    return tables


def to_csv(rows: list[Row], columns: tuple[str, ...] | None = None) -> str:
    """Return rows as CSV text: empty for null, plain decimals, ISO dates, true and false."""
    out = io.StringIO()
    names = columns or tuple(rows[0] if rows else ())
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([text(row.get(name)) for name in names])
    return out.getvalue()


def text(value: Any) -> str:
    """Return one cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def to_toml(world: World) -> str:
    """Return the contracts as the TOML file that `rebill load` takes."""
    out = []
    for contract in world.contracts:
        out += ["[[contract]]", f"id = {json.dumps(contract.id)}",
                f"carrier = {json.dumps(contract.carrier)}",
                f"effective_from = {contract.effective_from}"]  # fmt: skip
        if contract.effective_until:
            out.append(f"effective_until = {contract.effective_until}")
        accounts = []
        for account in contract.accounts:
            given = {"ban": json.dumps(account.ban), "from": account.from_, "until": account.until}
            cells = ", ".join(f"{name} = {value}" for name, value in given.items() if value)
            accounts.append(f"{{ {cells} }}")
        out.append(f"accounts = [{', '.join(accounts)}]")
        out.append("[contract.billing]")
        for name, value in contract.billing.model_dump().items():
            out.append(f"{name} = {json.dumps(value)}")
    return "\n".join(out) + "\n"


USOC_LINES = (
    "record", "carrier", "ban", "invoice_no", "bill_date", "due_date", "previous_balance",
    "payments", "adjustments", "current_charges", "total_due", "line_no", "charge_class", "usoc",
    "description", "quantity", "unit_rate", "amount", "wtn", "circuit_id", "state", "zone",
    "order_no", "service_from", "service_until",
)  # fmt: skip


def to_usoc_lines(world: World) -> dict[str, str]:
    """Return each document as a `usoc-lines` file, by document_id, lines in order of line_no."""
    files = {}
    for document in world.documents:
        rows = [{"record": "document", **head(world, document), **document}]
        for line in world.lines:
            if line["document_id"] == document["document_id"]:
                rows.append({"record": "line", **line})
        files[document["document_id"]] = to_csv(rows, USOC_LINES)
    return files
