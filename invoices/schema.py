"""The nouns of the gate: every column with its type, unit and sign.

Frames are sealed with these schemas where they cross a room; columns accrete from left to right.
Money is `Decimal(18, 2)` (cents), rates and quantities are `Decimal(18, 6)`; dates are half-open
(`*_until` is excluded). `amount` is signed: positive is a charge to whoever the document is
addressed to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import polars as pl

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

CENTS = pl.Decimal(18, 2)
"""Dollars and cents, exact."""
WIDE = pl.Decimal(38, 2)
"""Sums of many lines: wider than any one amount."""
RATE = pl.Decimal(18, 6)
"""A rate per unit (and month), or a number of units, exact."""

CHARGE_CLASSES = (
    "recurring",
    "one_time",
    "prorated",
    "usage",
    "surcharge",
    "tax",
    "late_charge",
    "adjustment",
)

DOCUMENTS = pl.Schema(
    {
        "document_id": pl.String(),  # stable: made from carrier, BAN and invoice number
        "carrier": pl.String(),  # null on a refused file
        "ban": pl.String(),  # billing account number, leading zeros kept
        "invoice_no": pl.String(),
        "bill_date": pl.Date(),
        "due_date": pl.Date(),
        "previous_balance": CENTS,  # as printed, signed; null = not printed
        "payments": CENTS,  # negative
        "adjustments": CENTS,  # of the previous balance; no part of current_charges
        "current_charges": CENTS,
        "total_due": CENTS,
        "lines": pl.Int64(),  # lines read
        "line_sum": CENTS,  # sum of their amounts
        "status": pl.String(),  # loaded, held, refused
        "source_file": pl.String(),
        "source_row": pl.Int64(),  # the row of the document record (the header row is row 1)
    }
)

LINES = pl.Schema(
    {
        "line_id": pl.String(),  # document_id, a dash, and the position in the document from 1
        "document_id": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "invoice_no": pl.String(),
        "bill_date": pl.Date(),
        "line_no": pl.Int64(),  # as printed
        "charge_class": pl.String(),  # one of CHARGE_CLASSES
        "usoc": pl.String(),  # upper case, trimmed; null = none printed
        "description": pl.String(),
        "quantity": RATE,  # null = none printed
        "unit_rate": RATE,  # as printed; null = none printed
        "unit_rate_places": pl.Int8(),  # decimals printed in unit_rate
        "amount": CENTS,
        "wtn": pl.String(),  # ten digits where it is a telephone number, else as printed
        "circuit_id": pl.String(),  # as printed, trimmed
        "circuit_key": pl.String(),  # circuit_id without blanks, upper case: what is compared
        "state": pl.String(),
        "zone": pl.String(),
        "order_no": pl.String(),
        "service_from": pl.Date(),  # as printed; null = none printed
        "service_until": pl.Date(),  # excluded
        "interchange": pl.String(),  # its control number, where the file is made of interchanges
        "set_no": pl.String(),  # the control number of the transaction set; likewise
        "source_file": pl.String(),
        "source_row": pl.Int64(),  # the row, or the segment of an interchange, from 1
    }
)

FINDINGS = pl.Schema(
    {
        "finding_id": pl.String(),  # line_id or document_id, a colon, the code
        "code": pl.String(),
        "cause": pl.String(),
        "severity": pl.String(),  # error, warning, info
        "reason": pl.String(),  # the dispute reason the code leads to; null = never claimed
        "document_id": pl.String(),
        "line_id": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "bill_date": pl.Date(),
        "service": pl.String(),
        "usoc": pl.String(),
        "billed": CENTS,
        "expected": CENTS,
        "amount_at_stake": CENTS,
        "message": pl.String(),
        "remedy": pl.String(),
        "source_file": pl.String(),
        "source_row": pl.Int64(),
    }
)


def columns_of(schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> list[pl.Expr]:
    """Return every column of `schema`, in its order and cast strictly to its type.

    A frame that selects them must have them all; `seal` adds those that are absent.
    """
    return [pl.col(name).cast(dtype) for name, dtype in schema.items()]


def seal(frame: Frame, schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> Frame:
    """Return `frame` with exactly the columns of `schema`, in its order and with its types.

    A column that is absent is added as null; a column of another type is cast, strictly.
    """
    present = set(frame.collect_schema().names())
    return frame.select(
        (pl.col(name) if name in present else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


def frame_of(rows: Sequence[Mapping[str, object]], schema: pl.Schema) -> pl.DataFrame:
    """Return rows of Python values as a frame with `schema`; what a row lacks is null.

    Exact numbers go in as text: for those of Python polars loads numpy, a quarter of a second.
    """
    exact = {name for name, dtype in schema.items() if isinstance(dtype, pl.Decimal)}
    columns = {name: [row.get(name) for row in rows] for name in schema}
    for name in exact:
        columns[name] = [None if value is None else str(value) for value in columns[name]]
    plain = {name: pl.String() if name in exact else dtype for name, dtype in schema.items()}
    return pl.DataFrame(columns, schema=plain).cast({name: schema[name] for name in exact})


def among(column: str | pl.Expr, values: pl.Series) -> pl.Expr:
    """Say of each value of a column whether it stands in `values`; null stays null."""
    asked = pl.col(column) if isinstance(column, str) else column
    return asked.is_in(values.implode())


def answers_to(lines: pl.DataFrame, answers: pl.DataFrame, on: Sequence[str]) -> pl.DataFrame:
    """Return what is answered to each of `lines`, in their order: the columns beside `on`.

    A line that carries all its columns through a join pays for each of them; so the question alone
    goes through it, and the answer stands beside the line.
    """
    if answers.is_empty():
        return answers.drop(on).clear(lines.height)
    asked = lines.lazy().select(on)
    told = asked.join(answers.lazy(), on=on, how="left", maintain_order="left", nulls_equal=True)
    return told.drop(on).collect().rechunk()


def empty(schema: pl.Schema) -> pl.DataFrame:
    """Return a frame without rows that has `schema`."""
    return pl.DataFrame(schema=schema)


def stack(frames: list[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    """Return the rows of all `frames`, which must all have `schema`.

    Polars rounds silently where two decimal scales meet in a concatenation, so schemas are
    compared first.
    """
    for frame in frames:
        if frame.schema != schema:
            raise ValueError(f"frames differ: {frame.schema} is not {schema}")
    return pl.concat(frames) if frames else empty(schema)
