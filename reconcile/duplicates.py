"""Charges billed twice: what of a line an earlier line already bills, and is not credited.

Rules: `docs/DECISIONS.md` 20 and the duplicates of the findings page. A cheap pass over hashed keys
says which keys can hold a duplicate at all; only their lines are weighed, pair by pair and, for
periods, day by day.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from invoices.periods import add_days, add_months
from invoices.schema import CENTS, RATE
from reconcile.orders import DOCUMENT_ORDER

DATED = {"recurring": "recurring", "prorated": "recurring", "surcharge": "surcharge"}
"""Classes whose periods overlap day by day; recurring and prorated are one."""
_KEY = ["family_class", "service", "usoc", "same"]

PIECES = pl.Schema(
    {"line_id": pl.String(), "piece_from": pl.Date(), "piece_until": pl.Date(), "units": RATE}
)
TWICE = pl.Schema(
    {
        "line_id": pl.String(),
        "twin": pl.String(),  # the first earlier line that bills the same
        "units_due": RATE,  # for classes without days
        "not_credited": CENTS,  # bounds the stake where an earlier charge is credited in part
    }
)


class Duplicates(NamedTuple):
    """Lines billed twice (`TWICE`); the days and units still due of the dated ones (`PIECES`)."""

    twice: pl.DataFrame
    pieces: pl.DataFrame


def columns(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return the few columns of priced lines that duplicates are looked for in."""
    undated_surcharge = (pl.col("charge_class") == "surcharge") & pl.col("period_from").is_null()
    start = pl.when(undated_surcharge).then("bill_date").otherwise("period_from")
    end = pl.when(undated_surcharge).then("bill_date").otherwise("period_until")
    order = pl.coalesce("order_used", "order_no")
    units = pl.col("quantity").fill_null(1).abs().cast(RATE)
    exact = (
        pl.when(pl.col("charge_class") == "usage")
        .then(pl.format("{}/{}/{}", start, end, pl.col("quantity")))
        .when(pl.col("charge_class") == "tax")
        .then(
            pl.format(
                "{}/{}/{}/{}", start, end, pl.col("description").fill_null(""), pl.col("amount")
            )
        )
        .when(pl.col("charge_class") == "one_time")
        .then(pl.lit("order ") + order)
        .otherwise(pl.lit(""))
    )
    return lines.filter(pl.col("service").is_not_null(), pl.col("usoc").is_not_null()).select(
        *DOCUMENT_ORDER,
        "service",
        "usoc",
        "package",
        "charge_class",
        "amount",
        order=order,
        units=units,
        family_class=pl.col("charge_class").replace(DATED),
        same=exact,
        starts=start,
        ends=pl.when(end > start).then(end).otherwise(add_days(start, 1)),
    )


def find(
    lines: pl.LazyFrame,
    history: pl.LazyFrame,
    owned: pl.LazyFrame,
    orders: pl.DataFrame,
    lookback: pl.DataFrame,
) -> Duplicates:
    """Return what of tonight's `lines` is billed already, on this or an earlier document.

    `lines` and `history` come from `columns`; `owned` has service, usoc, units, active_from,
    active_until (inventory and packages); `orders` the units left of each one-time line's order
    (`reconcile.orders.assign`); `lookback` the bill_date and how far back to look from it.
    """
    empty = Duplicates(pl.DataFrame(schema=TWICE), pl.DataFrame(schema=PIECES))
    pool = _pool(lines, history)
    if pool.is_empty():
        return empty
    pairs = _pairs(pool, lookback)
    if pairs.is_empty():
        return empty
    pairs = _uncredited(pairs, pool)
    dated, exact = pairs.filter(pl.col("same") == ""), pairs.filter(pl.col("same") != "")
    return _merge(_by_days(dated, owned), _by_key(exact, orders), pairs)


def _pool(lines: pl.LazyFrame, history: pl.LazyFrame) -> pl.DataFrame:
    """Return the lines of every key that could hold a duplicate, tonight's marked `tonight`."""
    hashed = pl.struct(_KEY).hash().alias("key_hash")
    charge = pl.col("amount") > 0
    # A one-time charge is told apart by its order, whether or not it has a date.
    told = pl.col("starts").is_not_null() | (pl.col("charge_class") == "one_time")
    useful = charge & told & pl.col("same").is_not_null()
    comparable = pl.col("charge_class").is_in([*DATED, "usage", "tax", "one_time"])
    tonight = lines.filter(useful, comparable).with_columns(hashed)
    small = tonight.select("key_hash", "starts", "ends", "same").collect()
    keys = small["key_hash"].unique().implode()
    past = history.filter(useful, comparable).with_columns(hashed)
    before = past.filter(pl.col("key_hash").is_in(keys)).select(small.columns).collect()
    both = pl.concat([small, before]).sort("key_hash", "starts", nulls_last=True)
    meets_next = (pl.col("key_hash") == pl.col("key_hash").shift(-1)) & (
        (pl.col("same") != "") | (pl.col("starts").shift(-1) < pl.col("ends"))
    )
    suspects = both.filter(meets_next.fill_null(False))["key_hash"].unique().implode()
    named = [
        frame.filter(pl.col("key_hash").is_in(suspects))
        .with_columns(tonight=pl.lit(mark))
        .collect()
        for frame, mark in ((tonight, True), (past, False))
    ]
    services = pl.concat(named)["service"].unique().implode()
    credits = [
        frame.filter(pl.col("amount") < 0, pl.col("service").is_in(services))
        .with_columns(hashed, tonight=pl.lit(mark))
        .collect()
        for frame, mark in ((lines, True), (history, False))
    ]
    return (
        pl.concat([*named, *credits])
        .sort(DOCUMENT_ORDER)
        .with_row_index("place")
        .with_columns(document=pl.struct("bill_date", "invoice_no").rle_id())
    )


def _pairs(pool: pl.DataFrame, lookback: pl.DataFrame) -> pl.DataFrame:
    """Return each of tonight's charges with every earlier charge that bills the same."""
    charges = pool.filter(pl.col("amount") > 0)
    reach = lookback.select("bill_date", since=add_months(pl.col("bill_date"), -pl.col("months")))
    overlap = (pl.col("same") != "") | (
        (pl.col("starts_before") < pl.col("ends")) & (pl.col("ends_before") > pl.col("starts"))
    )
    return (
        charges.filter("tonight")
        .join(charges, on=_KEY, suffix="_before")
        .filter(pl.col("place_before") < pl.col("place"), overlap)
        .join(reach, on="bill_date", how="left")
        .filter(pl.col("bill_date_before") >= pl.col("since"))
    )


def _uncredited(pairs: pl.DataFrame, pool: pl.DataFrame) -> pl.DataFrame:
    """Drop earlier charges that credits undo; add how much of each is credited."""
    credits = pool.filter(pl.col("amount") < 0).select(
        "service",
        "usoc",
        credit=-pl.col("amount"),
        credit_from="starts",
        credit_until="ends",
        credit_document="document",
        credited_on="bill_date",
        credit_order="order",
    )
    pair = ["line_id", "line_id_before"]
    overlap = (pl.col("credit_from") < pl.col("ends_before")) & (
        pl.col("credit_until") > pl.col("starts_before")
    )
    # A credit of a one-time charge is told by its order, or by nothing but service and code.
    same_order = pl.col("credit_order").is_null() | (pl.col("credit_order") == pl.col("order"))
    overlap = pl.when(pl.col("charge_class") == "one_time").then(same_order).otherwise(overlap)
    given = (
        pairs.join(credits, on=["service", "usoc"])
        .filter(
            overlap.fill_null(False),
            pl.col("credit_document") <= pl.col("document"),
            pl.col("credited_on") >= pl.col("bill_date_before"),
        )
        .group_by(pair)
        .agg(pl.col("credit").sum())
    )
    amount = pl.col("amount_before")
    earlier = (amount.cum_sum() - amount).over("line_id", order_by="place_before")
    left = pl.max_horizontal(pl.col("credit") - earlier, pl.lit(0).cast(CENTS))
    return (
        pairs.join(given, on=pair, how="left")
        .with_columns(pl.col("credit").fill_null(0))
        .with_columns(credited=pl.min_horizontal(left, amount).cast(CENTS))
        .filter(pl.col("credited") < amount)
    )


def _by_days(pairs: pl.DataFrame, owned: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Weigh overlapping periods: days on which more is billed than the service has.

    Returns the lines billed twice and, for each, the days and units that are still due.
    """
    later = pairs.select("line_id", "service", "usoc", "units", "starts", "ends").unique("line_id")
    last = pl.date_ranges("starts", "ends", closed="left").alias("day")
    days = later.with_columns(last).explode("day")
    billed = (
        pairs.select(
            "line_id",
            pl.col("units_before"),
            starts=pl.max_horizontal("starts", "starts_before"),
            ends=pl.min_horizontal("ends", "ends_before"),
        )
        .with_columns(last)
        .explode("day")
        .group_by("line_id", "day")
        .agg(before=pl.col("units_before").sum())
    )
    mine = owned.filter(pl.col("service").is_in(later["service"].unique().implode())).collect()
    has = (
        days.join(mine, on=["service", "usoc"], suffix="_owned")
        .filter(
            pl.col("active_from").is_null() | (pl.col("active_from") <= pl.col("day")),
            pl.col("active_until").is_null() | (pl.col("day") < pl.col("active_until")),
        )
        .group_by("line_id", "day")
        # An inventory may list the elements of a package beside it: the larger count holds.
        .agg(has=pl.col("units_owned").max())
    )
    room = pl.col("has").fill_null(0) - pl.col("before")
    due = (
        pl.when(pl.col("before").is_null())
        .then("units")
        .otherwise(pl.max_horizontal(pl.min_horizontal(room, "units"), pl.lit(0)))
    )
    daily = (
        days.join(billed, on=["line_id", "day"], how="left")
        .join(has, on=["line_id", "day"], how="left")
        .with_columns(due=due.cast(RATE))
        .filter((pl.col("due") < pl.col("units")).any().over("line_id"))
    )
    return daily.select("line_id").unique(), _runs(daily)


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
        .select(pl.col(name).cast(dtype) for name, dtype in PIECES.items())
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


def _merge(
    dated: tuple[pl.DataFrame, pl.DataFrame], exact: pl.DataFrame, pairs: pl.DataFrame
) -> Duplicates:
    lines, pieces = dated
    uncredited = (pl.col("amount_before") - pl.col("credited")).sum()
    told = pairs.group_by("line_id").agg(
        twin=pl.col("line_id_before").sort_by("place_before").first(),
        not_credited=pl.when(pl.col("credited").sum() > 0).then(uncredited),
    )
    twice = (
        pl.concat([lines.with_columns(units_due=pl.lit(None, dtype=RATE)), exact])
        .join(told, on="line_id", how="left")
        .select(pl.col(name).cast(dtype) for name, dtype in TWICE.items())
    )
    return Duplicates(twice, pieces)
