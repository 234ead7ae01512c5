"""What lines share of their days, and money that lies on days and is spent once.

Money of a line lies on its days as the months of its period do: a day is the part of a month that
the contract's convention makes it.
"""

from __future__ import annotations

import polars as pl

from invoices.money import divide_half_away, micros
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


def of_unit() -> pl.Expr:
    """Return what a millionth of a unit costs: `worth` of all `units`, which is a multiple of it.

    Sums of units and parts of months are weighed by it, so that no number grows too large.
    """
    return pl.col("worth") // pl.max_horizontal(micros(pl.col("units")), pl.lit(1))


def each_day(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines once for each `day` of [starts, ends); one without days has one null day."""
    days = pl.date_ranges("starts", "ends", closed="left")
    day = pl.when(pl.col("starts").is_null()).then(pl.concat_list(_NO_DAY)).otherwise(days)
    return lines.with_columns(day=day).explode("day")


def on_days(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines once for each of their days, with `parts`: what of a month the day is.

    `lines` have starts, ends (null: a line without days has one null day), bill_day, proration. If
    the convention makes none of its days count (30th of 31), they count alike. Thirty-day months::

        starts  ends       day    parts
        02-27   03-01  ->  02-27  1/30
                           02-28  3/30
    """
    rows = each_day(lines.with_row_index("_line")).lazy()
    parts = pl.col("parts").fill_null(0)
    return (
        with_day_parts(rows, "day", "parts")
        .with_columns(parts=pl.when(parts.sum().over("_line") > 0).then(parts).otherwise(1))
        .drop("_line")
        .collect()
    )


def spend_in_turns(asked: pl.DataFrame) -> pl.DataFrame:
    """Return what takers take of money on days, one after the other: [taker, taken, lacking].

    `asked` has a row for each day of a giver that a taker reaches: turn, taker, giver (the first
    gives first), day, want (cents, all that the taker takes up to this turn), owed (cents that are
    to be there for it, or null; what is `lacking` of them it does not take), lies (parts of a cent,
    what the giver has there that is for this taker and those before). What is taken of a giver is
    taken of all days in proportion. 10.00 lie on ten days; B and C reach five each::

        turn  taker  want  owed      taken  lacking
        1     B      6.00  -     ->  5.00   -
        2     C      3.00  6.00  ->  2.00   1.00
    """
    place, zero = ["giver", "day"], pl.lit(0, dtype=pl.Int128)
    gone = asked.select(place).unique().with_columns(gone=zero)
    none = pl.lit(None, dtype=pl.Int128)
    had = asked.select("taker").unique().with_columns(taken=zero, lacking=none)
    for _, turn in asked.sort("turn").group_by("turn", maintain_order=True):
        reached = turn.join(gone, on=place, nulls_equal=True).with_columns(
            left=pl.max_horizontal(pl.col("lies") - pl.col("gone"), zero)
        )
        taken = _taken(reached, had)
        step = pl.col("left") * (pl.col("more") * FINE) // pl.max_horizontal("there", 1)
        steps = reached.join(taken, on=["taker", "giver"]).group_by(place).agg(step=step.sum())
        gone = (
            gone.join(steps, on=place, how="left", nulls_equal=True)
            .with_columns(gone=pl.col("gone") + pl.col("step").fill_null(0))
            .drop("step")
        )
        more = taken.group_by("taker").agg(pl.col("more").sum(), found=pl.col("lacking").first())
        had = had.join(more, on="taker", how="left").select(
            "taker",
            taken=pl.col("taken") + pl.col("more").fill_null(0),
            lacking=pl.coalesce("found", "lacking"),
        )
    return had


def _taken(reached: pl.DataFrame, had: pl.DataFrame) -> pl.DataFrame:
    """Return what takers take of each giver: [taker, giver, there, more, lacking].

    `reached` are the days of one turn with what is `left` of them; `had`, what was taken before.
    """
    zero = pl.lit(0, dtype=pl.Int128)
    everything = pl.col("whole").sum().over("taker")
    before = pl.col("whole").cum_sum().over("taker", order_by="giver") - pl.col("whole")
    lacking = pl.max_horizontal(pl.col("owed") - everything, zero)
    wants = pl.col("want") - pl.col("taken") - pl.col("lacking").fill_null(0)
    return (
        reached.group_by("taker", "giver")
        .agg(
            pl.col("want", "owed").first(),
            there=pl.col("left").sum(),
            whole=in_cents(pl.col("left")),
        )
        .join(had.select("taker", "taken"), on="taker")
        .with_columns(before=before, lacking=pl.when(pl.col("owed").is_not_null()).then(lacking))
        .with_columns(more=pl.min_horizontal(wants - pl.col("before"), "whole"))
        .select("taker", "giver", "there", "lacking", more=pl.max_horizontal("more", zero))
    )
