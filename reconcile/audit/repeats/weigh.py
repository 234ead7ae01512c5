"""What of charges earlier ones bill already: weighed day by day, or by what makes them the same.

Rules: `docs/DECISIONS.md` 20 and the duplicates of the findings page.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from invoices.periods import add_days
from invoices.schema import CENTS, RATE, among, columns_of
from reconcile.audit.repeats.credited import credited_money
from reconcile.audit.repeats.shared_days import each_day, is_held
from reconcile.audit.repeats.undone_charges import EXACT

_ITEM = ["service", "usoc"]
PIECES = pl.Schema(
    {"line_id": pl.String(), "piece_from": pl.Date(), "piece_until": pl.Date(), "units": RATE}
)
TWICE = pl.Schema(
    {
        "line_id": pl.String(),
        "twin": pl.String(),  # the first earlier line that bills the same
        "units_due": RATE,  # for classes without days
        "credited": CENTS,  # of what is billed again, what was credited as money
    }
)


class Repeats(NamedTuple):
    """Lines billed twice (`TWICE`); the days and units still due of the dated ones (`PIECES`)."""

    twice: pl.DataFrame
    pieces: pl.DataFrame


NONE = Repeats(pl.DataFrame(schema=TWICE), pl.DataFrame(schema=PIECES))


def weigh(
    pairs: pl.DataFrame, given: pl.DataFrame, owned: pl.LazyFrame, orders: pl.DataFrame
) -> Repeats:
    """Return what lines bill a second time, given the earlier ones they are paired with."""
    if pairs.is_empty():
        return NONE
    exact = pl.col("charge_class").is_in(EXACT)
    lines, pieces = _by_days(pairs.filter(~exact), given, owned)
    keyed = _by_key(pairs.filter(exact), orders)
    found = pl.concat([lines.with_columns(units_due=pl.lit(None, dtype=RATE)), keyed])
    twin = pl.col("line_id_before").sort_by("place_before").first()
    # What other documents bill of a package is weighed by its days: such a repeat takes no money.
    here = (pl.col("document") == pl.col("document_before")).any().over("line_id")
    told = found.join(pairs.filter(here | ~pl.col("packaged")), on="line_id", how="semi")
    twice = (
        found.join(pairs.group_by("line_id").agg(twin=twin), on="line_id", how="left")
        .join(credited_money(given, told, pieces), on="line_id", how="left", maintain_order="left")
        .select(columns_of(TWICE))
    )
    return Repeats(twice, pieces)


def _by_days(
    pairs: pl.DataFrame, given: pl.DataFrame, owned: pl.LazyFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Weigh overlapping periods: days on which more is billed than the service has.

    Returns the lines billed twice and, for each, the days and units that are still due. Of what
    earlier lines bill, what credits gave back is `given`. Where the inventory says nothing, the
    service has what was billed first. A line bills 2 units, an earlier one 1 up to the 3rd; the
    service has 2::

        day    units  before  has      due
        06-01  2      1       2    ->  1
        06-02  2      1       2    ->  1
        06-03  2      null    2    ->  2
    """
    later = pairs.select(
        "line_id", "carrier", *_ITEM, "family_class", "units", "starts", "ends", "disconnected_on"
    ).unique("line_id")
    days = each_day(later)
    room = pl.coalesce("has", "most") - pl.col("before")
    due = (
        pl.when(pl.col("before").is_null())
        .then("units")
        .otherwise(pl.max_horizontal(pl.min_horizontal(room, "units"), pl.lit(0)))
    )
    daily = (
        days.join(_units_before(pairs, given), on=["line_id", "day"], how="left")
        .join(_owned_on(days, later, owned), on=["line_id", "day"], how="left")
        .with_columns(due=due.cast(RATE))
        .filter((pl.col("due") < pl.col("units")).any().over("line_id"))
    )
    return daily.select("line_id").unique(), _runs(daily)


def _units_before(pairs: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Return the units earlier lines bill on each day of a line, less what was credited.

    [line_id, day, before, most: the most that one of them bills].
    """
    back = given.join(
        pairs.select("line_id", "line_id_before"), on=["line_id", "line_id_before"], how="semi"
    )
    both = pl.concat(
        [
            pairs.select(
                "line_id", starts="starts_shared", ends="ends_shared", units="units_before"
            ),
            back.select(
                "line_id",
                starts=pl.max_horizontal("starts", "starts_shared"),
                ends=pl.min_horizontal("ends", "ends_shared"),
                units=-pl.col("units_back").cast(RATE),
            ).filter(pl.col("starts") < pl.col("ends")),
        ]
    )
    return (
        each_day(both)
        .group_by("line_id", "day")
        .agg(before=pl.col("units").sum(), most=pl.col("units").max())
    )


def _owned_on(days: pl.DataFrame, later: pl.DataFrame, owned: pl.LazyFrame) -> pl.DataFrame:
    """Return how many units the service has on each day of a line: [line_id, day, has]."""
    mine = owned.filter(among("service", later["service"].unique())).collect()
    return (
        days.filter(pl.col("family_class") == "recurring")
        .join(mine, on=_ITEM, suffix="_owned")
        .filter(
            is_held(),
            (pl.col("carrier_owned") == pl.col("carrier")).fill_null(True),
        )
        .group_by("line_id", "day")
        # An inventory may list the elements of a package beside it: the larger count holds.
        .agg(has=pl.col("units_owned").max())
    )


def _runs(daily: pl.DataFrame) -> pl.DataFrame:
    """Join days with the same units due into pieces."""
    run = pl.struct("line_id", "due").rle_id()
    return (
        daily.sort("line_id", "day")
        .with_columns(run=run)
        .group_by("run")
        .agg(
            pl.col("line_id").first(),
            piece_from=pl.col("day").min(),
            piece_until=pl.col("day").max(),
            units=pl.col("due").first(),
        )
        .filter(pl.col("units") > 0)
        .with_columns(piece_until=add_days(pl.col("piece_until"), 1))
        .select(columns_of(PIECES))
    )


def _by_key(pairs: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Weigh charges that are the same or not: usage, taxes, and one-time charges by their order."""
    units = pl.col("units_left").fill_null(0)
    # What an order still carries is due; usage and taxes have nothing left to carry them.
    return (
        pairs.select("line_id", "units")
        .unique("line_id")
        .join(orders.select("line_id", "units_left"), on="line_id", how="left")
        .with_columns(units_due=pl.min_horizontal(units, "units").cast(RATE))
        .filter(pl.col("units_due") < pl.col("units"))
        .select("line_id", "units_due")
    )
