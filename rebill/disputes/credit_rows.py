"""Every credit on a bill, and which claim it was taken for or is offered for."""

from __future__ import annotations

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, among, columns_of
from invoices.text import filled
from rebill.disputes.credits import OF_PROMISE, offers
from rebill.disputes.credits_on_bills import credits_on_bills
from rebill.store import models_disputes, read_table
from rebill.store.record import Record

STATES = ("taken", "part_taken", "offered", "unclaimed", "dismissed")
"""What may have become of a credit."""
ROWS = pl.Schema(
    {
        "credit_id": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "invoice_no": pl.String(),
        "bill_date": pl.Date(),
        "line_no": pl.Int64(),
        "amount": CENTS,  # positive
        "taken": CENTS,
        "status": pl.String(),  # one of STATES
        "claim_nos": pl.String(),  # taken for, or offered for
        "matched_by": pl.String(),
        "subject": pl.String(),
        "usoc": pl.String(),
        "starts": pl.Date(),
        "ends": pl.Date(),
        "words": pl.String(),
        "document_id": pl.String(),
    }
)


def credit_rows(record: Record, months: list[str] | None = None) -> pl.DataFrame:
    """Return every adjustment that gives something back, and what it is for (`ROWS`).

    Other negative lines are told of where they were taken or are offered.
    """
    given = read_table(record.connection, models_disputes.ClaimCredit)
    said = read_table(record.connection, models_disputes.CreditDecision)
    names = pl.col("claim_no").unique().sort().str.join(", ")
    how = pl.col("matched_by").unique().sort().str.join(", ")
    kept = read_table(record.connection, models_disputes.PromiseCredit).with_columns(
        claim_no=filled(f"{OF_PROMISE}{{}}", "promise")
    )
    columns = ["credit_id", "claim_no", "amount", "matched_by"]
    done = (
        pl.concat([given.drop_nulls("credit_id").select(columns), kept.select(columns)])
        .group_by("credit_id")
        .agg(taken=pl.col("amount").sum().cast(CENTS), claims_taken=names, how_taken=how)
    )
    open_now = offers(record).offered.group_by("credit_id").agg(claims_offered=names, how=how)
    known = (
        credits_on_bills(record, months)
        .join(done, on="credit_id", how="left")
        .join(open_now, on="credit_id", how="left")
        .with_columns(
            pl.col("taken").fill_null(ZERO_CENTS),
            dismissed=among("credit_id", said["credit_id"]),
        )
    )
    status = (
        pl.when(pl.col("taken") >= pl.col("amount"))
        .then(pl.lit("taken"))
        .when(pl.col("taken") > 0)
        .then(pl.lit("part_taken"))
        .when("dismissed")
        .then(pl.lit("dismissed"))
        .when(pl.col("claims_offered").is_not_null())
        .then(pl.lit("offered"))
        .otherwise(pl.lit("unclaimed"))
    )
    told = pl.col("certain") | ~pl.col("status").is_in(("unclaimed", "dismissed"))
    return (
        known.with_columns(
            status=status,
            claim_nos=pl.coalesce("claims_taken", "claims_offered"),
            matched_by=pl.coalesce("how_taken", "how"),
        )
        .filter(told)
        .select(columns_of(ROWS))
        .sort("carrier", "ban", "bill_date", "credit_id")
    )
