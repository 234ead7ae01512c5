"""What moved: the entries of a Nacha file whose totals come out, and when each settles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Set

import polars as pl

from invoices.bank import layout
from invoices.bank.layout import CTX_NAME, IAT_ACCOUNT
from invoices.bank.nacha_parts import Parts
from invoices.bank.schema import ENTRIES
from invoices.bank.settlement import settlement
from invoices.money import from_cents
from invoices.schema import seal

NAME = "nacha"
SHOWN_DIGITS = 4


def settled_days(parts: Parts, closings: Set[dt.date]) -> pl.DataFrame:
    """Return [effective_date, settlement_day, settled_on]: each distinct question asked once."""
    created = parts.created
    asked = parts.batches.select("effective_date", "settlement_day").unique()
    if created is None:
        raise ValueError("a file header without a date passed its checks")
    days = [settlement(created, wish, day, closings) for wish, day in asked.iter_rows()]
    return asked.with_columns(settled_on=pl.Series(days, dtype=pl.Date))


def entries_of(parts: Parts, key: str, settled: pl.DataFrame) -> pl.DataFrame:
    """Return the entries of a file whose totals come out (columns of `ENTRIES`).

    `settled` says when its batches settle, as `settled_days` does.
    """
    frame = (
        parts.entries.join(settled, on=["effective_date", "settlement_day"])
        .join(_notes(parts), on="entry", how="left")
        .join(_payment_information(parts), on="entry", how="left")
        .sort("row")
    )
    code = pl.col("transaction_code")
    credits = code.str.tail(1).cast(pl.Int64) < 5
    account = pl.when(pl.col("sec") == "IAT").then(IAT_ACCOUNT.of()).otherwise("account")
    return frame.with_columns(
        entry_id=pl.concat_str(pl.lit(f"{key[:16]}-"), "entry"),
        source=pl.lit(NAME),
        source_row="row",
        kind=_kind(),
        direction=pl.when(credits).then(pl.lit("credit")).otherwise(pl.lit("debit")),
        amount=from_cents(pl.col("amount").cast(pl.Int64)),
        description=_filled("entry_description"),
        company_id=said("company_id"),
        company_name=_filled("company_name"),
        individual_id=said("individual_id"),
        individual_name=_individual_name(),
        trace=said("trace"),
        original_trace=said("original_trace"),
        account=said(account).str.tail(SHOWN_DIGITS),
    ).pipe(seal, ENTRIES)


def _notes(parts: Parts) -> pl.DataFrame:
    """Return what the first return or change below an entry says: code, trace, text."""
    special = parts.addenda.filter(pl.col("addenda_type").is_in(("98", "99")))
    change = pl.col("addenda_type") == "98"
    text = pl.when(change).then(pl.col("corrected_data")).otherwise(pl.col("return_text"))
    told = special.unique("entry", keep="first", maintain_order=True)
    return told.select("entry", "addenda_type", "code", "original_trace", code_text=_filled(text))


def _payment_information(parts: Parts) -> pl.DataFrame:
    """Return the payment information of each entry in one piece, as `addenda`."""
    return (
        parts.addenda.filter(pl.col("addenda_type") == "05")
        .group_by("entry", maintain_order=True)
        .agg(addenda=pl.col("payment_information").str.join(""))
    )


def _kind() -> pl.Expr:
    """Return what an entry is: a change, a return, a prenote or an entry that moves money."""
    return (
        pl.when(pl.col("addenda_type") == "98")
        .then(pl.lit("change"))
        .when(pl.col("addenda_type") == "99")
        .then(pl.lit("return"))
        .when(pl.col("transaction_code").is_in(layout.PRENOTES))
        .then(pl.lit("prenote"))
        .otherwise(pl.lit("entry"))
    )


def _individual_name() -> pl.Expr:
    """Return whom an entry names; of IAT the field says something else."""
    name = pl.when(pl.col("sec").is_in(("CTX", "ATX"))).then(CTX_NAME.of())
    own = pl.coalesce(name, "individual_name")
    return _filled(pl.when(pl.col("sec") == "IAT").then(None).otherwise(own))


def said(column: str | pl.Expr) -> pl.Expr:
    """Return the number in a field without its padding, null where blanks or zeros stand."""
    text = _filled(column)
    return pl.when(text.str.contains("[^0 ]")).then(text)


def _filled(column: str | pl.Expr) -> pl.Expr:
    """Return the text of a field without its padding, null where nothing stands."""
    text = (pl.col(column) if isinstance(column, str) else column).str.strip_chars()
    return pl.when(text != "").then(text)
