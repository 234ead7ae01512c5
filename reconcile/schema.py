"""The nouns of reconciliation: the columns that matching, pricing and the audit add to a line.

Fractions of a month are counted in `invoices.money.MONTH_PARTS`; units in decimals of six places.
"""

from __future__ import annotations

import polars as pl

from invoices.schema import CENTS, LINES, RATE

UNITED = ("recurring", "prorated", "one_time", "usage")
"""Classes whose unit rate is audited against the contract."""
MATCHED = pl.Schema(
    {
        **LINES,
        "period_from": pl.Date(),  # the period the line is audited for; null = none
        "period_until": pl.Date(),  # excluded; equal to period_from = that one day
        "service": pl.String(),  # null = not matched, never a guess
        "customer": pl.String(),
        "product": pl.String(),
        "package": pl.String(),  # the package under which the line is audited; null = by itself
        "matched_by": pl.String(),  # circuit, wtn; null
        "bill_day": pl.Int64(),  # the day of the month the account bills on
        "match_note": pl.String(),  # conflict, ambiguous, other_ban, not_at_home; null
        "kind": pl.String(),  # of the catalogue; null = the code is not in it
        "family": pl.String(),  # of the catalogue, lower case
        "inventory_circuit": pl.String(),  # circuit_key of the service
        "inventory_state": pl.String(),
        "inventory_zone": pl.String(),
        "term_months": pl.Int64(),
        "installed_on": pl.Date(),
        "disconnected_on": pl.Date(),
    }
)

PRICED = pl.Schema(
    {
        **MATCHED,
        "contract": pl.String(),  # the document's contract; null = account unknown
        "rate_contract": pl.String(),  # the contract whose rates apply
        "order_used": pl.String(),  # order_no of the order that carries a one-time charge
        "rate_day": pl.Date(),  # chooses contract rate, markup and retail rate
        "rate_id": pl.Int64(),  # the buy_rates row in force
        "buy_rate": RATE,  # per unit and month; null = none in force
        "fraction_parts": pl.Int64(),  # months billed x MONTH_PARTS; null = no fraction
        "month_days": pl.Int64(),  # days of the month of a proration; null without a fraction
    }
)

AUDITED = pl.Schema(
    {
        **PRICED,
        "due_units": RATE,  # units due; 0 where nothing is due
        "due_unit_parts": pl.Decimal(38, 6),  # units due x fraction due x MONTH_PARTS
        "expected": CENTS,  # null = no rate in force
        "at_stake": CENTS,
        "tolerated": CENTS,  # signed
        "underbilled": CENTS,
    }
)
"""billed = expected + at_stake + tolerated - underbilled where expected is not null."""
