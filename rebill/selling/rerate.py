"""A month priced again: the difference first, then a credit note and a new invoice.

What was issued stays as it was. The month is priced as if nothing of it had been issued, with the
audit and the reference tables as they are now, and held line by line against what stands issued.
`what_if` does so with tables that are not loaded, and holds it against drafts too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from invoices.schema import CENTS, among, columns_of
from rebill.pricing import invoices
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.reference import current
from rebill.selling import made_lines
from rebill.selling.drafts import KEY, keep, lacking, numbered, rebuild, shaped
from rebill.selling.holds import found
from rebill.selling.issue import Work, credit_notes, forget_made, keep_lines, run
from rebill.selling.making import Making
from rebill.selling.prices import Prices
from rebill.selling.stage import credits_of
from rebill.store import models, update_rows
from rebill.store.frames import MONTH, of
from rebill.store.record import INVOICED_LINES, Record
from rebill.workspace.settings import ConfigError, Workspace

DIFFERENCES = pl.Schema(
    {
        "customer": pl.String(),
        "invoice_no": pl.String(),  # on which it stands; null = a new line
        "line_id": pl.String(),
        "kind": pl.String(),
        "service": pl.String(),
        "usoc": pl.String(),
        "description": pl.String(),
        "was": CENTS,  # 0.00 = not there
        "now": CENTS,
        "difference": CENTS,
        "was_rule": pl.String(),
        "rule": pl.String(),
    }
)


@dataclass(frozen=True)
class Rerated:
    """What pricing a month again changes, and what was issued because of it."""

    differences: pl.DataFrame  # DIFFERENCES, only lines whose price differs
    issued: pl.DataFrame  # credit notes and new invoices; empty where nothing was issued


@dataclass(frozen=True)
class Anew:
    """A month as it would be invoiced now, and what its taxes lack."""

    lines: pl.DataFrame  # CUSTOMER_LINES
    problems: pl.DataFrame  # rebill.pricing.taxes.PROBLEMS


def rerate(
    workspace: Workspace,
    month: str,
    customer: str | None,
    on: dt.date,
    now: Callable[[], str],
    *,
    issue: bool,
    note: str,
) -> Rerated:
    """Return what pricing the month again changes for customers with an issued invoice of it.

    With `issue` the invoices of those it changes are credited whole and issued anew. Raises
    ConfigError, and issues nothing, where there is no issued invoice or a new one would have to
    wait.
    """

    def work(at: Work) -> Rerated:
        record = at.record
        standing = standing_invoices(record, month, customer).filter(status="issued")
        if standing.is_empty():
            whose = f" of customer {customer}" if customer else ""
            raise ConfigError(f"no issued invoice{whose} of {month} stands: nothing to price again")
        anew = priced_anew(record, month, standing["customer"].unique(), at.load_id)
        issued = record.issued_lines([month])
        differences = compared(standing, issued, anew.lines)
        changed = standing.join(differences, on="customer", how="semi")
        if not issue or changed.is_empty():
            return Rerated(differences, standing.clear())
        return Rerated(differences, _correct(at, changed, anew, note))

    return run(workspace, "invoices rerate", on, now, work)


def standing_invoices(record: Record, month: str, customer: str | None) -> pl.DataFrame:
    """Return the invoices of a month, or of one customer in it, that no credit note took back.

    Drafts and issued ones; none that is void.
    """
    return record.customer_invoices().filter(
        pl.col("bill_month") == month,
        pl.col("status") != "void",
        pl.col("kind") == "invoice",
        pl.col("corrected_by").is_null(),
        pl.lit(True) if customer is None else pl.col("customer") == customer,
    )


def audited_documents(record: Record, month: str) -> pl.DataFrame:
    """Return the documents of a month whose lines can be priced."""
    return record.documents().filter(
        pl.col("status") == "loaded", pl.col("audited_load").is_not_null(), month == MONTH
    )


def priced_anew(record: Record, month: str, customers: pl.Series, load_id: int) -> Anew:
    """Return what the customers would be charged for the month by today's audit and tables."""
    tables = current.reference_frames(record.workspace, record.connection)
    prices = Prices(tables, load_id)
    audited = of(record.audited([month]), audited_documents(record, month)["document_id"])
    if not prices.counts_whole_months:
        audited = audited.filter(among("customer", customers))
    charges = prices.rate(audited).customer_lines.collect()
    credits, parts = credits_of(record, prices, audited, charges.lazy())
    carried = pl.concat([charges, credits.collect()]).filter(among("customer", customers))
    under_way = Making(record, tables, [month], carried.lazy(), parts)
    made = made_lines.made_of(under_way, prices)
    lines = pl.concat([carried, made.select(CUSTOMER_LINES.names())]).filter(
        among("customer", customers)
    )
    return Anew(lines, under_way.problems)


def compared(standing: pl.DataFrame, before: pl.LazyFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return the lines (`DIFFERENCES`) whose price differs between invoices and the month anew.

    `before` are the lines of invoices, of which those of `standing` count.
    """
    key = ["customer", "row"]
    row = pl.coalesce("line_id", "made_key").alias("row")
    shown = ["line_id", "kind", "service", "usoc", "description"]
    was = (
        before.join(standing.lazy().select("invoice_no"), on="invoice_no", how="semi")
        .group_by("customer", row)
        .agg(
            pl.col("invoice_no", *shown).first(),
            was=pl.col("price").sum(),
            was_rule=pl.col("rule").first(),
        )
        .collect()
    )
    now = after.group_by("customer", row).agg(
        pl.col(*shown).first(), pl.col("rule").first(), now=pl.col("price").sum()
    )
    both = was.join(now, on=key, how="full", coalesce=True, suffix="_now")
    return (
        both.with_columns(
            pl.col("was", "now").fill_null(0).cast(CENTS),
            *(pl.coalesce(name, f"{name}_now").alias(name) for name in shown),
        )
        .with_columns(difference=pl.col("now") - pl.col("was"))
        .filter(pl.col("difference") != 0)
        .sort("customer", "line_id", "row", nulls_last=True)
        .select(columns_of(DIFFERENCES))
    )


def _correct(at: Work, old: pl.DataFrame, anew: Anew, note: str) -> pl.DataFrame:
    """Issue a credit note for each of the old invoices and one new invoice for each customer."""
    record = at.record
    lines = anew.lines.join(old, on="customer", how="semi")
    customers = current.current_frame(record.workspace, record.connection, "customers").collect()
    corrects = old.sort("invoice_no").group_by(KEY).agg(pl.col("invoice_no").str.join(", "))
    due = pl.duration(days=pl.col("due_days").fill_null(invoices.DUE_DAYS))
    bills = (
        invoices.invoices(lines.lazy(), customers)
        .join(corrects.rename({"invoice_no": "corrects"}), on=KEY, how="left")
        .join(customers.select("customer", "rounding", "due_days"), on="customer", how="left")
        .with_columns(
            invoice_no=pl.lit(None, dtype=pl.String),
            bill_date=pl.lit(at.on),
            due_date=pl.lit(at.on) + due,
            status=pl.lit("issued"),
            kind=pl.lit("invoice"),
            issued_on=pl.lit(at.on),
            issued_load=pl.lit(at.load_id, dtype=pl.Int64),
            issued_run=pl.lit(at.run_id, dtype=pl.Int64),
            rounding=pl.when(pl.col("rounding") != "line").then("rounding"),
            note=pl.lit(note),
        )
    )
    _refuse_held(at, anew, lines, bills)
    notes = credit_notes(at, old, note)
    new = shaped(numbered(record, bills), old)
    by_month = new.lazy().select(*KEY, "invoice_no")
    keep_lines(at, lines.lazy().join(by_month, on=KEY).select(INVOICED_LINES.names()))
    keep(record, new)
    replaced = new.select(*KEY, replaced_by="invoice_no")
    pair = pl.concat([old.select(*KEY, "invoice_no"), notes.select(*KEY, "invoice_no")])
    update_rows(
        record.connection,
        models.CustomerInvoice,
        pair.join(replaced, on=KEY).select("invoice_no", "replaced_by"),
    )
    forget_made(at, old)
    tables = current.reference_frames(record.workspace, record.connection)
    rebuild(record, tables, old["bill_month"].unique().to_list(), None, at.on)
    numbers = [*notes["invoice_no"], *new["invoice_no"]]
    return record.customer_invoices().filter(pl.col("invoice_no").is_in(numbers))


def _refuse_held(at: Work, anew: Anew, lines: pl.DataFrame, bills: pl.DataFrame) -> None:
    """Raise ConfigError where a new invoice would have to wait, with each reason."""
    faults = [
        f"the new invoice of {customer} would have to wait: {words}; to look at it as a draft and"
        f" release it: rebill invoices void {corrects}, and build again"
        for customer, corrects, words in waiting(at.record, anew, lines, bills, at.on).iter_rows()
    ]
    if faults:
        raise ConfigError(" | ".join(faults))


def waiting(
    record: Record, anew: Anew, lines: pl.DataFrame, bills: pl.DataFrame, on: dt.date | None
) -> pl.DataFrame:
    """Return customer, corrects and words of the new invoices that a guard or a tax would hold.

    `bills` have customer, bill_month, total and `corrects`, the issued invoices in whose place they
    stand; `lines` stand on them. Waivers count as they hold on the day.
    """
    lacks = lacking(anew.problems).rename({"lacking": "words"}).select(*KEY, "words")
    told = found(record, bills, lines.lazy(), on).select(*KEY, "words")
    return (
        pl.concat([lacks, told])
        .join(bills.select(*KEY, "corrects"), on=KEY)
        .group_by("customer", "corrects")
        .agg(pl.col("words").sort().str.join("; "))
        .sort("customer")
    )
