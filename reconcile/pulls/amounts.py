"""Which invoice a pull paid by its amount alone: the exact one, another, or one pulled before."""

from __future__ import annotations

import polars as pl

from invoices.schema import columns_of
from reconcile.pulls.pull_pool import APART, ASSIGNED, EARLIEST, LATEST, Open

_ORDER = sorted(range(EARLIEST, LATEST + 1), key=lambda days: (abs(days), -days))
"""The days a pull may be apart from `debit_on`, in the order in which they are tried."""


def days_apart(state: Open) -> list[int]:
    """Return the days that lie between a pull and an invoice, as far as they are tried.

    Near ones come first, and of two as near the later pull.
    """
    settled = state.pulls.select("settled_on").unique()
    due = state.invoices.select("debit_on").unique().drop_nulls()
    days = APART.unique()
    there = set(settled.join(due, how="cross").select(days).to_series().to_list())
    return [days for days in _ORDER if days in there]


def exact(state: Open, key: list[str], days: int) -> pl.DataFrame:
    """Return pulls of the amount of an invoice, so many days after its `debit_on`.

    Two pulls and two invoices of one amount go in their order, 0 days apart::

        pull  cents  settled_on    invoice  due   debit_on
        P1    4000   06-15         D1       4000  06-15     -> P1 paid D1
        P2    4000   06-15         D2       4000  06-15     -> P2 paid D2
    """
    on = [*key, "cents", "day"]
    day = (pl.col("settled_on") - pl.duration(days=days)).alias("day")
    pulls = state.pulls.with_columns(day).sort("settled_on", "entry_id")
    due = state.invoices.with_columns(cents="due", day="debit_on").sort("document_id")
    if pulls.is_empty() or due.is_empty():
        return pulls.head(0).with_columns(document_id=pl.lit(""))
    left = pulls.with_columns(nth=_nth(on)).select("entry_id", "nth", *on)
    right = due.drop_nulls(key).with_columns(nth=_nth(on)).select("document_id", "nth", *on)
    return left.join(right, on=[*on, "nth"]).select("entry_id", "document_id", "cents")


def _nth(key: list[str]) -> pl.Expr:
    return pl.int_range(pl.len()).over(key)


def differing(state: Open, key: list[str]) -> None:
    """Match a pull of another amount with the only open invoice about its day.

    An amount that another invoice has been pulled for already is a second pull, not a wrong one::

        pull  cents  settled_on    invoice  due   debit_on
        P1    3950   06-16         D1       4000  06-15     -> P1 paid D1, 0.50 short
    """
    done = (
        pl.concat(state.assigned)
        .join(state.all.select("document_id", *key), on="document_id")
        .select(*key, "cents")
        .unique()
    )
    pairs = (
        state.pulls.join(done, on=[*key, "cents"], how="anti")
        .drop_nulls(key)
        .join(state.invoices, on=key, suffix="_of")
        .filter(APART.is_between(EARLIEST, LATEST))
        .filter(
            pl.col("document_id").n_unique().over("entry_id") == 1,
            pl.col("entry_id").n_unique().over("document_id") == 1,
        )
    )
    state.take(pairs.select("entry_id", "document_id", "cents"), "differs")


def again(pulls: pl.DataFrame, invoices: pl.DataFrame, assigned: pl.DataFrame) -> pl.DataFrame:
    """Return pulls of the amount of an invoice that was pulled before (columns of `ASSIGNED`).

    D1 is done with P1, and another pull of its amount is left::

        pull  cents  settled_on    invoice  due   debit_on
        P1    4000   06-15         D1       4000  06-15     (matched before)
        P2    4000   07-02         D1       4000  06-15     -> P2 is for D1 again
    """
    due = invoices.join(assigned, on="document_id", how="semi").with_columns(cents="due")
    known = pl.col("ban_key").is_not_null()
    found = [
        part.join(due.drop_nulls(key), on=[key, "cents"], suffix="_of")
        for part, key in ((pulls.filter(known), "ban_key"), (pulls.filter(~known), "company"))
    ]
    columns = ["entry_id", "document_id", "cents", "settled_on", "debit_on"]
    return (
        pl.concat([part.drop_nulls("debit_on").select(columns) for part in found])
        .filter(APART.is_between(EARLIEST, LATEST * 3))
        .sort("entry_id", APART.abs(), "document_id")
        .unique("entry_id", keep="first", maintain_order=True)
        .with_columns(how=pl.lit("again"))
        .select(columns_of(ASSIGNED))
    )
