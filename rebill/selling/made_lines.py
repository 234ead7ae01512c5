"""What no carrier line carries is made anew for a month: forgotten elements, own charges, taxes.

Each step sees what the steps before it made. Where the tables are empty nothing is read and nothing
is written, so that plain nights cost what they did.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rebill.pricing import own_charges, taxes, unbilled
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.pricing.minimums import minimum_lines
from rebill.pricing.own_charges import ITEMS
from rebill.pricing.rate import Rated
from rebill.reference import current
from rebill.run.keep import keep
from rebill.run.run import Run
from rebill.selling import credited_taxes, tax_engine
from rebill.selling.making import KEY, Making, tax_tables
from rebill.store import live_bulk, supersede
from rebill.store.models import CustomerInvoice
from rebill.store.record import KEPT_FINDINGS, MADE_LINES, MONTH_FINDINGS, Record, changing
from rebill.workspace.settings import Workspace

TABLES = (
    *("customer_charges", "commitments", "tax_rates", "contribution_factors", "interstate_shares"),
    *("tax_jurisdictions", "tax_exemptions"),
)


class Pricer:
    """Whoever prices audited lines (`rebill.selling.prices.Prices`)."""

    load_id: int

    def rate(self, lines: pl.LazyFrame) -> Rated:
        """Return `lines` priced."""
        raise NotImplementedError


def make(run: Run, prices: Pricer, months: list[str]) -> tuple[list[str], pl.DataFrame]:
    """Leave the rows of the months that no carrier line carries, and return the months they were
    made for and why drafts must wait (`rebill.pricing.taxes.PROBLEMS`).

    Drafts of other months whose credits give taxes of these months back are made anew with them.
    """
    months = credited_taxes.with_followers(run.record, months)
    lines = run.record.open_carrier_lines(months)
    making = Making(run.record, run.reference, months, lines)
    made = made_of(making, prices)
    live = live_bulk(run.record.connection, MADE_LINES, months=months)
    supersede(run.record.connection, live["id"].to_list(), run.run_id)
    if made.height:
        keep(run, MADE_LINES, made.lazy(), month=pl.col("bill_month"))
    return months, making.problems


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
    if charged or outside or "tax_rates" in some or making.record.has_made_lines():
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
    if making.anew is not None:
        issued = issued.filter(~pl.col("bill_month").is_in(making.months))
    charged = pl.concat(
        [
            drafted.filter(pl.col("price") > 0)
            .select(CUSTOMER_LINES.names())
            .with_columns(issued=pl.lit(False)),
            issued.select(CUSTOMER_LINES.names()).with_columns(issued=pl.lit(True)),
        ]
    ).collect()
    anew = making.made.filter(pl.col("kind") == "unbilled").with_columns(issued=pl.lit(False))
    charged = pl.concat([charged, anew])
    if charged.is_empty():
        return
    back = unbilled.given_back(
        charged,
        record.scan("customer_lines", CUSTOMER_LINES).filter(pl.col("kind") == "charge"),
        pl.DataFrame({"bill_month": making.months}, schema={"bill_month": pl.String}),
    )
    making.add(making.not_held(back))


def _add_minimums(making: Making) -> None:
    """Add what brings customers up to their commitment, counting what is issued already."""
    lines = making.record.issued_lines(making.months)
    if making.anew is not None:
        lines = lines.clear()
    is_minimum = pl.col("kind") == "minimum"
    counted = own_charges.items_of(lines.filter(~is_minimum), making.states, making.told)
    issued = lines.filter(is_minimum).select("customer", "bill_month", "price").collect()
    items = pl.concat([making.items, counted.select(ITEMS.names())])
    making.add(minimum_lines(making.table("commitments"), items, issued, making.days))


def _add_taxes(making: Making, *, charges_usf: bool, by_table: bool, outside: bool) -> None:
    """Add contributions and taxes, what credits give back of them, and note what keeps drafts from
    being issued."""
    tables = tax_tables(making.tables)
    found = []
    if charges_usf:
        found.append(taxes.contributions(making.taxable, making.days, tables))
        making.add(found[-1].lines)
    if by_table:
        found.append(taxes.own_taxes(making.taxable, making.days, tables))
        making.add(found[-1].lines)
    credited = credited_taxes.gather(making)
    making.add(credited.rows)
    making.made = credited_taxes.bounded(making)
    if outside:
        asked = credited_taxes.asked_outside(making, credited)
        found.append(tax_engine.from_results(making.record, asked, tables))
        making.add(found[-1].lines)
    making.problems = pl.concat([making.problems, *(one.problems for one in found)])


# --- outside engines --------------------------------------------------------------------------


def tax_requests(record: Record, months: list[str] | None = None) -> pl.DataFrame:
    """Return what the drafts of the months ask an outside tax engine (`tax_engine.REQUEST`)."""
    tables = current.reference_frames(record.workspace, record.connection)
    bills = record.customer_invoices(CustomerInvoice.status == "draft")
    if months is not None:
        bills = bills.filter(pl.col("bill_month").is_in(months))
    every = bills["bill_month"].unique().sort().to_list()
    drafted = bills.lazy().select(KEY)
    lines = record.open_carrier_lines(every).join(drafted, on=KEY, how="semi")
    making = Making(record, tables, every, lines)
    made = record.scan(MADE_LINES, CUSTOMER_LINES, every).filter(pl.col("kind") != "tax")
    making.add(made.join(drafted, on=KEY, how="semi").collect())
    asked = credited_taxes.asked_outside(making, credited_taxes.gather(making))
    return tax_engine.requests(asked, tax_tables(tables))


def take_tax_result(workspace: Workspace, path: Path) -> tuple[str, ...]:
    """Leave the rows of an engine's result file on record, and return the months they are of."""
    with changing(workspace) as record:
        asked = tax_requests(record)
        new = tax_engine.take_in(record, path, set(asked["request"]))
        own = asked.join(new, on="request", how="semi")
        return tuple(own["bill_month"].unique().sort().to_list())
