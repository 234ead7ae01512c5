"""Whole cents spread over lines in proportion, so that the parts are the whole."""

from __future__ import annotations

import polars as pl

_ONE = pl.lit(1, dtype=pl.Int128)


def by_largest_remainder(
    lines: pl.DataFrame, group: list[str], weight: str, total: str, name: str
) -> pl.DataFrame:
    """Add `name`: what of the `total` of its group (cents) falls to a line by its `weight`.

    Columns are Int128. The largest remainder has the odd cent, of equals the lower line_no; where
    nothing has a weight, nothing is spread. 5000 over three lines::

        line_no  weight      share
        1        2000    ->  1667
        2        2000    ->  1667
        3        2000    ->  1666
    """
    weights = pl.col(weight).sum().over(group)
    bottom = pl.max_horizontal("_weights", _ONE)
    part = pl.col(weight) * pl.col(total)
    left = (pl.col(total) - pl.col("_floor").sum().over(group)).cast(pl.Int64)
    turn = pl.int_range(pl.len()).over(group, order_by=[pl.col("_rest") * -1, "line_no", "line_id"])
    share = pl.col("_floor") + pl.when(pl.col("_turn") < pl.col("_left")).then(1).otherwise(0)
    return (
        lines.with_columns(_weights=weights)
        .with_columns(_floor=part // bottom, _rest=part % bottom)
        .with_columns(_left=left, _turn=turn)
        .with_columns(
            pl.when(pl.col("_weights") > 0)
            .then(share)
            .otherwise(pl.lit(0, dtype=pl.Int128))
            .alias(name)
        )
        .drop("_weights", "_floor", "_rest", "_left", "_turn")
    )
