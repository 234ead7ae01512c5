"""What the tables of selling may say: consent to a loss, whole tiers, taxes without a hole.

The rules of single rows are data, the checks of whole tables functions; each fault names file,
row, what is wrong, and what to do, like those of `rebill.checks`.
"""

from __future__ import annotations

import polars as pl

from invoices.text import filled
from rebill.reference.cells import Faults

_METHOD, _VALUE = pl.col("method"), pl.col("value")
_CONSENT = "set below_cost = true on the row if that is meant, or give a value of at least 0"


def _plain(name: str) -> pl.Expr:
    """Return a number as people write it, without idle zeros."""
    return pl.col(name).cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")


RULES: tuple[tuple[str, pl.Expr, pl.Expr, str], ...] = (
    (
        "markups",
        (_VALUE < 0)
        & (
            _METHOD.is_in(["percent", "percent_with_minimum"]) & (_VALUE >= -1)
            | (_METHOD == "adder")
        )
        & pl.col("tier").is_null()
        & ~pl.col("below_cost"),
        filled("{} {} is a price below cost, without consent", "method", _plain("value")),
        _CONSENT,
    ),
    (
        "markups",
        pl.col("promotion").is_not_null() & pl.col("effective_until").is_null(),
        filled("promotion '{}' has no end", "promotion"),
        "give effective_until, the first day it holds no more",
    ),
    (
        "markups",
        pl.col("tier").is_not_null() & _VALUE.is_not_null(),
        filled("both a value and tier '{}' are given", "tier"),
        "leave one of them empty: a tier's bands give the value",
    ),
    (
        "markups",
        pl.col("tier").is_not_null() & _METHOD.is_in(["pass_through", "absorb"]),
        filled("{} takes no tier", "method"),
        "leave the tier empty or choose another method",
    ),
    (
        "customer_charges",
        (pl.col("frequency") == "once") & pl.col("effective_from").is_null(),
        pl.lit("a charge that is due once has no day"),
        "give effective_from: it is due in that month",
    ),
    (
        "interstate_shares",
        pl.col("usoc").is_not_null() & pl.col("product").is_not_null(),
        pl.lit("both usoc and product are given"),
        "give one of them, or neither for all else",
    ),
    (
        "contribution_factors",
        pl.col("charged") > pl.col("factor"),
        filled(
            "{} is charged, more than the factor {}",
            _plain("charged"),
            _plain("factor"),
        ),
        "charge at most the factor: more is not allowed (47 CFR 54.712)",
    ),
    (
        "contribution_factors",
        pl.col("effective_from").is_null(),
        pl.lit("effective_from is not given"),
        "give the first day of the quarter",
    ),
)
"""Table, when a row is wrong, what is said of it, and what to do."""

OF_A_SERVICE = ("customer_charges", "tax_jurisdictions")
"""Tables that name a customer and perhaps one of its services."""
WITHOUT_HOLES = {
    "tax_rates": ("jurisdiction", "tax", "charge_class", "product"),
    "contribution_factors": (),
}
"""Tables whose rows of one key follow each other without a gap."""


def check_whole(name: str, after: pl.DataFrame, faults: Faults) -> None:
    """Note what is wrong with a table as it would be after the load."""
    if name in WITHOUT_HOLES and not after.is_empty():
        _check_holes(WITHOUT_HOLES[name], after, faults)
    if name == "tiers" and not after.is_empty():
        _check_bands(after, faults)


def _check_holes(key: tuple[str, ...], after: pl.DataFrame, faults: Faults) -> None:
    """Note rows that begin later than the row before them ends."""
    kept: list[pl.Expr] = [pl.col(name) for name in key] or [pl.lit(0)]
    ordered = after.sort(*key, "effective_from", "effective_until", nulls_last=False)
    before = pl.col("effective_until").shift(1).over(kept)
    gaps = ordered.with_columns(_before=before).filter(pl.col("effective_from") > pl.col("_before"))
    named = filled(" ".join("{}" for _ in key), *(pl.col(n).fill_null("(any)") for n in key))
    what = filled(
        "there is a hole{}: nothing is in force from {} until {}",
        filled(" in {}", named) if key else pl.lit(""),
        pl.col("_before").cast(pl.String),
        pl.col("effective_from").cast(pl.String),
    )
    faults.add_rows(
        _placed(gaps.with_columns(what=what)),
        "let the row begin on that day, or add one for the days between (a rate of 0 is one)",
    )


def _check_bands(after: pl.DataFrame, faults: Faults) -> None:
    """Note tiers that do not begin at 0 or whose rows disagree about mode or whose units count."""
    tiers = after.sort("tier", "from_units")
    starts = tiers.filter(pl.col("from_units").min().over("tier") > 0)
    firsts = starts.unique("tier", keep="first", maintain_order=True)
    what = filled(
        "tier '{}' has no band from 0 units: its first is from {}",
        "tier",
        _plain("from_units"),
    )
    faults.add_rows(_placed(firsts.with_columns(what=what)), "add a band with from_units = 0")
    for name in ("mode", "per"):
        told = tiers.with_columns(first=pl.col(name).first().over("tier"))
        other = told.filter(pl.col(name) != pl.col("first")).with_columns(
            what=filled("tier '{}' says {} both {} and {}", "tier", pl.lit(name), "first", name)
        )
        faults.add_rows(_placed(other), "give all bands of a tier the same")


def check_owner(name: str, rows: pl.DataFrame, services: pl.DataFrame, faults: Faults) -> None:
    """Note rows for a service that is another customer's."""
    owner = services.select("service", owner="customer")
    wrong = (
        rows.drop_nulls("service")
        .join(owner, on="service")
        .filter(pl.col("owner").ne_missing(pl.col("customer")))
    )
    what = filled(
        "service '{}' is not of customer '{}' but of {}",
        "service",
        "customer",
        pl.col("owner").fill_null("nobody"),
    )
    wrong = wrong.with_columns(pl.col("_file").fill_null(f"{name} (loaded before)"), what=what)
    faults.add_rows(wrong, "name the service's own customer")


def check_tiers(rows: pl.DataFrame, tiers: pl.DataFrame, faults: Faults) -> None:
    """Note markup rows whose tier cannot serve their method, or gives a loss without consent."""
    facts = tiers.group_by("tier").agg(
        graduated=(pl.col("mode") == "graduated").any(), least=pl.col("value").min()
    )
    named = rows.drop_nulls("tier").join(facts, on="tier")
    place = pl.col("_file").fill_null("markups (loaded before)")
    shares = _METHOD.is_in(["percent", "percent_with_minimum", "retail_discount"])
    graduated = named.filter(pl.col("graduated") & shares).with_columns(
        place, what=filled("tier '{}' is graduated: {} prices all units alike", "tier", "method")
    )
    faults.add_rows(graduated, "use flat or adder with it, or a tier of mode all_units")
    below = named.filter(
        (pl.col("least") < 0) & ~pl.col("below_cost") & (_METHOD != "retail_discount")
    ).with_columns(place, what=filled("a band of tier '{}' is below cost, without consent", "tier"))
    faults.add_rows(below, _CONSENT)


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with a file to name, also those that were loaded before."""
    return rows.with_columns(pl.col("_file").fill_null("loaded before"))
