"""What the table of commissions may say as a whole: a rule says one thing and adds up to 100."""

from __future__ import annotations

import polars as pl

from invoices.text import filled
from rebill.pricing.earning.commissions import BY_LINE, RULE, SCOPES
from rebill.reference.checks_markups import plain_number
from rebill.reference.faults import Faults, placed

TABLE = "commissions"
NAMES = ("customer", "service", "product")


def check_commissions(after: pl.DataFrame, faults: Faults) -> None:
    """Note rules of commissions, as they would be after a load, that are not right.

    A rule is all rows of one deal, method, customer, service, product and `effective_from`.
    """
    if after.is_empty():
        return
    named = after.with_columns(_named=_words())
    _check_scopes(named, faults)
    _check_same(named, faults)
    _check_shares(named, faults)
    _check_shares_of_values(named, faults)


def _words() -> pl.Expr:
    """Return a rule in words."""
    parts = [
        pl.when(pl.col(name).is_not_null()).then(filled(f", {name} {{}}", name)) for name in NAMES
    ]
    since = filled(" from {}", pl.col("effective_from").cast(pl.String)).fill_null("")
    return pl.concat_str(
        filled("{} of deal {}", "method", "deal"), *parts, since, ignore_nulls=True
    )


def _check_scopes(rows: pl.DataFrame, faults: Faults) -> None:
    """Note rows that name a combination which has no place in the precedence."""
    fits = pl.any_horizontal(
        pl.all_horizontal(
            pl.col(name).is_not_null() if name in scope else pl.col(name).is_null()
            for name in NAMES
        )
        for scope in SCOPES
    )
    wrong = rows.filter(~fits).with_columns(what=filled("{} names too much", "_named"))
    faults.add_rows(
        placed(wrong, TABLE), "name a service, or a customer, a product, both of them, or nothing"
    )


def _check_same(rows: pl.DataFrame, faults: Faults) -> None:
    """Note rules whose rows do not agree about value or end: shares are shares of one thing."""
    for name in ("value", "effective_until"):
        first = pl.col(name).first().over(RULE)
        other = rows.filter(pl.col(name).ne_missing(first)).with_columns(
            what=filled("{} has another {} here than in its first row", "_named", pl.lit(name))
        )
        faults.add_rows(
            placed(other, TABLE), f"give all rows of the rule one {name}, or another deal"
        )


def _check_shares(rows: pl.DataFrame, faults: Faults) -> None:
    """Note rules whose shares do not add up to 100, at their first row."""
    total = pl.col("share").sum().over(RULE)
    wrong = rows.with_columns(_total=total).filter(pl.col("_total") != 100)
    firsts = wrong.unique(RULE, keep="first", maintain_order=True)
    what = filled("the shares of {} add up to {}", "_named", plain_number("_total"))
    told = firsts.with_columns(what=what)
    faults.add_rows(placed(told, TABLE), "let the shares of all its payees add up to 100")


def _check_shares_of_values(rows: pl.DataFrame, faults: Faults) -> None:
    """Note shares of a price or a margin above the whole of it."""
    part = pl.col("method").is_in(BY_LINE)
    wrong = rows.filter(part & (pl.col("value") > 1)).with_columns(
        what=filled("{} pays more than the whole", "_named")
    )
    faults.add_rows(placed(wrong, TABLE), "write 0.15 for 15 percent")
