"""What customers paid us, whoever told us: the one meaning of a payment.

That is what `customer_payments` says, and each debit of a customer on the day it settles. One that
came back is taken back on the day its return settled.
"""

from __future__ import annotations

import polars as pl

from invoices.schema import CENTS
from rebill.receivables.debits import sent
from rebill.reference import current
from rebill.store.record import Record

PAYMENTS = pl.Schema(
    {
        "payment": pl.String(),
        "customer": pl.String(),
        "invoice_no": pl.String(),  # null = it names none
        "paid_on": pl.Date(),
        "amount": CENTS,  # negative = taken back
    }
)


def received(record: Record) -> pl.DataFrame:
    """Return every payment of customers (`PAYMENTS`), also those of days to come."""
    table = current.current_frame(record.workspace, record.connection, "customer_payments")
    told = table.select(
        "payment", "customer", "invoice_no", "paid_on", pl.col("amount").cast(CENTS)
    ).collect()
    debits = sent(record).filter(pl.col("amount") > 0)
    own = ["customer", "invoice_no"]
    drawn = debits.select(_named("debit"), *own, paid_on="settles_on", amount="amount")
    back = debits.drop_nulls("returned_on").select(
        _named("return"), *own, paid_on="returned_on", amount=-pl.col("returned")
    )
    return pl.concat([told, drawn.cast(PAYMENTS), back.cast(PAYMENTS)])


def _named(what: str) -> pl.Expr:
    return pl.concat_str(pl.lit(f"{what} "), "trace").alias("payment")
