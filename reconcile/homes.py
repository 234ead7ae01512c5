"""Where a service is at home: the carrier and account that may bill it, day by day.

A service that is sold, or moves to another account, keeps its name; its number and circuit stay
too. `service_accounts` says where it was at home on a day, and what that table says nothing of,
`services` says. So every service has exactly one home on every day.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

_FIRST, _LAST = dt.date(1, 1, 1), dt.date(9999, 12, 31)
_HOME = ["carrier", "ban"]


def homes(services: pl.LazyFrame, accounts: pl.LazyFrame) -> pl.LazyFrame:
    """Return `services` once for each home: carrier and ban are its, home_from and home_until when.

    `accounts` (`service_accounts`) has service, carrier, ban, effective_from, effective_until; the
    rows of a service do not overlap. `home_until` is the first day it is at home there no more;
    null = always, or further notice. Homes that follow each other without a change are one.

    S1 stands in `services` under carrier B, account 2, S2 under B, account 3::

        service  carrier  ban  effective_from  effective_until
        S1       A        1    null            06-15

        ->  S1   A        1    null            06-15
            S1   B        2    06-15           null
            S2   B        3    null            null
    """
    told = accounts.select("service", *_HOME, "effective_from", "effective_until").collect()
    nothing = pl.lit(None, dtype=pl.Date)
    if told.is_empty():
        return services.with_columns(home_from=nothing, home_until=nothing)
    named = told.get_column("service").unique()
    moved = services.filter(pl.col("service").is_in(named.implode())).collect()
    spans = _without_gaps(told, moved.select("service", *_HOME))
    rest = services.filter(~pl.col("service").is_in(named.implode()))
    columns = services.collect_schema().names()
    return pl.concat(
        [
            rest.with_columns(home_from=nothing, home_until=nothing),
            moved.drop(_HOME)
            .join(spans, on="service", maintain_order="left_right")
            .select(*columns, "home_from", "home_until")
            .lazy(),
        ]
    )


def stays(homes: pl.LazyFrame) -> pl.LazyFrame:
    """Return homes with installed_on and disconnected_on cut to the days spent at each."""
    return homes.with_columns(
        installed_on=pl.max_horizontal("installed_on", "home_from"),
        disconnected_on=pl.min_horizontal("disconnected_on", "home_until"),
    )


def at_home(day: pl.Expr) -> pl.Expr:
    """Say whether a day is one of those spent at the home of a row."""
    return (pl.col("home_from").is_null() | (pl.col("home_from") <= day)) & (
        pl.col("home_until").is_null() | (day < pl.col("home_until"))
    )


def _without_gaps(told: pl.DataFrame, usual: pl.DataFrame) -> pl.DataFrame:
    """Return the homes of services that have rows, the days between them spent at the usual one."""
    rows = told.select(
        "service",
        *_HOME,
        start=pl.col("effective_from").fill_null(_FIRST),
        end=pl.col("effective_until").fill_null(_LAST),
    ).sort("service", "start")
    before = pl.col("end").shift(1).over("service").fill_null(_FIRST)
    gaps = pl.concat(
        [
            rows.select("service", start=before, end="start"),
            rows.group_by("service").agg(start=pl.col("end").max(), end=pl.lit(_LAST)),
        ]
    ).filter(pl.col("start") < pl.col("end"))
    spent = usual.join(gaps, on="service").select(rows.columns)
    run = pl.struct("service", *_HOME).rle_id()
    known = rows.join(usual, on="service", how="semi")
    return (
        pl.concat([known, spent])
        .sort("service", "start")
        .with_columns(run=run)
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("service", *_HOME).first(),
            start=pl.col("start").min(),
            end=pl.col("end").max(),
        )
        .select(
            "service",
            *_HOME,
            home_from=pl.when(pl.col("start") > _FIRST).then("start"),
            home_until=pl.when(pl.col("end") < _LAST).then("end"),
        )
    )
