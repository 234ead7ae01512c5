"""The day of the month an account bills on, where its bill's own month is too short to show it.

An account that bills on the 30th dates its February bill 02-28, as one of the 28th does. What that
date leaves open its recurring lines say (02-28 to 03-30), and the last bill dated in a month that
is long enough. Where the two differ, and where nobody says, it is the smaller day, so that a month
and two days is not taken for a month. Rules: `docs/DECISIONS.md` 7.
"""

from __future__ import annotations

import polars as pl

from invoices.periods import is_last, meant_day

_ACCOUNT = ["carrier", "ban"]
_BILL = [*_ACCOUNT, "bill_date"]
_LONGEST = 31


def with_bill_day(lines: pl.LazyFrame, history: pl.LazyFrame) -> pl.LazyFrame:
    """Return `lines` with `bill_day`, the day of the month their account bills on (Int64).

    `history` are the lines audited before. Of most bills it is the day of the date; only where
    that is the last day of a month of less than 31 is anything else looked at.
    """
    own = pl.col("bill_date").dt.day().cast(pl.Int64)
    doubtful = lines.filter(_doubtful()).select(_BILL).unique().collect()
    if doubtful.is_empty():
        return lines.with_columns(bill_day=own)
    known = _bill_days(doubtful, lines, history)
    return (
        lines.join(known.lazy(), on=_BILL, how="left", maintain_order="left")
        .with_columns(bill_day=pl.coalesce("account_day", own))
        .drop("account_day")
    )


def _doubtful() -> pl.Expr:
    """Say whether a bill's date may stand for a later day of the month."""
    return is_last(pl.col("bill_date")) & (pl.col("bill_date").dt.day() < _LONGEST)


def _bill_days(doubtful: pl.DataFrame, lines: pl.LazyFrame, history: pl.LazyFrame) -> pl.DataFrame:
    """Return [carrier, ban, bill_date, account_day] of the bills whose date leaves it open.

    Of three accounts billed on 02-28::

        the bill before  its recurring lines    account_day
        01-30            02-28 to 03-30         30
        01-28            02-28 to 03-30         28: a month and two days
        none known       02-28 to 03-31         31
    """
    accounts = doubtful.lazy().select(_ACCOUNT).unique()
    columns = [*_BILL, "charge_class", "service_from", "service_until"]
    both = pl.concat(
        frame.select(columns).join(accounts, on=_ACCOUNT, how="semi") for frame in (lines, history)
    ).collect()
    day = pl.min_horizontal("by_lines", "by_dates")
    return (
        doubtful.join(_by_lines(doubtful, both), on=_BILL, how="left")
        .join(_by_dates(doubtful, both), on=_BILL, how="left")
        .select(*_BILL, account_day=day)
    )


def _by_lines(doubtful: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return [carrier, ban, bill_date, by_lines]: the day most recurring lines run from and to."""
    start, end, day = pl.col("service_from"), pl.col("service_until"), pl.col("by_lines")
    told = pl.max_horizontal(start.dt.day(), end.dt.day()).cast(pl.Int64)
    return (
        lines.filter(pl.col("charge_class") == "recurring", start < end)
        .join(doubtful, on=_BILL, how="semi")
        .with_columns(by_lines=told)
        .filter(
            meant_day(start, day) == day,
            meant_day(end, day) == day,
            day >= pl.col("bill_date").dt.day(),
        )
        .group_by(*_BILL, "by_lines")
        .agg(count=pl.len())
        .sort("count", "by_lines", descending=[True, False])
        .unique(_BILL, keep="first", maintain_order=True)
        .drop("count")
    )


def _by_dates(doubtful: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return [carrier, ban, bill_date, by_dates]: the day of the last bill that shows one."""
    shown = lines.select(*_ACCOUNT, dated="bill_date").unique()
    shown = shown.with_columns(by_dates=pl.col("dated").dt.day().cast(pl.Int64))
    return (
        doubtful.join(shown, on=_ACCOUNT)
        .filter(
            pl.col("dated") < pl.col("bill_date"),
            pl.col("by_dates") >= pl.col("bill_date").dt.day(),
            ~is_last(pl.col("dated")) | (pl.col("by_dates") == _LONGEST),
        )
        .sort("dated", descending=True)
        .unique(_BILL, keep="first", maintain_order=True)
        .select(*_BILL, "by_dates")
    )
