"""The dispute packet: one claim as a CSV the carrier and finance can check line by line.

A row is one disputed line of one finding, with both rates and where each stands. Sums are left to
the reader's spreadsheet: the amounts disputed add up to the claim.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from invoices.schema import CENTS, RATE
from invoices.text import formula_safe

COLUMNS: tuple[tuple[str, str, pl.DataType], ...] = (
    ("claim_no", "claim_no", pl.String()),
    ("carrier", "carrier", pl.String()),
    ("ban", "ban", pl.String()),
    ("invoice_no", "invoice_no", pl.String()),
    ("bill_date", "bill_date", pl.Date()),
    ("line_no", "line_no", pl.Int64()),
    ("wtn", "wtn", pl.String()),
    ("circuit_id", "circuit_id", pl.String()),
    ("service", "service", pl.String()),
    ("usoc", "usoc", pl.String()),
    ("description", "description", pl.String()),
    ("charge_class", "charge_class", pl.String()),
    ("quantity", "quantity", RATE),
    ("service_from", "service_from", pl.Date()),
    ("service_until", "service_until", pl.Date()),
    ("order_no", "order_no", pl.String()),
    ("billed_rate", "unit_rate", RATE),
    ("contract_rate", "buy_rate", RATE),
    ("rate_source", "rate_source", pl.String()),
    ("contract", "contract", pl.String()),
    ("amount_billed", "billed", CENTS),
    ("amount_expected", "expected", CENTS),
    ("amount_disputed", "amount_at_stake", CENTS),
    ("reason", "reason", pl.String()),
    ("code", "code", pl.String()),
    ("cause", "cause", pl.String()),
    ("narrative", "message", pl.String()),
    ("deadline", "dispute_closes_on", pl.Date()),
    ("file_by", "file_by", pl.Date()),
    ("finding_id", "finding_id", pl.String()),
    ("line_id", "line_id", pl.String()),
    ("source_file", "source_file", pl.String()),
    ("source_row", "source_row", pl.Int64()),
)
"""Column of the packet, column of the frame it comes from, type. A column not given is empty."""

_ORDER = ("claim_no", "bill_date", "invoice_no", "line_no", "source_file", "source_row")
AT_ONCE = 50_000
"""Rows that are written as text in one piece."""
_END = "\x1e\n"
UNSEEN = r"[\x00-\x1F\x7F-\x9F\x{200E}\x{200F}\x{2028}-\x{202E}\x{2066}-\x{2069}]+"
"""Line breaks, control characters, and marks that turn a text around."""


def packet_csv(claim: Mapping[str, Any], lines: pl.DataFrame) -> str:
    """Return the packet of one claim: a header row and a row for each of its disputed lines.

    `lines` are the claim's findings with what the line says; what they lack (claim_no, deadline,
    ...) is taken from `claim` where that has a column of the name.
    """
    missing = {
        source: pl.lit(claim[source], dtype=dtype)
        for _, source, dtype in COLUMNS
        if source not in lines.columns and claim.get(source) is not None
    }
    return _text(_packet(lines.with_columns(**missing)))


def packets(lines: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Return claim number and packet of every claim in `lines`, in order of the numbers.

    `lines` are findings with `claim_no` (rows without one are left out) and what the line says,
    in any order: columns by the frame's names in `COLUMNS`. The same rows give the same bytes.
    """
    rows = _packet(lines.filter(pl.col("claim_no").is_not_null()))
    numbers = lines.get_column("claim_no").drop_nulls().unique().sort()
    counts = rows.group_by("claim_no", maintain_order=True).len()["len"]
    header, records = _text(rows.clear()), _records(rows)
    for number, count in zip(numbers, counts, strict=True):
        yield number, header + "".join(itertools.islice(records, count))


def _records(rows: pl.DataFrame) -> Iterator[str]:
    """Yield each row as a record of CSV, its line end included; many are written at once."""
    for portion in rows.iter_slices(AT_ONCE):
        text = portion.write_csv(
            include_header=False, quote_style="non_numeric", line_terminator=_END
        )
        records = text.split(_END)[:-1]
        if len(records) == portion.height:
            yield from (record + "\n" for record in records)
        else:  # some cell holds the very mark that was to tell the records apart
            yield from (_text(row).partition("\n")[2] for row in portion.iter_slices(1))


def on_one_line(text: pl.Expr) -> pl.Expr:
    """Return text without line breaks, control characters and marks that turn it around."""
    return text.str.replace_all(UNSEEN, " ").str.strip_chars(" ")


def _packet(lines: pl.DataFrame) -> pl.DataFrame:
    """Return `lines` in the packet's columns and order, its text safe."""
    given = set(lines.columns)
    columns = (
        (pl.col(source) if source in given else pl.lit(None)).cast(dtype).alias(name)
        for name, source, dtype in COLUMNS
    )
    rows = lines.select(columns).sort(*_ORDER, "finding_id")
    return rows.with_columns(formula_safe(pl.col(pl.String)))


def _text(rows: pl.DataFrame) -> str:
    # Text is quoted and numbers are not, so that readers which ask take account numbers for text.
    return rows.write_csv(quote_style="non_numeric")
