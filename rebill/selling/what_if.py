"""What a month would come to with tables that are not loaded: what a new price list would change.

The tables are loaded for the length of a look and go again. The month is priced with them, on the
audit as it stands, and held line by line against its invoices, drafts and issued ones.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import polars as pl

from invoices.schema import CENTS, among
from rebill.pricing.invoices import invoices
from rebill.reference.current import current_frame, load_version
from rebill.reference.faults import LoadError
from rebill.reference.load import Files, LoadResult
from rebill.reference.trial import trial
from rebill.selling.rerate import (
    DIFFERENCES,
    Anew,
    audited_documents,
    compared,
    priced_anew,
    standing_invoices,
    waiting,
)
from rebill.store.models import CustomerInvoice
from rebill.store.record import Record
from rebill.workspace.settings import ConfigError, Workspace

BY_CUSTOMER = pl.Schema(
    {
        "customer": pl.String(),
        "lines": pl.Int64(),  # whose price differs
        "was": CENTS,  # what the invoices of the month come to
        "now": CENTS,
        "difference": CENTS,
        "cost": CENTS,
        "margin_was": CENTS,
        "margin_now": CENTS,
    }
)
TOLD = 10
"""So many invoices that would have to wait are named."""
AUDITED = (
    *("usocs", "packages", "usoc_rules", "contracts", "buy_rates"),
    *("services", "service_elements", "service_accounts", "orders"),
)
"""Tables that say what a line should have cost, and whose it is: the audit reads them."""


@dataclass(frozen=True)
class WhatIf:
    """What other tables would change in the invoices of a month."""

    customers: pl.DataFrame  # BY_CUSTOMER: those of whom a line differs
    differences: pl.DataFrame  # DIFFERENCES
    errors: tuple[LoadError, ...]  # why the tables cannot be loaded: then nothing was looked at
    notes: tuple[str, ...]
    """What of the tables changes nothing here, and why."""


def what_if(
    workspace: Workspace, files: Files, month: str, customer: str | None, *, at_once: bool = False
) -> WhatIf:
    """Return what the invoices of a month would be with the tables of `files`; keep nothing.

    Customers who have no invoice of the month so far are priced too. With `at_once` rows that take
    effect later count from the first day of the month on. Raises ConfigError where the month has no
    invoice and nothing that could be on one.
    """
    first = dt.date.fromisoformat(f"{month}-01")
    notes = [*_beside_the_point(files)]
    if at_once:
        files = replace(files, rows=_from(files.rows, first))
    elif late := _later(files.rows, month):
        notes.append(
            f"{late} row(s) take effect after {month} and change nothing in it: name a later month,"
            " or see with --at-once what they would do from its first day on"
        )
    with trial(workspace, files) as (record, loaded):
        if not loaded.ok:
            nothing = BY_CUSTOMER.to_frame(), DIFFERENCES.to_frame()
            return WhatIf(*nothing, loaded.errors, (*_all_told(loaded), *_steps(first, at_once)))
        notes += map(str, loaded.warnings)
        return _priced(record, month, customer, notes)


def _priced(record: Record, month: str, customer: str | None, notes: list[str]) -> WhatIf:
    """Price the month with the tables as they are in the record, and compare."""
    standing = standing_invoices(record, month, customer)
    anew = priced_anew(
        record,
        month,
        _customers(record, month, customer, standing),
        load_version(record.connection),
    )
    if standing.is_empty() and anew.lines.is_empty():
        whose = f" of customer {customer}" if customer else ""
        raise ConfigError(f"there is no invoice{whose} of {month}: nothing to compare with")
    lines = record.customer_lines([month]).join(
        standing.lazy().select("invoice_no"), on="invoice_no", how="semi"
    )
    differences = compared(standing, lines, anew.lines)
    notes += _would_wait(record, standing, anew, differences)
    return WhatIf(_by_customer(lines, anew.lines, differences), differences, (), tuple(notes))


def _customers(
    record: Record, month: str, customer: str | None, standing: pl.DataFrame
) -> pl.Series:
    """Return whose month is priced: who has an invoice of it that stands, and who never had one.

    An invoice that was taken back and not built again is no matter of the tables.
    """
    asked = standing["customer"].unique()
    if not audited_documents(record, month).height:
        return asked
    known = current_frame(record.workspace, record.connection, "customers")
    wanted = pl.lit(True) if customer is None else pl.col("customer") == customer
    billed = record.customer_invoices(CustomerInvoice.bill_month == month)["customer"]
    new = known.filter(wanted, ~among("customer", billed)).select("customer").collect()
    return pl.concat([asked, new["customer"]])


def _would_wait(
    record: Record, standing: pl.DataFrame, anew: Anew, differences: pl.DataFrame
) -> list[str]:
    """Return which invoices could not be issued as they would be, and why.

    Of those that do not differ: which lack something to be taxed that they do not lack now.
    """
    drafts = standing.filter(pl.col("status") == "draft", pl.col("lacking").is_null())
    lack = drafts.join(anew.problems, on="customer", how="semi")
    asked = pl.concat([differences["customer"], lack["customer"]]).unique()
    lines = anew.lines.filter(among("customer", asked))
    customers = current_frame(record.workspace, record.connection, "customers").collect()
    issued = standing.filter(status="issued").sort("invoice_no")
    corrects = issued.group_by("customer").agg(corrects=pl.col("invoice_no").str.join(", "))
    bills = invoices(lines.lazy(), customers).join(corrects, on="customer", how="left")
    held = waiting(record, anew, lines, bills, record.last_as_of())
    told = [
        f"the invoice of {name} would have to wait: {words}"
        for name, words in held.head(TOLD).select("customer", "words").iter_rows()
    ]
    more = held.height - TOLD
    return [*told, f"and {more} more invoice(s) would have to wait"] if more > 0 else told


def _by_customer(
    lines: pl.LazyFrame, anew: pl.DataFrame, differences: pl.DataFrame
) -> pl.DataFrame:
    """Return what the invoices of customers with a difference come to (`BY_CUSTOMER`)."""
    own = ("price", "margin")
    before = lines.group_by("customer").agg(pl.col(*own).sum()).collect()
    after = anew.group_by("customer").agg(pl.col(*own, "cost").sum())
    changed = differences.group_by("customer").agg(lines=pl.len())
    zero = pl.lit(0).cast(CENTS)
    return (
        before.join(after, on="customer", how="full", coalesce=True, suffix="_now")
        .join(changed, on="customer", how="inner")
        .select(
            "customer",
            lines=pl.col("lines").cast(pl.Int64),
            was=pl.col("price").fill_null(zero).cast(CENTS),
            now=pl.col("price_now").fill_null(zero).cast(CENTS),
            difference=(pl.col("price_now").fill_null(zero) - pl.col("price").fill_null(zero)).cast(
                CENTS
            ),
            cost=pl.col("cost").fill_null(zero).cast(CENTS),
            margin_was=pl.col("margin").fill_null(zero).cast(CENTS),
            margin_now=pl.col("margin_now").fill_null(zero).cast(CENTS),
        )
        .select(BY_CUSTOMER.names())
        .sort(pl.col("difference").abs(), "customer", descending=[True, False])
    )


def _from(rows: dict[str, pl.DataFrame], first: dt.date) -> dict[str, pl.DataFrame]:
    """Return the rows of files with those that take effect later taking effect on `first`."""
    start = pl.col("effective_from")
    earlier = pl.when(start > first).then(pl.lit(first)).otherwise(start).alias("effective_from")
    return {
        name: frame.with_columns(earlier) if "effective_from" in frame.columns else frame
        for name, frame in rows.items()
    }


def _later(rows: dict[str, pl.DataFrame], month: str) -> int:
    """Return how many rows take effect after a month."""
    from_then = pl.col("effective_from").dt.strftime("%Y-%m") > month
    frames = (frame for frame in rows.values() if "effective_from" in frame.columns)
    return sum(frame.filter(from_then).height for frame in frames)


def _beside_the_point(files: Files) -> list[str]:
    """Return which of the tables are read by the audit, and where their effect is seen."""
    named = [name for name in files.sources if name in AUDITED]
    if not named:
        return []
    return [
        f"{', '.join(named)}: lines are priced as they were audited; what such a table changes is"
        " shown by `rebill reconcile --from MONTH` once it is loaded"
    ]


def _steps(first: dt.date, at_once: bool) -> tuple[str, ...]:
    """Return what may be wrong only because later rows count at once."""
    if not at_once:
        return ()
    return (
        f"with --at-once rows that take effect later begin on {first}: of several steps of one"
        " price, give one",
    )


def _all_told(loaded: LoadResult) -> tuple[str, ...]:
    """Return how many errors there are, where not all are listed."""
    left = loaded.error_total - len(loaded.errors)
    return (f"and {left} more error(s)",) if left else ()
