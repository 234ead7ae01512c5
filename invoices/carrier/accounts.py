"""Whose an account is: one rule, asked by every reader whose paper names no carrier."""

from __future__ import annotations

import re

import polars as pl

from invoices.carrier.source import Known
from invoices.schema import empty

OWNERS = pl.Schema(
    {
        "ban": pl.String(),
        "day": pl.Date(),
        "carrier": pl.String(),  # null where no contract fits, or those of several carriers alike
        "rivals": pl.String(),  # `A and B`, the carriers that fit alike; null = there is no tie
    }
)
"""Whose an account is on a day; a null day asks whatever the day."""
_FITTING = pl.Schema(
    {**{name: OWNERS[name] for name in ("ban", "day", "carrier")}, "length": pl.UInt32()}
)
TIE = "contracts of {} fit account {} equally well"
"""How a tie is told: of `rivals` and `ban`."""
TIE_REMEDY = "make the account pattern of one contract longer, or say from when each holds it"
"""What to do, behind the words that say where a carrier can be named."""


def carrier_of(asked: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Return `OWNERS`, a row for each distinct `ban` and `day` that is asked.

    The longest pattern in force that fits an account says whose it is, the wildcard not counted.
    Where patterns of several carriers are equally long it is nobody's: to choose would be a guess.
    """
    asked = asked.select(pl.col(name).cast(OWNERS[name]) for name in ("ban", "day"))
    asked = asked.unique(maintain_order=True)
    longest = _fitting(asked, known.accounts).filter(
        pl.col("length") == pl.col("length").max().over("ban", "day")
    )
    best = longest.group_by("ban", "day").agg(best=pl.col("carrier").unique().sort())
    carriers = pl.col("best").list.len()
    return (
        asked.join(best, on=["ban", "day"], how="left", nulls_equal=True, maintain_order="left")
        .with_columns(
            carrier=pl.when(carriers == 1)
            .then(pl.col("best").list.first())
            .when(carriers.is_null())
            .then(pl.lit(known.otherwise, pl.String)),
            rivals=pl.when(carriers > 1).then(pl.col("best").list.join(" and ")),
        )
        .select(OWNERS.names())
    )


def _fitting(asked: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Return ban, day, carrier and `length` of each pattern in force that fits what is asked."""
    if asked.is_empty() or accounts.is_empty():
        return empty(_FITTING)
    held = accounts.rename({"ban": "pattern"}).with_columns(
        length=pl.col("pattern").str.replace_all("*", "", literal=True).str.len_chars()
    )
    bans = asked.select("ban").unique(maintain_order=True)
    # An account that is written out is looked up; only a wildcard has to be tried.
    fits = [bans.with_columns(pattern="ban")]
    wild = held["pattern"].str.contains("*", literal=True)
    for pattern in held["pattern"].filter(wild).unique(maintain_order=True):
        body = ".*".join(re.escape(part) for part in pattern.split("*"))
        tried = bans.filter(pl.col("ban").str.contains(f"^{body}$"))
        fits.append(tried.with_columns(pattern=pl.lit(pattern)))
    began = (pl.col("valid_from") <= pl.col("day")).fill_null(True)
    goes_on = (pl.col("valid_until") > pl.col("day")).fill_null(True)
    return (
        asked.join(pl.concat(fits), on="ban")
        .join(held, on="pattern")
        .filter(began & goes_on)
        .select(_FITTING.names())
    )
