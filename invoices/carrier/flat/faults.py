"""The rows of a feed that cannot be read, each with all that is wrong with it."""

from __future__ import annotations

import polars as pl

from invoices.carrier import checks as ck
from invoices.carrier.flat.fragments import KEY
from invoices.carrier.flat.profile import KEY_FIELDS
from invoices.carrier.flat.rows import Table
from invoices.carrier.reading import findings_of, unread_name
from invoices.carrier.source import Source
from invoices.schema import FINDINGS, empty, seal
from invoices.text import filled

DOUBTFUL = "document_doubtful"
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


def hidden_rows(rows: pl.LazyFrame, table: Table, loaded: pl.DataFrame) -> pl.DataFrame:
    """Return a finding (`FINDINGS`) for each document of which rows are hidden in the workbook.

    They are read like the others: a filter that somebody left on is no reason to drop a charge.
    """
    if not table.hidden:
        return empty(FINDINGS)
    key = [pl.col(f"{name} value").alias(name) for name in KEY_FIELDS]
    found = (
        rows.filter(pl.col("row").is_in(list(table.hidden)))
        .select("row", *key)
        .collect()
        .group_by(KEY_FIELDS, maintain_order=True)
        .agg(source_row=pl.col("row").min(), count=pl.len(), shown=pl.col("row").sort().head(10))
    )
    told = loaded.join(found, on=KEY_FIELDS, how="inner", suffix=" hidden", maintain_order="left")
    listed = pl.col("shown").cast(pl.List(pl.String)).list.join(", ")
    more = pl.when(pl.col("count") > 10).then(pl.lit(" and more")).otherwise(pl.lit(""))
    message = filled("rows that are hidden in the workbook were read: {}{}", listed, more)
    remedy = "show them in the workbook and see whether the carrier bills them"
    return told.with_columns(
        finding_id=pl.col("document_id") + filled(f":{DOUBTFUL}:{{}}", "source_row hidden"),
        source_row="source_row hidden",
        source_file=pl.lit(table.source_file),
        message=message,
        remedy=pl.lit(remedy),
    ).pipe(findings_of, DOUBTFUL, "warning")
