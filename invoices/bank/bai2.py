"""BAI2 balance reports: what moved on an account on a day, checked to the last total.

A file holds groups (a bank, a day), a group holds accounts, an account holds summaries and
transactions; each level ends with what it adds up to and how many records it had. A record may be
continued by others (88). Amounts are cents without a point.
"""

from __future__ import annotations

import re

import polars as pl

from invoices.bank.bai2_levels import READERS, State
from invoices.bank.bai2_records import logical_records, order_of_records, physical_records
from invoices.bank.records import decoded, lines_of
from invoices.bank.schema import AGAIN, DOUBTFUL, BankReading, faults, together
from invoices.bank.wording import content_key, from_text, identified
from invoices.money import from_cents

NAME = "bai2"
ACH_CREDITS, ACH_DEBITS = ("142", "165", "169"), ("451", "455", "469")
RETURNED_DEBIT, RETURNED_CREDIT = "257", "557"


def recognises(head: bytes) -> bool:
    """Whether a file begins with a BAI2 file header."""
    return re.match(r"\s*01,[^,\n]*,[^,\n]*, *[0-9]{6} *,", decoded(head[:400])) is not None


def read(content: bytes) -> BankReading:
    """Return what a BAI2 file says, or every fault for which it is refused."""
    records = list(logical_records(physical_records(lines_of(decoded(content)))))
    key = content_key(*(f"{record.code},{record.text}" for record in records))
    found = order_of_records(records)
    if found.height:
        return BankReading(NAME, key, faults=found)
    state = State()
    for record in records:
        READERS[record.code](state, record)
    if state.wrong:
        return BankReading(NAME, key, faults=_told(state.wrong, AGAIN))
    return BankReading(NAME, key, _entries(state), doubts=_told(state.doubtful, DOUBTFUL))


def _told(noted: list[tuple[int, str, str, str]], remedy: str) -> pl.DataFrame:
    """Return what was noted of records as `FAULTS`."""
    names = {"row": pl.Int64, "record": pl.String, "field": pl.String, "message": pl.String}
    rows = pl.DataFrame(noted, schema=names, orient="row")
    words = (pl.col("record"), pl.col("field"), pl.col("message"))
    return together([faults(rows, *words, remedy)])


def _entries(state: State) -> pl.DataFrame:
    """Return the transactions as entries (columns of `ENTRIES`)."""
    columns = {
        **{"source_row": pl.Int64, "type_code": pl.String, "cents": pl.Int64},
        **{"settled_on": pl.Date, "account": pl.String, "bank_reference": pl.String},
        **{"customer_reference": pl.String, "description": pl.String, "reference": pl.String},
    }
    moves = pl.DataFrame(state.moves, schema=columns, orient="row")
    code = pl.col("type_code")
    number = code.cast(pl.Int64)
    returned = code.is_in((RETURNED_DEBIT, RETURNED_CREDIT))
    credit = (number < 400) | number.is_between(920, 959)
    direction = pl.when(returned).then(code == RETURNED_CREDIT).otherwise(credit)
    kind = (
        pl.when(returned)
        .then(pl.lit("return"))
        .when(code.is_in((*ACH_CREDITS, *ACH_DEBITS)))
        .then(pl.lit("entry"))
        .otherwise(pl.lit("other"))
    )
    told = from_text(
        moves.with_columns(
            amount=from_cents(pl.col("cents")),
            direction=pl.when(direction).then(pl.lit("credit")).otherwise(pl.lit("debit")),
            kind=kind,
        )
    ).with_columns(
        trace=pl.coalesce(pl.when(~returned).then("reference"), "trace"),
        original_trace=pl.coalesce("original_trace", pl.when(returned).then("reference")),
        individual_id=pl.coalesce(
            "individual_id", pl.when(pl.col("reference").is_null()).then("customer_reference")
        ),
    )
    return identified(told, NAME, "account", "type_code", "bank_reference", "customer_reference")
