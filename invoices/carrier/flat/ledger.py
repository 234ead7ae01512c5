"""What a ledger of a feed says beside its totals: ties to other parts, charges of its own."""

from __future__ import annotations

import polars as pl

from invoices.carrier.bundles import TIES
from invoices.carrier.flat.profile import KEY_FIELDS
from invoices.carrier.flat.values import EXACT, Fields, column_field, rounded
from invoices.money import ZERO_CENTS
from invoices.schema import LINES, empty, seal
from invoices.text import filled


def _amounts(rows: pl.LazyFrame, owners: pl.DataFrame, names: list[str]) -> pl.LazyFrame:
    """Return document_id, row, place, column and amount of the ledger's columns, row by row.

    Of several rows of one bill the first speaks.
    """
    columns = [
        pl.struct(
            place=pl.lit(place, pl.Int64),
            printed=pl.lit(name),
            amount=pl.col(f"{column_field(name)} value"),
        )
        for place, name in enumerate(names, 1)
    ]
    return (
        rows.select(
            "row",
            *(pl.col(f"{name} value").alias(name) for name in KEY_FIELDS),
            columns=pl.concat_list(columns),
        )
        .join(owners.lazy(), on=list(KEY_FIELDS), how="inner", maintain_order="left")
        .filter(pl.col("row") == pl.col("row").min().over("document_id"))
        .explode("columns")
        .unnest("columns")
    )


def ledger_ties(rows: pl.LazyFrame, owners: pl.DataFrame, fields: Fields) -> pl.DataFrame:
    """Return what the ledger states of other parts (`TIES`); an empty cell states 0.00."""
    ties = fields.table.part.ties
    if not ties:
        return empty(TIES)
    return (
        _amounts(rows, owners, list(ties))
        .with_columns(
            part=pl.col("printed").replace_strict(ties, return_dtype=pl.String),
            stated=pl.col("amount").fill_null(ZERO_CENTS),
        )
        .sort("row", "place")
        .pipe(seal, TIES)
        .collect()
    )


def line_ties(rows: pl.LazyFrame, owners: pl.DataFrame, fields: Fields) -> pl.DataFrame:
    """Return what columns of lines state of other parts (`TIES`): over all rows of a bill."""
    ties = fields.table.part.ties
    if not ties:
        return empty(TIES)
    key = list(KEY_FIELDS)
    sums = (
        rows.group_by(pl.col(f"{name} value").alias(name) for name in key)
        .agg(pl.col(f"{column_field(name)} value").sum().alias(name) for name in ties)
        .join(owners.select("document_id", *key).lazy(), on=key, how="inner")
        .unpivot(index="document_id", on=list(ties), variable_name="printed", value_name="stated")
        .with_columns(
            part=pl.col("printed").replace_strict(ties, return_dtype=pl.String),
            stated=rounded(pl.col("stated").cast(EXACT)),
        )
    )
    return sums.sort("document_id", "part", "printed").pipe(seal, TIES).collect()


def ledger_charges(rows: pl.LazyFrame, owners: pl.DataFrame, fields: Fields) -> pl.LazyFrame:
    """Return a line (`LINES`) for each charge, not zero, of a ledger that no part details."""
    part = fields.table.part
    if not part.charges:
        return empty(LINES).lazy()
    return (
        _amounts(rows, owners, list(part.charges))
        .filter(pl.col("amount") != 0)
        .with_columns(
            charge_class=pl.col("printed").replace_strict(part.charges, return_dtype=pl.String),
            description="printed",
            line_id=filled(f"{{}}-{part.name}-{{}}-{{}}", "document_id", "row", "place"),
            source_file=pl.lit(fields.table.source_file),
            source_row="row",
        )
        .sort("row", "place")
        .pipe(seal, LINES)
    )
