"""The truth: every finding that what the carrier does wrong should lead to, to the cent."""

from __future__ import annotations

import polars as pl

from invoices.money import ZERO_CENTS, from_cents
from invoices.periods import month_of
from invoices.schema import CENTS, seal
from rebill.demo.headers import Faulty

WITHOUT_MONEY = (
    *("usoc_unknown", "rate_missing", "rate_below_contract", "element_not_billed"),
    *("partner_missing", "markup_missing", "match_doubtful"),
)
"""Codes that put nothing at stake."""

TRUTH = pl.Schema(
    {
        "bill_month": pl.String(),
        "ban": pl.String(),
        "invoice_no": pl.String(),
        "line_no": pl.Int64(),
        "service": pl.String(),
        "usoc": pl.String(),
        "code": pl.String(),
        "cause": pl.String(),
        "amount_at_stake": CENTS,
        "note": pl.String(),
    }
)


def line_truth(lines: pl.DataFrame) -> pl.DataFrame:
    """Return one row a finding that the numbered lines should lead to (columns of `TRUTH`)."""
    zero = pl.col("code").is_in(WITHOUT_MONEY)
    stake = pl.when(zero).then(0).otherwise(pl.col("amount") - pl.col("due"))
    found = lines.filter(pl.col("code").is_not_null()).with_columns(stake=stake)
    moved = found.filter(pl.col("note") == "the same line under two accounts").with_columns(
        code=pl.lit("match_doubtful"), stake=pl.lit(0, pl.Int64), note=pl.lit("another account's")
    )
    strange = found.filter(pl.col("code") == "account_unknown")
    also = [
        strange.with_columns(code=pl.lit(code), stake=pl.lit(0, pl.Int64))
        for code in ("service_unknown", "rate_missing")
    ]
    return pl.concat([found, moved, *also]).select(
        bill_month=month_of("bill"),
        ban="ban",
        invoice_no="invoice_no",
        line_no=pl.col("line_no").cast(pl.Int64),
        service="service",
        usoc="usoc",
        code="code",
        cause="cause",
        amount_at_stake=from_cents(pl.col("stake").cast(pl.Int128)),
        note="note",
    )


def document_truth(documents: pl.DataFrame, wrong: Faulty) -> pl.DataFrame:
    """Return the truth about documents and files, which have no line and nothing at stake."""
    cases = [
        (wrong.held, "document_does_not_foot", "printed totals are 10.00 above the lines"),
        (wrong.missing, "document_missing", "the account sent no bill"),
        (wrong.unbalanced, "balance_breaks", "50.00 of what was pulled is not shown as paid"),
        (wrong.conflict, "document_conflicts", "sent again with another adjustment"),
        (wrong.unreadable, "line_unreadable", "an amount that is no number"),
    ]
    rows = [
        {"account": account, "code": code, "note": note}
        for account, code, note in cases
        if account is not None
    ]
    kinds = {"account": pl.Int64, "code": pl.String, "note": pl.String}
    found = (
        pl.DataFrame(rows, schema=kinds)
        .join(documents, on="account")
        .select(
            "ban",
            "code",
            "note",
            bill_month=month_of("bill"),
            invoice_no=pl.when(pl.col("code") != "document_missing").then("invoice_no"),
            amount_at_stake=ZERO_CENTS,
        )
        .pipe(seal, TRUTH)
    )
    if wrong.unreadable is None:
        return found
    letter = pl.select(
        code=pl.lit("document_unreadable"),
        note=pl.lit("a letter, not an invoice"),
        amount_at_stake=ZERO_CENTS,
    )
    return pl.concat([found, letter.pipe(seal, TRUTH)])
