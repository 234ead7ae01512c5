"""The records of a Nacha file by kind, and how a fault of one is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from invoices.bank.layout import (
    ADDENDA,
    BATCH_CONTROL,
    BATCH_HEADER,
    ENTRY,
    FILE_CONTROL,
    FILE_HEADER,
    FILLER,
    Layout,
)
from invoices.bank.schema import AGAIN, faults
from invoices.bank.settlement import date_of


@dataclass(frozen=True)
class Parts:
    """The records of a file by kind, each with a column a field and the `batch` it stands in."""

    records: pl.DataFrame
    header: pl.DataFrame
    batches: pl.DataFrame
    entries: pl.DataFrame
    """Also `entry`, a number from 1, and what its batch header says."""
    addenda: pl.DataFrame
    """Also the `entry` they belong to, and their `place` below it from 1."""
    batch_controls: pl.DataFrame
    control: pl.DataFrame

    @property
    def created(self) -> dt.date | None:
        """The day the file was made; null where its header names none."""
        return date_of(self.header["file_creation_date"].item())


Check = Callable[[Parts], pl.DataFrame]


def field_faults(
    frame: pl.DataFrame, kind: Layout, name: str, message: str | pl.Expr, label: str = ""
) -> pl.DataFrame:
    """Return a fault of a field for each row."""
    return faults(frame, kind.name, label or kind.field(name).label, message, AGAIN)


def quoted(name: str | pl.Expr, rest: str) -> pl.Expr:
    """Return words about what stands in a field."""
    column = pl.col(name) if isinstance(name, str) else name
    return pl.concat_str(pl.lit("`"), column.fill_null(""), pl.lit(f"` {rest}"))


def parts_of(records: pl.DataFrame) -> Parts:
    """Return the records of a file whose order is right, by kind."""
    placed = records.with_columns(
        batch=(pl.col("type") == "5").cum_sum().cast(pl.Int64),
        entry=(pl.col("type") == "6").cum_sum().cast(pl.Int64),
    )

    def of(kind: Layout) -> pl.DataFrame:
        own = placed.filter(
            pl.col("type") == kind.digit, pl.lit(kind.digit != "9") | (pl.col("text") != FILLER)
        )
        return kind.read(own)

    batches = of(BATCH_HEADER)
    said = batches.select(
        "batch",
        "company_id",
        "company_name",
        "sec",
        "entry_description",
        "effective_date",
        "settlement_day",
    )
    entries = of(ENTRY).join(said, on="batch", how="left", maintain_order="left")
    addenda = of(ADDENDA)
    return Parts(
        records=placed,
        header=of(FILE_HEADER),
        batches=batches,
        entries=entries,
        addenda=addenda.with_columns(
            place=pl.int_range(1, pl.len() + 1).over("entry").cast(pl.Int64)
        ),
        batch_controls=of(BATCH_CONTROL),
        control=of(FILE_CONTROL),
    )
