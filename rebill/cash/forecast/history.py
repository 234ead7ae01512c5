"""How customers paid, how long we took to file and carriers to answer: the past as frames."""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.periods import days_between
from invoices.schema import CENTS, columns_of

PAID = pl.Schema(
    {
        "invoice_no": pl.String(),
        "customer": pl.String(),
        "bill_date": pl.Date(),
        "due_date": pl.Date(),
        "total": CENTS,
        "open": CENTS,  # what no payment covers yet
        "paid_on": pl.Date(),  # the day the last cent was covered; null = open
        "delay": pl.Int64(),  # days after the due date; negative = before it
    }
)


def whole_cents(column: str) -> pl.Expr:
    """Return an amount as a whole number of cents (Int64), as arrays take it."""
    return pl.col(column).cast(CENTS).to_physical().cast(pl.Int64)


def offset(as_of: dt.date, name: str) -> pl.Expr:
    """Return how many days after `as_of` a day is."""
    return days_between(pl.lit(as_of), pl.col(name))


def usual_lag(name: str) -> pl.Expr:
    """Return how many days after the date of a bill a day of it is, in the middle."""
    lag = days_between(pl.col("bill_date"), pl.col(name))
    return lag.median().round().cast(pl.Int64)


def paid(invoices: pl.DataFrame, payments: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return what of each invoice is paid by a day, and when it was (columns of `PAID`).

    `invoices` have invoice_no, customer, bill_date, due_date and total, `payments` customer,
    invoice_no, paid_on and amount. A payment that names no invoice of its customer, and what one
    is above its invoice, pays the customer's open invoices, those due first before the others; so
    does an invoice below zero. A void invoice and a payment after `as_of` do not count.
    """
    bills = invoices.filter(pl.col("status") != "void")
    known = payments.filter(pl.col("paid_on") <= as_of).with_columns(pl.col("amount").cast(CENTS))
    numbers = bills.select("customer", "invoice_no", named=pl.lit(True))
    known = known.join(numbers, on=["customer", "invoice_no"], how="left")
    direct = (
        known.filter("named")
        .group_by("customer", "invoice_no")
        .agg(direct=pl.col("amount").sum(), direct_on=pl.col("paid_on").max())
    )
    bills = bills.join(direct, on=["customer", "invoice_no"], how="left").with_columns(
        rest=pl.max_horizontal(pl.col("total") - pl.col("direct").fill_null(ZERO_CENTS), ZERO_CENTS)
    )
    pool = _pool(bills, known)
    last = pool.group_by("customer").agg(pool=pl.col("reached").last())
    before = pl.col("reaches") - pl.col("rest")
    covered = pl.min_horizontal(pl.col("pool").fill_null(ZERO_CENTS) - before, pl.col("rest"))
    found = (
        bills.sort("customer", "due_date", "invoice_no")
        .with_columns(reaches=pl.col("rest").cum_sum().over("customer"))
        .join(last, on="customer", how="left")
        .with_columns(open=pl.col("rest") - pl.max_horizontal(covered, ZERO_CENTS))
        .sort("reaches")
        .join_asof(
            pool.select("customer", "reached", pool_on="on").sort("reached"),
            left_on="reaches",
            right_on="reached",
            by="customer",
            strategy="forward",
            check_sortedness=False,
        )
    )
    on = pl.when(pl.col("rest") > 0).then("pool_on").otherwise("direct_on")
    return (
        found.with_columns(paid_on=pl.when(pl.col("open") == 0).then(on))
        .with_columns(delay=days_between(pl.col("due_date"), pl.col("paid_on")))
        .select(columns_of(PAID))
        .sort("invoice_no")
    )


def _pool(bills: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return [customer, on, reached]: what could pay any invoice, summed up to each day."""
    loose = known.filter(pl.col("named").is_null()).select("customer", "amount", on="paid_on")
    above = pl.max_horizontal(pl.col("direct") - pl.col("total"), ZERO_CENTS)
    spare = bills.select(
        "customer",
        pl.when(pl.col("direct").is_not_null())
        .then(above)
        .otherwise(pl.max_horizontal(-pl.col("total"), ZERO_CENTS))
        .cast(CENTS)
        .alias("amount"),
        on=pl.coalesce("direct_on", "bill_date"),
    ).filter(pl.col("amount") > 0)
    return (
        pl.concat([loose, spare])
        .sort("customer", "on")
        .with_columns(reached=pl.col("amount").cum_sum().over("customer"))
        .with_columns(pl.col("reached").cum_max().over("customer"))
    )


def filing_days(claims: pl.DataFrame, received: pl.DataFrame) -> pl.DataFrame:
    """Return [carrier, days]: how long each filed claim took from the day its bill came in.

    `received` has claim_no and received_on.
    """
    days = days_between(pl.col("received_on"), pl.col("filed_on"))
    return (
        claims.join(received, on="claim_no")
        .select("carrier", days=days.clip(lower_bound=0))
        .drop_nulls()
    )


def answer_days(claims: pl.DataFrame) -> pl.DataFrame:
    """Return [carrier, days]: how long a carrier took to answer each claim that it answered."""
    days = days_between(pl.col("filed_on"), pl.col("resolved_on"))
    answered = claims.filter(pl.col("status") != "withdrawn")
    return answered.select("carrier", days=days.clip(lower_bound=0)).drop_nulls()


def changes(charges: pl.DataFrame) -> pl.DataFrame:
    """Return [carrier, spread]: by how much a month's bill usually differs from the one before.

    `charges` have carrier, ban, bill_date, amount. The spread is the root of the mean square of the
    relative change over all accounts; a carrier without two bills of an account has no row.
    """
    months = (
        charges.group_by("carrier", "ban", month=pl.col("bill_date").dt.month_start())
        .agg(pl.col("amount").sum().cast(pl.Float64))
        .sort("carrier", "ban", "month")
        .with_columns(before=pl.col("amount").shift(1).over("carrier", "ban"))
        .filter(pl.col("before") > 0)
    )
    change = (pl.col("amount") / pl.col("before") - 1).clip(-1, 1)
    return months.group_by("carrier").agg(spread=(change**2).mean().sqrt())
