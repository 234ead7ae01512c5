"""What carriers gave back of claims, as bills a commission can be paid of: a bill a claim and day.

Paid is only what was verified line by line: cents that a carrier's own line gives, and that lie on
a line of the claim because the two agree (service, code, amount), or because all of that line is
credited. A credit that a person tells without a line of a bill, and one that pays a claim in part
without saying for what, wait until it is known.

Of claim N1 10.00 are claimed on line F1 and 5.00 on F2. A credit of 12.00 that only names the claim
lies on F1 with 10.00 and on F2 with 2.00: 10.00 are verified, 2.00 wait for the 3.00 that lack.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.periods import month_of
from invoices.schema import CENTS, columns_of
from invoices.text import filled
from rebill.pricing.earning.commissions import OF_RECOVERED, READ, RECOVERED
from rebill.reference.current import current_frame
from rebill.store import models_disputes, read_table
from rebill.store.record import Record
from reconcile.claims.crediting import BY_LINE

BILLS = pl.Schema(
    {
        "invoice_no": pl.String(),  # the claim and the day: D-000004 of 2026-04-01
        "customer": pl.String(),  # null where its lines are of several, or of none
        "bill_month": pl.String(),  # YYYY-MM of the day
        "bill_date": pl.Date(),  # the day the credit counts for its claim
        "kind": pl.String(),
        "corrects": pl.String(),
        "total": CENTS,  # all that was credited, verified or not
    }
)
LINES = pl.Schema(
    {
        **dict.fromkeys(READ, pl.String()),
        **dict.fromkeys(("price", "cost"), CENTS),
    }
)
_OF_LINE = ["claim_no", "finding_id"]


class Recovered(NamedTuple):
    """What carriers gave back: `bills` (`BILLS`), and what of it is verified, `lines` (`LINES`)."""

    bills: pl.DataFrame
    lines: pl.DataFrame


NOTHING = Recovered(BILLS.to_frame(), LINES.to_frame())


def recovered(record: Record, rules: pl.DataFrame) -> Recovered:
    """Return what was given back of claims, where one of the `rules` pays of it; else nothing."""
    if not rules["method"].eq(OF_RECOVERED).any():
        return NOTHING
    credits = read_table(record.connection, models_disputes.ClaimCredit)
    claimed = read_table(record.connection, models_disputes.ClaimLine)
    services = current_frame(record.workspace, record.connection, "services")
    known = services.select("service", "customer", "product").collect()
    return recovered_of(credits, claimed, known)


def recovered_of(credits: pl.DataFrame, claimed: pl.DataFrame, services: pl.DataFrame) -> Recovered:
    """Return the bills and lines of what was given back.

    `credits` has claim_no, finding_id, credit_id, at, amount, matched_by; `claimed` claim_no,
    finding_id, service, amount; `services` service, customer, product.
    """
    lines = claimed.select(*_OF_LINE, "service", asked="amount")
    told = (
        credits.join(lines, on=_OF_LINE, how="left", maintain_order="left")
        .join(services, on="service", how="left", maintain_order="left")
        .with_columns(
            invoice_no=filled("{} of {}", "claim_no", pl.col("at").cast(pl.String)),
            bill_month=month_of("at"),
            verified=_is_verified(),
        )
    )
    return Recovered(_bills(told), _lines(told))


def _is_verified() -> pl.Expr:
    """Return whether the cents of a credit are verified on a line of the claim."""
    given = pl.col("amount").filter(pl.col("credit_id").is_not_null()).sum().over(_OF_LINE)
    on_line = pl.col("credit_id").is_not_null() & pl.col("asked").is_not_null()
    return on_line & ((pl.col("matched_by") == BY_LINE) | (given >= pl.col("asked")))


def _bills(told: pl.DataFrame) -> pl.DataFrame:
    whose = pl.col("customer")
    return (
        told.group_by("invoice_no", "bill_month", bill_date="at")
        .agg(
            customer=pl.when(whose.n_unique() == 1).then(whose.first()),
            total=pl.col("amount").sum().cast(CENTS),
        )
        .with_columns(kind=pl.lit(RECOVERED), corrects=pl.lit(None, pl.String))
        .select(columns_of(BILLS))
        .sort("bill_date", "invoice_no")
    )


def _lines(told: pl.DataFrame) -> pl.DataFrame:
    """Return what is verified, a row a line of a claim and day."""
    # No line_id: a customer's credit names a carrier's line, and means what he was charged for it.
    none = [pl.lit(None, pl.String).alias(name) for name in ("kind", "credit_of", "line_id")]
    key = ["invoice_no", "finding_id"]
    return (
        told.filter("verified")
        .group_by(key)
        .agg(
            pl.col("bill_month", "customer", "service", "product").first(),
            price=pl.col("amount").sum().cast(CENTS),
        )
        .with_columns(*none, made_key="finding_id", charge_class=pl.lit(RECOVERED), cost=ZERO_CENTS)
        .select(columns_of(LINES))
        .sort("invoice_no", "made_key")
    )
