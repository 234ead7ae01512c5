"""What lines of 0.00 have of later ones: what is due there is due already.

Rules: the accruals of `docs/DECISIONS.md` 20.
"""

from __future__ import annotations

import polars as pl

from invoices.schema import RATE, among
from reconcile.audit.repeats.undone_charges import EXACT
from reconcile.audit.repeats.weigh import NONE, Repeats, weigh


def owed_at_nothing(
    pairs: pl.DataFrame,
    billed: Repeats,
    given: pl.DataFrame,
    owned: pl.LazyFrame,
    orders: pl.DataFrame,
) -> Repeats:
    """Return what is due already of lines of which lines of 0.00 have some.

    Those have what was left of them when they were billed (of the first, what is no repeat in
    `billed`): the first is known at once, and with it the next. An element of 2; B was credited in
    full before D is billed::

        line  amount  units  has
        A       0.00  1      1
        B      10.00  1      1
        C       0.00  2      0
        D      10.00  1      1
    """
    nothing = pairs.filter(pl.col("amount_before") == 0)["line_id_before"].unique()
    later = pairs["line_id"].unique()
    first = Repeats(*(part.filter(~among("line_id", later)) for part in billed))
    told, before = NONE, None
    while before is None or not _of(before, nothing).equals(_of(told, nothing)):
        before = told
        owing = _as_owed(
            pairs, Repeats(*(pl.concat(both) for both in zip(first, told, strict=True)))
        )
        told = weigh(owing, given, owned, _without_owing(owing, orders))
    return told


def _of(repeats: Repeats, lines: pl.Series) -> pl.DataFrame:
    """Return the days and units that are due of some of the lines billed twice."""
    twice = repeats.twice.filter(among("line_id", lines)).select("line_id", units="units_due")
    pieces = repeats.pieces.filter(among("line_id", lines))
    both = pl.concat([twice, pieces], how="diagonal")
    return both.sort("line_id", "piece_from", nulls_last=False)


def _as_owed(pairs: pl.DataFrame, told: Repeats) -> pl.DataFrame:
    """Cut what lines of 0.00 have of later ones to the days and units that are due of them."""
    cut = (pl.col("amount_before") == 0) & among("line_id_before", told.twice["line_id"])
    exact = pl.col("charge_class").is_in(EXACT)
    units = told.twice.select(line_id_before="line_id", left="units_due")
    pieces = told.pieces.rename({"line_id": "line_id_before", "units": "left"})
    few = pairs.filter(cut)
    keyed = few.filter(exact).join(units, on="line_id_before")
    dated = (
        few.filter(~exact)
        .join(pieces, on="line_id_before")
        .with_columns(
            starts_shared=pl.max_horizontal("starts_shared", "piece_from"),
            ends_shared=pl.min_horizontal("ends_shared", "piece_until"),
        )
        .filter(pl.col("starts_shared") < pl.col("ends_shared"))
    )
    owed = [part.with_columns(units_before="left").select(pairs.columns) for part in (keyed, dated)]
    return pl.concat([pairs.filter(~cut), *owed])


def _without_owing(pairs: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Return what is left of orders where lines of 0.00 use them too."""
    used = (
        pairs.filter(pl.col("charge_class") == "one_time", pl.col("amount_before") == 0)
        .group_by("line_id")
        .agg(used=pl.col("units_before").sum())
    )
    left = pl.col("units_left") - pl.col("used").fill_null(0)
    return orders.join(used, on="line_id", how="left").with_columns(
        units_left=pl.max_horizontal(left, pl.lit(0)).cast(RATE)
    )
