"""What a carrier file is and says, for a person to look at before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from invoices.carrier.bundles import REASONS, assemble
from invoices.carrier.reading import Reading
from invoices.footing import foot, line_sums
from invoices.schema import FINDINGS, LINES, WIDE, empty, seal, stack

_NOT_READ = (
    *("line_id", "document_id", "carrier", "ban", "invoice_no", "bill_date"),
    *("unit_rate_places", "circuit_key", "source_file", "source_row"),
)
"""Columns of a line that are not cells of its own."""
_PLACE = ("source_file", "source_row")
SET_ASIDE = pl.Schema(
    {
        "rows": pl.Int64(),
        "first": pl.Int64(),  # the row where it stands first
        "reason": pl.String(),  # as the first row says it
        "remedy": pl.String(),  # null where no row has this fault alone
    }
)
TOTAL = r"(?i)^(?:(?:sub|grand|page|account|invoice|bill)[- ]?)?totals?\b|\b(?:sub-?)?totals?:?$"
"""How the description of a total begins or ends."""
MOST_TOTALS = 1000
"""So many lines that look like totals are told."""


@dataclass(frozen=True)
class Description:
    """A carrier file in a few small tables."""

    documents: pl.DataFrame
    """`DOCUMENTS`, footed: status, lines, printed totals and `line_sum`."""
    classes: pl.DataFrame
    """charge_class, lines, amount: what the lines of each class add up to."""
    coverage: pl.DataFrame
    """column, filled, distinct: how many lines give a column, and how many values it has."""
    first_lines: pl.DataFrame
    """The first lines of the file (`LINES`)."""
    findings: pl.DataFrame
    """`FINDINGS`: what cannot be read, and documents that do not foot."""
    set_aside: pl.DataFrame
    """`SET_ASIDE`: what is wrong with rows that cannot be read, equal faults once."""
    like_totals: pl.DataFrame
    """source_row, description, amount: lines that look like totals, and are read as charges."""


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
        set_aside=set_aside(pl.concat([r.quarantine for r in readings]), findings),
        like_totals=like_totals(every),
    )


def set_aside(quarantine: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """Return what is wrong with rows set aside (`SET_ASIDE`), the commonest first.

    Faults that differ only in what stands in the cell are equal.
    """
    single = findings.select("message", "remedy").filter(pl.col("message").is_not_null())
    remedies = single.select(kind=_kind(pl.col("message")), remedy="remedy").unique("kind")
    reason = pl.col("reason")
    return (
        quarantine.select("source_row", reason.str.extract_all(r"(?:`[^`]*`|[^;`]|;[^ `])+"))
        .explode("reason")
        .with_columns(reason.str.strip_chars())
        .with_columns(kind=_kind(reason))
        .group_by("kind")
        .agg(
            rows=pl.len().cast(pl.Int64),
            first=pl.col("source_row").min(),
            reason=reason.sort_by("source_row").first(),
        )
        .join(remedies, on="kind", how="left", maintain_order="left")
        .sort("rows", "first", descending=[True, False])
        .select(*SET_ASIDE)
        .pipe(seal, SET_ASIDE)
    )


def _kind(message: pl.Expr) -> pl.Expr:
    """Return what is wrong without what stands in the cell."""
    return message.str.replace_all("`[^`]*`", "`").str.replace_all("[0-9]+", "9")


def like_totals(lines: pl.LazyFrame) -> pl.DataFrame:
    """Return the lines that look like totals: their description says so, or the last line of a
    bill is what all before it add up to."""
    shown = ("source_row", "description", "amount")
    last = (
        lines.group_by("document_id")
        .agg(
            *(pl.col(name).sort_by("source_row").last() for name in (*shown, "usoc")),
            sum=pl.col("amount").cast(WIDE).sum(),
            lines=pl.len(),
        )
        .filter(
            pl.col("lines") > 2,
            pl.col("usoc").is_null(),
            pl.col("amount") != 0,
            pl.col("sum") == 2 * pl.col("amount").cast(WIDE),
        )
        .select(shown)
    )
    named = lines.filter(pl.col("description").str.contains(TOTAL)).select(shown).head(MOST_TOTALS)
    return pl.concat([named, last]).collect().unique("source_row").sort("source_row")


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
            pl.col(name).drop_nulls().n_unique().cast(pl.Int64).alias(f"distinct {name}")
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
