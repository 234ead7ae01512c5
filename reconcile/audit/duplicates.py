"""Charges billed twice: what of a line an earlier line already bills, and is not credited.

Rules: `docs/DECISIONS.md` 20 and the duplicates of the findings page. A cheap pass over hashed keys
says which keys can hold a duplicate at all; only their lines are weighed, pair by pair and, for
periods, day by day.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from invoices.periods import add_days, add_months
from invoices.schema import CENTS, RATE, among, columns_of
from reconcile.audit.undone_charges import COLUMNS, DOCUMENT_ORDER, allocate

DATED = ("recurring", "prorated", "surcharge")
"""Classes whose periods overlap day by day; recurring and prorated are one."""
EXACT = ("usage", "tax", "one_time")
"""Classes whose charges are the same or not."""
_SAME = ["same_from", "same_until", "same_units", "same_text", "same_amount"]
"""What two usage lines or taxes must share, and two one-time charges: their order (the text)."""
_ITEM = ["service", "usoc"]
_KEY = ["family_class", *_ITEM, *_SAME]

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
    """Return the few columns of priced lines that duplicates are looked for in.

    `comparable` says whether the line can repeat another: not a credit, and nothing that makes it
    the same is missing. No text is put together here: the pass goes over every line.
    """
    kind = pl.col("charge_class")
    usage, tax, one_time = kind == "usage", kind == "tax", kind == "one_time"
    undated = (kind == "surcharge") & pl.col("period_from").is_null()
    start = pl.when(undated).then("bill_date").otherwise("period_from")
    end = pl.when(undated).then("bill_date").otherwise("period_until")
    order = pl.coalesce("order_used", "order_no")
    told = (
        pl.when(one_time)
        .then(order.is_not_null())
        .otherwise(start.is_not_null() & (~usage | pl.col("quantity").is_not_null()))
    )
    return lines.filter(pl.col("service").is_not_null(), pl.col("usoc").is_not_null()).select(
        *DOCUMENT_ORDER,
        *_ITEM,
        "carrier",
        "contract",
        "charge_class",
        "amount",
        "disconnected_on",
        order=order,
        units=pl.col("quantity").fill_null(1).abs().cast(RATE),
        family_class=pl.when(kind == "prorated").then(pl.lit("recurring")).otherwise(kind),
        comparable=kind.is_in([*DATED, *EXACT]) & told & (pl.col("amount") >= 0),
        same_from=pl.when(usage | tax).then(start),
        same_until=pl.when(usage | tax).then(end),
        same_units=pl.when(usage).then("quantity"),
        same_text=pl.when(one_time).then(order).when(tax).then(pl.col("description").fill_null("")),
        same_amount=pl.when(tax).then("amount"),
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

    `lines` and `history` come from `columns`; `owned` has carrier (null = any), service, usoc,
    units, active_from, active_until (elements, and what is in packages of a carrier, which has no
    dates); `orders` the units left
    of each one-time line's order (`reconcile.audit.orders.assign`); `lookback` how many months each
    contract looks back (contract, months; at least 12).
    """
    pool = _pool(lines, history)
    pairs = _uncredited(_pairs(pool, lookback), pool)
    if pairs.is_empty():
        return Duplicates(pl.DataFrame(schema=TWICE), pl.DataFrame(schema=PIECES))
    exact = pl.col("charge_class").is_in(EXACT)
    dated = _by_days(pairs.filter(~exact), owned)
    return _merge(dated, _by_key(pairs.filter(exact), orders), pairs)


def _pool(lines: pl.LazyFrame, history: pl.LazyFrame) -> pl.DataFrame:
    """Return all lines of every service and code that could hold a duplicate, tonight's marked.

    The first pass is over hashes: 24 bytes a line.
    """
    exact = pl.col("charge_class").is_in(EXACT)
    hashes = pl.struct(_KEY).hash(), pl.struct(_ITEM).hash()
    small, past = (
        frame.filter("comparable").select(
            "starts", "ends", exact=exact, key=hashes[0], item=hashes[1]
        )
        for frame in (lines, history)
    )
    tonight = small.collect()
    before = past.filter(among("key", tonight["key"].unique())).collect()
    both = pl.concat([tonight, before]).sort("key", "starts", nulls_last=True)
    meets_next = (pl.col("key") == pl.col("key").shift(-1)) & (
        pl.col("exact") | (pl.col("starts").shift(-1) < pl.col("ends"))
    )
    items = both.filter(meets_next.fill_null(False))["item"].unique()
    named = [
        frame.filter(among(pl.struct(_ITEM).hash(), items))
        .with_columns(tonight=pl.lit(mark))
        .collect()
        for frame, mark in ((lines, True), (history, False))
    ]
    return (
        pl.concat(named)
        .sort(DOCUMENT_ORDER)
        .with_row_index("place")
        .with_columns(document=pl.struct("bill_date", "invoice_no").rle_id())
    )


def _pairs(pool: pl.DataFrame, lookback: pl.DataFrame) -> pl.DataFrame:
    """Return each of tonight's charges with every earlier charge that bills the same."""
    charges = pool.filter("comparable")
    reach = add_months(pl.col("bill_date"), -pl.col("months").fill_null(12))
    overlap = pl.col("charge_class").is_in(EXACT) | (
        (pl.col("starts_before") < pl.col("ends")) & (pl.col("ends_before") > pl.col("starts"))
    )
    return (
        charges.filter("tonight")
        .join(charges.filter(pl.col("amount") > 0), on=_KEY, suffix="_before", nulls_equal=True)
        .filter(pl.col("place_before") < pl.col("place"), overlap)
        .join(lookback, on="contract", how="left")
        .filter(pl.col("bill_date_before") >= reach)
    )


def _uncredited(pairs: pl.DataFrame, pool: pl.DataFrame) -> pl.DataFrame:
    """Drop earlier charges that credits undo; add how much of each is credited.

    What counts are credits on documents not later than that of the line that repeats the charge.
    """
    documents = pool.select("bill_date", "invoice_no", "document").unique()
    one_time = pl.col("charge_class") == "one_time"
    given = pl.concat(
        allocate(pool.filter(kind | (pl.col("amount") < 0)).select(COLUMNS))
        for kind in (one_time, ~one_time)
    ).join(
        documents,
        left_on=["credit_date", "credit_invoice"],
        right_on=["bill_date", "invoice_no"],
    )
    pair = ["line_id", "line_id_before"]
    credited = (
        pairs.select(*pair, "document")
        .join(
            given.select(line_id_before="line_id", credited="given", credit_document="document"),
            on="line_id_before",
        )
        .filter(pl.col("credit_document") <= pl.col("document"))
        .group_by(pair)
        .agg(pl.col("credited").sum())
    )
    return (
        pairs.join(credited, on=pair, how="left")
        .with_columns(pl.col("credited").fill_null(0).cast(CENTS))
        .filter(pl.col("credited") < pl.col("amount_before"))
    )


def _by_days(pairs: pl.DataFrame, owned: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Weigh overlapping periods: days on which more is billed than the service has.

    Returns the lines billed twice and, for each, the days and units that are still due. A line
    bills 2 units, an earlier one 1 up to the 3rd; the service has 2::

        day    units  before  has      due
        06-01  2      1       2    ->  1
        06-02  2      1       2    ->  1
        06-03  2      null    2    ->  2
    """
    later = pairs.select(
        "line_id", "carrier", *_ITEM, "family_class", "units", "starts", "ends", "disconnected_on"
    ).unique("line_id")
    days = later.with_columns(_EACH_DAY).explode("day")
    room = pl.col("has").fill_null(0) - pl.col("before")
    due = (
        pl.when(pl.col("before").is_null())
        .then("units")
        .otherwise(pl.max_horizontal(pl.min_horizontal(room, "units"), pl.lit(0)))
    )
    daily = (
        days.join(_billed_before(pairs), on=["line_id", "day"], how="left")
        .join(_owned_on(days, later, owned), on=["line_id", "day"], how="left")
        .with_columns(due=due.cast(RATE))
        .filter((pl.col("due") < pl.col("units")).any().over("line_id"))
    )
    return daily.select("line_id").unique(), _runs(daily)


_EACH_DAY = pl.date_ranges("starts", "ends", closed="left").alias("day")


def _billed_before(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return how many units earlier lines bill on each day of a line: [line_id, day, before]."""
    return (
        pairs.select(
            "line_id",
            pl.col("units_before"),
            starts=pl.max_horizontal("starts", "starts_before"),
            ends=pl.min_horizontal("ends", "ends_before"),
        )
        .with_columns(_EACH_DAY)
        .explode("day")
        .group_by("line_id", "day")
        .agg(before=pl.col("units_before").sum())
    )


def _owned_on(days: pl.DataFrame, later: pl.DataFrame, owned: pl.LazyFrame) -> pl.DataFrame:
    """Return how many units the service has on each day of a line: [line_id, day, has]."""
    mine = owned.filter(among("service", later["service"].unique())).collect()
    # What ends with its service is not fewer units: days after it are the disconnect's affair.
    with_service = (pl.col("active_until") >= pl.col("disconnected_on")).fill_null(False)
    in_service = (pl.col("active_from") < pl.col("disconnected_on")).fill_null(True)
    return (
        days.filter(pl.col("family_class") == "recurring")
        .join(mine, on=_ITEM, suffix="_owned")
        .filter(
            in_service,
            (pl.col("carrier_owned") == pl.col("carrier")).fill_null(True),
            pl.col("active_from").is_null() | (pl.col("active_from") <= pl.col("day")),
            pl.col("active_until").is_null()
            | (pl.col("day") < pl.col("active_until"))
            | with_service,
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
        .select(columns_of(TWICE))
    )
    return Duplicates(twice, pieces)
