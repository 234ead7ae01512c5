"""Small helpers for tests of the gate: text in, a footed reading out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl
from golden import table_text

from invoices import carrier
from invoices.carrier.reading import Reading
from invoices.footing import foot, line_sums

DIGEST = "0" * 64
HEADER = (
    "record,carrier,ban,invoice_no,bill_date,due_date,previous_balance,payments,adjustments,"
    "current_charges,total_due,line_no,charge_class,usoc,description,quantity,unit_rate,amount,"
    "wtn,circuit_id,state,zone,order_no,service_from,service_until"
)


def raw(text: str) -> pl.LazyFrame:
    """Return the physical lines of a text, numbered from 1."""
    lines = text.split("\n")
    return pl.LazyFrame(
        {"row": range(1, len(lines) + 1), "text": lines},
        schema={"row": pl.UInt32, "text": pl.String},
    )


def read(text: str, name: str = "bill.csv") -> Reading:
    """Read a text the way a file is read."""
    source = carrier.source_of_bytes(name, DIGEST, text.encode())
    return carrier.read(replace(source, lines=lambda: raw(text)))


@dataclass(frozen=True)
class Gate:
    """What passed the gate, and what did not."""

    documents: pl.DataFrame
    lines: pl.DataFrame
    quarantine: pl.DataFrame
    findings: pl.DataFrame

    @property
    def messages(self) -> str:
        return " | ".join(self.findings["message"])


def through(text: str, name: str = "bill.csv") -> Gate:
    """Read and foot a text; lines stand in the order of the file."""
    gate = footed(read(text, name))
    return replace(gate, lines=gate.lines.sort("source_row"))


def footed(reading: Reading) -> Gate:
    """Foot what was read."""
    lines = reading.lines.collect()
    sums = line_sums(lines.lazy()).collect()
    documents, unfooted = foot(reading.documents, sums, reading.findings)
    return Gate(documents, lines, reading.quarantine, pl.concat([reading.findings, unfooted]))


def row(record: str, columns: str = HEADER, **cells: object) -> str:
    """Return a row of a file with `columns`; cells that are not named stay empty."""
    values = {"record": record, **cells}
    return ",".join(str(values.get(name, "")) for name in columns.split(","))


def document(columns: str = HEADER, **cells: object) -> str:
    """Return a document row of 25.00."""
    usual = {
        "carrier": "ILEC",
        "ban": "0305R01",
        "invoice_no": "INV1",
        "bill_date": "2026-11-10",
        "current_charges": "25.00",
        "total_due": "25.00",
    }
    return row("document", columns, **{**usual, **cells})


def line(columns: str = HEADER, **cells: object) -> str:
    """Return a line row of 25.00 that belongs to the document row above it."""
    return row("line", columns, **{"charge_class": "recurring", "amount": "25.00", **cells})


def file(*rows: str, header: str = HEADER) -> str:
    """Return a file of these rows."""
    return "\n".join((header, *rows)) + "\n"


HIDDEN = ("source_file", "cause", "reason", "service", "usoc", "line_id", "carrier", "bill_date")


def rendered(gate: Gate) -> str:
    """Return what passed the gate as CSV tables, columns without any value left out."""
    tables = {
        "documents": gate.documents.drop("source_file"),
        "lines": gate.lines.drop("document_id", "source_file", "carrier", "ban", "bill_date"),
        "quarantine": gate.quarantine.drop("source_file"),
        "findings": gate.findings.drop(HIDDEN),
    }
    return "\n".join(f"# {name}\n{table_text(frame)}" for name, frame in tables.items())
