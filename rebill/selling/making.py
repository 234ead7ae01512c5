"""The rows of some months under way: what they are made from, what stands, what was made."""

from __future__ import annotations

from functools import cached_property

import polars as pl

from rebill.pricing import invoices, own_charges, taxes
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.pricing.own_charges import ITEMS
from rebill.pricing.taxes import PROBLEMS
from rebill.store.record import Record

KEY = ["customer", "bill_month"]


class Making:
    """The rows of some months under way: reference tables, what stands already, what was made.

    `lines` are those of carriers that the rows stand beside. With `anew` the months are made as if
    none of their invoices had been issued; it holds the parts of their credits
    (`rebill.pricing.credits.PARTS`).
    """

    def __init__(
        self,
        record: Record,
        tables: dict[str, pl.LazyFrame],
        months: list[str],
        lines: pl.LazyFrame,
        anew: pl.DataFrame | None = None,
    ) -> None:
        self.record, self.tables, self.months = record, tables, months
        self.lines, self.anew = lines, anew
        self.made = pl.DataFrame(schema=CUSTOMER_LINES)
        self.problems = pl.DataFrame(schema=PROBLEMS)

    def table(self, name: str) -> pl.DataFrame:
        """Return a reference table."""
        return self.tables[name].collect()

    @cached_property
    def customers(self) -> pl.DataFrame:
        """The customers and their rules."""
        return self.table("customers")

    @cached_property
    def services(self) -> pl.DataFrame:
        """The inventory."""
        return self.table("services")

    @cached_property
    def held(self) -> pl.DataFrame:
        """The lines on issued invoices of the months that no credit note took back."""
        held = self.record.lines_held(self.months)
        return held if self.anew is None else held.clear()

    @cached_property
    def carried(self) -> pl.DataFrame:
        """What the open carrier lines come to (`ITEMS` and the latest bill date)."""
        return own_charges.items_of(self.lines, self.states, self.told)

    @property
    def states(self) -> pl.LazyFrame:
        """The state of each service."""
        return self.tables["services"].select("service", "state")

    @cached_property
    def told(self) -> own_charges.Told:
        """What the tables tell charges apart by."""
        return told_apart(self.tables)

    @property
    def items(self) -> pl.DataFrame:
        """What stands on the drafts so far (`ITEMS`)."""
        return self._items(pl.lit(True))

    @property
    def taxable(self) -> pl.DataFrame:
        """What is taxed by the rates of its day (`ITEMS`): all but what gives a charge back."""
        return self._items(~pl.col("refers"))

    def _items(self, wanted: pl.Expr) -> pl.DataFrame:
        made = own_charges.items_of(self.made.lazy(), self.states, self.told)
        both = [frame.filter(wanted).select(ITEMS.names()) for frame in (self.carried, made)]
        return pl.concat(both)

    @property
    def days(self) -> pl.DataFrame:
        """The date a draft has: customer, bill_month, bill_date, for every customer and month."""
        months = pl.DataFrame({"bill_month": self.months}, schema={"bill_month": pl.String})
        latest = self.carried.group_by(KEY).agg(pl.col("latest").max())
        every = self.customers.select("customer").join(months, how="cross")
        return invoices.dated(every.join(latest, on=KEY, how="left"), self.customers).select(
            *KEY, "bill_date"
        )

    def add(self, rows: pl.DataFrame) -> None:
        """Add rows to what was made."""
        self.made = pl.concat([self.made, rows.select(CUSTOMER_LINES.names())])

    def not_held(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows that stand on no issued invoice of their month."""
        return rows.join(self.held, left_on=[*KEY, "made_key"], right_on=[*KEY, "held"], how="anti")


def tax_tables(tables: dict[str, pl.LazyFrame]) -> taxes.Tables:
    """Return the reference tables of taxes."""
    return taxes.Tables(
        tables["customers"].collect(),
        tables["tax_jurisdictions"].collect(),
        tables["tax_rates"].collect(),
        tables["tax_exemptions"].collect(),
        tables["contribution_factors"].collect(),
        tables["interstate_shares"].collect(),
    )


def told_apart(tables: dict[str, pl.LazyFrame]) -> own_charges.Told:
    """Return what own charges, taxes and contributions name."""

    def named(column: str, *names: str) -> pl.Series:
        return pl.concat([tables[name].select(column).collect()[column] for name in names]).unique()

    outside = pl.col("tax_source") == "file"
    return own_charges.Told(
        named("service", "customer_charges", "tax_jurisdictions"),
        named("usoc", "interstate_shares"),
        named("product", "tax_rates", "interstate_shares"),
        tables["customers"].filter(outside).select("customer").collect()["customer"],
    )
