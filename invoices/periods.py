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


def add_months(day: pl.Expr, months: pl.Expr | int) -> pl.Expr:
    """Return the same day so many months on, or the last day of a month that has no such day."""
    count = pl.lit(months) if isinstance(months, int) else months
    month = day.dt.year().cast(pl.Int64) * 12 + day.dt.month().cast(pl.Int64) - 1 + count
    return day_of_month(pl.date(month // 12, month % 12 + 1, 1), day.dt.day())


def day_of_month(month_start: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Return the day of a month, or the last of a month that has no such day."""
    within = pl.min_horizontal(day.cast(pl.Int64), _length(month_start))
    return add_days(month_start, within - 1)


def add_days(day: pl.Expr, days: pl.Expr | int) -> pl.Expr:
    """Return the day so many days on."""
    count = pl.lit(days, dtype=pl.Int64) if isinstance(days, int) else days.cast(pl.Int64)
    return (day.cast(pl.Int32).cast(pl.Int64) + count).cast(pl.Int32).cast(pl.Date)


def days_between(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Return how many days `[start, end)` has (Int64)."""
    return end.cast(pl.Int32).cast(pl.Int64) - start.cast(pl.Int32).cast(pl.Int64)


def days30(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Return the days of `[start, end)` where every month has thirty (Int64)."""

    def count(day: pl.Expr) -> pl.Expr:
        within = pl.min_horizontal(day.dt.day().cast(pl.Int64), pl.lit(30, dtype=pl.Int64))
        return day.dt.year().cast(pl.Int64) * 360 + day.dt.month().cast(pl.Int64) * 30 + within

    return count(end) - count(start)


def with_fraction(frame: pl.LazyFrame, start: str, end: str, name: str) -> pl.LazyFrame:
    """Return `frame` with what part of a month `[start, end)` is, in `MONTH_PARTS` (Int64).

    `frame` also has `bill_day`, the day of the month of the bill date, and `proration`,
    `thirty_day_month` or `actual_days`. From day d to day d of the next month, or last day to last
    day, is one month exactly under both. An empty period is 0; a null date gives null.

    Every step is a column of its own: one nested expression would grow beyond reason.
    """
    a, b = pl.col(start), pl.col(end)
    apart = _month_number(b) - _month_number(a)
    parts = pl.lit(MONTH_PARTS, dtype=pl.Int64)
    frame = frame.with_columns(_apart=apart).with_columns(
        _months=pl.when(add_months(a, pl.col("_apart")) <= b)
        .then(pl.col("_apart"))
        .otherwise(pl.col("_apart") - 1)
    )
    # What is left over after the whole months lies in one billing period or in two.
    frame = frame.with_columns(_rest=add_months(a, pl.col("_months")))
    frame = with_billing_period(frame, "_rest", "_first", "_second")
    frame = frame.with_columns(_third=_next_bill_day(pl.col("_second")))
    in_first = days_between(pl.col("_rest"), pl.min_horizontal(b, pl.col("_second")))
    in_second = pl.max_horizontal(days_between(pl.col("_second"), b), pl.lit(0, dtype=pl.Int64))
    actual = (
        pl.col("_months") * parts
        + in_first * (parts // days_between(pl.col("_first"), pl.col("_second")))
        + in_second * (parts // days_between(pl.col("_second"), pl.col("_third")))
    )
    fraction = (
        pl.when(b <= a)
        .then(pl.lit(0, dtype=pl.Int64))
        .when((pl.col("_rest") == b) & (pl.col("_months") > 0))
        .then(pl.col("_months") * parts)
        .when(_is_last(a) & _is_last(b) & (pl.col("_apart") > 0))
        .then(pl.col("_apart") * parts)
        .when(pl.col("proration") == "actual_days")
        .then(actual)
        .otherwise(days30(a, b) * (MONTH_PARTS // 30))
    )
    return frame.with_columns(fraction.alias(name)).drop(
        "_apart", "_months", "_rest", "_first", "_second", "_third"
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


def _is_last(day: pl.Expr) -> pl.Expr:
    return day.dt.day().cast(pl.Int64) == day.dt.days_in_month().cast(pl.Int64)


def _bill_day_of(month_start: pl.Expr) -> pl.Expr:
    return day_of_month(month_start, pl.col("bill_day"))


def _next_bill_day(bill_day: pl.Expr) -> pl.Expr:
    return _bill_day_of(add_months(bill_day.dt.month_start(), 1))
