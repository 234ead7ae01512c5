"""Debits that happened: which invoice each paid, and what became of it.

The bank's word stands over the paper's: once it has spoken, a debit is `debited` or `returned`, and
`pulled` says how much.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Set
from dataclasses import dataclass

import polars as pl

from invoices.money import ZERO_CENTS, cents, from_cents
from invoices.schema import CENTS, columns_of
from reconcile.contracts import Contract
from reconcile.pulls.match import match
from reconcile.pulls.movements import (
    company_key,
    movements,
    own_pulls,
    repeated_traces,
    returned,
)
from reconcile.pulls.names import references
from reconcile.pulls.pull_pool import INVOICES
from reconcile.pulls.schema import SETTLEMENTS
from reconcile.window import NO_CLOSINGS

PULLED = pl.Schema({"document_id": pl.String(), "settled_on": pl.Date(), "amount": CENTS})
"""What the bank took for each bill and did not give back: a row for each pull."""
STATES = pl.Schema(
    {
        "document_id": pl.String(),
        "status": pl.String(),  # debited, returned
        "pulled": CENTS,  # what debits took, returned or not
        "pulled_on": pl.Date(),  # the day of the first of them that stands, else of the last
        "returned": CENTS,  # what of it came back
        "returned_on": pl.Date(),
    }
)
AUTHORISED = pl.Schema(
    {
        "contract": pl.String(),
        "carrier": pl.String(),
        "company": pl.String(),
        "maximum": pl.Int64(),  # cents; null = the bank has no limit
        "effective_from": pl.Date(),
        "effective_until": pl.Date(),
    }
)


@dataclass(frozen=True)
class Known:
    """What the bank's word is held against."""

    debits: pl.DataFrame
    """`reconcile.pulls.debits.DEBITS`: what the paper lets carriers pull."""
    contracts: list[Contract]
    originators: Collection[str] = ()
    """Company IDs that may debit us and are no carriers: payroll, rent."""
    credited: pl.DataFrame | None = None
    """document_id, credited, credited_on: claims that were credited."""
    closings: Set[dt.date] = NO_CLOSINGS


@dataclass(frozen=True)
class Banked:
    """What became of what the bank said."""

    moves: pl.DataFrame
    """`movements.MOVEMENTS`."""
    settlements: pl.DataFrame
    """`SETTLEMENTS`."""
    states: pl.DataFrame
    """`STATES`: one row for every invoice a pull was matched with."""
    returned: pl.DataFrame
    """`movements.RETURNED`."""
    repeats: pl.DataFrame
    """[entry_id, of, trace]: debits whose trace settled before."""


def authorised(contracts: list[Contract]) -> pl.DataFrame:
    """Return who may pull under which contract (columns of `AUTHORISED`)."""
    rows = [
        {
            "contract": c.id,
            "carrier": c.carrier,
            "company": c.debit.company_id,
            "maximum": None if c.debit.maximum is None else int(c.debit.maximum * 100),
            "effective_from": c.effective_from,
            "effective_until": c.effective_until,
        }
        for c in contracts
    ]
    return pl.DataFrame(rows, schema=AUTHORISED).with_columns(
        company=company_key(pl.col("company"))
    )


def settle(entries: pl.DataFrame, remittances: pl.DataFrame, known: Known) -> Banked:
    """Return which invoices the bank's debits paid, and what became of them.

    All that is on record is matched anew, so that the order in which files and bills arrived
    changes nothing. An entry is matched at most once for its whole amount; what no invoice
    explains stays unmatched.
    """
    moves = movements(entries)
    pulls = own_pulls(moves)
    companies = authorised(known.contracts).select("contract", "company")
    invoices = (
        known.debits.join(companies, on="contract", how="left")
        .with_columns(due=cents(pl.col("amount")).cast(pl.Int64))
        .select(columns_of(INVOICES))
        .sort("document_id")
    )
    named = references(pulls, remittances, invoices)
    asked = pulls.select("entry_id", "settled_on", "cents", "company")
    paid = match(asked, named, invoices).join(pulls.select("entry_id", "settled_on"), on="entry_id")
    backs = returned(moves)
    pulled = paid.select(
        "entry_id",
        "document_id",
        "settled_on",
        "how",
        kind=pl.lit("pull"),
        amount=from_cents(pl.col("cents")),
        of=pl.lit(None, dtype=pl.String),
    )
    undone = backs.join(paid, left_on="of", right_on="entry_id").select(
        "entry_id",
        "document_id",
        "how",
        "of",
        settled_on="returned_on",
        kind=pl.lit("return"),
        amount=from_cents(pl.col("cents_right")),
    )
    names = SETTLEMENTS.names()
    settlements = pl.concat([pulled.select(names), undone.select(names)]).sort(
        "settled_on", "entry_id", "document_id"
    )
    return Banked(moves, settlements, states(settlements), backs, repeated_traces(moves))


def standing_pulls(settlements: pl.DataFrame) -> pl.DataFrame:
    """Return every pull that did not come back (columns of `reconcile.pulls.settle.PULLED`)."""
    back = pl.col("kind") == "return"
    undone = settlements.filter(back).select("document_id", entry_id="of")
    return (
        settlements.filter(~back)
        .join(undone, on=["document_id", "entry_id"], how="anti")
        .select(columns_of(PULLED))
    )


def states(settlements: pl.DataFrame) -> pl.DataFrame:
    """Return what became of every invoice that was pulled (columns of `STATES`)."""
    back = pl.col("kind") == "return"
    undone = settlements.filter(back).select("document_id", entry_id="of", undone=pl.lit(True))
    pulls = settlements.filter(~back).join(undone, on=["document_id", "entry_id"], how="left")
    backs = (
        settlements.filter(back)
        .group_by("document_id")
        .agg(returned=pl.col("amount").sum(), returned_on=pl.col("settled_on").max())
    )
    stands = pl.col("undone").is_null()
    return (
        pulls.group_by("document_id")
        .agg(
            pulled=pl.col("amount").sum(),
            pulled_on=pl.coalesce(
                pl.col("settled_on").filter(stands).min(), pl.col("settled_on").max()
            ),
        )
        .join(backs, on="document_id", how="left")
        .with_columns(returned=pl.col("returned").fill_null(ZERO_CENTS))
        .with_columns(
            status=pl.when(pl.col("returned") >= pl.col("pulled"))
            .then(pl.lit("returned"))
            .otherwise(pl.lit("debited"))
        )
        .select(columns_of(STATES))
        .sort("document_id")
    )
