"""What customers paid us, whoever told us: the one meaning of a payment.

That is what `customer_payments` says, and each debit of a customer on the day it settles. One that
came back is taken back on the day its return settled, and not before it was paid.
"""

from __future__ import annotations

import polars as pl

from invoices.schema import CENTS, columns_of, seal
from rebill.receivables.debits import sent
from rebill.reference import current
from rebill.store import models_bank, read_table
from rebill.store.models_selling import DebitFile
from rebill.store.record import Record

PAYMENTS = pl.Schema(
    {
        "payment": pl.String(),
        "kind": pl.String(),  # payment = it was told us, debit = by us, return = of a debit
        "customer": pl.String(),
        "invoice_no": pl.String(),  # null = it names none
        "paid_on": pl.Date(),
        "amount": CENTS,  # negative = taken back
    }
)
TOLD = "payment"
KNOWN = pl.Schema(
    {
        **PAYMENTS,
        "loaded_in": pl.Int64(),  # the load in which it came; null = no load brought it
        "superseded_in": pl.Int64(),  # the load from which on it is gone; null = it stands
        "run": pl.Int64(),  # the run that debited it, or that read its return
    }
)


def received(record: Record) -> pl.DataFrame:
    """Return every payment of customers (`PAYMENTS`), also those of days to come."""
    table = current.current_frame(record.workspace, record.connection, "customer_payments")
    told = table.select(
        "payment",
        *("customer", "invoice_no", "paid_on"),
        pl.col("amount").cast(CENTS),
        kind=pl.lit(TOLD),
    ).collect()
    return pl.concat(each.select(columns_of(PAYMENTS)) for each in (told, _debited(record)))


def known(record: Record) -> pl.DataFrame:
    """Return every payment that was ever on record (`KNOWN`), and from when until when it was."""
    told = current.versions(record.connection, "customer_payments").with_columns(
        pl.col("amount").cast(CENTS), kind=pl.lit(TOLD)
    )
    return pl.concat([told, _debited(record)], how="diagonal_relaxed").pipe(seal, KNOWN)


def _debited(record: Record) -> pl.DataFrame:
    """Return what debits brought and returns took back: `PAYMENTS`, and the run that knew it."""
    debits = sent(record).filter(pl.col("amount") > 0)
    own = ["customer", "invoice_no"]
    files = read_table(record.connection, DebitFile).select(file="name", run="run_id")
    drawn = debits.join(files, on="file", how="left").select(
        *_named("debit"), *own, "run", paid_on="settles_on", amount="amount"
    )
    papers = read_table(record.connection, models_bank.BankFile)
    back = (
        debits.drop_nulls("returned_on")
        .join(papers.select(returned_in="id", run="run_id"), on="returned_in", how="left")
        .select(
            *_named("return"),
            *own,
            "run",
            # A bank may refuse a debit before the day on which it was to settle.
            paid_on=pl.max_horizontal("returned_on", "settles_on"),
            amount=-pl.col("returned"),
        )
    )
    columns = {**PAYMENTS, "run": pl.Int64()}
    return pl.concat([each.select(columns_of(columns)) for each in (drawn, back)])


def _named(what: str) -> tuple[pl.Expr, pl.Expr]:
    kind = pl.lit(what).alias("kind")
    return pl.concat_str(kind, pl.lit(" "), "trace").alias("payment"), kind
