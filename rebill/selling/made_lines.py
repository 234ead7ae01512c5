"""What no carrier line carries is made anew for a month: forgotten elements, own charges, taxes.

Each step sees what the steps before it made. Where the tables are empty nothing is read and nothing
is written, so that plain nights cost what they did.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import polars as pl

from rebill.pricing import invoices, own_charges, taxes, unbilled
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.pricing.minimums import minimum_lines
from rebill.pricing.own_charges import ITEMS
from rebill.pricing.rate import Rated
from rebill.pricing.taxes import PROBLEMS
from rebill.reference import current
from rebill.run.keep import keep
from rebill.run.run import Run
from rebill.selling import tax_engine
from rebill.store import live_bulk, supersede
from rebill.store.record import KEPT_FINDINGS, MADE_LINES, MONTH_FINDINGS, Record, changing
from rebill.workspace.settings import Workspace

KEY = ["customer", "bill_month"]
TABLES = (
    *("customer_charges", "commitments", "tax_rates", "contribution_factors", "interstate_shares"),
    *("tax_jurisdictions", "tax_exemptions"),
)


class Making:
    """The rows of some months under way: reference tables, what stands already, what was made.

    `lines` are those of carriers that the rows stand beside. With `anew` the months are made as if
    none of their invoices had been issued.
    """

    def __init__(
        self,
        record: Record,
        tables: dict[str, pl.LazyFrame],
        months: list[str],
        lines: pl.LazyFrame,
        anew: bool = False,
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
        return held.clear() if self.anew else held

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
        return _told_apart(self.tables)

    @property
    def items(self) -> pl.DataFrame:
        """What stands on the drafts so far (`ITEMS`)."""
        made = own_charges.items_of(self.made.lazy(), self.states, self.told)
        return pl.concat([self.carried.select(ITEMS.names()), made.select(ITEMS.names())])

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


class Pricer:
    """Whoever prices audited lines (`rebill.selling.stage.Prices`)."""

    load_id: int

    def rate(self, lines: pl.LazyFrame) -> Rated:
        """Return `lines` priced."""
        raise NotImplementedError


def make(run: Run, prices: Pricer, months: list[str]) -> pl.DataFrame:
    """Leave the rows of the months that no carrier line carries, and return why drafts must wait
    (`rebill.pricing.taxes.PROBLEMS`)."""
    lines = run.record.open_carrier_lines(months)
    making = Making(run.record, run.reference, months, lines)
    made = made_of(making, prices)
    live = live_bulk(run.record.connection, MADE_LINES, months=months)
    supersede(run.record.connection, live["id"].to_list(), run.run_id)
    if made.height:
        keep(run, MADE_LINES, made.lazy(), "price", month=pl.col("bill_month"))
    return making.problems


def made_of(making: Making, prices: Pricer) -> pl.DataFrame:
    """Return the rows of the months that no carrier line carries (`CUSTOMER_LINES`)."""
    rules = making.customers
    some = {name for name in TABLES if not making.table(name).is_empty()}
    if (rules["unbilled"] == "invoice").any():
        _add_unbilled(making, prices)
    _give_back(making)
    if "customer_charges" in some:
        due = own_charges.in_months(making.table("customer_charges"), making.months, rules)
        making.add(making.not_held(own_charges.charge_lines(due, making.services)))
        making.add(own_charges.discount_lines(due, making.items, making.services))
    if "commitments" in some:
        _add_minimums(making)
    charged = (rules["federal_usf"] == "charge").any()
    outside = (rules["tax_source"] == "file").any()
    if charged or outside or "tax_rates" in some:
        _add_taxes(making, charges_usf=charged, by_table="tax_rates" in some, outside=outside)
    return making.made.with_columns(priced_load=pl.lit(prices.load_id, dtype=pl.Int64))


def _add_unbilled(making: Making, prices: Pricer) -> None:
    """Add the active elements that no carrier line of the months bills."""
    findings = making.record.scan(MONTH_FINDINGS, KEPT_FINDINGS, making.months).collect()
    lines = unbilled.as_lines(
        findings, making.customers, making.services, making.table("service_elements")
    )
    if lines.height:
        rows = unbilled.as_rows(prices.rate(lines.lazy()).customer_lines.collect())
        making.add(making.not_held(rows))


def _give_back(making: Making) -> None:
    """Add what gives back elements that were charged as forgotten and are billed now."""
    record = making.record
    if not record.has_made_lines():
        return
    wanted = pl.col("kind") == "unbilled"
    drafted = record.scan(MADE_LINES, CUSTOMER_LINES).filter(
        wanted, ~pl.col("bill_month").is_in(making.months)
    )
    unbilled_ones = record.issued_lines().filter(wanted)
    held = record.lines_held(lines=unbilled_ones)
    issued = (
        unbilled_ones.filter(pl.col("price") > 0)
        .join(held.lazy(), left_on=[*KEY, "made_key"], right_on=[*KEY, "held"], how="semi")
        .unique([*KEY, "made_key"])
    )
    if making.anew:
        issued = issued.filter(~pl.col("bill_month").is_in(making.months))
    charged = pl.concat(
        [
            drafted.filter(pl.col("price") > 0)
            .select(CUSTOMER_LINES.names())
            .with_columns(issued=pl.lit(False)),
            issued.select(CUSTOMER_LINES.names()).with_columns(issued=pl.lit(True)),
        ]
    ).collect()
    back = unbilled.given_back(
        pl.concat(
            [
                charged,
                making.made.filter(pl.col("kind") == "unbilled").with_columns(issued=pl.lit(False)),
            ]
        ),
        record.scan("customer_lines", CUSTOMER_LINES).filter(pl.col("kind") == "charge"),
        pl.DataFrame({"bill_month": making.months}, schema={"bill_month": pl.String}),
    )
    making.add(making.not_held(back))


def _add_minimums(making: Making) -> None:
    """Add what brings customers up to their commitment, counting what is issued already."""
    lines = making.record.issued_lines(making.months)
    if making.anew:
        lines = lines.clear()
    is_minimum = pl.col("kind") == "minimum"
    counted = own_charges.items_of(lines.filter(~is_minimum), making.states, making.told)
    issued = lines.filter(is_minimum).select("customer", "bill_month", "price").collect()
    items = pl.concat([making.items, counted.select(ITEMS.names())])
    making.add(minimum_lines(making.table("commitments"), items, issued, making.days))


def _add_taxes(making: Making, *, charges_usf: bool, by_table: bool, outside: bool) -> None:
    """Add contributions and taxes, and note what keeps drafts from being issued."""
    tables = _tax_tables(making.tables)
    found = []
    if charges_usf:
        found.append(taxes.contributions(making.items, making.days, tables))
        making.add(found[-1].lines)
    if by_table:
        found.append(taxes.own_taxes(making.items, making.days, tables))
        making.add(found[-1].lines)
    if outside:
        found.append(tax_engine.from_results(making.record, making.items, tables))
        making.add(found[-1].lines)
    making.problems = pl.concat([making.problems, *(one.problems for one in found)])


def _tax_tables(tables: dict[str, pl.LazyFrame]) -> taxes.Tables:
    return taxes.Tables(
        tables["customers"].collect(),
        tables["tax_jurisdictions"].collect(),
        tables["tax_rates"].collect(),
        tables["tax_exemptions"].collect(),
        tables["contribution_factors"].collect(),
        tables["interstate_shares"].collect(),
    )


def _told_apart(tables: dict[str, pl.LazyFrame]) -> own_charges.Told:
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


# --- outside engines --------------------------------------------------------------------------


def tax_requests(record: Record, months: list[str] | None = None) -> pl.DataFrame:
    """Return what the drafts of the months ask an outside tax engine (`tax_engine.REQUEST`)."""
    tables = current.reference_frames(record.workspace, record.connection)
    bills = record.customer_invoices().filter(pl.col("status") == "draft")
    if months is not None:
        bills = bills.filter(pl.col("bill_month").is_in(months))
    every = bills["bill_month"].unique().sort().to_list()
    lines = record.open_lines(every).join(bills.lazy().select(KEY), on=KEY, how="semi")
    states = tables["services"].select("service", "state")
    items = own_charges.items_of(lines, states, _told_apart(tables))
    items = items.select(ITEMS.names())
    return tax_engine.requests(items, _tax_tables(tables))


def take_tax_result(workspace: Workspace, path: Path) -> tuple[str, ...]:
    """Leave the rows of an engine's result file on record, and return the months they are of."""
    with changing(workspace) as record:
        asked = tax_requests(record)
        new = tax_engine.take_in(record, path, set(asked["request"]))
        own = asked.join(new, on="request", how="semi")
        return tuple(own["bill_month"].unique().sort().to_list())
