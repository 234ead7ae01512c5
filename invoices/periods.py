"""Months and days: what part of a month a period is, exactly.

Periods are half-open, `[start, end)`. A fraction is counted in parts of a month
(`invoices.money.MONTH_PARTS`), so that every count of days of every month is a whole number.
Rules: `docs/DECISIONS.md` 6 and 7.
"""

from __future__ import annotations

import polars as pl

from invoices.money import MONTH_PARTS


def month_of(day: str | pl.Expr) -> pl.Expr:
    """Return the month of a date as text, YYYY-MM; null where there is no date."""
    column = pl.col(day) if isinstance(day, str) else day
    return column.dt.strftime("%Y-%m")


def add_months(day: pl.Expr, months: pl.Expr | int, bill_day: pl.Expr | None = None) -> pl.Expr:
    """Return the same day so many months on, or the last day of a month that has no such day.

    With the account's `bill_day` a day that a short month clipped comes back to it: a month after
    02-28 is 03-28, and 03-30 for an account that bills on the 30th.
    """
    count = pl.lit(months) if isinstance(months, int) else months
    month = day.dt.year().cast(pl.Int64) * 12 + day.dt.month().cast(pl.Int64) - 1 + count
    meant = day.dt.day().cast(pl.Int64) if bill_day is None else meant_day(day, bill_day)
    return day_of_month(pl.date(month // 12, month % 12 + 1, 1), meant)


def meant_day(day: pl.Expr, bill_day: pl.Expr) -> pl.Expr:
    """Return the day of the month a date stands for: the bill day that its month is too short for.

    02-28 is the 30th of an account that bills on the 30th, and the 28th of any other.
    """
    own = day.dt.day().cast(pl.Int64)
    return pl.when(is_last(day) & (own < bill_day)).then(bill_day.cast(pl.Int64)).otherwise(own)


def is_last(day: pl.Expr) -> pl.Expr:
    """Say whether a day is the last of its month."""
    return day.dt.day().cast(pl.Int64) == day.dt.days_in_month().cast(pl.Int64)


def day_of_month(month_start: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Return the day of a month, or the last of a month that has no such day."""
    within = pl.min_horizontal(day.cast(pl.Int64), _length(month_start))
    return add_days(month_start, within - 1)


def add_days(day: pl.Expr, days: pl.Expr | int) -> pl.Expr:
    """Return the day so many days on."""
    count = pl.lit(days, dtype=pl.Int64) if isinstance(days, int) else days.cast(pl.Int64)
    return (day.cast(pl.Int32).cast(pl.Int64) + count).cast(pl.Int32).cast(pl.Date)


def period_end(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Return the day after the last of a period; a point in time is that one day."""
    return pl.when(end > start).then(end).otherwise(add_days(start, 1))


def days_between(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Return how many days `[start, end)` has (Int64)."""
    return end.cast(pl.Int32).cast(pl.Int64) - start.cast(pl.Int32).cast(pl.Int64)


def days30(start: pl.Expr, end: pl.Expr, bill_day: pl.Expr) -> pl.Expr:
    """Return the days of `[start, end)` where every month has thirty (Int64).

    A bill day that a short month clipped counts as the bill day, so that the parts of a billing
    period have thirty days together, wherever it is cut.
    """

    def count(day: pl.Expr) -> pl.Expr:
        within = pl.min_horizontal(meant_day(day, bill_day), pl.lit(30, dtype=pl.Int64))
        return day.dt.year().cast(pl.Int64) * 360 + day.dt.month().cast(pl.Int64) * 30 + within

    return count(end) - count(start)


def with_fraction(
    frame: pl.LazyFrame, start: str, end: str, name: str, cut: pl.Expr | None = None
) -> pl.LazyFrame:
    """Return `frame` with what part of a month `[start, end)` is, in `MONTH_PARTS` (Int64).

    `frame` also has `bill_day`, the day of the month the account bills on, and `proration`,
    `thirty_day_month` or `actual_days`. From day d to day d of the next month, last day to last
    day, or bill day to bill day (clipped where a month is too short) is one month exactly under
    both. An empty period is 0; a null date gives null. `cut` says of which rows the period is what
    is left of a longer one: no clipped end makes a whole month of it, so that the parts of a
    billing period add up to one month. An account that bills on the 30th, thirty-day months::

        02-28 to 03-30  1       02-28 to 03-10  10/30: as if from 02-30
        02-28 to 04-10  40/30   02-10 to 02-28  20/30: as if to 02-30

    Every step is a column of its own: one nested expression would grow beyond reason.
    """
    a, b, bill_day = pl.col(start), pl.col(end), pl.col("bill_day")
    parts = pl.lit(MONTH_PARTS, dtype=pl.Int64)
    frame = frame.with_columns(
        _apart=_month_number(b) - _month_number(a),
        _from=meant_day(a, bill_day),
        _to=meant_day(b, bill_day),
        _cut=pl.lit(False) if cut is None else cut,
    )
    frame = _with_actual(frame, a, b)
    clipped = (add_months(a, pl.col("_apart")) == b) | (is_last(a) & is_last(b))
    whole = (pl.col("_from") == pl.col("_to")) | (clipped & ~pl.col("_cut"))
    fraction = (
        pl.when(b <= a)
        .then(pl.lit(0, dtype=pl.Int64))
        .when(whole)
        .then(pl.col("_apart") * parts)
        .when(pl.col("proration") == "actual_days")
        .then("_actual")
        .otherwise(days30(a, b, bill_day) * (MONTH_PARTS // 30))
    )
    return frame.with_columns(fraction.alias(name)).drop(
        "_apart", "_from", "_to", "_cut", "_actual"
    )


def with_day_parts(frame: pl.LazyFrame, day: str, name: str) -> pl.LazyFrame:
    """Return `frame` with what part of a month one day is, in `MONTH_PARTS` (Int64).

    It is what `with_fraction` says of the day cut from its period; `frame` has what is said there.
    """
    thirty = days30(pl.col(day), add_days(pl.col(day), 1), pl.col("bill_day"))
    actual = pl.lit(MONTH_PARTS) // days_between(pl.col("_first"), pl.col("_second"))
    parts = (
        pl.when(pl.col("proration") == "actual_days")
        .then(actual)
        .otherwise(thirty * (MONTH_PARTS // 30))
    )
    frame = with_billing_period(frame, day, "_first", "_second")
    return frame.with_columns(parts.alias(name)).drop("_first", "_second")


def _with_actual(frame: pl.LazyFrame, a: pl.Expr, b: pl.Expr) -> pl.LazyFrame:
    """Add `_actual`: the most whole months of `[a, b)`, and each day left over by its month."""
    parts, bill_day = pl.lit(MONTH_PARTS, dtype=pl.Int64), pl.col("bill_day")
    fits = (
        pl.when("_cut")
        .then(pl.col("_from") <= pl.col("_to"))
        .otherwise(add_months(a, pl.col("_apart"), bill_day) <= b)
    )
    frame = frame.with_columns(_months=pl.col("_apart") - pl.when(fits).then(0).otherwise(1))
    # What is left over after the whole months lies in one billing period or in two.
    frame = frame.with_columns(_rest=add_months(a, pl.col("_months"), bill_day))
    frame = with_billing_period(frame, "_rest", "_first", "_second")
    frame = frame.with_columns(_third=_next_bill_day(pl.col("_second")))
    in_first = days_between(pl.col("_rest"), pl.min_horizontal(b, pl.col("_second")))
    in_second = pl.max_horizontal(days_between(pl.col("_second"), b), pl.lit(0, dtype=pl.Int64))
    actual = (
        pl.col("_months") * parts
        + in_first * (parts // days_between(pl.col("_first"), pl.col("_second")))
        + in_second * (parts // days_between(pl.col("_second"), pl.col("_third")))
    )
    return frame.with_columns(_actual=actual).drop(
        "_months", "_rest", "_first", "_second", "_third"
    )


def with_billing_period(frame: pl.LazyFrame, day: str, start: str, end: str) -> pl.LazyFrame:
    """Return `frame` with the billing period `[start, end)` that the day falls in.

    Periods run from `bill_day` to the same day of the next month, or its last day.
    """
    frame = frame.with_columns(_this=_bill_day_of(pl.col(day).dt.month_start()))
    last_month = _bill_day_of(add_months(pl.col(day).dt.month_start(), -1))
    within = pl.when(pl.col(day) >= pl.col("_this")).then(pl.col("_this")).otherwise(last_month)
    frame = frame.with_columns(within.alias(start)).drop("_this")
    return frame.with_columns(_next_bill_day(pl.col(start)).alias(end))


def _month_number(day: pl.Expr) -> pl.Expr:
    return day.dt.year().cast(pl.Int64) * 12 + day.dt.month().cast(pl.Int64)


def _length(month_start: pl.Expr) -> pl.Expr:
    return month_start.dt.days_in_month().cast(pl.Int64)


def _bill_day_of(month_start: pl.Expr) -> pl.Expr:
    return day_of_month(month_start, pl.col("bill_day"))


def _next_bill_day(bill_day: pl.Expr) -> pl.Expr:
    return _bill_day_of(add_months(bill_day.dt.month_start(), 1))
