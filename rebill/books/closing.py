"""The books of the record: what is booked, which months are closed, whether they agree with us."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import polars as pl

from invoices.periods import month_of
from invoices.schema import CENTS
from rebill import __version__
from rebill.books.entries import ACCRUED, NO_PULL, Facts
from rebill.books.journal import POSTINGS, balances, journal, settled, unbalanced
from rebill.books.statements import statements
from rebill.disputes.claims import claim_steps
from rebill.pricing.customer_lines import OWN_TAXES
from rebill.receivables.payments import received
from rebill.reference import current
from rebill.store import (
    finish_run,
    insert_frame,
    read_table,
    start_run,
    write_bulk,
)
from rebill.store.models_earning import ClosedMonth
from rebill.store.record import Record, changing
from rebill.workspace.settings import ConfigError, Workspace
from reconcile.claims.places import now as places_now

JOURNAL = "journal"


def facts(record: Record) -> Facts:
    """Return everything of the record that is booked."""
    documents = record.documents().filter(pl.col("status") == "loaded")
    bills = record.customer_invoices().filter(pl.col("status") != "void")
    revenue = (
        record.customer_lines()
        .group_by("invoice_no", "charge_class", "kind", "tax")
        .agg(amount=pl.col("price").sum().cast(CENTS))
        .collect()
    )
    accruals = record.findings().filter(pl.col("code").is_in(ACCRUED)).collect()
    return Facts(
        documents=documents,
        totals=record.totals(),
        debits=record.debits(),
        steps=claim_steps(record),
        accruals=accruals,
        invoices=bills,
        revenue=revenue,
        payments=received(record),
        commissions=statements(record),
    )


def closed_months(record: Record) -> pl.DataFrame:
    """Return the closed months: month, closed_on, who, postings."""
    return read_table(record.connection, ClosedMonth).drop("run_id").sort("month")


def books(record: Record) -> pl.DataFrame:
    """Return the journal (`POSTINGS`): closed months as they were closed, the others as of now.

    Raises ValueError where an entry does not add up to nothing: then the program is wrong.
    """
    months = closed_months(record)["month"].to_list()
    closed = record.scan(JOURNAL, POSTINGS, months or None).select(POSTINGS.names()).collect()
    made = settled(journal(facts(record)), closed, months)
    wrong = unbalanced(made)
    if wrong.height:
        on, key, amount = wrong.row(0)
        raise ValueError(f"entry {key} of {on} is off by {amount}")
    return made


def close(
    workspace: Workspace, month: str, on: dt.date, who: str | None, now: Callable[[], str]
) -> pl.DataFrame:
    """Close a month of the books for good, and return its row.

    Raises ConfigError where it is closed, has not ended, an earlier month with entries is open, or
    a draft of it (invoice, statement) may still change.
    """
    with changing(workspace) as record:
        connection = record.connection
        made = books(record)
        own = made.filter(month_of("on") == month)
        _can_be_closed(record, made, month, on)
        load = current.load_version(connection) or None
        run_id = start_run(
            connection, "books close", on, __version__, now(), load, hand=workspace.hand
        )
        write_bulk(
            workspace,
            connection,
            JOURNAL,
            own.with_columns(carrier=pl.lit(None, dtype=pl.String)),
            run_id,
            month=month_of("on"),
        )
        row = {"month": month, "closed_on": on, "who": who, "postings": own.height}
        insert_frame(
            connection,
            ClosedMonth,
            pl.DataFrame(
                [{**row, "run_id": run_id}],
                schema_overrides={"who": pl.String, "closed_on": pl.Date},
            ),
        )
        finish_run(connection, run_id, "done", {"postings": own.height}, {}, now())
        return closed_months(record).filter(month=month)


def _can_be_closed(record: Record, made: pl.DataFrame, month: str, on: dt.date) -> None:
    closed = closed_months(record)["month"].to_list()
    if month in closed:
        raise ConfigError(f"{month} is closed already")
    if f"{on:%Y-%m}" <= month:
        raise ConfigError(f"{month} has not ended on {on}: name a later day with --as-of")
    of = month_of("on")
    earlier = made.filter(of < month, ~of.is_in(closed)).select(of).to_series().sort().to_list()
    if closed and month < max(closed):
        raise ConfigError(f"{max(closed)} is closed, so {month} cannot be closed after it")
    if earlier:
        raise ConfigError(f"{earlier[0]} is open; close it before {month}")
    drafts = made.filter(of == month, pl.col("state") == "draft")["key"].unique().sort()
    if drafts.len():
        raise ConfigError(
            f"{drafts.len()} entries of {month} are of drafts, the first {drafts[0]};"
            " issue or void invoices and make statements final first"
        )


# --- whether it agrees ----------------------------------------------------------------------------


def proof(record: Record, on: dt.date) -> pl.DataFrame:
    """Return what the books say and what we know otherwise: what, books, ours, difference.

    `ours` is reckoned from the record's own tables, not from the journal.
    """
    stand = balances(books(record), on)

    def of(start: str) -> pl.Expr:
        return pl.col("account").str.starts_with(start)

    def sum_of(*starts: str) -> Decimal:
        return _sum(stand.filter(pl.any_horizontal(of(s) for s in starts))["amount"])

    ours = _ours(record, on)
    said = {
        "receivable from customers": sum_of("Assets:Receivable:Customers"),
        "disputed with carriers": sum_of("Assets:Receivable:Disputed"),
        "payable to carriers": sum_of("Liabilities:Payable"),
        "ach clearing and bank, pulls and payments": sum_of("Assets:Clearing", "Assets:Bank"),
        "revenue": sum_of("Income:Revenue"),
        "taxes owed": sum_of("Liabilities:Taxes"),
        "commissions owed": sum_of("Liabilities:Commissions"),
    }
    rows = [{"what": what, "books": said[what], "ours": ours[what]} for what in said]
    frame = pl.DataFrame(rows, schema={"what": pl.String, "books": CENTS, "ours": CENTS})
    return frame.with_columns(difference=(pl.col("books") - pl.col("ours")).cast(CENTS))


def _sum(amounts: pl.Series) -> Decimal:
    return Decimal(str(amounts.sum() or 0))


def _ours(record: Record, on: dt.date) -> dict[str, Decimal]:
    documents = record.documents().filter(pl.col("status") == "loaded", pl.col("bill_date") <= on)
    pulls, unseen = record.debits(), pl.col("pulled").is_null()
    stands = unseen & ~pl.col("status").is_in(NO_PULL)
    pulled = _sum(pulls.filter(pl.col("debit_on") <= on, stands)["amount"])
    pulled += _sum(pulls.filter(pl.col("pulled_on") <= on)["pulled"])
    pulled -= _sum(pulls.filter(pl.col("returned_on") <= on)["returned"])
    bills = record.customer_invoices().filter(pl.col("status") != "void", pl.col("bill_date") <= on)
    invoiced = _sum(bills["total"])
    taxes = _sum(
        record.customer_lines()
        .join(bills.lazy().select("invoice_no"), on="invoice_no", how="semi")
        .filter(pl.col("kind").is_in(OWN_TAXES))
        .collect()["price"]
    )
    paid = _sum(received(record).filter(pl.col("paid_on") <= on)["amount"])
    steps = claim_steps(record).join(documents.select("document_id"), on="document_id", how="semi")
    held = places_now(steps, on)
    owed = _sum(documents["current_charges"]) + _sum(documents["adjustments"])
    ends = pl.concat_str("month", pl.lit("-01")).str.to_date("%Y-%m-%d").dt.month_end()
    return {
        "receivable from customers": invoiced - paid,
        "disputed with carriers": _sum(held["unfiled"]) + _sum(held["open"]),
        "payable to carriers": pulled - owed,
        "ach clearing and bank, pulls and payments": paid - pulled,
        "revenue": taxes - invoiced,
        "taxes owed": -taxes,
        "commissions owed": -_sum(statements(record).filter(ends <= on)["amount"]),
    }
