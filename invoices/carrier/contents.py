"""Whether two documents say the same: every printed value of header and lines, in any order."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from invoices.schema import DOCUMENTS, LINES

PRINTED_HEADER = tuple(
    name
    for name in DOCUMENTS
    if name not in ("document_id", "lines", "line_sum", "status", "source_file", "source_row")
)
PRINTED_LINE = (
    *("line_no", "charge_class", "usoc", "description", "quantity", "unit_rate", "amount"),
    *("wtn", "circuit_key", "state", "zone", "order_no", "service_from", "service_until"),
)
"""What is compared of a line: values, not spellings (`18.5` is `18.50`)."""
_SEEDS = (1, 2)
SAID = ("count", *(f"digest_{seed}" for seed in _SEEDS))
"""What is kept of the lines of a document, or of a part of one (`digests`)."""
assert set(PRINTED_LINE) < set(LINES)


def contents_differ(
    documents_a: pl.DataFrame,
    lines_a: pl.LazyFrame,
    documents_b: pl.DataFrame,
    lines_b: pl.LazyFrame,
    pairs: pl.DataFrame,
) -> pl.DataFrame:
    """Return `pairs` (`a`, `b`: document ids of either side) with `equal`.

    Two documents are equal where all values of their headers are, and their lines are the same
    with the same repetitions, whatever their order. Lines are compared by count and two
    independent sums of 64-bit hashes, so that no line is kept in memory.
    """
    content_a = contents(documents_a, lines_a, pairs["a"])
    content_b = contents(documents_b, lines_b, pairs["b"])
    values = [name for name in content_a.columns if name != "document_id"]
    both = (
        pairs.with_row_index("pair")
        .join(content_a, left_on="a", right_on="document_id", how="left")
        .join(content_b, left_on="b", right_on="document_id", how="left", suffix="_b")
        .sort("pair")
    )
    same = (pl.col(name).eq_missing(pl.col(f"{name}_b")) for name in values)
    return both.select(*pairs.columns, equal=pl.all_horizontal(same))


def contents(documents: pl.DataFrame, lines: pl.LazyFrame, wanted: pl.Series) -> pl.DataFrame:
    """Return header values, count and digests of the lines of each wanted document.

    Two documents are equal where all of it is but the `document_id`.
    """
    ids = pl.DataFrame({"document_id": wanted.unique()})
    said = digests(lines.join(ids.lazy(), on="document_id", how="semi"), ["document_id"]).collect()
    return (
        documents.join(ids, on="document_id", how="semi")
        .select("document_id", *PRINTED_HEADER)
        .join(said, on="document_id", how="left")
        .with_columns(pl.col("count").fill_null(0))
    )


def digests(lines: pl.LazyFrame, by: Sequence[str]) -> pl.LazyFrame:
    """Return count and digests (`SAID`) of the lines of each group: the same whatever their order.

    They add up: those of two groups together are the sums of the digests of both.
    """
    row = pl.struct(PRINTED_LINE)
    return lines.group_by(by).agg(
        pl.len().cast(pl.Int64).alias("count"),
        *(row.hash(seed).cast(pl.Int128).sum().alias(f"digest_{seed}") for seed in _SEEDS),
    )
