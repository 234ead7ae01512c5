"""What the invoices of a bill month come to, what they cost us and what is left of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal

import polars as pl

from invoices.schema import CENTS, columns_of
from rebill.pricing.margin import earning
from rebill.reference.current import current_frame
from rebill.store.frames import one_of
from rebill.store.models import CustomerInvoice
from rebill.store.record import Record

SOLD = pl.Schema(
    {
        "invoice_no": pl.String(),
        "customer": pl.String(),
        "name": pl.String(),  # of the customer
        "status": pl.String(),  # draft, issued
        "total": CENTS,  # with taxes
        "cost": CENTS,
        "price": CENTS,  # without taxes of our own
        "margin": CENTS,  # price less cost
    }
)


@dataclass(frozen=True)
class Sold:
    """Customer invoices (`SOLD`), the largest first."""

    month: str
    """Their bill month, the last where there are several."""
    invoices: pl.DataFrame

    def sum(self, column: str) -> Decimal:
        """Return what a column of money comes to."""
        total = self.invoices[column].sum()
        return total if isinstance(total, Decimal) else Decimal("0.00")

    @property
    def share(self) -> Decimal | None:
        """The margin's share of the price; null where nothing was charged."""
        price = self.sum("price")
        return self.sum("margin") / price if price > 0 else None


def last_sold(record: Record) -> Sold | None:
    """Return what the last bill month with customer invoices brings; null before there is one."""
    bills = record.customer_invoices(CustomerInvoice.status != "void")
    return _sold(record, bills.filter(pl.col("bill_month") == pl.col("bill_month").max()))


def sold_on(record: Record, numbers: Collection[str], month: Sold | None) -> Sold | None:
    """Return what these invoices bring; null where none of them is there.

    `month` is what is known of the last month: the record is asked only for what is not of it.
    """
    if month is not None:
        own = month.invoices.filter(pl.col("invoice_no").is_in(list(numbers)))
        if own.height == len(set(numbers)):
            return replace(month, invoices=own)
    asked = one_of(record.connection, CustomerInvoice.invoice_no, numbers)
    return _sold(record, record.customer_invoices(asked))


def _sold(record: Record, bills: pl.DataFrame) -> Sold | None:
    """Return what invoices bring, from their lines."""
    months = bills["bill_month"].unique().sort().to_list()
    if not months:
        return None
    lines = earning(record.customer_lines(months))
    sums = lines.group_by("invoice_no").agg(pl.col("cost").sum(), price=pl.col("earned").sum())
    customers = current_frame(record.workspace, record.connection, "customers")
    return Sold(
        months[-1],
        bills.lazy()
        .join(sums, on="invoice_no", how="left")
        .join(customers.select("customer", "name"), on="customer", how="left")
        .with_columns(pl.col("cost", "price").fill_null(0).cast(CENTS))
        .with_columns(margin=(pl.col("price") - pl.col("cost")).cast(CENTS))
        .select(columns_of(SOLD))
        .sort("total", "invoice_no", descending=[True, False])
        .collect(),
    )
