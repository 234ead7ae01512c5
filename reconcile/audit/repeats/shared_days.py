"""What lines share of their days, and money that lies on days and is spent once.

Money of a line lies on its days as the months of its period do: a day is the part of a month that
the contract's convention makes it.
"""

from __future__ import annotations

import polars as pl

from invoices.money import divide_half_away
from invoices.periods import with_day_parts

FINE = 10**9
"""Money on days is counted in so many parts of a cent; a sum of days is rounded once."""
_NO_DAY = pl.lit(None, dtype=pl.Date)


def in_cents(lying: pl.Expr) -> pl.Expr:
    """Return the sum of parts of cents on days in cents, rounded once, half away from zero.

    Each part was cut off to a whole number: what that lost, less than one a day, is not to turn a
    half into less.
    """
    return divide_half_away(lying.fill_null(0).sum() + lying.count().cast(pl.Int128), FINE)


def in_service() -> pl.Expr:
    """Say whether `day` is in `[installed_on, window_until)`, open where one is null."""
    day = pl.col("day")
    return (pl.col("installed_on") <= day).fill_null(True) & (
        day < pl.col("window_until")
    ).fill_null(True)


def begins_in_service() -> pl.Expr:
    """Say whether an element begins before its service is disconnected, if it ever is."""
    return (pl.col("active_from") < pl.col("disconnected_on")).fill_null(True)


def is_held() -> pl.Expr:
    """Say whether an element's row holds `day`; one that ends with its service goes on.

    Days after a disconnect are the affair of that code.
    """
    with_service = (pl.col("active_until") >= pl.col("disconnected_on")).fill_null(False)
    return (
        begins_in_service()
        & (pl.col("active_from") <= pl.col("day")).fill_null(True)
        & ((pl.col("day") < pl.col("active_until")).fill_null(True) | with_service)
    )


def bill_day() -> pl.Expr:
    """Return the day the account bills on; of lines that do not know it, that of their date."""
    return pl.coalesce("bill_day", pl.col("bill_date").dt.day().cast(pl.Int64))


def on_days(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines once for each of their days, with `parts`: what of a month the day is.

    `lines` have starts, ends (null: a line without days has one null day), bill_day, proration. If
    the convention makes none of its days count (30th of 31), they count alike. Thirty-day months::

        starts  ends       day    parts
        02-27   03-01  ->  02-27  1/30
                           02-28  3/30
    """
    days = pl.date_ranges("starts", "ends", closed="left")
    rows = (
        lines.with_row_index("_line")
        .with_columns(
            day=pl.when(pl.col("starts").is_null()).then(pl.concat_list(_NO_DAY)).otherwise(days)
        )
        .explode("day")
        .lazy()
    )
    parts = pl.col("parts").fill_null(0)
    return (
        with_day_parts(rows, "day", "parts")
        .with_columns(parts=pl.when(parts.sum().over("_line") > 0).then(parts).otherwise(1))
        .drop("_line")
        .collect()
    )


def spend_in_turns(asked: pl.DataFrame) -> pl.DataFrame:
    """Return what takers take of money on days, one after the other: [taker, taken], in cents.

    `asked` has a row for each day of a giver that a taker reaches: turn, taker, giver, day, want
    (cents, all that the taker takes), lies (parts of a cent, what the giver has there that is for
    this taker and those before). What is taken is taken of all days in proportion. 10.00 lie on ten
    days; B and C reach five each::

        turn  taker  want      taken
        1     B      6.00  ->  5.00
        2     C      3.00  ->  3.00
    """
    place = ["giver", "day"]
    gone = asked.select(place).unique().with_columns(gone=pl.lit(0, dtype=pl.Int128))
    left = pl.max_horizontal(pl.col("lies") - pl.col("gone"), pl.lit(0))
    rows = [asked.clear().select("taker", taken="want")]
    for _, turn in asked.sort("turn").group_by("turn", maintain_order=True):
        reached = (
            turn.join(gone, on=place, nulls_equal=True)
            .with_columns(left=left)
            .with_columns(
                there=pl.col("left").sum().over("taker"),
                whole=in_cents(pl.col("left")).over("taker"),
            )
        )
        taken = pl.min_horizontal("want", "whole")
        spent = reached.with_columns(taken=taken).filter(pl.col("taken") > 0)
        step = pl.col("left") * (pl.col("taken") * FINE) // pl.col("there")
        steps = spent.group_by(place).agg(step=step.sum())
        gone = (
            gone.join(steps, on=place, how="left", nulls_equal=True)
            .with_columns(gone=pl.col("gone") + pl.col("step").fill_null(0))
            .drop("step")
        )
        rows.append(spent.select("taker", "taken").unique("taker"))
    return pl.concat(rows, how="vertical_relaxed")
