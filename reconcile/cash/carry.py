"""What it costs to wait: for customers after the pull, and for credits after a dispute.

Days are actual, a year has 365 of them whatever the calendar says (ACT/365). Interest is simple,
or added daily where the contract says so.
Each amount is exact until it is rounded once, half away from zero. A rate is a share a year
(`cost_of_capital` of the contract), `interest_per_day` a share a day.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

import polars as pl

from invoices.money import cents, divide_half_away, from_cents
from invoices.periods import add_days, add_months, day_of_month, days_between
from reconcile.contracts import Contract
from reconcile.window import NO_CLOSINGS, deadlines

YEAR_DAYS = 365
MONTH_DAYS_E4 = 304_167
"""Days of an average month, 30.4167, in ten-thousandths."""
_SHARE = pl.Decimal(38, 12)
_ONE = 10**12

WAITING = pl.Schema(
    {
        "contract": pl.String(),
        "cost_of_capital": _SHARE,  # a year, actual/365; null = not said
        "resolve_days": pl.Int64(),
        "credit_by_bill": pl.Int64(),  # the nth bill after resolution; 0 = at once
        "interest_per_day": _SHARE,  # on what is credited, from the pull to the credit
        "interest_compound": pl.Boolean(),  # daily; else simple
    }
)


def waiting(contracts: list[Contract]) -> pl.DataFrame:
    """Return what each contract says about waiting for a credit (columns of `WAITING`)."""
    rows = [
        {
            "contract": c.id,
            "cost_of_capital": c.security.cost_of_capital if c.security else None,
            "resolve_days": c.dispute.resolve_days,
            "credit_by_bill": c.dispute.credit_by_bill,
            "interest_per_day": c.dispute.interest_per_day,
            "interest_compound": c.dispute.interest_compound,
        }
        for c in contracts
    ]
    return pl.DataFrame(rows, schema=WAITING)


def float_cost(amount: pl.Expr, days: pl.Expr, yearly: pl.Expr) -> pl.Expr:
    """Return what `amount` (cents) costs over so many days; negative days are a gain, no rate null.

    amount x yearly x days / 365, rounded once.
    """
    parts = cents(amount) * share_parts(yearly) * days.cast(pl.Int128)
    return from_cents(divide_half_away(parts, _ONE * YEAR_DAYS))


def carry_of_days(cent_days: pl.Expr, yearly: pl.Expr) -> pl.Expr:
    """Return what money costs of which `cent_days` says how many cents waited how many days."""
    parts = cent_days.cast(pl.Int128) * share_parts(yearly)
    return from_cents(divide_half_away(parts, _ONE * YEAR_DAYS))


def simple_interest(amount: pl.Expr, days: pl.Expr, per_day: pl.Expr) -> pl.Expr:
    """Return the interest a contract grants on `amount` over so many days, rounded once."""
    parts = cents(amount) * share_parts(per_day) * days.cast(pl.Int128)
    return from_cents(divide_half_away(parts, _ONE))


def compound_interest(amount: Decimal, days: int, per_day: Decimal) -> Decimal:
    """Return the interest on `amount` that is added to it every day, rounded once at the end."""
    with localcontext() as exact:
        exact.prec = 60
        earned = amount * ((1 + per_day) ** days - 1)
        return earned.quantize(Decimal("0.01"), ROUND_HALF_UP)


def peak_funding(monthly_cost: pl.Expr, gap_days: pl.Expr) -> pl.Expr:
    """Return what must be financed while customers pay so many days after the pull.

    monthly cost x days / 30.4167, rounded once; nothing where customers pay first.
    """
    days = pl.max_horizontal(gap_days.cast(pl.Int128), pl.lit(0, dtype=pl.Int128))
    return from_cents(divide_half_away(cents(monthly_cost) * days * 10_000, MONTH_DAYS_E4))


def share_parts(share: pl.Expr) -> pl.Expr:
    """Return a share as a whole number of 10^-12 (Int128)."""
    return share.cast(_SHARE).to_physical().cast(pl.Int128)


def nth_bill_after(day: pl.Expr, bill_day: pl.Expr, nth: pl.Expr) -> pl.Expr:
    """Return the date of the nth monthly bill after `day`; the 0th is `day` itself.

    `bill_day` is the day of the month of the account's bills; a month that has no such day bills
    on its last.
    """
    start = day.dt.month_start()
    this_month = day_of_month(start, bill_day)
    missed = (this_month <= day).cast(pl.Int64)
    bill = day_of_month(add_months(start, nth.cast(pl.Int64) - 1 + missed), bill_day)
    return pl.when(nth == 0).then(day).otherwise(bill)


def credit_days(
    waits: pl.DataFrame, contracts: list[Contract], closings: Set[date] = NO_CLOSINGS
) -> pl.DataFrame:
    """Return `waits` with the days on which its credit is to be expected; rows and order stay.

    `waits` has contract, filed_on (known or expected), resolved_on (null = not answered), bill_date
    and due_date of its bill, received_on, bill_day of its account. Added are

    - `resolves_on`: resolved_on, or filed_on plus the contract's `resolve_days`;
    - `credit_bill_on`: the bill that carries the credit, the nth after resolution;
    - `credit_cash_on`: the day that bill is pulled, smaller by the credit: only then it is money.

    All three are null without a contract.
    """
    terms = waiting(contracts).select("contract", "resolve_days", "credit_by_bill")
    frame = waits.join(terms, on="contract", how="left", maintain_order="left").with_columns(
        resolves_on=pl.when(pl.col("resolve_days").is_not_null()).then(
            pl.coalesce("resolved_on", add_days(pl.col("filed_on"), pl.col("resolve_days")))
        )
    )
    bill = nth_bill_after(pl.col("resolves_on"), pl.col("bill_day"), pl.col("credit_by_bill"))
    frame = frame.with_columns(credit_bill_on=bill)
    late = {
        name: days_between(pl.col("bill_date"), pl.col(name)).clip(lower_bound=0)
        for name in ("due_date", "received_on")
    }
    bills = frame.select(
        "contract",
        bill_date="credit_bill_on",
        **{name: add_days(pl.col("credit_bill_on"), days) for name, days in late.items()},
    )
    pulled = deadlines(bills, contracts, closings)["debit_on"]
    return frame.with_columns(pulled.alias("credit_cash_on")).drop("resolve_days", "credit_by_bill")
