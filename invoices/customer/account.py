"""What a customer's account comes to on a day: which invoices are open, and how old they are.

Payments and credits find their invoice or, without one, pay the oldest. Nothing here knows a
record: invoices and payments are frames, those of many accounts, each as of a day of its own.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.periods import days_between
from invoices.schema import CENTS, columns_of, seal

BILLS = pl.Schema(
    {
        "account": pl.String(),  # whose open invoices are asked for: a customer, or a paper
        "as_of": pl.Date(),  # the day to which ages are counted
        "invoice_no": pl.String(),
        "kind": pl.String(),  # invoice, credit_note
        "corrects": pl.String(),  # of a credit note: the invoice that it takes back
        "bill_date": pl.Date(),
        "due_date": pl.Date(),
        "total": CENTS,  # negative = money back
    }
)
PAID = pl.Schema(
    {
        "account": pl.String(),
        "invoice_no": pl.String(),  # what is paid; null, or none of the account's: the oldest
        "amount": CENTS,  # negative = taken back
    }
)
OPEN = pl.Schema(
    {
        "account": pl.String(),
        "invoice_no": pl.String(),  # null: what pays no invoice, or was taken back of none
        "bill_date": pl.Date(),
        "due_date": pl.Date(),
        "total": CENTS,
        "open": CENTS,  # negative = money of the customer that pays nothing yet
        "days": pl.Int64(),  # days past due, 0 = not yet due
        "age": pl.String(),  # one of `AGES`; of unapplied money `unapplied`
    }
)
AGES = {"current": 0, "30": 30, "60": 60, "90": 90}
"""The days past due that each age ends with; what is past the last is `older`."""
AGED = (*AGES, "older")
BALANCES = pl.Schema(
    {
        "account": pl.String(),
        **dict.fromkeys(AGED, CENTS),
        "unapplied": CENTS,  # money of the customer that pays no invoice yet, without a sign
        "past_due": CENTS,  # what is open past its due date; what is unapplied does not lessen it
        "balance": CENTS,  # the ages less what is unapplied: totals less payments
    }
)


def known_on(
    invoices: pl.DataFrame, payments: pl.DataFrame, as_of: dt.date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the invoices (`BILLS`) and payments (`PAID`) that count on a day, by customer.

    `invoices` have status and issued_on besides: drafts, void ones and those issued later do not
    count; `payments` have customer, invoice_no, paid_on and amount: those of later days do not.
    """
    issued = invoices.filter(pl.col("status") == "issued", pl.col("issued_on") <= as_of)
    paid = payments.filter(pl.col("paid_on") <= as_of)
    return (
        issued.with_columns(account="customer", as_of=pl.lit(as_of)).pipe(seal, BILLS),
        paid.with_columns(pl.col("amount").cast(CENTS), account="customer").pipe(seal, PAID),
    )


def open_items(bills: pl.DataFrame, paid: pl.DataFrame) -> pl.DataFrame:
    """Return what is open (`OPEN`), the oldest first: `bills` and `paid` are as their schemas say.

    A credit note lessens the invoice that it takes back, a payment the one that it names. What is
    above that invoice, a payment that names none of the account's and an invoice below zero pay the
    oldest open ones, by due date. The sum of `open` is that of the totals less the payments.
    """
    back = (pl.col("kind") == "credit_note") | (pl.col("total") < 0)
    credits = bills.filter(back).select(
        "account",
        invoice_no=pl.when(pl.col("kind") == "credit_note").then("corrects"),
        amount=-pl.col("total"),
    )
    charges = bills.filter(~back).sort("account", "due_date", "bill_date", "invoice_no")
    entries = pl.concat([credits.pipe(seal, PAID), paid])
    key = ["account", "invoice_no"]
    named = entries.join(charges.select(key), on=key, how="semi").group_by(key)
    own = charges.join(named.agg(pl.col("amount").sum()), on=key, how="left").with_columns(
        rest=pl.col("total") - pl.col("amount").fill_null(ZERO_CENTS)
    )
    loose = entries.join(charges.select(key), on=key, how="anti").select("account", "amount")
    above = own.filter(pl.col("rest") < 0).select("account", amount=-pl.col("rest"))
    pool = pl.concat([loose, above]).group_by("account").agg(pool=pl.col("amount").sum())
    return _oldest_first(own.filter(pl.col("rest") > 0), pool)


def _oldest_first(unpaid: pl.DataFrame, pool: pl.DataFrame) -> pl.DataFrame:
    """Return `OPEN`: the invoices with what the pool of their account leaves of them, in order."""
    reach = pl.col("rest").cum_sum().over("account")
    left = (
        unpaid.join(pool, on="account", how="left", maintain_order="left")
        .with_columns(pl.col("pool").fill_null(ZERO_CENTS), reach=reach)
        .with_columns(short=pl.col("reach") - pl.col("pool"))
        .with_columns(open=pl.min_horizontal("rest", pl.max_horizontal("short", ZERO_CENTS)))
        .with_columns(days=days_between(pl.col("due_date"), pl.col("as_of")).clip(lower_bound=0))
    )
    used = unpaid.group_by("account").agg(pl.col("rest").sum())
    over = pool.join(used, on="account", how="left").with_columns(
        over=pl.col("pool") - pl.col("rest").fill_null(ZERO_CENTS)
    )
    # Taken back more than was ever given: that is owed, and nobody knows since when.
    spare = over.filter((pl.col("over") > 0) | (pl.col("pool") < 0)).select(
        "account",
        open=pl.when(pl.col("pool") < 0).then(-pl.col("pool")).otherwise(-pl.col("over")),
        days=pl.lit(0, dtype=pl.Int64),
    )
    rows = pl.concat([left.filter(pl.col("open") > 0), spare], how="diagonal_relaxed")
    return (
        rows.with_columns(age=_age()).pipe(seal, OPEN).sort("account", maintain_order=True)
    ).select(columns_of(OPEN))


def _age() -> pl.Expr:
    spare = pl.when(pl.col("open") < 0).then(pl.lit("unapplied"))
    ages = (pl.when(pl.col("days") <= days).then(pl.lit(age)) for age, days in AGES.items())
    return pl.coalesce(spare, *ages, pl.lit("older"))


def balances(items: pl.DataFrame) -> pl.DataFrame:
    """Return what each account with open items (`OPEN`) comes to by age (`BALANCES`)."""

    def of(*ages: str) -> pl.Expr:
        return pl.col("open").filter(pl.col("age").is_in(ages)).sum()

    return (
        items.group_by("account")
        .agg(
            *(of(age).alias(age) for age in AGED),
            unapplied=-of("unapplied"),
            past_due=of(*AGED[1:]),
            balance=pl.col("open").sum(),
        )
        .pipe(seal, BALANCES)
        .sort("account")
    )
