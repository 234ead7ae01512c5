"""What markups and tiers may say: scope, method and value, consent to a loss, whole bands.

The rules of single rows are data, the checks of tables functions; each fault names file, row, what
is wrong, and what to do.
"""

from __future__ import annotations

import polars as pl

from invoices.money import micros
from invoices.text import filled
from rebill.reference.checks_cells import decimal_of
from rebill.reference.faults import Faults, placed
from rebill.store.shapes import SCOPES

_METHOD, _VALUE, _MINIMUM = pl.col("method"), pl.col("value"), pl.col("minimum")
_NOTHING, _WHOLE = decimal_of("0"), decimal_of("1")
_VALUELESS = _METHOD.is_in(["pass_through", "absorb"])
_SHARES = _METHOD.is_in(["percent", "percent_with_minimum"])
_CONSENT = "set below_cost = true on the row if that is meant, or give a value of at least 0"
MOST = "3"
"""The highest share that needs no consent: 300 percent."""
DEAR = "write a share, 0.15 is 15 percent, or set consent = true on the row if that is meant"


def plain_number(name: str) -> pl.Expr:
    """Return a number as people write it, without idle zeros."""
    return pl.col(name).cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")


def hundredth(name: str) -> pl.Expr:
    """Return a hundredth of a number as people write a share: 0.20 of 20, 0.125 of 12.5."""
    parts = micros(pl.col(name)).cast(pl.Decimal(38, 0)) * pl.lit("0.00000001").cast(
        pl.Decimal(38, 8)
    )
    return parts.cast(pl.Decimal(38, 8)).cast(pl.String).str.replace(r"(\.\d\d\d*?)0+$", "${1}")


OF_A_METHOD: tuple[tuple[pl.Expr, str, str], ...] = (
    (
        ~_VALUELESS & _VALUE.is_null() & pl.col("tier").is_null(),
        "{} has no value",
        "give the value: 0.15 is 15 percent, else dollars per unit",
    ),
    (
        _VALUELESS & (_VALUE != _NOTHING),
        "{} takes no value",
        "leave the value empty or choose another method",
    ),
    (
        (_METHOD == "percent_with_minimum") & _MINIMUM.is_null(),
        "{} has no minimum",
        "give the minimum in dollars per unit, or use percent",
    ),
    (
        (_METHOD != "percent_with_minimum") & _MINIMUM.is_not_null(),
        "{} takes no minimum",
        "leave the minimum empty or use percent_with_minimum",
    ),
    (
        (_METHOD == "retail_discount") & ~_VALUE.is_between(_NOTHING, _WHOLE),
        "a {} lies between 0 and 1",
        "write 15 percent as 0.15",
    ),
    (
        (_METHOD == "flat") & (_VALUE < _NOTHING),
        "a {} price is not negative",
        "give a price per unit and month",
    ),
    (
        _SHARES & (_VALUE < -_WHOLE),
        "a {} below -1 makes the price negative",
        "write a discount of 15 percent as -0.15",
    ),
    (
        pl.col("floor") > pl.col("cap"),
        "the floor is above the cap ({})",
        "give a floor that is at most the cap",
    ),
)
"""When a row is wrong, what is said of its method, and what to do."""

OF_CONSENT_AND_TIER: tuple[tuple[pl.Expr, pl.Expr, str], ...] = (
    (
        (_VALUE < 0)
        & (_SHARES & (_VALUE >= -1) | (_METHOD == "adder"))
        & pl.col("tier").is_null()
        & ~pl.col("below_cost")
        & ~pl.col("consent"),
        filled("{} {} is a price below cost, without consent", "method", plain_number("value")),
        _CONSENT,
    ),
    (
        _SHARES & (decimal_of(MOST) < _VALUE) & pl.col("tier").is_null() & ~pl.col("consent"),
        filled(
            f"{{}} {{}} is above {MOST} (300 percent), without consent; did you mean {{}}?",
            *("method", plain_number("value"), hundredth("value")),
        ),
        DEAR,
    ),
    (
        pl.col("promotion").is_not_null() & pl.col("effective_until").is_null(),
        filled("promotion '{}' has no end", "promotion"),
        "give effective_until, the first day it holds no more",
    ),
    (
        pl.col("tier").is_not_null() & _VALUE.is_not_null(),
        filled("both a value and tier '{}' are given", "tier"),
        "leave one of them empty: a tier's bands give the value",
    ),
    (
        pl.col("tier").is_not_null() & _VALUELESS,
        filled("{} takes no tier", "method"),
        "leave the tier empty or choose another method",
    ),
)
"""When a row is wrong, what is said of it, and what to do."""


def check_markups(rows: pl.DataFrame, faults: Faults) -> None:
    """Note markup rows whose scope, method, value or tier do not go together."""
    _check_scope(rows, faults)
    for wrong, said, remedy in OF_A_METHOD:
        faults.add_where(rows, wrong, filled(said, "method"), remedy)
    for wrong, what, remedy in OF_CONSENT_AND_TIER:
        faults.add_where(rows, wrong, what, remedy)


def _check_scope(rows: pl.DataFrame, faults: Faults) -> None:
    """Note markup rows that name a combination the precedence does not know."""
    names = sorted({name for scope in SCOPES for name in scope})
    fits = pl.any_horizontal(
        pl.all_horizontal(pl.col(name).is_not_null() == (name in scope) for name in names)
        for scope in SCOPES
    )
    named = pl.concat_str(
        [pl.when(pl.col(name).is_not_null()).then(pl.lit(name)) for name in names],
        separator=" and ",
        ignore_nulls=True,
    )
    known = ", ".join(" and ".join(scope) or "nothing (all)" for scope in SCOPES)
    what = filled("no scope names {}", named)
    faults.add_where(rows, ~fits, what, f"name exactly one of: {known}")


def check_bands(after: pl.DataFrame, faults: Faults) -> None:
    """Note tiers that do not begin at 0 or whose rows disagree about mode or whose units count."""
    tiers = after.sort("tier", "from_units")
    starts = tiers.filter(pl.col("from_units").min().over("tier") > 0)
    firsts = starts.unique("tier", keep="first", maintain_order=True)
    what = filled(
        "tier '{}' has no band from 0 units: its first is from {}",
        "tier",
        plain_number("from_units"),
    )
    faults.add_rows(placed(firsts.with_columns(what=what)), "add a band with from_units = 0")
    for name in ("mode", "per"):
        told = tiers.with_columns(first=pl.col(name).first().over("tier"))
        other = told.filter(pl.col(name) != pl.col("first")).with_columns(
            what=filled("tier '{}' says {} both {} and {}", "tier", pl.lit(name), "first", name)
        )
        faults.add_rows(placed(other), "give all bands of a tier the same")


def check_tiers(rows: pl.DataFrame, tiers: pl.DataFrame, faults: Faults) -> None:
    """Note markup rows whose tier cannot serve their method, or gives a loss without consent."""
    facts = tiers.group_by("tier").agg(
        graduated=(pl.col("mode") == "graduated").any(),
        least=pl.col("value").min(),
        most=pl.col("value").max(),
    )
    named = placed(rows.drop_nulls("tier").join(facts, on="tier"), "markups")
    shares = _METHOD.is_in(["percent", "percent_with_minimum", "retail_discount"])
    graduated = named.filter(pl.col("graduated") & shares).with_columns(
        what=filled("tier '{}' is graduated: {} prices all units alike", "tier", "method")
    )
    faults.add_rows(graduated, "use flat or adder with it, or a tier of mode all_units")
    below = named.filter(
        (pl.col("least") < 0)
        & ~pl.col("below_cost")
        & ~pl.col("consent")
        & (_METHOD != "retail_discount")
    ).with_columns(what=filled("a band of tier '{}' is below cost, without consent", "tier"))
    faults.add_rows(below, _CONSENT)
    dear = named.filter(_SHARES, pl.col("most") > decimal_of(MOST), ~pl.col("consent"))
    above = filled(
        f"a band of tier '{{}}' is {{}}, above {MOST} (300 percent), without consent; did you mean"
        " {}?",
        *("tier", plain_number("most"), hundredth("most")),
    )
    faults.add_rows(dear.with_columns(what=above), DEAR)
    outside = ~pl.col("least").is_between(_NOTHING, _WHOLE) | (pl.col("most") > _WHOLE)
    share = named.filter(outside, _METHOD == "retail_discount").with_columns(
        what=filled("a band of tier '{}' is no discount from 0 to 1", "tier")
    )
    faults.add_rows(share, "write 15 percent as 0.15")
