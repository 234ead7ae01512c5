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
from invoices.schema import RATE, among, columns_of
from reconcile.audit.repeats.credited import uncredited
from reconcile.audit.repeats.owed_at_nothing import owed_at_nothing
from reconcile.audit.repeats.shared_days import bill_day
from reconcile.audit.repeats.undone_charges import DATED, DOCUMENT_ORDER, EXACT, stands
from reconcile.audit.repeats.weigh import NONE, Repeats, weigh
from reconcile.schema import UNITED

_SAME = ["same_from", "same_until", "same_units", "same_text", "same_amount"]
"""What two usage lines or taxes must share, and two one-time charges: their order (the text)."""
_ITEM = ["service", "usoc"]
_KEY = ["family_class", *_ITEM, *_SAME]

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
        "bill_day": pl.Int64(),
        "proration": pl.String(),
        "worth": pl.Int128(),  # by the contract, in parts of a cent (EXACT_PER_CENT)
        "units_before": RATE,
        "worth_before": pl.Int128(),
        # And those of the earlier one on which it is in service: none if they do not begin before.
        "starts_before": pl.Date(),
        "ends_before": pl.Date(),
        "bill_day_before": pl.Int64(),
        "proration_before": pl.String(),
    }
)


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

    def line_ids(self) -> pl.Series:
        """Return the lines that others look at: those billed twice, and all that are in pairs."""
        told = [part["line_id"] for repeats in (self.billed, self.due) for part in repeats]
        return pl.concat([*told, self.pairs["line_id"], self.pairs["line_id_before"]])


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
    ever_billed = weigh(bearing, given, owned, orders)
    ever = ever_billed, owed_at_nothing(owing, ever_billed, given, owned, orders)
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
    items = _meeting(pl.concat([tonight, before]))
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


def _meeting(lines: pl.DataFrame) -> pl.Series:
    """Return the items of lines that share a key and a day with an earlier one, or just the key.

    `lines` have starts, ends, exact, key, item. A period may hold several others: each is held
    against all that began before it. So that no key needs a look of its own, days are counted on
    from key to key: what an earlier key reaches lies before all of the next::

        key  starts  ends      starts reached before
        A    06-01   07-01  -> A06-01 nothing
        A    06-15   06-20  -> A06-15 A07-01: they meet
        B    06-01   07-01  -> B06-01 A07-01
    """
    far = 2**32
    starts, ends = (pl.col(day).to_physical().cast(pl.Int64) for day in ("starts", "ends"))
    place = pl.col("key").cast(pl.Int128) * far + starts.fill_null(far // 2)
    ordered = lines.with_columns(place=place, starts=starts, ends=ends).sort("place")
    again = (pl.col("key") == pl.col("key").shift()).fill_null(False)
    ordered = ordered.with_columns(again=again, ahead=(~again).cum_sum().cast(pl.Int64) * far)
    reach = (pl.col("ahead") + pl.col("ends").fill_null(-far // 2)).cum_max().shift()
    meets = pl.col("exact") | (pl.col("ahead") + pl.col("starts") < reach)
    return ordered.filter(pl.col("again") & meets.fill_null(False))["item"].unique()


def _pairs(pool: pl.DataFrame) -> pl.DataFrame:
    """Return each charge with every earlier charge that bills the same, and the days they share."""
    charges = pool.filter("comparable").with_columns(chain=_chain())
    months = pl.max_horizontal(pl.col("backbill_limit_months").fill_null(12), pl.lit(12))
    reach = add_months(pl.col("bill_date"), -months)
    overlap = pl.col("charge_class").is_in(EXACT) | (
        (pl.col("starts_before") < pl.col("ends")) & (pl.col("ends_before") > pl.col("starts"))
    )
    return (
        charges.join(
            charges.filter("stands"), on=[*_KEY, "chain"], suffix="_before", nulls_equal=True
        )
        .drop("chain")
        .filter(pl.col("place_before") < pl.col("place"), overlap)
        .filter(pl.col("bill_date_before") >= reach)
        .with_columns(
            pl.col("proration", "proration_before").fill_null("thirty_day_month"),
            starts_shared=pl.max_horizontal("starts", "starts_before"),
            ends_shared=pl.min_horizontal("ends", "ends_before"),
        )
    )


def _chain() -> pl.Expr:
    """Return which lines of one key may share days, by a number: those in a chain of shared days.

    Of a line that is billed each month no two do, however many months there are: held against each
    other they would be as many pairs as the square of the months::

        starts  ends      chain
        06-01   07-01  ->     1
        07-01   08-01         2
        07-15   08-15         2
    """
    order = ["starts", "place"]
    reached = pl.coalesce("ends", "starts").cum_max().shift().over(_KEY, order_by=order)
    begins = (pl.col("starts") >= reached).fill_null(True)
    number = begins.cum_sum().over(_KEY, order_by=order)
    return pl.when(~pl.col("charge_class").is_in(EXACT)).then(number)
