"""The starter catalogue: codes seen in public papers, by the carrier or region that used them.

It belongs to no carrier by itself: the same code means different things in different regions. The
rows are `data/usoc_codes.csv`, each with its source.
"""

from __future__ import annotations

import csv
import re
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
    """Return the codes of a region (columns of `STARTER`), sorted by code.

    Case does not matter, and words of its name are enough where no other region has them.
    Raises `ValueError` that lists the regions where there is no such one.
    """
    found = _codes().filter(pl.col("carrier_or_region") == _region(region))
    return found.select(
        pl.col("usoc").str.to_uppercase(),
        "description",
        pl.col("element_class").replace_strict(KINDS, default="recurring").alias("kind"),
        pl.col("service_family").str.to_lowercase().alias("family"),
        pl.lit(None, dtype=pl.Date).alias("valid_from"),
        pl.lit(None, dtype=pl.Date).alias("valid_until"),
        "source",
    ).sort("usoc")


def _region(name: str) -> str:
    """Return the region that is meant by its name or a word of it."""
    wanted, known = name.strip().lower(), regions()
    word = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)", re.IGNORECASE)
    same = [region for region in known if region.lower() == wanted]
    meant = same or [region for region in known if wanted and word.search(region)]
    if len(meant) != 1:
        raise ValueError(f"no region {name!r} in the starter catalogue: {'; '.join(known)}")
    return meant[0]
