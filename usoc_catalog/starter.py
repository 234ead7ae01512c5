"""The starter catalogue: codes seen in public papers, by the carrier or region that used them.

It belongs to no carrier by itself: the same code means different things in different regions. The
rows are `data/usoc_codes.csv`, each with its source.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

import polars as pl

KINDS = {"nrc": "one_time", "usage": "usage", "surcharge": "surcharge"}
"""How an element class is charged; every other class is recurring."""

STARTER = pl.Schema(
    {
        "usoc": pl.String(),
        "description": pl.String(),
        "kind": pl.String(),
        "family": pl.String(),  # lower case
        "valid_from": pl.Date(),  # null: always
        "valid_until": pl.Date(),
        "source": pl.String(),
    }
)


@cache
def _codes() -> pl.DataFrame:
    text = resources.files("usoc_catalog").joinpath("data/usoc_codes.csv").read_text("utf-8")
    return pl.DataFrame(list(csv.DictReader(text.splitlines())))


def regions() -> list[str]:
    """Return the carriers and regions the starter catalogue knows, sorted."""
    return sorted(_codes().get_column("carrier_or_region").unique())


def starter_catalogue(region: str) -> pl.DataFrame:
    """Return the codes of a region (columns of `STARTER`), sorted by code; without case.

    Raises `ValueError` that lists the regions where there is no such one.
    """
    found = _codes().filter(pl.col("carrier_or_region").str.to_lowercase() == region.lower())
    if found.is_empty():
        raise ValueError(f"no region {region!r} in the starter catalogue: {'; '.join(regions())}")
    return found.select(
        pl.col("usoc").str.to_uppercase(),
        "description",
        pl.col("element_class").replace_strict(KINDS, default="recurring").alias("kind"),
        pl.col("service_family").str.to_lowercase().alias("family"),
        pl.lit(None, dtype=pl.Date).alias("valid_from"),
        pl.lit(None, dtype=pl.Date).alias("valid_until"),
        "source",
    ).sort("usoc")
