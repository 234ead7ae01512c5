"""One pull for several invoices, or several pulls for one invoice: amounts that add up."""

from __future__ import annotations

from itertools import combinations

import polars as pl

from reconcile.pulls.pull_pool import APART, EARLIEST, LATEST, Open

OLDEST = 75
"""So many days after `debit_on` an invoice may still be one of several that a pull adds up to: one
that was passed over is pulled with the next, or the one after."""
FEW = 12
"""So many open invoices, or pulls, are tried in all their combinations; more are not."""
MOST_PAIRS = 250_000
"""A group with more pairs of a pull and an invoice is not tried for sums."""


def whole_days(state: Open, key: list[str], days: int) -> pl.DataFrame:
    """Return pulls of all that was due of a day, so many days after it.

    Of one invoice alone none is left: `exact` came before.

    All that an account owes on the 15th is pulled at once::

        invoice  due   debit_on    pull  cents  settled_on
        D1       4000  06-15       P1    10000  06-16       -> P1 paid D1 and D2, 1 day after
        D2       6000  06-15
    """
    due = state.invoices.group_by(*key, "debit_on").agg(
        cents=pl.col("due").sum(), documents=pl.col("document_id").sort()
    )
    pulls = state.pulls.with_columns(debit_on=pl.col("settled_on") - pl.duration(days=days)).sort(
        "settled_on", "entry_id"
    )
    found = (
        pulls.join(due, on=[*key, "debit_on", "cents"])
        .unique([*key, "debit_on"], keep="first", maintain_order=True)
        .select("entry_id", document_id="documents")
        .explode("document_id")
    )
    own = state.invoices.select("document_id", cents="due")
    return found.join(own, on="document_id").select("entry_id", "document_id", "cents")


def split_on_a_day(state: Open, key: list[str]) -> pl.DataFrame:
    """Return pulls of one day that together are one invoice, due about that day.

    One invoice is pulled in two parts::

        pull  cents  settled_on    invoice  due    debit_on
        P1    4000   06-16         D1       10000  06-15     -> P1 and P2 paid D1
        P2    6000   06-16
    """
    days = state.pulls.group_by(*key, "settled_on").agg(
        due=pl.col("cents").sum(), entries=pl.col("entry_id").sort()
    )
    found = (
        days.join(state.invoices, on=[*key, "due"])
        .filter(APART.is_between(EARLIEST, LATEST))
        .sort(APART.abs(), "document_id")
        .unique([*key, "settled_on"], keep="first", maintain_order=True)
        .unique("document_id", keep="first", maintain_order=True)
        .select("document_id", entry_id="entries")
        .explode("entry_id")
    )
    own = state.pulls.select("entry_id", "cents")
    return found.join(own, on="entry_id").select("entry_id", "document_id", "cents")


def combined(state: Open, key: list[str]) -> None:
    """Match a pull with the only few invoices that add up to it, or an invoice with such pulls.

    Only what is left after all else is looked at, and of that only where the amounts could add up.

    P1 of 100.00 and three open invoices about its day::

        invoice  due
        D1       3000
        D2       7000     -> P1 paid D1 and D2: no other choice adds up
        D3       5500
    """
    near = _near(state, key)
    for pull in _summable(near, "entry_id", "cents", "due", "settled_on"):
        own = near.filter(pl.col("entry_id") == pull).sort("days", "document_id")
        due = own.join(state.invoices, on="document_id", how="semi", maintain_order="left")
        chosen = only_sum(due["due"].to_list(), own["cents"][0])
        if chosen:
            state.take(due[list(chosen)].select("entry_id", "document_id", cents="due"), "several")
    near = near.filter(pl.col("days") <= LATEST).join(state.pulls, on="entry_id", how="semi")
    near = near.join(state.invoices, on="document_id", how="semi")
    for invoice in _summable(near, "document_id", "due", "cents", "debit_on"):
        own = near.filter(pl.col("document_id") == invoice).sort("days", "entry_id")
        parts = own.join(state.pulls, on="entry_id", how="semi", maintain_order="left")
        chosen = only_sum(parts["cents"].to_list(), own["due"][0])
        if chosen:
            state.take(parts[list(chosen)].select("entry_id", "document_id", "cents"), "part")


def _near(state: Open, key: list[str]) -> pl.DataFrame:
    """Return every pull with every open invoice of its group up to its day, nearest first.

    A group in which that would be more than can be weighed is left to a person.
    """
    sizes = [
        side.group_by(key).len(name) for side, name in ((state.pulls, "p"), (state.invoices, "i"))
    ]
    small = (
        sizes[0]
        .join(sizes[1], on=key)
        .filter(pl.col("p").cast(pl.Int64) * pl.col("i").cast(pl.Int64) <= MOST_PAIRS)
    )
    return (
        state.pulls.join(small.select(key), on=key, how="semi")
        .select("entry_id", "settled_on", "cents", *key)
        .join(state.invoices.select("document_id", "debit_on", "due", *key), on=key)
        .filter(APART.is_between(EARLIEST, OLDEST))
        .with_columns(days=APART.abs())
    )


def _summable(near: pl.DataFrame, one: str, whole: str, part: str, day: str) -> list[str]:
    """Return those of the column `one`, by day, of which a few parts could come to the whole."""
    sides = near.group_by(one, day, whole).agg(
        many=pl.len().cast(pl.Int64), sum=pl.col(part).sum(), least=pl.col(part).min()
    )
    could = (pl.col("sum") >= pl.col(whole)) & (pl.col("least") < pl.col(whole))
    kept = sides.filter(could, pl.col("many").is_between(2, FEW))
    return kept.sort(day, one)[one].to_list()


def only_sum(amounts: list[int], target: int) -> tuple[int, ...] | None:
    """Return the places of two or more amounts that come to `target`, if one choice alone does.

    Choices of the same amounts count as one: the first is taken. Too many amounts give none.
    """
    if len(amounts) > FEW or sum(amounts) < target:
        return None
    found: dict[tuple[int, ...], tuple[int, ...]] = {}
    for size in range(2, len(amounts) + 1):
        for places in combinations(range(len(amounts)), size):
            chosen = tuple(sorted(amounts[place] for place in places))
            if sum(chosen) == target:
                found.setdefault(chosen, places)
                if len(found) > 1:
                    return None
    return next(iter(found.values()), None)
