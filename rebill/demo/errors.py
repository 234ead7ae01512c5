"""The errors on a month's lines: which line bears which, and what is due of it all the same."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from invoices.schema import among
from rebill.demo import offer
from rebill.demo.bills import World, owed
from rebill.demo.plants import PLANTS, Plant
from rebill.demo.world import day, draw


@dataclass(frozen=True)
class Planted:
    """A month's bill lines with the errors in them, and what follows for other tables."""

    lines: pl.DataFrame
    dropped: pl.DataFrame
    """Lines the carrier forgot."""
    later: pl.DataFrame
    """Lines that come a second time with the next bill."""
    orders: pl.DataFrame
    """Orders whose charge is waived and billed all the same."""


def plant(lines: pl.DataFrame, known: World, month: int, quiet: list[int]) -> Planted:
    """Return the month's lines with errors on about the wanted share of them.

    Each line bears one error at most; the accounts of `quiet` bear none. Which lines are hit
    follows from the seed. Of every kind there is at least one, where a line can bear it.
    """
    columns = lines.columns
    lines = _with_lots(lines, known, month, quiet)
    free = (
        pl.col("code").is_null()
        & ~pl.col("account").is_in(quiet)
        & ~pl.col("pilot")
        & (pl.col("amount") > 0)
    )
    taken = pl.Series("taken", lines.select(~free).to_series())
    wrong = len(lines) * known.settings.errors_per_million
    kept: dict[str, list[pl.DataFrame]] = {"changed": [], "extra": [], "later": [], "dropped": []}
    replaced: list[pl.Series] = []
    for kind in PLANTS:
        count = max(1, wrong * kind.weight // 10**9) if wrong else 0
        hit = lines.filter(~taken & kind.where).bottom_k(count, by="lot")
        taken = taken.scatter(hit.get_column("row"), True)
        if kind.kind in ("changed", "dropped"):
            replaced.append(hit.get_column("row"))
        kept[kind.kind].append(_made(hit, kind, known))
    gone = pl.concat(replaced)
    untouched = lines.filter(~among("row", gone))
    result = pl.concat([f.select(columns) for f in (untouched, *kept["changed"], *kept["extra"])])
    waived = result.filter(pl.col("note") == "its charge was waived")
    return Planted(
        _package_shares(result),
        kept["dropped"][0].select(columns),
        kept["later"][0].select(columns),
        _waived_orders(waived),
    )


def _with_lots(lines: pl.DataFrame, known: World, month: int, quiet: list[int]) -> pl.DataFrame:
    """Add what tells where an error can be made, and `lot`, by which lines are hit."""
    per_account = known.accounts.group_by("contract").agg(pl.len().alias("accounts"))
    return lines.join(per_account, on="contract", maintain_order="left").with_columns(
        next_account=(pl.col("place") + 1 < pl.col("accounts"))
        & (pl.col("bill_day") != offer.BILL_DAYS[-1])
        & ~(pl.col("account") + 1).is_in(quiet),
        has_order=among("n", known.orders.get_column("n")),
        numbered=pl.lit(known.services.get_column("wtn").is_not_null().any()),
        lot=draw(pl.col("row"), known.settings.seed, f"errors {month}"),
    )


def _made(hit: pl.DataFrame, kind: Plant, known: World) -> pl.DataFrame:
    """Return the chosen lines as the carrier bills them in error, with the truth beside."""
    lines = kind.prepare(hit, known) if kind.prepare and len(hit) else hit
    lines = lines.with_columns(**kind.sets)
    if kind.prices:
        quantity = pl.col("quantity")
        lines = lines.with_columns(
            amount=owed(pl.col("rate"), quantity, pl.col("num"), pl.col("den"))
        )
    extra = kind.kind in ("extra", "later")
    return lines.with_columns(
        amount=pl.col("amount") + kind.add,
        due=pl.lit(0, pl.Int64) if extra else pl.col("due"),
        code=pl.lit(kind.code),
        cause=pl.lit(kind.cause, pl.String),
        note=pl.lit(kind.note),
        position=pl.col("position") + (5 if extra else 0),
    )


def again(later: pl.DataFrame, known: World, month: int) -> pl.DataFrame:
    """Return last month's chosen lines as they come a second time on this month's bills."""
    return later.with_columns(
        day(known.settings.month(month + add), pl.col("bill_day")).alias(name)
        for name, add in (("previous", -1), ("bill", 0), ("next", 1))
    )


def stranger(lines: pl.DataFrame, known: World) -> pl.DataFrame:
    """Return a few lines of an account that is under no contract, for numbers that are not ours."""
    there = known.accounts.tail(1).select("account", "ban", "spelling", "prints_dates")
    lines = lines.filter(usoc="1FB", charge_class="recurring").head(12)
    lines = lines.drop(there.columns).join(there, how="cross")
    return lines.with_columns(
        wtn=pl.lit("989") + pl.col("wtn").str.slice(3),
        service=pl.lit(None, pl.String),
        bill=pl.col("bill").dt.truncate("1mo") + pl.duration(days=11),
        due=pl.lit(0, pl.Int64),
        code=pl.lit("account_unknown"),
        cause=pl.lit(None, pl.String),
        note=pl.lit("an account that is under no contract"),
    )


def _package_shares(lines: pl.DataFrame) -> pl.DataFrame:
    """Spread the price of a package that is billed too high over its lines.

    What is due of each is the package's price in proportion to the billed amounts, by largest
    remainder (ties: the earlier line); the whole excess is at stake, no line bears all of it.
    """
    keys = ["account", "n", "service_from"]
    wrong = lines.filter(pl.col("code") == "package_above_contract").select(keys)
    inside = pl.col("share") > 0
    group = lines.filter(inside).join(wrong, on=keys, how="semi").sort("n", "position")
    billed, price = pl.col("amount").sum().over(keys), pl.col("due").sum().over(keys)
    share, rest = pl.col("amount") * price // billed, pl.col("amount") * price % billed
    left = price - share.sum().over(keys)
    rank = rest.rank("ordinal", descending=True).over(keys).cast(pl.Int64)
    group = group.with_columns(
        due=share + (rank <= left).cast(pl.Int64),
        code=pl.lit("package_above_contract"),
        note=pl.lit("the elements add up to more than the package"),
    )
    return pl.concat([lines.join(group, on="row", how="anti"), group.select(lines.columns)])


def _waived_orders(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.select(
        "order_no",
        "service",
        "usoc",
        quantity=pl.lit(1, pl.Int64),
        completed_on="service_from",
        nrc_waived=True,
    )
