"""The tables that price, as they are on a day, and the kernel called with them."""

from __future__ import annotations

from functools import cached_property

import polars as pl

from rebill.pricing.customer_lines import CUSTOMER_LINES, described
from rebill.pricing.customer_rules import Rules, rules_of
from rebill.pricing.rate import Rated, rate
from rebill.selling import made_lines


class Prices(made_lines.Pricer):
    """The tables that price, as they are now, and the kernel called with them."""

    def __init__(self, tables: dict[str, pl.LazyFrame], load_id: int) -> None:
        self._tables, self.load_id = tables, load_id

    @cached_property
    def customers(self) -> pl.DataFrame:
        """Who is charged, and how."""
        return self._tables["customers"].collect()

    @cached_property
    def markups(self) -> pl.DataFrame:
        """The rows that price."""
        return self._tables["markups"].collect()

    @cached_property
    def rules(self) -> Rules:
        """What prices besides them."""
        tiers, bundles = (self._tables[name].collect() for name in ("tiers", "bundles"))
        return rules_of(self.customers, tiers, bundles)

    @property
    def counts_whole_months(self) -> bool:
        """Whether a price depends on all the lines a customer has in the month."""
        shared = self.rules.tiers.filter(pl.col("per") == "customer")["tier"]
        return bool(self.markups["tier"].is_in(shared.implode()).any()) if shared.len() else False

    def rate(self, lines: pl.LazyFrame) -> Rated:
        """Return `lines` (`AUDITED`) priced and described."""
        rated = rate(
            lines, self.customers, self.markups, self._tables["retail_rates"].collect(), self.rules
        )
        priced = described(rated.customer_lines, self._tables["usocs"]).with_columns(
            priced_load=pl.lit(self.load_id, dtype=pl.Int64)
        )
        return Rated(priced.select(CUSTOMER_LINES.names()), rated.findings)
