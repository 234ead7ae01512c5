"""The rows of a feed that cannot be read, each with all that is wrong with it."""

from __future__ import annotations

import polars as pl

from invoices.carrier import checks as ck
from invoices.carrier.flat.fragments import KEY
from invoices.carrier.flat.profile import KEY_FIELDS
from invoices.carrier.flat.rows import Table
from invoices.carrier.reading import unread_name
from invoices.carrier.source import Source
from invoices.schema import seal

MOST_FAULTS = 100_000
"""A file with more unreadable rows than this is refused as a whole."""
FAULTS = pl.Schema(
    {
        "source_row": pl.Int64(),
        "raw": pl.String(),
        "message": pl.String(),
        "remedy": pl.String(),
        "source_file": pl.String(),
        **{name: pl.Date() if name == "bill_date" else pl.String() for name in KEY},
    }
)


def faults_of(rows: pl.LazyFrame, checks: list[ck.Check], table: Table) -> pl.DataFrame:
    """Return the rows that cannot be read with all that is wrong with each, in file order."""
    key = [pl.when("whole").then(pl.col(f"{name} value")).alias(name) for name in KEY_FIELDS]
    return (
        rows.filter("faulty")
        .select(
            *key,
            source_row="row",
            raw="text",
            source_file=pl.lit(table.source_file),
            **ck.reasons(checks),
        )
        .head(MOST_FAULTS + 1)
        .collect()
        .sort("source_row")
        .pipe(seal, FAULTS)
    )


def with_bill(faults: pl.DataFrame, loaded: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Give each unreadable row its bill, where it names one that is read, and a finding's name."""
    bills = loaded.select(*KEY_FIELDS, "document_id", of="carrier")
    return (
        faults.join(bills, on=list(KEY_FIELDS), how="left", maintain_order="left")
        .unique("source_row", keep="first", maintain_order=True)
        .with_columns(
            carrier=pl.coalesce("carrier", "of"),
            finding_id=unread_name("source_row", source.name, source.digest),
        )
        .drop("of")
    )
