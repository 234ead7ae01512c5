"""The nouns of bank paper: what a bank says happened on our account, and what is wrong with a file.

The bank speaks of movements. A debit takes money from the account, a credit brings some, a return
undoes an earlier one, a change (NOC) moves none. `amount` is never negative: `kind` and `direction`
say which way it went. Account numbers never leave the gate whole: four digits are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from invoices.schema import CENTS, empty

ENTRIES = pl.Schema(
    {
        "entry_id": pl.String(),  # stable: the same content of a file gives the same
        "source": pl.String(),  # nacha, bai2, csv: what kind of file says so
        "source_row": pl.Int64(),  # record or row of the file, from 1
        "kind": pl.String(),  # entry, return, change, prenote
        "direction": pl.String(),  # debit, credit; of a return: that of what it undoes
        "settled_on": pl.Date(),  # the banking day the money moved
        "amount": CENTS,  # never negative; 0.00 for changes and prenotes
        "company_id": pl.String(),  # the originator's, trimmed; null = the bank does not say
        "company_name": pl.String(),
        "sec": pl.String(),  # CCD, CTX, PPD, ...; null = not an ACH detail
        "description": pl.String(),  # company entry description, or the bank's own words
        "individual_id": pl.String(),  # often our BAN or the invoice number
        "individual_name": pl.String(),
        "trace": pl.String(),  # 15 digits, as the bank gives it
        "account": pl.String(),  # the last four digits of our account
        "addenda": pl.String(),  # payment information as text, where there is some
        "original_trace": pl.String(),  # of a return or change: the entry it speaks of
        "code": pl.String(),  # R01... of a return, C01... of a change
        "code_text": pl.String(),  # what the return says, or the corrected data of a change
    }
)

REMITTANCES = pl.Schema(
    {
        "entry_id": pl.String(),
        "item": pl.Int64(),  # from 1 in the order of the addenda
        "qualifier": pl.String(),  # IV invoice, CM credit memo, 12 billing account, AJ adjustment
        "reference": pl.String(),  # what the qualifier names: an invoice number, a BAN
        "ban": pl.String(),  # REF*12 below the item; null = not said
        "paid": CENTS,  # signed as sent; null = not said
        "gross": CENTS,
        "discount": CENTS,
        "invoice_date": pl.Date(),
    }
)

FAULTS = pl.Schema(
    {
        "row": pl.Int64(),  # record or row of the file, from 1; null = the file as a whole
        "record": pl.String(),  # what the record is
        "field": pl.String(),  # its field and, where fixed, the positions
        "message": pl.String(),
        "remedy": pl.String(),
    }
)
"""Why a file is refused: one fault is enough, all that can be told at once are told."""
AGAIN = "ask the bank for a correct file; nothing of this one is booked"
DOUBTFUL = "the file is booked; ask the bank what it means"


@dataclass(frozen=True)
class BankReading:
    """What a bank file says; with a fault it says nothing that may be booked."""

    source: str
    """The kind of file: nacha, bai2, csv."""
    content_key: str
    """SHA-256 of what the file says, whatever its line ends and padding."""
    entries: pl.DataFrame = field(default_factory=lambda: empty(ENTRIES))
    remittances: pl.DataFrame = field(default_factory=lambda: empty(REMITTANCES))
    faults: pl.DataFrame = field(default_factory=lambda: empty(FAULTS))
    doubts: pl.DataFrame = field(default_factory=lambda: empty(FAULTS))
    """What is not believed, or is not of one mind, in a file that is booked all the same."""

    @property
    def ok(self) -> bool:
        """Whether the file may be booked."""
        return self.faults.is_empty()


def faults(
    frame: pl.DataFrame,
    record: str | pl.Expr,
    name: str | pl.Expr,
    message: str | pl.Expr,
    remedy: str,
) -> pl.DataFrame:
    """Return a fault for each row of `frame`, which has `row`; texts or columns say the rest."""

    def worded(text: str | pl.Expr) -> pl.Expr:
        return pl.lit(text) if isinstance(text, str) else text

    return frame.select(
        row=pl.col("row").cast(pl.Int64),
        record=worded(record).cast(pl.String),
        field=worded(name).cast(pl.String),
        message=worded(message).cast(pl.String),
        remedy=pl.lit(remedy),
    )


def one_fault(row: int | None, record: str, name: str, message: str, remedy: str) -> pl.DataFrame:
    """Return a single fault."""
    return pl.DataFrame([(row, record, name, message, remedy)], schema=FAULTS, orient="row")


def together(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return all faults in order of their rows; those of the whole file come last."""
    found = pl.concat([empty(FAULTS), *parts])
    return found.sort("row", nulls_last=True, maintain_order=True)
