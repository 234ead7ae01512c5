"""What prices besides markups and retail rates: rules of customers, tiers, bundles."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from invoices.schema import empty, seal
from rebill.pricing.markups import BUNDLES
from rebill.pricing.tiers import TIERS

CUSTOMER_RULES = pl.Schema(
    {
        "customer": pl.String(),
        "cost_basis": pl.String(),  # expected, billed
        "rounding": pl.String(),  # rebill.store.shapes_in.shapes_selling.ROUNDINGS; null = line
        "proration": pl.String(),  # null = the carrier's
        "minimum_months": pl.Int64(),  # null = none
        "tax_exempt": pl.Boolean(),
        "federal_usf": pl.String(),  # pass_through, charge, absorb
    }
)


@dataclass(frozen=True)
class Rules:
    """What prices besides markups and retail rates; a table without rows costs nothing."""

    customers: pl.DataFrame  # CUSTOMER_RULES
    tiers: pl.DataFrame  # rebill.pricing.tiers.TIERS
    bundles: pl.DataFrame  # rebill.pricing.markups.BUNDLES

    @property
    def rounds(self) -> bool:
        """Whether a customer has a rounding rule of its own."""
        return not (self.customers["rounding"].fill_null("line") == "line").all()

    @property
    def exempts(self) -> bool:
        """Whether there is a customer that some carrier's tax or federal USF is not passed to."""
        spared = pl.col("tax_exempt") | (pl.col("federal_usf") != "pass_through")
        return bool(self.customers.select(spared.any()).item())

    @property
    def counts_months(self) -> bool:
        """Whether a customer is charged for months of its own convention."""
        given = pl.any_horizontal(pl.col("proration", "minimum_months").is_not_null())
        return bool(self.customers.select(given.any()).item())


def rules_of(
    customers: pl.DataFrame, tiers: pl.DataFrame | None = None, bundles: pl.DataFrame | None = None
) -> Rules:
    """Return the rules that the tables hold; a column or table that is absent says nothing."""
    return Rules(
        customers.pipe(seal, CUSTOMER_RULES),
        empty(TIERS) if tiers is None else tiers,
        empty(BUNDLES) if bundles is None else bundles,
    )
