"""What a carrier file is and says, for a person to look at before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from invoices.carrier.bundles import REASONS, assemble
from invoices.carrier.reading import Reading
from invoices.footing import foot, line_sums
from invoices.schema import FINDINGS, LINES, WIDE, empty, stack

_NOT_READ = (
    *("line_id", "document_id", "carrier", "ban", "invoice_no", "bill_date"),
    *("unit_rate_places", "circuit_key", "source_file", "source_row"),
)
"""Columns of a line that are not cells of its own."""
_PLACE = ("source_file", "source_row")


@dataclass(frozen=True)
class Description:
    """A carrier file in a few small tables."""

    documents: pl.DataFrame
    """`DOCUMENTS`, footed: status, lines, printed totals and `line_sum`."""
    classes: pl.DataFrame
    """charge_class, lines, amount: what the lines of each class add up to."""
    coverage: pl.DataFrame
    """column, filled, distinct: how many lines give a column, and about how many values it has."""
    first_lines: pl.DataFrame
    """The first lines of the file (`LINES`)."""
    findings: pl.DataFrame
    """`FINDINGS`: what cannot be read, and documents that do not foot."""


def describe(*readings: Reading, lines: int = 5) -> Description:
    """Return what the readings say, with their first `lines` lines; lines are scanned twice.

    Several readings are files with parts of the same bills: they are put together.
    """
    every = pl.concat([reading.lines for reading in readings])
    findings = stack([reading.findings for reading in readings], FINDINGS)
    sums = line_sums(every).collect()
    documents, reasons = _whole(readings)
    documents, unfooted = foot(documents, sums, findings, reasons)
    classes = (
        every.group_by("charge_class")
        .agg(lines=pl.len().cast(pl.Int64), amount=pl.col("amount").cast(WIDE).sum())
        .collect()
        .sort("charge_class")
    )
    return Description(
        documents=documents,
        classes=classes,
        coverage=_coverage(every),
        first_lines=every.bottom_k(lines, by=_PLACE).collect().sort(_PLACE),
        findings=stack([findings, unfooted], FINDINGS),
    )


def _whole(readings: Sequence[Reading]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the documents with the parts of each put together, and why some are held."""
    bundles = [(i, one.bundle) for i, one in enumerate(readings) if one.bundle is not None]
    documents = pl.concat(
        [one.documents.with_columns(intake=pl.lit(i, pl.Int64)) for i, one in enumerate(readings)]
    )
    if not bundles:
        return documents.drop("intake"), empty(REASONS)
    assembled = assemble(documents, bundles)
    return assembled.documents.drop("intake"), assembled.reasons.drop("intake")


def _coverage(lines: pl.LazyFrame) -> pl.DataFrame:
    names = [name for name in LINES if name not in _NOT_READ]
    counted = lines.select(
        *(pl.col(name).count().cast(pl.Int64).alias(f"filled {name}") for name in names),
        *(
            pl.col(name).drop_nulls().approx_n_unique().cast(pl.Int64).alias(f"distinct {name}")
            for name in names
        ),
    ).collect()
    return pl.DataFrame(
        {
            "column": names,
            "filled": [counted[f"filled {name}"].item() for name in names],
            "distinct": [counted[f"distinct {name}"].item() for name in names],
        },
        schema={"column": pl.String, "filled": pl.Int64, "distinct": pl.Int64},
    )
