"""The invoices that are not issued yet: what lines stand on them, their totals, their numbers.

Lines of carriers are priced into `customer_lines`. What is issued is copied to `issued_lines` with
its invoice's number and never written again; a line is on a draft as long as no issued invoice
holds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.text import filled
from rebill.pricing import invoices
from rebill.store import insert_frame, models, next_numbers, update_rows
from rebill.store.record import Record
from rebill.workspace.settings import ConfigError

KEY = ["customer", "bill_month"]


def rebuild(
    record: Record, tables: Mapping[str, pl.LazyFrame], months: list[str], problems: pl.DataFrame
) -> pl.DataFrame:
    """Leave a draft invoice for every customer with open lines in the months; return what changed.

    Drafts keep their numbers. A draft without lines is void; its number stays on record. A draft
    with `problems` (`rebill.pricing.taxes.PROBLEMS`), or with a price below cost that nobody
    consented to, has a `hold`.
    """
    customers = tables["customers"].collect()
    rounding = customers.select("customer", "rounding").filter(pl.col("rounding") != "line")
    open_lines = record.open_lines(months)
    stored = record.customer_invoices().filter(
        pl.col("bill_month").is_in(months), pl.col("status") == "draft"
    )
    wanted = (
        invoices.invoices(open_lines, customers)
        .join(stored.select(*KEY, "invoice_no"), on=KEY, how="left")
        .join(_credited(record, months), on=KEY, how="left")
        .join(rounding, on="customer", how="left")
        .join(holds(tables["markups"], open_lines, problems), on=KEY, how="left")
        .with_columns(status=pl.lit("draft"), kind=pl.lit("invoice"))
        .sort("bill_month", "customer")
    )
    gone = stored.join(wanted, on=KEY, how="anti").with_columns(
        status=pl.lit("void"), total=ZERO_CENTS, lines=pl.lit(0, dtype=pl.Int64)
    )
    changed = pl.concat([shaped(numbered(record, wanted), stored), gone]).join(
        stored, on=stored.columns, how="anti", nulls_equal=True
    )
    keep(record, changed)
    return changed


def _credited(record: Record, months: list[str]) -> pl.DataFrame:
    """Return the credited invoices that a draft of their month takes the place of (`corrects`)."""
    bills = record.customer_invoices().filter(
        pl.col("bill_month").is_in(months),
        pl.col("corrected_by").is_not_null(),
        pl.col("replaced_by").is_null(),
    )
    return bills.sort("invoice_no").group_by(KEY).agg(corrects=pl.col("invoice_no").str.join(", "))


def holds(markups: pl.LazyFrame, lines: pl.LazyFrame, problems: pl.DataFrame) -> pl.DataFrame:
    """Return why invoices of `lines` must wait, in words (customer, bill_month, hold)."""
    asked = markups.filter(~pl.col("below_cost"), pl.col("method") != "absorb").select("row_id")
    sold = (
        lines.filter(pl.col("margin") < 0)
        .filter(pl.col("kind").fill_null("charge").is_in(["charge", "unbilled"]))
        .join(asked, left_on="markup_row", right_on="row_id", how="semi")
        .group_by(KEY)
        .agg(count=pl.len(), row=pl.col("markup_row").min(), loss=pl.col("margin").sum())
        .collect()
    )
    below = sold.select(
        *KEY,
        hold=filled(
            "{} line(s) are priced below cost without consent (markup row {}, {} in all): set"
            " below_cost = true on the row, or raise the price, and build again",
            pl.col("count").cast(pl.String),
            pl.col("row").cast(pl.String),
            pl.col("loss").cast(pl.String),
        ),
    )
    return (
        pl.concat([problems, below])
        .sort(*KEY, "hold")
        .group_by(KEY)
        .agg(pl.col("hold").unique(maintain_order=True).str.join("; "))
    )


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
    known = dict(record.customer_invoices().select("invoice_no", "status").iter_rows())
    for number in bills["invoice_no"]:
        if known.get(number, "draft") != "draft":
            raise ConfigError(
                f"the invoice number {number} is already used: that invoice is {known[number]}"
                " and does not change; see `rebill invoices list`"
            )
    old = pl.col("invoice_no").is_in(list(known))
    update_rows(record.connection, invoice, bills.filter(old))
    insert_frame(record.connection, invoice, bills.filter(~old))
