"""Drafts that wait for a person: why, what a person let go, and how long that holds.

What a guard found (`rebill.selling.guards`) is let go by `rebill invoices release`, a decision that
names the guard and its number: it holds for the draft, built again as often as one likes, until
the guard finds another number. What a draft lacks to be taxed is let go by nobody.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import sqlalchemy as sa

from invoices.periods import month_of
from rebill.run.acts import Act
from rebill.selling import guards
from rebill.selling.guards import CLASS, GUARDS, KEY, RELEASABLE, Consents, Limits
from rebill.store import models, read_frame, update_rows
from rebill.store.decisions import decide, decisions, waivers
from rebill.store.models import REFERENCE
from rebill.store.record import KEPT_FINDINGS, Record
from rebill.workspace.settings import ConfigError
from reconcile.audit.waivers import waived

RELEASE = "release"


def found(
    record: Record, bills: pl.DataFrame, lines: pl.LazyFrame, on: dt.date | None
) -> pl.DataFrame:
    """Return what guards say (`guards.FOUND`) of invoices that are not issued yet.

    `bills` have customer, bill_month and total, and take the place of the drafts of their months;
    `lines` (`CUSTOMER_LINES`) stand on them. Waivers count as they hold on the day.
    """
    consents = _consents(record)
    own = lines.join(bills.lazy().select(KEY), on=KEY, how="semi")
    gives = consents.own_charges.filter("gives").height > 0
    discounts = guards.discounts(own if gives else own.clear(), consents)
    limits = record.workspace.settings.selling
    return pl.concat(
        [
            guards.of_prices(own, consents),
            guards.of_discounts(own if gives else own.clear(), consents),
            guards.of_totals(bills, discounts),
            guards.of_moves(
                bills, _standing(record, bills), Limits(limits.jump_percent, limits.jump_amount)
            ),
            guards.of_classes(own, _differing(record, bills["bill_month"].unique(), on)),
        ]
    )


def _consents(record: Record) -> Consents:
    """Return what every version of the rows that price consented to."""
    markups: Any = REFERENCE["markups"].c
    charges: Any = REFERENCE["customer_charges"].c
    named = (charges.row_id, charges.consent, charges.amount, charges.percent)
    own = read_frame(record.connection, sa.select(*named))
    return Consents(
        read_frame(
            record.connection,
            sa.select(markups.row_id, markups.method, markups.below_cost, markups.consent),
        ),
        own.select("row_id", "consent", gives=pl.min_horizontal("amount", "percent") < 0),
    )


def _standing(record: Record, bills: pl.DataFrame) -> pl.DataFrame:
    """Return what customers are invoiced for each month, `bills` among it.

    Of the months before those of `bills` the last one of each customer is enough.
    """
    limits = record.workspace.settings.selling
    if not limits.guards_moves:
        return bills.select(*KEY, "total")
    invoice = models.CustomerInvoice
    counts = (
        invoice.kind == "invoice",
        invoice.status.in_(("draft", "issued")),
        invoice.corrected_by.is_(None),
    )
    first = bills["bill_month"].min() or ""
    last = (
        sa.select(invoice.customer, sa.func.max(invoice.bill_month))
        .where(*counts, invoice.bill_month < first)
        .group_by(invoice.customer)
    )
    at_last = sa.tuple_(invoice.customer, invoice.bill_month).in_(last)
    known = record.customer_invoices(*counts, sa.or_(invoice.bill_month >= first, at_last))
    drafts = known.filter(pl.col("status") == "draft").join(bills, on=KEY, how="anti")
    issued = known.filter(pl.col("status") == "issued")
    if "corrects" in bills.columns:
        taken = bills["corrects"].drop_nulls().str.split(", ").explode()
        issued = issued.filter(~pl.col("invoice_no").is_in(taken.implode()))
    columns = [*KEY, "total"]
    return pl.concat([frame.select(columns) for frame in (drafts, issued, bills)])


def _differing(record: Record, months: pl.Series, on: dt.date | None) -> pl.DataFrame:
    """Return the findings of the months that nobody waived and that keep lines from being issued
    (line_id, finding_id, message)."""
    differs = record.scan("findings", KEPT_FINDINGS, months.to_list()).filter(
        pl.col("code") == CLASS
    )
    return (
        waived(differs, waivers(record, on))
        .filter(pl.col("waived_by").is_null())
        .select("line_id", "finding_id", "message")
        .collect()
    )


def renew(record: Record, drafts: pl.DataFrame, on: dt.date | None) -> None:
    """Leave each of the drafts (rows of customer invoices) with what holds it now, or nothing."""
    if drafts.is_empty():
        return
    lines = record.open_lines(drafts["bill_month"].unique().to_list())
    open_ones = _not_released(record, found(record, drafts, lines, on), drafts)
    new = drafts.drop("hold").join(in_words(open_ones), on="invoice_no", how="left")
    both = pl.concat_str("lacking", "hold", separator="; ", ignore_nulls=True)
    held = new.select("invoice_no", hold=pl.when(both != "").then(both))
    changed = held.join(drafts, on=["invoice_no", "hold"], how="anti", nulls_equal=True)
    update_rows(record.connection, models.CustomerInvoice, changed)


def renew_differing(record: Record, on: dt.date | None) -> None:
    """Renew the drafts of months with lines whose class differs from their code's kind."""
    differs = record.scan("findings", KEPT_FINDINGS).filter(pl.col("code") == CLASS)
    months = differs.select(month_of("bill_date")).unique().collect().to_series()
    invoice = models.CustomerInvoice
    in_them = invoice.bill_month.in_(months.drop_nulls().to_list())
    renew(record, record.customer_invoices(invoice.status == "draft", in_them), on)


def _not_released(record: Record, told: pl.DataFrame, drafts: pl.DataFrame) -> pl.DataFrame:
    """Return what guards found with the invoice's number, without what a person let go."""
    named = told.join(drafts.select(*KEY, "invoice_no"), on=KEY)
    released = decisions(record).filter(pl.col("act") == RELEASE)
    return named.join(
        released.select(invoice_no="subject", guard="code", number="amount"),
        on=["invoice_no", "guard", "number"],
        how="anti",
    )


def in_words(told: pl.DataFrame) -> pl.DataFrame:
    """Return the hold of each invoice in words (invoice_no, hold), with what lets it go."""
    order = {guard: place for place, guard in enumerate(GUARDS)}
    releases = pl.col("guard").is_in(RELEASABLE).any()
    command = pl.lit("; to issue it as it is: rebill invoices release ") + pl.col("invoice_no")
    return (
        told.with_columns(place=pl.col("guard").replace_strict(order, return_dtype=pl.Int64))
        .sort("place", "words")
        .group_by("invoice_no", maintain_order=True)
        .agg(pl.col("words").str.join("; "), releases=releases)
        .select(
            "invoice_no",
            hold=pl.col("words")
            + pl.when("releases").then(command + " --reason TEXT").otherwise(pl.lit("")),
        )
    )


def release(record: Record, drafts: pl.DataFrame, act: Act, run_id: int) -> None:
    """Record that a person lets drafts be issued as they are, whatever guards say of them.

    Raises ConfigError naming every draft of which nothing can be released; then nothing is.
    """
    lines = record.open_lines(drafts["bill_month"].unique().to_list())
    told = _not_released(record, found(record, drafts, lines, act.on), drafts)
    let_go = told.filter(pl.col("guard").is_in(RELEASABLE))
    nothing = drafts.join(let_go, on="invoice_no", how="anti")
    faults = [
        f"nothing of {number} can be released: {hold or 'nothing holds it'}"
        for number, hold in nothing.sort("invoice_no").select("invoice_no", "hold").iter_rows()
    ]
    if faults:
        raise ConfigError(" | ".join(faults))
    words = {"decided_on": act.on, "who": act.who, "act": RELEASE, "reason": act.reason}
    rows = let_go.sort("invoice_no", "guard").select(
        *(pl.lit(value).alias(name) for name, value in words.items()),
        run_id=pl.lit(run_id, dtype=pl.Int64),
        subject="invoice_no",
        code="guard",
        amount="number",
    )
    decide(record, rows)
