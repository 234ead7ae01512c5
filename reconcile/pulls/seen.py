"""What the codes of pull events look at: pulls, and the pulls of each document in order."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from invoices.money import cents
from reconcile.pulls.movements import own_pulls
from reconcile.pulls.settle import Banked, Known, authorised


@dataclass(frozen=True)
class Seen:
    """What the codes look at."""

    known: Known
    banked: Banked
    pulls: pl.DataFrame
    """Debits that are movements of their own."""
    settled: pl.DataFrame
    """Settlements of kind pull with their document, in order; `before`: cents of earlier ones."""


def seen_by(known: Known, banked: Banked) -> Seen:
    """Return what the codes look at."""
    return Seen(known, banked, own_pulls(banked.moves), _settled(known, banked))


def _settled(known: Known, banked: Banked) -> pl.DataFrame:
    """Return the pulls of each document in order, with what stands of those before each.

    A pull that came back, then or later, does not stand.
    """
    back = pl.col("kind") == "return"
    whole = banked.settlements.with_columns(c=cents(pl.col("amount")).cast(pl.Int64))
    pulls = whole.filter(~back).sort("settled_on", "entry_id")
    undone = whole.filter(back).select("document_id", entry_id="of", undone_on="settled_on")
    dated = pulls.join(undone, on=["document_id", "entry_id"], how="left", maintain_order="left")
    stands = pl.when(pl.col("undone_on").is_null()).then("c").otherwise(0)
    counted = dated.with_columns(stands=stands)
    before = pl.col("stands").cum_sum().over("document_id") - pl.col("stands")
    paper = known.debits.select(
        "document_id",
        "carrier",
        "contract",
        "ban",
        "invoice_no",
        "debit_on",
        due=cents(pl.col("amount")).cast(pl.Int64),
    )
    return counted.with_columns(before=before).join(
        paper, on="document_id", how="left", maintain_order="left"
    )


def pulled_again() -> pl.Expr:
    """Whether the invoice had been pulled in full before, and both pulls stand."""
    full = (pl.col("due") > 0) & (pl.col("before") >= pl.col("due"))
    return full & pl.col("undone_on").is_null()


def contracts_of_company(seen: Seen) -> pl.DataFrame:
    """Return [company, maximum, first, last]: what the contracts that name an originator allow.

    A contract without a limit, or without an end, leaves all of them without one.
    """
    rows = authorised(seen.known.contracts).drop_nulls("company")
    return rows.group_by("company").agg(
        maximum=pl.when(pl.col("maximum").is_null().any())
        .then(None)
        .otherwise(pl.col("maximum").max()),
        first=pl.col("effective_from").min(),
        last=pl.when(pl.col("effective_until").is_null().any())
        .then(None)
        .otherwise(pl.col("effective_until").max()),
    )
