"""The invoices that are not issued yet: what lines stand on them, their totals, their numbers.

Lines of carriers are priced into `customer_lines`. What is issued is copied to `issued_lines` with
its invoice's number and never written again; a line is on a draft as long as no issued invoice
holds it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping

import polars as pl
import sqlalchemy as sa

from invoices.money import ZERO_CENTS
from rebill.pricing import invoices
from rebill.selling.holds import renew
from rebill.store import insert_frame, models, next_numbers, update_rows
from rebill.store.frames import one_of
from rebill.store.record import Record, Wanted
from rebill.workspace.settings import ConfigError

KEY = ["customer", "bill_month"]


def rebuild(
    record: Record,
    tables: Mapping[str, pl.LazyFrame],
    months: list[str],
    problems: pl.DataFrame | None,
    on: dt.date | None,
) -> pl.DataFrame:
    """Leave a draft invoice for every customer with open lines in the months; return what changed.

    Drafts keep their numbers. A draft without lines is void; its number stays on record. A draft
    with `problems` (`rebill.pricing.taxes.PROBLEMS`; None: those it had), or of which a guard says
    something on the day, has a `hold`; guards look again at drafts of later months too, which move
    from these.
    """
    customers = tables["customers"].collect()
    rounding = customers.select("customer", "rounding").filter(pl.col("rounding") != "line")
    concerned = models.CustomerInvoice.bill_month >= min(months, default="")
    before = record.customer_invoices(concerned)
    stored = before.filter(pl.col("bill_month").is_in(months), pl.col("status") == "draft")
    lacks = stored.select(*KEY, "lacking") if problems is None else lacking(problems)
    wanted = (
        invoices.invoices(record.open_lines(months), customers)
        .join(stored.select(*KEY, "invoice_no", "hold"), on=KEY, how="left")
        .join(_credited(record, months), on=KEY, how="left")
        .join(rounding, on="customer", how="left")
        .join(lacks, on=KEY, how="left")
        .with_columns(status=pl.lit("draft"), kind=pl.lit("invoice"))
        .sort("bill_month", "customer")
    )
    gone = stored.join(wanted, on=KEY, how="anti").with_columns(
        status=pl.lit("void"),
        total=ZERO_CENTS,
        lines=pl.lit(0, dtype=pl.Int64),
        hold=pl.lit(None, dtype=pl.String),
        lacking=pl.lit(None, dtype=pl.String),
    )
    changed = pl.concat([shaped(numbered(record, wanted), stored), gone]).join(
        stored, on=stored.columns, how="anti", nulls_equal=True
    )
    keep(record, changed)
    renew(record, _looked_at(record, months), on)
    after = record.customer_invoices(concerned)
    return after.join(before, on=before.columns, how="anti", nulls_equal=True)


def _looked_at(record: Record, months: list[str]) -> pl.DataFrame:
    """Return the drafts of the months, and those of later ones where a month may move too far."""
    invoice = models.CustomerInvoice
    own: list[Wanted] = [invoice.bill_month.in_(months)]
    if record.workspace.settings.selling.guards_moves and months:
        own.append(invoice.bill_month > min(months))
    return record.customer_invoices(invoice.status == "draft", sa.or_(*own))


def lacking(problems: pl.DataFrame) -> pl.DataFrame:
    """Return what invoices lack to be taxed, in words (customer, bill_month, lacking)."""
    told = problems.sort(*KEY, "hold").group_by(KEY)
    return told.agg(lacking=pl.col("hold").unique(maintain_order=True).str.join("; "))


def _credited(record: Record, months: list[str]) -> pl.DataFrame:
    """Return the credited invoices that a draft of their month takes the place of (`corrects`)."""
    invoice = models.CustomerInvoice
    bills = record.customer_invoices(
        invoice.bill_month.in_(months),
        invoice.corrected_by.is_not(None),
        invoice.replaced_by.is_(None),
    )
    return bills.sort("invoice_no").group_by(KEY).agg(corrects=pl.col("invoice_no").str.join(", "))


def numbered(record: Record, bills: pl.DataFrame) -> pl.DataFrame:
    """Return the bills with a number each: theirs, or the next of their brand and year."""
    new = bills.filter(pl.col("invoice_no").is_null())
    names = (
        invoices.series(brand, year)
        for brand, year in new.select("brand", pl.col("bill_date").dt.year()).iter_rows()
    )
    given = invoices.numbered(new.drop("invoice_no"), _last_numbers(record, names))
    old = bills.filter(pl.col("invoice_no").is_not_null())
    return pl.concat([old, given.select(bills.columns)])


def _last_numbers(record: Record, series: Iterable[str]) -> dict[str, int]:
    """Take as many numbers as each series is named, and return the one before the first of each.

    Series are taken in order of name, so that two runs at once wait for each other and neither for
    ever.
    """
    counts = Counter(series)
    return {
        name: next_numbers(record.connection, f"invoices {name}", counts[name]).start - 1
        for name in sorted(counts)
    }


def shaped(frame: pl.DataFrame, like: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with the columns and types of `like`, absent ones null."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in like.schema.items()
    )


def keep(record: Record, bills: pl.DataFrame) -> None:
    """Leave the rows of `bills` on record: drafts that are known changed, the others added.

    Raises ConfigError where a number belongs to an invoice that is no draft any more.
    """
    invoice = models.CustomerInvoice
    own = record.customer_invoices(
        one_of(record.connection, invoice.invoice_no, bills["invoice_no"])
    )
    known = dict(own.select("invoice_no", "status").iter_rows())
    for number in bills["invoice_no"]:
        if known.get(number, "draft") != "draft":
            raise ConfigError(
                f"the invoice number {number} is already used: that invoice is {known[number]}"
                " and does not change; see `rebill invoices list`"
            )
    old = pl.col("invoice_no").is_in(list(known))
    update_rows(record.connection, invoice, bills.filter(old))
    insert_frame(record.connection, invoice, bills.filter(~old))
