"""How long each pull waits for the customers it was bought for, and what that costs.

A carrier's bill is pulled on one day and paid by many customers on many others. The day it is
collected is theirs on the mean, each counting with what it is charged for that bill.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.periods import add_days, days_between
from invoices.schema import CENTS, columns_of
from rebill.cash.forecast.history import paid, whole_cents
from rebill.receivables.payments import received
from rebill.reference import current
from rebill.store.record import Record
from reconcile.cash.carry import float_cost, peak_funding, waiting
from reconcile.cash.exposure import as_pulled

ENOUGH = 5
"""So many payments of one customer are enough to judge it by them."""

GAPS = pl.Schema(
    {
        "document_id": pl.String(),
        "carrier": pl.String(),
        "contract": pl.String(),
        "ban": pl.String(),
        "invoice_no": pl.String(),
        "bill_date": pl.Date(),
        "debit_on": pl.Date(),
        "amount": CENTS,  # that is pulled
        "charged": CENTS,  # what customers are charged for the bill
        "collect_on": pl.Date(),  # when they pay or will, on the mean; null = nobody is charged
        "gap_days": pl.Int64(),  # from the pull to that day; negative = they pay first
        "cost_of_capital": pl.Decimal(38, 12),
        "float_cost": CENTS,  # amount x rate x days / 365; negative = a gain
        "peak_funding": CENTS,  # what must be financed if every month were like it
    }
)


def gaps(record: Record, as_of: dt.date) -> pl.DataFrame:
    """Return every pull with the day its customers pay (columns of `GAPS`, by document).

    An invoice that is paid was paid when it was; another will be as its customer, or else all
    customers, paid before, in the middle; without any history `dso_days` after the bill, if the
    settings say so, or when it is due.
    """
    by_bill = _collected(record, as_of)
    terms = waiting(current.contracts(record.connection)).select("contract", "cost_of_capital")
    pulls = as_pulled(record.debits()).filter(
        pl.col("amount") > 0, pl.col("status") != "returned", pl.col("debit_on").is_not_null()
    )
    gap = days_between(pl.col("debit_on"), pl.col("collect_on"))
    return (
        pulls.join(by_bill, on="document_id", how="left")
        .join(terms, on="contract", how="left")
        .with_columns(gap_days=gap)
        .with_columns(
            float_cost=float_cost(pl.col("amount"), pl.col("gap_days"), pl.col("cost_of_capital")),
            peak_funding=pl.when(pl.col("gap_days").is_not_null()).then(
                peak_funding(pl.col("amount"), pl.col("gap_days"))
            ),
        )
        .select(columns_of(GAPS))
        .sort("document_id")
    )


def _collected(record: Record, as_of: dt.date) -> pl.DataFrame:
    """Return [document_id, mean, charged, collect_on]: the mean day each bill's customers pay.

    A bill of which one customer is charged 30.00 and pays on the 10th, another 10.00 and pays on
    the 20th, is collected on the 13th (12.5, the half up).
    """
    invoices = collection(record, as_of).select("invoice_no", "collect_on")
    share = pl.col("price").cast(pl.Int128)
    day = pl.col("collect_on").cast(pl.Int32).cast(pl.Int128)
    mean = ((share * day).sum() * 2 + share.sum()) // (share.sum() * 2)
    return (
        _charged(record)
        .join(invoices, on="invoice_no")
        .group_by("document_id")
        .agg(mean=mean, charged=pl.col("price").sum())
        .with_columns(
            collect_on=pl.col("mean").cast(pl.Int32).cast(pl.Date),
            charged=(pl.col("charged").cast(pl.Decimal(38, 2)) / 100).cast(CENTS),
        )
    )


def _charged(record: Record) -> pl.DataFrame:
    """Return [document_id, invoice_no, price]: what customers are charged for each bill, cents."""
    return (
        record.customer_lines()
        .filter(pl.col("line_id").is_not_null(), pl.col("price") > 0)
        .select(
            "invoice_no",
            document_id=pl.col("line_id").str.replace(r"-\d+$", ""),
            price=whole_cents("price"),
        )
        .group_by("document_id", "invoice_no")
        .agg(pl.col("price").sum())
        .collect()
    )


def collection(record: Record, as_of: dt.date) -> pl.DataFrame:
    """Return every invoice with `collect_on`: when it was paid, or when it will be.

    One that should have been paid and was not is expected tomorrow; where no payment is on record
    at all, every invoice is taken to be paid as expected.
    """
    payments = received(record)
    assumed = record.workspace.settings.forecast
    invoices = paid(record.customer_invoices(), payments, as_of)
    known = invoices.drop_nulls("delay")
    own = known.group_by("customer").agg(count=pl.len(), usual=_middle("delay"))
    own = own.filter(pl.col("count") >= ENOUGH).select("customer", "usual")
    pooled = known.select(_middle("delay")).item() if known.height >= ENOUGH else None
    usual = pl.coalesce("usual", pl.lit(pooled, dtype=pl.Int64))
    without = (
        pl.col("due_date")
        if assumed.dso_days is None
        else add_days(pl.col("bill_date"), assumed.dso_days)
    )
    expected = pl.coalesce(add_days(pl.col("due_date"), usual), without)
    if payments.height:
        expected = pl.max_horizontal(expected, pl.lit(as_of + dt.timedelta(1)))
    return invoices.join(own, on="customer", how="left").with_columns(
        collect_on=pl.coalesce("paid_on", expected)
    )


def _middle(name: str) -> pl.Expr:
    """Return the lower of the middle values of whole numbers."""
    return pl.col(name).sort().get((pl.len().cast(pl.Int64) - 1) // 2)
