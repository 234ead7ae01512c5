"""What loaded bills give back: negative lines and adjustments of headers."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from invoices.schema import among, columns_of
from invoices.text import filled
from rebill.store import models_disputes, read_table
from rebill.store.frames import MONTH, first_day, in_months, one_of
from rebill.store.models import Claim, Document, DocumentTotal
from rebill.store.record import Record
from reconcile.claims.credit_pool import CREDITS

OF_HEADER = "{}:adjustments"
"""The name of the credit that a document's header gives."""


def credits_on_bills(
    record: Record, months: list[str] | None = None, *, certain: bool = False
) -> pl.DataFrame:
    """Return what loaded bills give back (`CREDITS`): negative lines and header adjustments."""
    parts = (_credit_lines(record, months, certain), _header_credits(record, months))
    return pl.concat([frame.select(columns_of(CREDITS)) for frame in parts])


def _credit_lines(record: Record, months: list[str] | None, certain: bool) -> pl.DataFrame:
    """Return negative lines as credits; `certain`: only those that are adjustments."""
    starts, ends = pl.col("service_from"), pl.col("service_until")
    first = pl.coalesce(starts, ends)
    adjustment = pl.col("charge_class") == "adjustment"
    return (
        record.audited(months)
        .filter(pl.col("amount") < 0, adjustment if certain else pl.lit(True))
        .select(
            credit_id="line_id",
            document_id="document_id",
            carrier="carrier",
            ban="ban",
            bill_date="bill_date",
            invoice_no="invoice_no",
            line_no="line_no",
            amount=-pl.col("amount"),
            subject=pl.coalesce("service", "circuit_key", "wtn"),
            usoc="usoc",
            starts=first,
            ends=pl.max_horizontal(ends, first + pl.duration(days=1)),
            words=pl.concat_str(
                pl.col("description", "order_no"), separator=" ", ignore_nulls=True
            ),
            certain=adjustment,
        )
        .collect()
    )


def _header_credits(record: Record, months: list[str] | None) -> pl.DataFrame:
    """Return the adjustments that headers of loaded documents give back."""
    wanted = [Document.status == "loaded", Document.adjustments < 0]
    if months is not None:
        wanted.append(in_months(Document.bill_date, months))
    giving = record.documents(*wanted)
    nothing = [pl.lit(None, dtype=pl.String).alias(name) for name in ("subject", "usoc", "words")]
    return giving.select(
        *("document_id", "carrier", "ban", "bill_date", "invoice_no"),
        *nothing,
        credit_id=filled(OF_HEADER, "document_id"),
        line_no=pl.lit(None, dtype=pl.Int64),
        amount=-pl.col("adjustments"),
        starts=pl.lit(None, dtype=pl.Date),
        ends=pl.lit(None, dtype=pl.Date),
        certain=pl.lit(True),
    )


def free_credits(
    record: Record, claims: pl.DataFrame, promises: pl.DataFrame, *, certain: bool = False
) -> pl.DataFrame:
    """Return the credits nothing was taken of, on bills from the first claim or promise on.

    `certain`: only those that can be taken without a person.
    """
    named = record.claims(one_of(record.connection, Claim.claim_no, claims["claim_no"]))
    months = [*named["bill_month"], *promises.select(MONTH).to_series()]
    if not months:
        return pl.DataFrame(schema=CREDITS)
    wanted = [Document.status == "loaded", Document.bill_date >= first_day(min(months))]
    if certain:
        adjusted = sa.select(DocumentTotal.document_id).where(
            DocumentTotal.charge_class == "adjustment"
        )
        wanted.append(Document.document_id.in_(adjusted) | (Document.adjustments < 0))
    documents = record.documents(*wanted)
    wanted_months = documents.select(MONTH).to_series().unique().to_list()
    # What was taken back, because its bill was void for a time, is nobody's again.
    given = read_table(record.connection, models_disputes.ClaimCredit).group_by("credit_id")
    used = given.agg(pl.col("amount").sum()).filter(pl.col("amount") > 0)["credit_id"]
    said = read_table(record.connection, models_disputes.CreditDecision)["credit_id"]
    kept = read_table(record.connection, models_disputes.PromiseCredit)["credit_id"]
    gone = pl.concat([used, said, kept]).drop_nulls().unique()
    if not wanted_months:
        return pl.DataFrame(schema=CREDITS)
    found = credits_on_bills(record, wanted_months, certain=certain)
    return found.filter(~among("credit_id", gone))
