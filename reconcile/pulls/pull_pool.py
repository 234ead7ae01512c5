"""Pulls and invoices that are still to be matched, and what a pull was matched with."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from invoices.schema import columns_of

EARLIEST = -10
LATEST = 25
"""So many days before and after `debit_on` a pull is looked for that names no invoice."""
ID_LENGTH = 15
"""What an individual ID holds: longer numbers are cut there."""

INVOICES = pl.Schema(
    {
        "document_id": pl.String(),
        "company": pl.String(),  # the contract's company ID as compared; null = not on file
        "carrier": pl.String(),
        "ban": pl.String(),
        "invoice_no": pl.String(),
        "debit_on": pl.Date(),
        "due": pl.Int64(),  # cents the paper lets the carrier pull
    }
)
ASSIGNED = pl.Schema(
    {
        "entry_id": pl.String(),
        "document_id": pl.String(),
        "cents": pl.Int64(),
        "how": pl.String(),  # named, account, originator; several, part, differs, again
    }
)
APART = (pl.col("settled_on") - pl.col("debit_on")).dt.total_days()
"""The days from `debit_on` of an invoice to the pull; before it they are negative."""


@dataclass
class Open:
    """What is still to be matched."""

    pulls: pl.DataFrame
    """entry_id, settled_on, cents, company, and `ban_key` where an account is named."""
    invoices: pl.DataFrame
    """`INVOICES` with `ban_key`, those still open."""
    all: pl.DataFrame
    """The same, matched ones too."""
    assigned: list[pl.DataFrame] = field(default_factory=list)

    def take(self, pairs: pl.DataFrame, how: str) -> None:
        """Assign pairs [entry_id, document_id, cents]; their pulls and invoices are done."""
        if pairs.is_empty():
            return
        self.assigned.append(pairs.with_columns(how=pl.lit(how)).select(columns_of(ASSIGNED)))
        self.pulls = self.pulls.join(pairs, on="entry_id", how="anti")
        self.invoices = self.invoices.join(pairs, on="document_id", how="anti")


def key_of(column: pl.Expr) -> pl.Expr:
    """Return a number as it is compared: letters and digits, upper case; null where none stand."""
    plain = column.str.to_uppercase().str.replace_all("[^0-9A-Z]", "")
    return pl.when(plain != "").then(plain)
