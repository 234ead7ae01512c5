"""Carriers that have services from each other: what one bills concerns the bills of the other."""

from __future__ import annotations

import polars as pl

from invoices.periods import month_of
from reconcile.homes import homes


def sharing(reference: dict[str, pl.LazyFrame]) -> pl.DataFrame:
    """Return carriers that a service was at home with, at whatever time: [carrier, other]."""
    spent = _moved(reference).select("service", "carrier").unique()
    pairs = spent.join(spent.rename({"carrier": "other"}), on="service")
    return pairs.filter(pl.col("carrier") != pl.col("other")).select("carrier", "other").unique()


def exchanges(reference: dict[str, pl.LazyFrame]) -> pl.DataFrame:
    """Return carriers between which a service moved, either way, and the month in which it did.

    Columns: carrier, other, bill_month. Of a service that moved in June both carriers may have a
    bill of June, and what is missing on one may stand on the other.
    """
    spent = _moved(reference)
    left = spent.select("service", "carrier", day="home_until")
    came = spent.select("service", other="carrier", day="home_from")
    moves = (
        left.join(came, on=["service", "day"])
        .filter(pl.col("carrier") != pl.col("other"))
        .select("carrier", "other", bill_month=month_of("day"))
    )
    back = moves.select(carrier="other", other="carrier", bill_month="bill_month")
    return pl.concat([moves, back]).unique()


def _moved(reference: dict[str, pl.LazyFrame]) -> pl.DataFrame:
    """Return the homes of services that moved."""
    accounts = reference["service_accounts"]
    named = reference["services"].join(accounts.select("service"), on="service", how="semi")
    return (
        homes(named, accounts)
        .filter(pl.col("home_from").is_not_null() | pl.col("home_until").is_not_null())
        .select("service", "carrier", "home_from", "home_until")
        .collect()
    )
