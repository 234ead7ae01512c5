"""When rows of a reference table hold: two of one key may not overlap, some leave no hole."""

from __future__ import annotations

import polars as pl

from invoices.text import filled
from rebill.reference.checks_cells import FIRST_DAY, LAST_DAY
from rebill.reference.faults import Faults, placed
from rebill.store.columns import TableIn

WITHOUT_HOLES = {
    "tax_rates": ("jurisdiction", "tax", "charge_class", "product"),
    "contribution_factors": (),
}
"""Tables whose rows of one key follow each other without a gap."""


def check_overlap(after: pl.DataFrame, shape: TableIn, faults: Faults) -> None:
    """Note rows whose validity overlaps that of another row of the same key.

    `after` holds the rows that would be current; a pair is reported at its row of tonight's files.
    """
    if not shape.overlap or not shape.period or after.is_empty():
        return
    start, end = shape.period
    key = list(shape.element_key)
    alike = [pl.col(name) for name in key] or [pl.lit(0)]
    ordered = after.with_columns(
        _from=pl.col(start).fill_null(FIRST_DAY), _until=pl.col(end).fill_null(LAST_DAY)
    ).sort(*key, "_from", "_row", nulls_last=True)
    before = {
        f"_before{name}": pl.col(name).shift(1).over(alike)
        for name in ("_file", "_row", "_from", "_until")
    }
    reach = pl.col("_until").cum_max().shift(1).over(alike)
    pairs = ordered.with_columns(**before, _reach=reach).filter(pl.col("_from") < pl.col("_reach"))
    where = pl.coalesce(
        pl.when(pl.col("_row").is_not_null()).then(
            filled("{} row {}", "_before_file", "_before_row")
        ),
        pl.lit("loaded before"),
    )
    what = filled(
        "two rows of the same {} overlap: {}, and {} ({})",
        pl.lit(", ".join(key) or "table"),
        _span("_from", "_until"),
        _span("_before_from", "_before_until"),
        where,
    )
    reported = pairs.select(
        _file=pl.coalesce("_file", "_before_file"),
        _row=pl.coalesce("_row", "_before_row"),
        what=what,
    ).filter(pl.col("_file").is_not_null())
    faults.add_rows(reported, f"end the earlier row with {end}, or load all rows with --replace")


def _span(start: str, end: str) -> pl.Expr:
    return filled(
        "{} until {}",
        pl.when(pl.col(start) > FIRST_DAY)
        .then(pl.col(start).cast(pl.String))
        .otherwise(pl.lit("the beginning")),
        pl.when(pl.col(end) < LAST_DAY)
        .then(pl.col(end).cast(pl.String))
        .otherwise(pl.lit("further notice")),
    )


def check_holes(name: str, after: pl.DataFrame, faults: Faults) -> None:
    """Note rows of a table without holes that begin later than the row before them ends."""
    if name not in WITHOUT_HOLES or after.is_empty():
        return
    key = WITHOUT_HOLES[name]
    kept: list[pl.Expr] = [pl.col(name) for name in key] or [pl.lit(0)]
    ordered = after.sort(*key, "effective_from", "effective_until", nulls_last=False)
    before = pl.col("effective_until").shift(1).over(kept)
    gaps = ordered.with_columns(_before=before).filter(pl.col("effective_from") > pl.col("_before"))
    named = filled(" ".join("{}" for _ in key), *(pl.col(n).fill_null("(any)") for n in key))
    what = filled(
        "there is a hole{}: nothing is in force from {} until {}",
        filled(" in {}", named) if key else pl.lit(""),
        pl.col("_before").cast(pl.String),
        pl.col("effective_from").cast(pl.String),
    )
    faults.add_rows(
        placed(gaps.with_columns(what=what)),
        "let the row begin on that day, or add one for the days between (a rate of 0 is one)",
    )
