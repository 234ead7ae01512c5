"""What each account bills in a usual month, which bills are to come, and under which contract.

A usual month is the mean of the last three an account was billed in, rounded once. An account that
sent no bill for two months does not run any more. Bills to come are dated on the day of the month
the account is billed on; each belongs to the contract that holds the account on that day, which may
be another carrier's after a sale of accounts.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from invoices.money import cents, divide_half_away, from_cents
from invoices.schema import CENTS, columns_of
from reconcile.cash.carry import nth_bill_after
from reconcile.contracts import Contract, contract_for

ACCOUNT = ["carrier", "ban"]
MONTHS = 3
"""So many months make a usual one."""
SILENT_DAYS = 62
"""An account without a bill for longer does not run any more."""

CHARGES = pl.Schema(
    {
        "document_id": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "bill_date": pl.Date(),
        "charge_class": pl.String(),
        "charged": CENTS,  # the positive lines of the class
        "credited": CENTS,  # the negative ones; negative
    }
)
"""What the lines of a document come to, by class: what the functions here take."""


def charges(lines: pl.LazyFrame) -> pl.DataFrame:
    """Return what lines come to by document and class (columns of `CHARGES`)."""
    amount = pl.col("amount")
    return (
        lines.group_by("document_id", "carrier", "ban", "bill_date", "charge_class")
        .agg(
            charged=amount.filter(amount > 0).sum(),
            credited=amount.filter(amount < 0).sum(),
        )
        .select(columns_of(CHARGES))
        .collect()
    )


def total(frame: pl.DataFrame, name: str) -> Decimal:
    """Return what a column of dollars and cents comes to; 0.00 of no rows."""
    found: Decimal = frame.select(pl.col(name).sum().cast(CENTS)).item()
    return found


def usual_months(amounts: pl.DataFrame, as_of: dt.date, names: tuple[str, ...]) -> pl.DataFrame:
    """Return the usual and the highest month of each account that runs.

    `amounts` have carrier, ban, bill_date and the amounts `names`; those dated after `as_of` are
    left out. Columns: carrier, ban, bill_day, last_bill, each name, and `<name>_best`, the highest
    month of the last twelve.
    """
    known = amounts.filter(pl.col("bill_date") <= as_of)
    days = known.group_by(ACCOUNT).agg(
        bill_day=pl.col("bill_date").dt.day().max().cast(pl.Int64),
        last_bill=pl.col("bill_date").max(),
    )
    months = (
        known.group_by(*ACCOUNT, month=pl.col("bill_date").dt.month_start())
        .agg(pl.col(name).sum() for name in names)
        .sort(*ACCOUNT, "month")
    )
    last = [pl.col(name).tail(MONTHS) for name in names]
    usual = months.group_by(ACCOUNT).agg(
        *(
            divide_half_away(
                cents(one).sum().cast(pl.Int128),
                pl.min_horizontal(pl.len(), MONTHS).cast(pl.Int128),
            ).alias(name)
            for name, one in zip(names, last, strict=True)
        ),
        *(pl.col(name).tail(12).max().alias(f"{name}_best") for name in names),
    )
    return (
        usual.join(days, on=ACCOUNT)
        .filter(pl.col("last_bill") >= as_of - dt.timedelta(SILENT_DAYS))
        .with_columns(from_cents(pl.col(name)) for name in names)
    )


def bills_to_come(accounts: pl.DataFrame, until: dt.date) -> pl.DataFrame:
    """Return [carrier, ban, bill_date] of the bills after the last one of each account.

    `accounts` have carrier, ban, bill_day and last_bill; `until` is excluded. One bill a month; the
    month of the last bill has had its own.
    """
    first = accounts["last_bill"].min()
    if not isinstance(first, dt.date):
        return accounts.select(*ACCOUNT, bill_date="last_bill")
    count = max(0, (until.year - first.year) * 12 + until.month - first.month)
    numbers = pl.DataFrame({"nth": range(1, count + 1)}, schema={"nth": pl.Int64})
    month_end = pl.col("last_bill").dt.month_end()
    return (
        accounts.join(numbers, how="cross")
        .with_columns(bill_date=nth_bill_after(month_end, pl.col("bill_day"), pl.col("nth")))
        .filter(pl.col("bill_date") < until)
        .select(*ACCOUNT, "bill_date")
        .sort(*ACCOUNT, "bill_date")
    )


def held_by(bills: pl.DataFrame, contracts: list[Contract]) -> pl.DataFrame:
    """Return [carrier, ban, bill_date, contract]: who holds each account on the day of its bill.

    Where no contract of its carrier does, one of another carrier that names the account on that
    day holds it: the carrier sold it. It does so only while that carrier has not billed it itself.
    """
    asked = bills.select(*ACCOUNT, "bill_date").unique().rename({"bill_date": "day"})
    own = contract_for(asked, contracts)
    lost = own.filter(pl.col("contract").is_null())
    carriers = pl.DataFrame(
        {"buyer": sorted({one.carrier for one in contracts})}, schema={"buyer": pl.String()}
    )
    offers = lost.drop("contract").join(carriers, how="cross")
    offers = offers.filter(pl.col("buyer") != pl.col("carrier"))
    itself = bills.select(buyer="carrier", ban="ban").unique()
    offers = offers.join(itself, on=["buyer", "ban"], how="anti")
    sold = contract_for(
        offers.select(carrier="buyer", ban="ban", day="day").unique(), contracts
    ).drop_nulls("contract")
    bought = (
        offers.join(sold, left_on=["buyer", "ban", "day"], right_on=["carrier", "ban", "day"])
        .sort("contract")
        .unique([*ACCOUNT, "day"], keep="first", maintain_order=True)
        .select(*ACCOUNT, "day", bought="contract")
    )
    return (
        own.join(bought, on=[*ACCOUNT, "day"], how="left")
        .select(*ACCOUNT, bill_date="day", contract=pl.coalesce("contract", "bought"))
        .sort(*ACCOUNT, "bill_date")
    )
