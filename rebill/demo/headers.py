"""The header of each document the carrier sends: balances, printed totals, and faults in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from invoices.money import from_cents
from rebill.demo import offer
from rebill.demo.bills import World, with_dates
from rebill.demo.world import text

NOTHING = pl.lit(0, pl.Int64)
"""No money, in cents."""


@dataclass(frozen=True)
class Faulty:
    """The accounts whose documents are faulty as documents this month (None: none)."""

    held: int | None
    missing: int | None
    unbalanced: int | None
    conflict: int | None
    unreadable: int | None
    stranger: bool

    @property
    def quiet(self) -> list[int]:
        """The accounts whose lines take no part in anything else."""
        return [account for account in (self.held, self.missing) if account is not None]


def faulty(known: World, month: int) -> Faulty:
    """Say which documents go wrong in a month: each kind once in the story."""
    if not known.settings.errors_per_million:
        return Faulty(None, None, None, None, None, False)
    last, second = known.settings.months - 1, min(1, known.settings.months - 1)
    access = known.accounts.filter(pl.col("contract") == offer.ACCESS).get_column("account")[0]
    return Faulty(
        held=1 if month == second else None,
        missing=access + 2 if month == second and second > 0 else None,
        unbalanced=2 if month == last and last > 0 else None,
        conflict=access if month == second else None,
        unreadable=0 if month == 0 else None,
        stranger=month == last,
    )


def invoice_number() -> pl.Expr:
    """Return the account and the month of a document as its number."""
    return text(pl.col("ban"), "-", pl.col("bill").dt.strftime("%Y%m"))


def headers(
    lines: pl.DataFrame, known: World, month: int, balances: pl.DataFrame, wrong: Faulty
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the month's documents (in cents) and the balances they leave.

    The carrier pulls each bill before the next one, so that its payments are what was pulled.
    """

    def only(account: int | None, value: int) -> pl.Expr:
        return (
            pl.when(pl.col("account") == (-1 if account is None else account))
            .then(pl.lit(value, pl.Int64))
            .otherwise(NOTHING)
        )

    sums = lines.group_by("account").agg(pl.col("amount").sum())
    stranger = len(known.accounts) - 1
    bills = (
        with_dates(known.accounts, known, month)
        .filter((pl.col("account") != stranger) | wrong.stranger)
        .join(sums, on="account", how="left")
        .join(balances, on="account", how="left")
        .sort("account")
        .with_columns(pl.col("total", "pulled", "amount").fill_null(0))
        .with_columns(
            previous_balance="total",
            payments=-pl.col("pulled") + only(wrong.unbalanced, 5000),
            # An allowance on the old balance, which no line explains.
            adjustments=only(3 if month else None, -2500),
            current_charges=pl.col("amount") + only(wrong.held, 1000),
            invoice_no=invoice_number(),
        )
        .with_columns(
            total=pl.sum_horizontal(
                "previous_balance", "payments", "adjustments", "current_charges"
            )
        )
    )
    shown = pl.min_horizontal("previous_balance", "pulled") + pl.col("payments")
    pulled = pl.col("total") - pl.max_horizontal(shown, NOTHING)
    left = bills.select("account", "total", pulled=pl.max_horizontal(pulled, NOTHING))
    return bills, left


def unreadable_line(document: dict[str, Any]) -> str:
    """Return a row of the document whose amount is no number; it costs nothing."""
    cells = dict.fromkeys((name for name in document if name != "account"), "")
    cells |= {name: str(document[name]) for name in ("carrier", "ban", "invoice_no", "bill_date")}
    cells |= {"record": "line", "charge_class": "recurring", "usoc": "KSTA7", "amount": "n/a"}
    return ",".join(cells.values())


def corrected(rows: pl.DataFrame) -> pl.DataFrame:
    """Return a document as the carrier sends it once more, with an adjustment one dollar higher."""
    dollar = from_cents(pl.lit(100, pl.Int128))
    header = pl.col("record") == "document"
    return rows.with_columns(
        pl.when(header).then(pl.col(name) + dollar).otherwise(name).alias(name)
        for name in ("adjustments", "total_due")
    )
