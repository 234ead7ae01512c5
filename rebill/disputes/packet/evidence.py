"""What a dispute rests on, read from the record: lines, rates and their sources, inventory, bills.

A claim the carrier knows is told as it was filed; one it does not know, as its findings stand.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.schema import CENTS, RATE, columns_of, seal
from rebill.disputes.held_by_claims import held_before, holds, with_word_of_before
from rebill.reference import current
from rebill.store.frames import MONTH
from rebill.store.record import Record
from reconcile.audit.causes import CAUSES, causes
from reconcile.audit.pricing import QUESTION, in_force, rate_frame, with_question
from reconcile.schema import AUDITED

EARLIER = pl.Schema(
    {
        "claim_no": pl.String(),
        "finding_id": pl.String(),
        "invoice_no": pl.String(),  # the bill that bore the charge before
        "ban": pl.String(),
        "bill_date": pl.Date(),
        "line_no": pl.Int64(),
        "usoc": pl.String(),
        "period_from": pl.Date(),
        "period_until": pl.Date(),
        "quantity": RATE,
        "amount": CENTS,
        "source_file": pl.String(),
        "source_row": pl.Int64(),
    }
)


def evidence(record: Record, claims: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return a row for each finding of the claims: what is disputed and all that it rests on.

    `claims` are rows of the record. amount_disputed adds up to each claim's amount.
    """
    found = _disputed(record, claims)
    documents = record.documents().select("document_id", "invoice_no", "audited_load")
    pulls = record.debits().select(
        "document_id",
        "debit_on",
        deadline="dispute_closes_on",
        pull="status",
    )
    lines = _lines(record, found)
    told = (
        found.join(lines, on="line_id", how="left")
        .join(documents, on="document_id", how="left")
        .join(pulls, on="document_id", how="left")
    )
    loads = told["audited_load"].fill_null(0).unique().sort()
    parts = [_with_reference(record, told, load) for load in loads]
    rows = pl.concat(parts) if parts else _with_reference(record, told, 0)
    settled = (pl.col("debit_on") <= as_of) & pl.col("pull").is_in(("expected", "debited"))
    return (
        rows.with_columns(paid_date=pl.when(settled).then("debit_on"))
        .drop("audited_load", "pull", "debit_on")
        .sort("claim_no", "bill_date", "invoice_no", "line_no", "finding_id")
    )


def sent_again() -> pl.Expr:
    """Return whether a claim's packet is one the carrier had before, sent again.

    It is after a rejection for its form, and when it has left our hands more than once.
    """
    more = pl.col("sent").fill_null(0) > 1
    return more | (pl.col("status") == "rejected_for_form")


def _disputed(record: Record, claims: pl.DataFrame) -> pl.DataFrame:
    """Return claim, finding, line and the amount disputed: as filed, or as found so far."""
    wanted = claims.select(
        *("claim_no", "carrier", "reason", "tracking_no", "filed_on"), resend=sent_again()
    )
    both = holds(record, wanted["claim_no"])
    words = (
        record.findings()
        .join(both.lazy().select("finding_id"), on="finding_id", how="semi")
        .select("finding_id", "cause", "source_file", "source_row", narrative="message")
        .collect()
        .unique("finding_id", keep="first", maintain_order=True)
    )
    gone = pl.lit("as it was filed")
    return (
        both.join(words, on="finding_id", how="left")
        .with_columns(pl.col("narrative").fill_null(gone))
        .pipe(lambda told: with_word_of_before(told, held_before(record, told), "narrative"))
        .join(wanted, on="claim_no", how="left")
        .rename(
            {
                "reason": "reason_code",
                "amount": "amount_disputed",
                "before": "amount_before",
                "under": "parent_claim_no",
            }
        )
    )


def _lines(record: Record, found: pl.DataFrame) -> pl.DataFrame:
    """Return what the disputed lines say and what the audit knew of them, one row a line."""
    months = found.select(MONTH).to_series().unique().drop_nulls().to_list()
    ids = found.lazy().select("line_id").drop_nulls().unique()
    here = record.lines(months).join(ids, on="line_id", how="semi").collect()
    away = record.void().join(ids, on="line_id", how="semi").pipe(seal, AUDITED).collect()
    return pl.concat([here, away]).drop(
        *("document_id", "carrier", "ban", "invoice_no", "bill_date", "service", "usoc"),
        *("source_file", "source_row"),
    )


def _with_reference(record: Record, told: pl.DataFrame, load: int) -> pl.DataFrame:
    """Return the rows of one version of the tables with rates, causes, elements and orders."""
    own = told.filter(pl.col("audited_load").fill_null(0) == load)
    tables = current.reference_frames(record.workspace, record.connection, load)
    rates = tables["buy_rates"].collect()
    row = rates.select(
        rate_id="row_id",
        rate_source="source",
        rate_from="effective_from",
        rate_until="effective_until",
    )
    asked = own.select("service", "usoc", "line_id", "order_used").unique()
    return (
        own.join(row, on="rate_id", how="left")
        .join(_causes(own, tables), on="line_id", how="left")
        .join(_elements(asked, tables["service_elements"]), on=["service", "usoc"], how="left")
        .join(_orders(asked, tables["orders"]), on=["order_used", "service", "usoc"], how="left")
        .with_columns(
            state=pl.coalesce("inventory_state", "state"),
            zone_billed="zone",
            zone_expected="inventory_zone",
            billed_rate="unit_rate",
            contract_rate="buy_rate",
            contract=pl.coalesce("rate_contract", "contract"),
            billed_qty="quantity",
            expected_qty="due_units",
            amount_billed="amount",
            amount_expected="expected",
            from_date=pl.coalesce("service_from", "period_from"),
            until_date=pl.coalesce("service_until", "period_until"),
            service_order_no=pl.coalesce("order_no", "order_used"),
            disconnect_date="disconnected_on",
            carrier_tracking_no="tracking_no",
            filed_at="filed_on",
            is_resend=pl.when("resend").then(pl.lit("true")).otherwise(pl.lit("false")),
        )
    )


def _causes(own: pl.DataFrame, tables: dict[str, pl.LazyFrame]) -> pl.DataFrame:
    """Return line_id, other_rate and billed_rate_source: the rate the carrier seems to have used.

    Only printed rates are compared; what an amount without one comes to is said by the finding.
    """
    above = own.filter(
        pl.col("code") == "rate_above_contract", pl.col("unit_rate").is_not_null()
    ).unique("line_id")
    renamed = {"other_source": "billed_rate_source"}
    if above.is_empty():
        return pl.DataFrame(schema=CAUSES).drop("cause").rename(renamed)
    rates = rate_frame(tables["buy_rates"])
    asked = with_question(above.lazy(), rates).collect()
    since = in_force(asked.select(QUESTION).unique(), rates).select(*QUESTION, "rate_from")
    priced = asked.join(since, on=QUESTION, how="left", nulls_equal=True).with_columns(
        units=pl.lit(None, dtype=pl.Int64),
        factor=pl.lit(None, dtype=pl.Int64),
        by_unit=pl.lit(False),
    )
    told = causes(priced, rates, tables["retail_rates"].collect())
    cause = pl.col("cause").str.replace_all("_", " ")
    source = pl.when(pl.col("other_rate").is_not_null()).then(
        pl.concat_str(cause, pl.lit(": "), pl.col("other_source").fill_null("no source is given"))
    )
    return told.with_columns(other_source=source).drop("cause").rename(renamed)


def _elements(asked: pl.DataFrame, elements: pl.LazyFrame) -> pl.DataFrame:
    """Return service, usoc and `inventory`: what the service has of the code, in words."""
    own = elements.join(asked.lazy().select("service", "usoc").unique(), on=["service", "usoc"])
    units = pl.col("quantity").cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
    since = pl.col("active_from").dt.to_string("%Y-%m-%d").fill_null("the beginning")
    until = pl.col("active_until").dt.to_string("%Y-%m-%d")
    ends = pl.when(until.is_not_null()).then(pl.lit(", not from ") + until).otherwise(pl.lit(""))
    return (
        own.sort("active_from", nulls_last=False)
        .with_columns(inventory=units + pl.lit(" from ") + since + ends)
        .group_by("service", "usoc", maintain_order=True)
        .agg(pl.col("inventory").str.join("; "))
        .collect()
    )


def _orders(asked: pl.DataFrame, orders: pl.LazyFrame) -> pl.DataFrame:
    """Return the completion and the waiver of the order that carries a one-time charge."""
    own = orders.rename({"order_no": "order_used"}).select(
        "order_used", "service", "usoc", "nrc_waived", so_completion_date="completed_on"
    )
    key = ["order_used", "service", "usoc"]
    return (
        own.join(asked.lazy().select(key).drop_nulls().unique(), on=key, how="semi")
        .unique(key, keep="first")
        .collect()
    )


def earlier_bills(record: Record, evidence: pl.DataFrame) -> pl.DataFrame:
    """Return the bills on which charges claimed as billed twice stood before (`EARLIER`)."""
    doubles = evidence.filter(pl.col("code").is_in(("charged_twice", "charged_in_summary"))).select(
        *("claim_no", "finding_id", "line_id", "service", "usoc", "code", "bill_date"),
        *("invoice_no", "line_no", "period_from", "period_until", "charge_class"),
    )
    if doubles.is_empty():
        return pl.DataFrame(schema=EARLIER)
    same = ["service", "usoc"]
    before = (
        record.audited()
        .join(doubles.lazy().select("service").unique(), on="service", how="semi")
        .filter(pl.col("amount") > 0)
        .select(
            *same, "line_id", "invoice_no", "ban", "bill_date", "line_no", "period_from",
            "period_until", "quantity", "amount", "source_file", "source_row", "charge_class",
        )
        .collect()
    )  # fmt: skip
    monthly = ("recurring", "prorated")
    alike = (pl.col("charge_class") == pl.col("charge_class_now")) | (
        pl.col("charge_class").is_in(monthly) & pl.col("charge_class_now").is_in(monthly)
    )
    overlap = (pl.col("period_from") < pl.col("period_until_now")) & (
        pl.col("period_from_now") < pl.col("period_until")
    )
    order = ["bill_date", "invoice_no", "line_no"]
    is_before = pl.lit(False)
    for name in reversed(order):
        lower, equal = pl.col(name) < pl.col(f"{name}_now"), pl.col(name) == pl.col(f"{name}_now")
        is_before = lower | (equal & is_before)
    now = doubles.rename(
        {name: f"{name}_now" for name in (*order, "period_from", "period_until", "charge_class",
                                          "line_id")}
    )  # fmt: skip
    pairs = now.join(before, on=same).filter(alike, overlap.fill_null(True), is_before)
    return pairs.select(columns_of(EARLIER)).sort("claim_no", "finding_id", *order)
