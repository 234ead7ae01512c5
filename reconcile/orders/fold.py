"""The state of each order, folded from its events.

The fold is pure: the same events in any order of arrival, and however often they are told, give the
same state; several of one day follow the order of `EVENTS`. A submission that only the head tells
counts like an event. The state is the word of the last event; what is cancelled stays so until it
is submitted or supplemented again. Two states are no events:

| state | when |
|---|---|
| planned | nothing happened yet |
| missed | no install on the first banking day after the due date, and later (`missed`) |

What an order is due on is the last date that an event before the install tells; `slips` counts each
other date after the first that was confirmed. An install or a completion that is told again is
corrected: the last one counts.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.calendar import closed_weekdays
from invoices.distinct import distinct
from invoices.order_words import EVENTS
from invoices.periods import add_days, days_between
from invoices.schema import columns_of

DONE = ("installed", "completed")
OVER = ("cancelled", "rejected")
AGAIN = ("submitted", "supplemented")
"""What lets an order go on that was cancelled."""
DATED = ("confirmed", "designed", "loop_accepted", "jeopardy", "supplemented", "held")
"""The events whose date is one the carrier works to: a submission asks, an install looks back."""
RESTS = (*OVER, "held")
"""Nothing is missed of what is over, or held at our own wish."""

HEADS = ("order_no", "pon", "kind", "submitted_on", "wanted_on")
TOLD = ("order_no", "pon", "at", "event", "due_on", "code", "ban", "circuit_id", "wtn")
STATUS = pl.Schema(
    {
        "order_no": pl.String(),
        "state": pl.String(),  # a word of EVENTS, planned or missed
        "since": pl.Date(),
        "submitted_on": pl.Date(),
        "confirmed_on": pl.Date(),  # the first confirmation (FOC)
        "first_due_on": pl.Date(),  # the first date that was confirmed
        "due_on": pl.Date(),  # the date in force
        "slips": pl.Int64(),
        "late_days": pl.Int64(),  # null: over, or never dated
        "jeopardy_code": pl.String(),  # null: none, or it is past
        "loop_accepted_on": pl.Date(),
        "installed_on": pl.Date(),
        "completed_on": pl.Date(),
        "last_event_on": pl.Date(),
        "ban": pl.String(),
        "circuit_id": pl.String(),
        "wtn": pl.String(),
    }
)


def named(heads: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Return events with `of`, the order each is of: null where it names none we know.

    An event names its order, or the one order that has its `pon`. A `pon` of several is of none.
    """
    known = heads.select(of="order_no", order_no="order_no")
    told = events.join(known, on="order_no", how="left", maintain_order="left")
    alone = heads.filter(pl.col("pon").is_not_null()).select(by_pon="order_no", pon="pon")
    alone = alone.filter(pl.len().over("pon") == 1)
    return (
        told.join(alone, on="pon", how="left", maintain_order="left")
        .with_columns(of=pl.coalesce("of", "by_pon"))
        .drop("by_pon")
    )


def fold(heads: pl.DataFrame, events: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return the state of each order on a day (`STATUS`), sorted; later events do not count yet.

    `heads` has `HEADS`, `events` has `TOLD`. A row of both tables may stand there twice.
    """
    told = _in_order(heads, events).filter(pl.col("at") <= as_of)
    found = told.group_by("of", maintain_order=True).agg(*_last_of_each(), *_dates())
    orders = heads.select(order_no="order_no", kind="kind", wanted_on="wanted_on")
    joined = orders.join(found, left_on="order_no", right_on="of", how="left")
    return _on_the_day(joined, as_of).select(columns_of(STATUS)).sort("order_no")


def _in_order(heads: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Return what happened to known orders, once each, in the order in which it is told."""
    mine = named(heads, events).filter(pl.col("of").is_not_null())
    facts = ["of", "at", "event", "due_on", "code", "ban", "circuit_id", "wtn"]
    given = heads.filter(pl.col("submitted_on").is_not_null()).select(
        of="order_no", at="submitted_on", event=pl.lit("submitted")
    )
    rank = pl.col("event").replace_strict(EVENTS, range(len(EVENTS)), return_dtype=pl.Int8)
    return (
        pl.concat([mine.select(facts), given], how="diagonal")
        .unique()
        .with_columns(rank=rank)
        .sort("of", "at", "rank", *facts[3:], nulls_last=False)
    )


def _last_of_each() -> list[pl.Expr]:
    """Return what the last event says, and the last that says each thing."""
    event, at = pl.col("event"), pl.col("at")
    ends = event.is_in([*DONE, *OVER, "confirmed"])
    # The place of the last event that ends a jeopardy, against that of the last jeopardy.
    place = pl.int_range(pl.len())
    jeopardy = place.filter(event == "jeopardy").max()
    past = place.filter(ends).max()
    cancelled = place.filter(event == "cancelled").max()
    gone = cancelled > place.filter(event.is_in(AGAIN)).max().fill_null(-1)
    word = pl.when(gone.fill_null(False))
    return [
        word.then(pl.lit("cancelled")).otherwise(event.last()).alias("state"),
        word.then(at.filter(event == "cancelled").last()).otherwise(at.last()).alias("since"),
        at.last().alias("last_event_on"),
        pl.when(past.is_null() | (jeopardy > past))
        .then(pl.col("code").filter(event == "jeopardy").last())
        .alias("jeopardy_code"),
        at.filter(event == "submitted").first().alias("submitted_on"),
        at.filter(event == "confirmed").first().alias("confirmed_on"),
        *(at.filter(event == word).last().alias(f"{word}_on") for word in ("loop_accepted", *DONE)),
        *(pl.col(name).drop_nulls().last() for name in ("ban", "circuit_id", "wtn")),
    ]


def _dates() -> list[pl.Expr]:
    """Return the dates an order was due on: the first, the last, and how often it moved."""
    is_date = pl.col("event").is_in(DATED) & pl.col("due_on").is_not_null()
    firm = is_date & (pl.col("event") == "confirmed")
    dates = pl.col("due_on").filter(is_date)
    since = pl.col("due_on").filter(is_date & firm.cum_max())
    return [
        pl.col("due_on").filter(firm).first().alias("first_due_on"),
        dates.last().alias("due_on"),
        (since != since.shift(1)).sum().cast(pl.Int64).alias("slips"),
    ]


def _on_the_day(orders: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return orders with what the day makes of them: late, missed."""
    over = pl.col("state").is_in(OVER)
    done = pl.coalesce("installed_on", "completed_on")
    until = pl.when(~over.fill_null(False)).then(pl.coalesce(done, pl.lit(as_of)))
    late = days_between(pl.coalesce("first_due_on", "wanted_on"), until)
    missed = missed_on(orders["due_on"])
    orders = orders.with_columns(
        missed_on=missed,
        late_days=pl.max_horizontal(late, pl.lit(0, pl.Int64)) + late * 0,
    )
    rests = pl.col("state").is_in(RESTS)
    is_missed = (done.is_null() & ~rests & (pl.col("missed_on") <= as_of)).fill_null(False)
    return orders.with_columns(
        state=pl.when(is_missed)
        .then(pl.lit("missed"))
        .otherwise(pl.col("state").fill_null("planned")),
        since=pl.when(is_missed).then("missed_on").otherwise("since"),
        slips=pl.col("slips").fill_null(0),
    )


def missed_on(due: pl.Series) -> pl.Series:
    """Return the day from which what was due is missed: the first banking day after it."""
    asked = distinct(due.alias("due").to_frame())
    days = asked.rows["due"].drop_nulls()
    if days.is_empty():
        return due
    first, last = days.min(), days.max()
    assert isinstance(first, dt.date) and isinstance(last, dt.date)
    closed = closed_weekdays(first, last + dt.timedelta(days=14))
    rolled = asked.rows.select(
        add_days(pl.col("due"), 1).dt.add_business_days(0, roll="forward", holidays=closed)
    )
    return rolled["due"].gather(asked.number)
