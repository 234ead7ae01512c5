"""The slow model and the kernels side by side: every difference as a sentence."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
from model import model_audit
from worlds import World
from worlds_tables import frames

from invoices.money import MONTH_PARTS
from reconcile.audit.audit import Audit, audit
from reconcile.schema import AUDITED

Row = dict[str, Any]
LINE_COLUMNS = (
    "service", "customer", "package", "matched_by", "match_note", "kind", "contract",
    "order_used", "rate_day", "buy_rate", "fraction", "due_units", "due_unit_months", "expected",
    "at_stake", "tolerated", "underbilled",
)  # fmt: skip
FINDING_COLUMNS = ("amount_at_stake", "billed", "expected", "reason")


def agreed(made: World) -> tuple[list[Row], list[Row]]:
    """Return what the slow model says of a world, which the kernels must say too."""
    lines, findings = model_audit(made)
    said = kernel_audit(made)
    told = pl.concat([said.findings, said.month_findings])
    off = differences(lines, findings, said.lines.collect(), told)
    assert not off, "\n".join(off)
    return lines, findings


def kernel_audit(
    made: World,
    *,
    history: pl.DataFrame | None = None,
    month: dt.date | None = None,
    shuffled: int | None = None,
    shares: int = 1,
    steady: bool = True,
) -> Audit:
    """Return what the kernels say of a world, or of one bill month of it after a history.

    `shuffled` is a seed by which the rows of every table change places; with several `shares` the
    lines are judged share by share; where they are not `steady`, they come in another order each
    time they are read.
    """
    lines, tables = frames(made)
    tables["lines"] = lines.collect()
    if shuffled is not None:
        tables = {
            name: table.sample(fraction=1, shuffle=True, seed=shuffled)
            for name, table in tables.items()
        }
    asked, documents = tables.pop("lines"), tables.pop("documents")
    if month is not None:
        bills = pl.col("bill_date").dt.truncate("1mo") == month
        asked, documents = asked.filter(bills), documents.filter(bills)
    before = pl.DataFrame(schema=AUDITED) if history is None else history
    reference = {name: table.lazy() for name, table in tables.items()}
    lines = asked.lazy() if steady else asked.lazy().map_batches(_shuffle)
    return audit(lines, before.lazy(), documents, reference, made.contracts, shares=shares)


def _shuffle(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sample(fraction=1, shuffle=True)


def differences(
    model_lines: list[Row],
    model_findings: list[Row],
    kernel_lines: pl.DataFrame,
    kernel_findings: pl.DataFrame,
) -> list[str]:
    """Return what the model and the kernels say differently, one sentence each."""
    lines = {row["line_id"]: row for row in map(as_model, kernel_lines.to_dicts())}
    told = keyed(model_findings)
    found = keyed(kernel_findings.to_dicts())
    out = []
    if len(lines) != kernel_lines.height:
        out.append(f"the kernel has {kernel_lines.height} lines, {len(lines)} of them distinct")
    if len(found) != kernel_findings.height:
        out.append(f"the kernel repeats {kernel_findings.height - len(found)} findings")
    for row in model_lines:
        own = lines.pop(row["line_id"], None)
        if own is None:
            out.append(f"{row['line_id']}: the kernel has no such line")
        else:
            out += different(row["line_id"], row, own, line_columns(row, own["amount"]))
    out += [f"{line_id}: the model has no such line" for line_id in lines]
    for key, row in told.items():
        other = found.pop(key, None)
        name = " ".join(str(part) for part in key if part is not None)
        if other is None:
            stake = f"stake {row['amount_at_stake']}, expected {row['expected']}"
            out.append(f"{name}: found by the model only ({stake})")
        else:
            cause = ("cause",) if row["code"] == "rate_above_contract" else ()
            out += different(name, row, other, (*FINDING_COLUMNS, *cause))
    for key, row in found.items():
        name = " ".join(str(part) for part in key if part is not None)
        out.append(f"{name}: found by the kernel only (stake {row['amount_at_stake']})")
    return sorted(out)


def line_columns(row: Row, amount: Decimal) -> tuple[str, ...]:
    """Return what is compared of a line: packages have no rate of their own, credits no units.

    Where what is due was weighed in money, beside the units, the model says nothing of units.
    """
    ignored = {"buy_rate"} if row["package"] is not None else set()
    if row["due_units"] is None:
        ignored |= {"due_units", "due_unit_months"}
    if amount < 0:
        ignored |= {"due_units", "due_unit_months", "fraction"}
    return tuple(name for name in LINE_COLUMNS if name not in ignored)


def as_model(row: Row) -> Row:
    """Return a kernel line with its shares of a month as the model counts them."""
    parts, due = row["fraction_parts"], row["due_unit_parts"]
    return {
        **row,
        "fraction": None if parts is None else Fraction(parts, MONTH_PARTS),
        "due_unit_months": None if due is None else Fraction(due) / MONTH_PARTS,
    }


def keyed(findings: list[Row]) -> dict[tuple[Any, ...], Row]:
    """Return findings by line and code, those without a line by document, service and code."""
    keys = {}
    for row in findings:
        where = (row["line_id"], None, None)
        if row["line_id"] is None:
            where = (row["document_id"], row["service"], row["usoc"])
        keys[(*where, row["code"])] = row
    return keys


def different(name: str, model: Row, kernel: Row, columns: tuple[str, ...]) -> list[str]:
    """Return a sentence for each column in which two rows differ."""
    return [
        f"{name}: {column} is {shown(model[column])} in the model, {shown(kernel[column])} in the "
        "kernel"
        for column in columns
        if model[column] != kernel[column]
    ]


def shown(value: Any) -> str:
    """Return a value as a person reads it."""
    return f"{value.numerator}/{value.denominator}" if isinstance(value, Fraction) else str(value)
