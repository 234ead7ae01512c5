"""Claims as they are asked for: by what they are, and by what of findings they hold."""

from __future__ import annotations

import polars as pl

from rebill.cli.lists.filters import OfFinding, customer_names, narrowed, of_customer, of_service
from rebill.disputes.held_by_claims import holds
from rebill.store.record import Record


def claims_wanted(record: Record, claims: pl.DataFrame, wanted: OfFinding) -> pl.DataFrame:
    """Return the claims, or tasks about them, that are wanted; all their columns stay."""
    reason, code = wanted.known_reason(), wanted.known_code()
    own = wanted.of_account(narrowed(claims, reason=reason, bill_month=wanted.bill_month))
    if not (code or wanted.service or wanted.customer):
        return own
    held = holds(record, own["claim_no"]) if own.height else holds(record)
    held = of_service(narrowed(held, code=code), wanted.service, record)
    if wanted.customer is not None:
        customers = of_customer(customer_names(record), wanted.customer, record)
        lines = record.lines().select("line_id", "customer")
        bought = lines.join(customers.lazy(), on="customer", how="semi")
        held = held.join(bought.select("line_id").collect(), on="line_id", how="semi")
    return own.join(held, on="claim_no", how="semi", maintain_order="left")
