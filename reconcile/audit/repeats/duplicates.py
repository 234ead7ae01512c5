"""Charges billed twice: what of a line an earlier line already bills, and is not credited.

Rules: `docs/DECISIONS.md` 20 and the duplicates of the findings page. A cheap pass over hashed keys
says which keys can hold a duplicate at all; only their lines are weighed, pair by pair and, for
periods, day by day.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from invoices.money import EXACT_PER_CENT, MONTH_PARTS, micros
from invoices.periods import add_days, add_months, period_end
from invoices.schema import CENTS, RATE, among, columns_of
from reconcile.audit.repeats.credited import credited_money, uncredited
from reconcile.audit.repeats.shared_days import bill_day, is_held
from reconcile.audit.repeats.undone_charges import DATED, DOCUMENT_ORDER, EXACT, stands
from reconcile.schema import UNITED

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
        "credited": CENTS,  # of what is billed again, what was credited as money
    }
)
PAIRS = pl.Schema(
    {
        "line_id": pl.String(),
        "line_id_before": pl.String(),  # an earlier line of the same element
        "place": pl.UInt32(),  # of the line, in document order
        "place_before": pl.UInt32(),
        "service": pl.String(),
        "usoc": pl.String(),
        "units": RATE,
        "same_document": pl.Boolean(),
        "starts": pl.Date(),  # the days of the line; null where its class has none
        "ends": pl.Date(),
        "units_before": RATE,
        # And those of the earlier one on which it is in service: none if they do not begin before.
        "starts_before": pl.Date(),
        "ends_before": pl.Date(),
        "bill_day_before": pl.Int64(),
        "proration_before": pl.String(),
    }
)


class Repeats(NamedTuple):
    """Lines billed twice (`TWICE`); the days and units still due of the dated ones (`PIECES`)."""

    twice: pl.DataFrame
    pieces: pl.DataFrame


class Duplicates(NamedTuple):
    """What earlier lines already bill of tonight's, and what they already make due.

    `billed` says what bears money a second time. `due` has the few lines of which a line of 0.00
    has a part that is due already: they are judged by `billed`, and due for what `due` leaves.
    `pairs` (`PAIRS`) are the lines, whenever they were audited, with earlier ones of the same.
    """

    billed: Repeats
    due: Repeats
    pairs: pl.DataFrame
    ever_billed: Repeats
    """`billed` and `due` of lines whenever they were audited."""
    ever_due: Repeats


NONE = Repeats(pl.DataFrame(schema=TWICE), pl.DataFrame(schema=PIECES))


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
    parts = pl.col("fraction_parts").fill_null(MONTH_PARTS).cast(pl.Int128)
    worth = micros(pl.col("buy_rate")) * micros(pl.col("quantity").fill_null(1)) * parts
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
        "quantity",
        "installed_on",
        "disconnected_on",
        "period_until",
        bill_day=bill_day(),
        packaged=pl.col("package").is_not_null() & pl.col("buy_rate").is_not_null(),
        # A line of 0.00 makes no other a repeat; but where a rate is in force, it is due.
        owing=(pl.col("amount") == 0)
        & (worth >= EXACT_PER_CENT // 2)
        & pl.col("package").is_null()
        & kind.is_in(UNITED),
        worth=worth,
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
        ends=period_end(start, end),
    )


def find(
    lines: pl.LazyFrame,
    history: pl.LazyFrame,
    owned: pl.LazyFrame,
    orders: pl.DataFrame,
    rules: pl.DataFrame,
) -> Duplicates:
    """Return what of tonight's `lines` is billed already, on this or an earlier document.

    `lines` and `history` come from `columns`; `owned` has carrier (null = any), service, usoc,
    units, active_from, active_until (elements, and what is in packages of a carrier, which has no
    dates); `orders` the units left of each one-time line's order (`reconcile.audit.orders.assign`);
    `rules` the settings of each contract (contract, proration, backbill_limit_months,
    disconnect_grace_days).
    """
    pool = _pool(lines, history, rules)
    pairs = _pairs(pool)
    if pairs.is_empty():
        return Duplicates(NONE, NONE, pl.DataFrame(schema=PAIRS), NONE, NONE)
    pairs, given = uncredited(pairs, pool)
    bearing = pairs.filter(pl.col("amount_before") > 0)
    owing = pairs.filter((pl.col("amount_before") == 0).any().over("line_id"))
    tonight = pool.filter("tonight").select("line_id")
    ever_billed = _repeats(bearing, given, owned, orders)
    ever = ever_billed, _owing(owing, ever_billed, given, owned, orders)
    billed, due = (
        Repeats(*(part.join(tonight, on="line_id", how="semi") for part in repeats))
        for repeats in ever
    )
    return Duplicates(billed, due, pairs.pipe(_told), *ever)


def _told(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return pairs for those who ask what lines of one element have of each other (`PAIRS`)."""
    dated = ~pl.col("charge_class").is_in(EXACT)
    grace = pl.col("disconnect_grace_days_before").fill_null(0)
    last = add_days(pl.col("disconnected_on_before"), grace)
    return pairs.with_columns(
        same_document=pl.col("document") == pl.col("document_before"),
        starts=pl.when(dated).then("starts"),
        ends=pl.when(dated).then("ends"),
        starts_before=pl.when(dated).then(
            pl.max_horizontal("starts_before", "installed_on_before")
        ),
        ends_before=pl.when(dated).then(pl.min_horizontal("ends_before", last)),
    ).select(columns_of(PAIRS))


def _repeats(
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


def _owing(
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
        told = _repeats(owing, given, owned, _without_owing(owing, orders))
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
    keyed = few.filter(exact).join(units, on="line_id_before").filter(pl.col("left") > 0)
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


def _pool(lines: pl.LazyFrame, history: pl.LazyFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """Return all lines of every service and code that could hold a duplicate, tonight's marked.

    The first pass is over hashes: 24 bytes a line. `stands` says whether a line can make another a
    repeat: not one that is itself wholly at stake, nor one of 0.00 that owes nothing.
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
    # A period may hold several others: each is held against all that began before it.
    reach = pl.col("ends").cum_max().shift().over("key")
    meets = (pl.col("key") == pl.col("key").shift()) & (
        pl.col("exact") | (pl.col("starts") < reach)
    )
    items = both.filter(meets.fill_null(False))["item"].unique()
    named = [
        frame.filter(among(pl.struct(_ITEM).hash(), items))
        .with_columns(tonight=pl.lit(mark))
        .collect()
        for frame, mark in ((lines, True), (history, False))
    ]
    return (
        pl.concat(named)
        .filter(pl.col("tonight").any().over(_ITEM))
        .join(rules, on="contract", how="left")
        .sort(DOCUMENT_ORDER)
        .with_row_index("place")
        .with_columns(
            document=pl.struct("bill_date", "invoice_no").rle_id(),
            stands=stands() & ((pl.col("amount") > 0) | pl.col("owing").fill_null(False)),
        )
    )


def _pairs(pool: pl.DataFrame) -> pl.DataFrame:
    """Return each charge with every earlier charge that bills the same, and the days they share."""
    charges = pool.filter("comparable")
    months = pl.max_horizontal(pl.col("backbill_limit_months").fill_null(12), pl.lit(12))
    reach = add_months(pl.col("bill_date"), -months)
    overlap = pl.col("charge_class").is_in(EXACT) | (
        (pl.col("starts_before") < pl.col("ends")) & (pl.col("ends_before") > pl.col("starts"))
    )
    return (
        charges.join(charges.filter("stands"), on=_KEY, suffix="_before", nulls_equal=True)
        .filter(pl.col("place_before") < pl.col("place"), overlap)
        .filter(pl.col("bill_date_before") >= reach)
        .with_columns(
            proration_before=pl.col("proration_before").fill_null("thirty_day_month"),
            starts_shared=pl.max_horizontal("starts", "starts_before"),
            ends_shared=pl.min_horizontal("ends", "ends_before"),
        )
    )


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
    days = later.with_columns(_EACH_DAY).explode("day")
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


_EACH_DAY = pl.date_ranges("starts", "ends", closed="left").alias("day")


def _units_before(pairs: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Return the units earlier lines bill on each day of a line, less what was credited.

    [line_id, day, before, most: the most that one of them bills].
    """
    days = ["line_id", "starts_shared", "ends_shared"]
    back = given.join(
        pairs.select("line_id", "line_id_before"), on=["line_id", "line_id_before"], how="semi"
    )
    both = pl.concat(
        [
            pairs.select(*days, units="units_before"),
            back.select(
                "line_id",
                pl.max_horizontal("starts", "starts_shared").alias("starts_shared"),
                pl.min_horizontal("ends", "ends_shared").alias("ends_shared"),
                units=-pl.col("units_back").cast(RATE),
            ).filter(pl.col("starts_shared") < pl.col("ends_shared")),
        ]
    )
    each_day = pl.date_ranges("starts_shared", "ends_shared", closed="left").alias("day")
    return (
        both.with_columns(each_day)
        .explode("day")
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
