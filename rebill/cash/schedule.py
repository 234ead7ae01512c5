"""What carriers pull, and until when each document can be disputed: worked out and kept."""

from __future__ import annotations

import polars as pl

from invoices.money import ZERO_CENTS
from rebill.run.deadlines import dated
from rebill.run.run import Run
from rebill.store import models, write_rows
from rebill.store.record import corrected
from reconcile.contracts import Contract
from reconcile.pulls.debits import DEBITS, debits

SPOKEN = ("debited", "returned")
"""States of a pull of which the bank has spoken."""


def set_pulls(run: Run, accounts: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame | None:
    """Leave the pulls of all documents of some accounts, and return those that are new or changed.

    `before` are all pulls on record. One of which the bank has spoken stays as it is; what it left
    unpaid, or brought back, the next bill of its account lets be pulled.
    """
    if accounts.is_empty():
        return None
    pulls = reckoned(dated(run, accounts, before), run.contracts, unpaid(before))
    bound = before.filter(~pl.col("status").is_in(("expected", "held", "none")))
    changed = pulls.join(bound, on="document_id", how="anti").join(
        before, on=DEBITS.names(), how="anti", nulls_equal=True
    )
    write_rows(run.record.connection, models.Debit, changed.select(DEBITS.names()))
    return changed


def reckoned(
    documents: pl.DataFrame, contracts: list[Contract], unpaid: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the pulls (`DEBITS`) of all documents of some accounts, with their days.

    A bill that was held and came again corrected is pulled once, as corrected.
    """
    again = pl.col("document_id").is_in(corrected(documents))
    return debits(documents, contracts, unpaid).with_columns(
        amount=pl.when(again).then(ZERO_CENTS).otherwise("amount"),
        status=pl.when(again).then(pl.lit("none")).otherwise("status"),
    )


def unpaid(pulls: pl.DataFrame) -> pl.DataFrame:
    """Return [document_id, unpaid]: what of each pull the bank has not let go in the end."""
    stands = pl.col("pulled") - pl.col("returned")
    return (
        pulls.filter(pl.col("status").is_in(SPOKEN))
        .select("document_id", unpaid=pl.col("amount") - stands)
        .filter(pl.col("unpaid") > 0)
    )
