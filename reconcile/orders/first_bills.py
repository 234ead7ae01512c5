"""When an order is on its account's bill first: the next bill day, and the account's usual lag.

An account's bills follow each other by months on its bill day, that of its last bill. An install of
06-12 on an account that bills on the 10th is due on the bill of 07-10. Carriers are often late by a
bill or two: the usual lag is the median of the account's last twenty first bills, in bills after
the one that was due, rounded down; 0 below three.
"""

from __future__ import annotations

import polars as pl

from invoices.periods import add_months, day_of_month, days_between

LOOKED_AT, ENOUGH = 20, 3
"""So many first bills of an account are looked at, and so many must there be."""
ACCOUNT = ["carrier", "ban"]


def bill_days(bills: pl.DataFrame) -> pl.DataFrame:
    """Return the bill day of each account that sent bills (carrier, ban, bill_date): `bill_day`.

    It is the highest day of its last three bills: a short month clips it.
    """
    last = pl.col("bill_date").sort().tail(3).dt.day().cast(pl.Int64)
    return bills.group_by(ACCOUNT).agg(bill_day=last.max())


def next_bill(day: pl.Expr, bill_day: pl.Expr) -> pl.Expr:
    """Return the first bill day of an account on or after a day; null where one is not known."""
    month = pl.date(day.dt.year(), day.dt.month(), 1)
    own = day_of_month(month, bill_day)
    after = day_of_month(add_months(month, 1), bill_day)
    return (
        pl.when(bill_day.is_not_null() & (own >= day))
        .then(own)
        .when(bill_day.is_not_null())
        .then(after)
    )


def first_seen(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return order_no and `first_bill_seen_on` of orders that are on a bill.

    `orders` has order_no, service, installed_on and submitted_on, a row a service that it adds or
    changes; `lines` has service, bill_date, order_no and period_until of recurring charges. Seen is
    a bill that charges the service for days from the install on, or names the order.
    """
    begins = pl.coalesce("installed_on", "submitted_on")
    met = orders.join(lines, on="service", suffix="_printed")
    named = (pl.col("order_no_printed") == pl.col("order_no")).fill_null(False)
    after = ((pl.col("bill_date") >= begins) & (pl.col("period_until") > begins)).fill_null(False)
    seen = met.filter(named | (after & pl.col("installed_on").is_not_null()))
    return seen.group_by("order_no").agg(first_bill_seen_on=pl.col("bill_date").min())


def usual_lags(orders: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Return the usual lag of each account in bills: carrier, ban, `lag`.

    `orders` has carrier, ban, installed_on and first_bill_seen_on; `days` is of `bill_days`.
    """
    known = orders.filter(
        pl.col("first_bill_seen_on").is_not_null(), pl.col("installed_on") > pl.date(1900, 1, 1)
    )
    due = known.join(days, on=ACCOUNT).with_columns(
        due=next_bill(pl.col("installed_on"), pl.col("bill_day"))
    )
    # Days of a bill may shift by some: half a month more or less is the same bill.
    months = (days_between(pl.col("due"), pl.col("first_bill_seen_on")) + 15) // 30
    last = (
        due.with_columns(months=pl.max_horizontal(months, pl.lit(0, pl.Int64)))
        .sort("first_bill_seen_on", "installed_on")
        .group_by(ACCOUNT, maintain_order=True)
        .agg(pl.col("months").tail(LOOKED_AT))
    )
    enough = pl.col("months").list.len() >= ENOUGH
    ranked, count = pl.col("months").list.sort(), pl.col("months").list.len().cast(pl.Int64)
    median = (ranked.list.get((count - 1) // 2) + ranked.list.get(count // 2)) // 2
    return last.select(*ACCOUNT, lag=pl.when(enough).then(median).otherwise(0))


def expected(orders: pl.DataFrame, days: pl.DataFrame, lags: pl.DataFrame) -> pl.DataFrame:
    """Return orders (carrier, ban, installed_on, due_on) with `first_bill_expected_on`.

    Null where the account sent no bill yet, or the order has no date.
    """
    from_day = pl.coalesce("installed_on", "due_on")
    met = orders.join(days, on=ACCOUNT, how="left", maintain_order="left").join(
        lags, on=ACCOUNT, how="left", maintain_order="left"
    )
    due = next_bill(from_day, pl.col("bill_day"))
    month = pl.date(due.dt.year(), due.dt.month(), 1)
    lag = pl.col("lag").fill_null(0)
    told = pl.when(due.is_not_null()).then(day_of_month(add_months(month, lag), pl.col("bill_day")))
    return met.with_columns(first_bill_expected_on=told).drop("bill_day", "lag")
