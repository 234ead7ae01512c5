"""What events of orders set in other tables: when a service was installed, when an order was done.

What a file leaves empty is filled in by what events say, before its rows are compared with those
on record; so the same file again changes nothing. What stands on record and is what events said
until now follows them when they say otherwise; a day that a file gives stays.

    services.csv   installed_on empty      event N1 installed 06-12   ->  installed_on 06-12
    later                                  event N1 installed 06-13   ->  installed_on 06-13
    services.csv   installed_on 06-11      both events                ->  installed_on 06-11
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from rebill.reference.changes import Changes, compare
from rebill.store.shapes import TABLES
from reconcile.orders.fold import fold

ORDERED = ("order_heads", "order_items", "order_events")
SET = {
    "services": ("service", ("installed_on", "ban", "circuit_id", "wtn")),
    "orders": ("order_no", ("completed_on",)),
}
"""The tables in which events set something: by which column, and what."""
COMES = ("new", "change", "move")
"""The kinds of orders by which services are installed."""
MARKS = ("_file", "_row", "_ok")


def follow_orders(load: Changes) -> None:
    """Let the rows of a load, and those on record, say what events of orders say."""
    if not any(name in load.rows for name in (*ORDERED, *SET)):
        return
    before = {name: load.current(name) for name in ORDERED}
    after = {name: _after(load, name) for name in ORDERED}
    if after["order_heads"].is_empty():
        return
    then, now = _facts(before), _facts(after)
    now["services"] = _possible(now["services"], _after(load, "services"))
    for name, (key, columns) in SET.items():
        _set(load, name, key, columns, then[name], now[name])


def _after(load: Changes, name: str) -> pl.DataFrame:
    """Return the rows of a table as they would be after the load, but for what events set."""
    if name not in load.rows:
        return load.current(name)
    rows = load.rows[name].filter("_ok")
    return compare(TABLES[name], rows, load.current(name), load.replace, None).after


def _facts(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return what events say, by table that they set: its key and the columns."""
    heads, items, events = (tables[name] for name in ORDERED)
    known = fold(heads, events, dt.date.max).join(heads.select("order_no", "kind"), on="order_no")
    done = known.select("order_no", completed_on=pl.coalesce("completed_on", "installed_on"))
    coming = items.filter(pl.col("action") == "add").select("order_no", "service").unique()
    alone = pl.len().over("order_no") == 1  # a circuit told of two services is neither's
    told = (
        coming.with_columns(alone=alone)
        .join(known.filter(pl.col("kind").is_in(COMES)), on="order_no")
        .with_columns(pl.when("alone").then(pl.col("circuit_id", "wtn")))
        .sort("last_event_on", "order_no", nulls_last=False)
    )
    services = told.group_by("service", maintain_order=True).agg(
        pl.col("installed_on").min(),
        *(pl.col(name).drop_nulls().last() for name in ("ban", "circuit_id", "wtn")),
    )
    return {"services": services, "orders": done}


def _possible(told: pl.DataFrame, services: pl.DataFrame) -> pl.DataFrame:
    """Return what events say without installs of services that were disconnected by then.

    The event stays as it is told; a day that cannot be is set nowhere.
    """
    ends = services.select("service", "disconnected_on").drop_nulls()
    met = told.join(ends, on="service", how="left", maintain_order="left")
    over = (pl.col("installed_on") >= pl.col("disconnected_on")).fill_null(False)
    return met.with_columns(installed_on=pl.when(~over).then("installed_on")).drop(
        "disconnected_on"
    )


def _set(
    load: Changes,
    name: str,
    key: str,
    columns: tuple[str, ...],
    then: pl.DataFrame,
    now: pl.DataFrame,
) -> None:
    """Fill in the rows of a table, and add those on record that events change."""
    stored = list(TABLES[name].schema)
    file = load.rows.get(name)
    if file is not None:
        said = file.join(now, on=key, how="left", suffix="_said", maintain_order="left")
        filled = said.with_columns(pl.coalesce(each, f"{each}_said") for each in columns)
        load.rows[name] = filled.select(file.columns)
    if file is not None and load.replace:
        return
    current = load.current(name).join(now, on=key, suffix="_said")
    if file is not None:
        current = current.join(file, on=list(TABLES[name].key), how="anti", nulls_equal=True)
    met = current.join(then, on=key, how="left", suffix="_then", maintain_order="left")
    follows = {
        each: pl.when(
            pl.col(each).is_null()
            | ((pl.col(each) == pl.col(f"{each}_then")) & pl.col(f"{each}_said").is_not_null())
        )
        .then(f"{each}_said")
        .otherwise(each)
        for each in columns
    }
    changed = pl.any_horizontal(made.ne_missing(pl.col(each)) for each, made in follows.items())
    told = met.filter(changed).with_columns(**follows).select(*MARKS, *stored)
    if told.is_empty():
        return
    told = told.with_columns(_file=pl.lit("order_events"))
    if file is None:
        load.rows[name] = told
        load.partial.add(name)
    else:
        load.rows[name] = pl.concat([load.rows[name], told.select(file.columns)])
