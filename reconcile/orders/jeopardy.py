"""Codes by which carriers say that the date of an order is in danger, and whose fault it is.

The codes are those of the field RCODE of the Access Service Ordering Guidelines (ASOG); words and
faults are ours. Whose fault 1P is ("other") nobody can say, nor of a code that is not in the list.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

import polars as pl

FAULTS = ("carrier", "customer", "nobody")
CODES = pl.Schema(
    {
        "code": pl.String(),
        "words": pl.String(),
        "fault": pl.String(),  # one of FAULTS; null: not known
        "source": pl.String(),
    }
)


@cache
def codes() -> pl.DataFrame:
    """Return the codes that are known (`CODES`)."""
    path = resources.files("reconcile.orders").joinpath("jeopardy_codes.csv")
    rows = [
        {name: cell or None for name, cell in row.items()}
        for row in csv.DictReader(path.read_text("utf-8").splitlines())
    ]
    return pl.DataFrame(rows, schema=CODES)


def with_words(orders: pl.DataFrame) -> pl.DataFrame:
    """Return orders with `jeopardy_words` and `jeopardy_fault` of their `jeopardy_code`."""
    known = codes().select(_code="code", jeopardy_words="words", jeopardy_fault="fault")
    asked = orders.with_columns(_code=pl.col("jeopardy_code").str.to_uppercase())
    return asked.join(known, on="_code", how="left", maintain_order="left").drop("_code")
