"""The kinds of errors the carrier makes on its lines: on which lines each can be made, and how.

`PLANTS` is the mix: rates (contract, zone, state, term) about half, services that should not be
billed a quarter, the rest spread over duplicates, taxes, proration and one-time charges. The
services billed after their disconnect are not here: they stand in the world itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from rebill.demo import offer
from rebill.demo.bills import DEARER, World, cents, owed, with_fraction, with_rate
from rebill.demo.offer import LOCAL, usd
from rebill.demo.world import day, text

_usoc, _class = pl.col("usoc"), pl.col("charge_class")
_monthly = (_class == "recurring") & pl.col("full")
_local = pl.col("contract") == LOCAL
_one = pl.lit(1, pl.Int64)
_none = pl.lit(None, pl.String)


@dataclass(frozen=True)
class Plant:
    """One kind of error: what it is called, on which lines it can be made, and how.

    `weight` is its part of all wrong lines in thousandths. `sets` are the columns it changes;
    then the amount is computed anew from rate, quantity and period where `prices` says so, and
    `add` cents are added. An `extra` line stands beside the right one and nothing of it is due; a
    `later` one stands on the next bill; a `dropped` one is not billed at all.
    """

    name: str
    code: str
    weight: int
    where: pl.Expr
    note: str
    cause: str | None = None
    sets: dict[str, pl.Expr] = field(default_factory=dict)
    add: pl.Expr | int = 0
    prices: bool = False
    kind: str = "changed"
    prepare: Callable[[pl.DataFrame, World], pl.DataFrame] | None = None


def _flat(code: str) -> int:
    """The rate of a code that is the same everywhere, before the change."""
    return next(usd(t.rate) for t in offer.TARIFFS if t.code == code)


def _line(usoc: str, text: str, charge_class: str, rate: int | None = None) -> dict[str, pl.Expr]:
    """The columns of an extra line of one unit of another code."""
    return {
        "usoc": pl.lit(usoc),
        "description": pl.lit(text),
        "charge_class": pl.lit(charge_class),
        "quantity": _one,
        "rate": pl.lit(rate, pl.Int64),
        "num": _one,
        "den": _one,
    }


def _wrong_rate(name: str, weight: int, where: pl.Expr, note: str, cause: str) -> Plant:
    where = where & pl.col(name).is_not_null()
    sets = {"rate": pl.col(name)}
    return Plant(name, "rate_above_contract", weight, where, note, cause, sets, prices=True)


def _connection(letter: str) -> dict[str, pl.Expr]:
    point = {
        name: pl.col("bill") - pl.duration(days=3) for name in ("service_from", "service_until")
    }
    columns = _line("SCNLX", "Service connection", "one_time", _flat("SCNLX"))
    return (
        columns
        | point
        | {"order_no": text(letter, pl.col("n"), "-", pl.col("bill").dt.strftime("%Y%m"))}
    )


def _begin_early(lines: pl.DataFrame, known: World) -> pl.DataFrame:
    """Bill up to five days before the install, at the rate of that day; due is from the install."""
    early = pl.max_horizontal("previous", pl.col("service_from") - pl.duration(days=5))
    lines = lines.with_columns(service_from=early, due_num="num", due_den="den")
    lines = with_rate(lines.drop("rate", *DEARER), known)
    lines = with_fraction(lines, "service_from", "service_until", "num", "den")
    due = owed(pl.col("rate"), pl.col("quantity"), pl.col("due_num"), pl.col("due_den"))
    return lines.with_columns(due=due)


def _long_ago(lines: pl.DataFrame, known: World) -> pl.DataFrame:
    """Bill a month of more than a year ago, at the rate of that day."""
    begin, end = (pl.col("bill").dt.offset_by(f"-{months}mo") for months in (15, 14))
    lines = lines.with_columns(service_from=begin, service_until=end)
    return with_rate(lines.drop("rate", *DEARER), known)


def _other_service(lines: pl.DataFrame, known: World) -> pl.DataFrame:
    """Print the telephone number of another service beside the circuit."""
    numbers = known.services.get_column("wtn").drop_nulls().to_list()
    pick = (pl.col("n") % len(numbers)).replace_strict(
        dict(enumerate(numbers)), return_dtype=pl.String
    )
    return lines.with_columns(wtn=pick)


def _next_account(lines: pl.DataFrame, known: World) -> pl.DataFrame:
    """Move lines to the account that is billed next under the same contract."""
    there = ("account", "contract", "place", "ban", "bill_day", "spelling", "prints_dates")
    month = lines.get_column("bill").min()
    assert isinstance(month, dt.date)
    moved = lines.with_columns(pl.col("place") + 1).drop(set(there) - {"contract", "place"}, "bill")
    return moved.join(known.accounts.select(there), on=["contract", "place"]).with_columns(
        bill=day(month, pl.col("bill_day"))
    )


_flat_rated = _usoc.is_in(["TTB", "NSD", "SXPAA", "CPXHE", "SRG", "UEP9D", "1LHB4"])
PLANTS = (
    _wrong_rate("superseded", 60, _monthly, "the new rate was never loaded", "superseded_rate"),
    _wrong_rate(
        "other_zone", 50, _monthly & _usoc.is_in(["1FB", "C6OTT"]), "wrong zone", "other_zone"
    ),
    _wrong_rate(
        "other_state", 40, _monthly & _usoc.is_in(["ESM", "PT8JX"]), "wrong state", "other_state"
    ),
    _wrong_rate("other_term", 100, _monthly & (_usoc == "XMF"), "shorter term", "other_term"),
    _wrong_rate(
        "retail", 50, _monthly & (_usoc == "1FB"), "retail instead of wholesale", "retail_rate"
    ),
    Plant(
        *("unexplained", "rate_above_contract", 90, _monthly & _flat_rated, "rate fits nothing"),
        cause="unexplained",
        sets={"rate": pl.col("rate") + usd("0.37")},
        prices=True,
    ),
    Plant(
        *("extension", "extension_wrong", 30, _monthly & _flat_rated, "sum off, unit rate right"),
        add=200,
    ),
    Plant(
        *("package", "package_above_contract", 40, _monthly & (pl.col("share") >= 18)),
        "the elements add up to more than the package",
        add=600,
    ),
    Plant(
        *("quantity", "quantity_above_inventory", 40),
        _monthly & _usoc.is_in(["NSD", "SXPAA", "1LHB4"]),
        "units that were never ordered",
        sets={"quantity": pl.col("quantity") + 1 + pl.col("n") % 2},
        prices=True,
    ),
    Plant(
        *("same bill twice", "charged_twice", 40, _monthly & _usoc.is_in(["TTB", "XMF", "CPXHE"])),
        "twice on one bill",
        kind="extra",
    ),
    Plant(
        *("next bill twice", "charged_twice", 30, _monthly & _usoc.is_in(["TTB", "PT8JX", "SRG"])),
        "last month's charge again",
        kind="later",
    ),
    Plant(
        *("other account", "charged_twice", 20),
        _monthly & _usoc.is_in(["1FB", "C6OTT"]) & pl.col("next_account"),
        "the same line under two accounts",
        kind="extra",
        prepare=_next_account,
    ),
    Plant(
        *("unknown service", "service_unknown", 70, _monthly & (_usoc == "TTB")),
        "a number that is not ours",
        sets={"wtn": pl.lit("989") + pl.col("wtn").str.slice(3), "service": _none},
        kind="extra",
    ),
    Plant(
        *("not ordered", "element_not_ordered", 90, _monthly & _usoc.is_in(["ESM", "1LHB4"])),
        "a listing nobody ordered",
        sets=_line("CLT", "Additional directory listing", "recurring", _flat("CLT")),
        kind="extra",
        prices=True,
    ),
    Plant(
        *("tax", "tax_on_exempt_account", 35, _monthly & _local & (_usoc == "1FB")),
        "a resale certificate is on file",
        sets=_line("XTAX1", "State sales tax", "tax") | {"quantity": pl.lit(None, pl.Int64)},
        add=141 - pl.col("amount"),
        kind="extra",
    ),
    Plant(
        *("federal fee", "surcharge_not_due", 35, _monthly & _local & (_usoc == "TTB")),
        "a resale certificate is on file",
        sets=_line("9PZLX", "Federal universal service fee", "surcharge"),
        add=112 - pl.col("amount"),
        kind="extra",
    ),
    Plant(
        *("cap", "surcharge_above_cap", 20, (_usoc == "9ZR") & pl.col("full")),
        "access charge above its cap",
        sets={"rate": pl.col("rate") + usd("0.65")},
        prices=True,
    ),
    Plant(
        *("early", "billed_before_install", 20),
        (_class == "prorated") & pl.col("new") & pl.col("first") & (_usoc == "1FB"),
        "billed from before the install",
        prices=True,
        prepare=_begin_early,
    ),
    Plant(
        *("proration", "proration_wrong", 40),
        (_class == "prorated") & pl.col("rate").is_not_null(),
        "four days too many in the sum",
        add=cents(pl.col("rate"), pl.col("quantity"), 4 * _one, 30 * _one) + 3,
    ),
    Plant(
        *("phantom order", "one_time_charge_not_due", 15, _monthly & (_usoc == "1FB")),
        "no such order",
        sets=_connection("X"),
        kind="extra",
        prices=True,
    ),
    Plant(
        *("waived", "one_time_charge_not_due", 15),
        _monthly & (_usoc == "TTB") & ~pl.col("has_order"),
        "its charge was waived",
        sets=_connection("W"),
        kind="extra",
        prices=True,
    ),
    Plant(
        *("two connections", "one_time_charge_not_due", 15, _class == "one_time"),
        "two charged, one ordered",
        sets={"quantity": 2 * _one},
        prices=True,
    ),
    Plant(
        *("back-billed", "backbilled_too_late", 20),
        _monthly & (_usoc == "TTB") & ~pl.col("new"),
        "fifteen months late",
        kind="extra",
        prices=True,
        prepare=_long_ago,
    ),
    Plant(
        *("below", "rate_below_contract", 30, _monthly & _usoc.is_in(["TTB", "1LHB4"])),
        "billed too low: it may come later",
        sets={"rate": pl.col("rate") - usd("0.25")},
        prices=True,
    ),
    Plant(
        *("misprint", "usoc_unknown", 20, (_usoc == "UXT21") & pl.col("full")),
        "the letter I for the digit 1",
        sets={"usoc": pl.lit("UXT2I")},
    ),
    Plant(
        *("forgotten", "element_not_billed", 20, _monthly & (_usoc == "ESM") & ~pl.col("new")),
        "ordered, and not on the bill",
        kind="dropped",
    ),
    Plant(
        *("two services", "match_doubtful", 10),
        _monthly & (_usoc == "XMF") & pl.col("numbered"),
        "circuit of one service, telephone number of another",
        prepare=_other_service,
    ),
)
