"""The tables about cash that go out beside `debits` and `exposure`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection

import polars as pl

from rebill.record import Record
from rebill.standing import Standing, standing
from reconcile.position import POSITION
from reconcile.recovery import RECOVERY, WIN_RATES

TABLES: tuple[tuple[str, str, str, pl.Schema], ...] = (
    (
        "exposure_detail",
        "by carrier and day: what is pending, the days left to file, what is expected and its cost",
        "on carrier",
        POSITION,
    ),
    (
        "recovery",
        "what is waited for, by claim and bill: what is likely to come back, when, and the cost",
        "claim_no document_id",
        RECOVERY,
    ),
    (
        "win_rates",
        "the share each carrier grants of claims of a reason: own history and a prior, with a band",
        "carrier reason",
        WIN_RATES,
    ),
)
"""Name, what it holds, key and columns of each table."""

_FROM_STANDING: dict[str, Callable[[Standing], pl.DataFrame]] = {
    "exposure_detail": Standing.position,
    "recovery": Standing.recovery,
    "win_rates": lambda known: known.rates,
}


def cash_frame(
    record: Record, name: str, months: Collection[str] | None, as_of: dt.date | None
) -> pl.DataFrame:
    """Return the rows of one of `TABLES`, as they are known on a day; none without one."""
    schema = next(columns for table, _, _, columns in TABLES if table == name)
    if as_of is None:
        return schema.to_frame()
    return _FROM_STANDING[name](standing(record, as_of, months))
