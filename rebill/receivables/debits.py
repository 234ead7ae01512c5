"""The debits of customers that went out, and what the bank said of each since.

What the bank said stands among its own entries and nowhere else: a return or a change belongs to
the debit whose trace it names.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.bank.returns import CHANGE_CODES, RETURN_CODES
from invoices.schema import columns_of
from rebill.receivables.collect import HARMLESS, REVOKED, SENT, TO_CHANGE
from rebill.store import models_bank, read_table
from rebill.store.frames import one_of
from rebill.store.models_selling import CustomerDebit, DebitFile
from rebill.store.record import Record

_OF_DEBIT = ("customer", "invoice_no", "amount")
_OF_BANK = ("returned_on", "returned", "code", "changed_on", "change")
SHOWN = pl.Schema(
    {
        **{name: SENT[name] for name in ("trace", "file", *_OF_DEBIT, "made_on", "settles_on")},
        "account": pl.String(),  # its last digits
        "status": pl.String(),  # prenote, sent, settled, returned
        **{name: SENT[name] for name in _OF_BANK},
    }
)
HIDDEN = pl.lit("****")
MEANING = {**RETURN_CODES, **{code: f"{what} is wrong" for code, what in CHANGE_CODES.items()}}


def sent(record: Record) -> pl.DataFrame:
    """Return every debit and prenote that went out (`SENT`), by trace."""
    rows = read_table(record.connection, CustomerDebit)
    files = read_table(record.connection, DebitFile)
    kind = models_bank.BANK_ENTRIES.c.kind
    spoken = read_table(record.connection, models_bank.BANK_ENTRIES, kind.in_(("return", "change")))
    said = _named(record, spoken, rows).sort("settled_on", "entry_id")
    # The first return is the return: another of the same debit takes nothing back again.
    back = said.filter(kind="return").unique("original_trace", keep="first", maintain_order=True)
    asked = said.filter(kind="change").unique("original_trace", keep="last", maintain_order=True)
    returns = back.select(
        "code",
        trace="original_trace",
        returned_on="settled_on",
        returned="amount",
        returned_in="file_id",
    )
    changes = asked.select(
        trace="original_trace", changed_on="settled_on", change="code", corrected="code_text"
    )
    return (
        rows.join(files.select("made_on", file_id="id", file="name"), on="file_id", how="left")
        .join(returns, on="trace", how="left")
        .join(changes, on="trace", how="left")
        .select(columns_of(SENT))
        .sort("trace")
    )


def without_ours(record: Record, entries: pl.DataFrame) -> pl.DataFrame:
    """Return the bank entries that speak of no debit of ours: those of carriers.

    Ours are what a file of ours says, should it come back to us, and returns and changes that name
    a trace of ours or our number: also of what we debited without this record.
    """
    rows = read_table(record.connection, CustomerDebit)
    own = by_us(record)
    spoken = entries.filter(pl.col("kind").is_in(("return", "change")))
    parts = (
        entries.filter(_MOVED, own).join(rows, on="trace", how="semi"),
        spoken.filter(own),
        _named(record, spoken, rows),
    )
    ours = pl.concat(part.select("entry_id") for part in parts).unique()
    return entries.join(ours, on="entry_id", how="anti", maintain_order="left")


_MOVED = pl.col("kind").is_in(("entry", "prenote"))


def by_us(record: Record) -> pl.Expr:
    """Say whether a bank entry is one that we made."""
    us = record.workspace.settings.debits.company_id.strip().upper()
    return (pl.col("company_id").str.to_uppercase() == us).fill_null(False)


def _named(record: Record, spoken: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the returns and changes that speak of debits of ours (`rows`).

    Other companies debit through our bank too: under its number they may have the same traces, so
    that a return of what such a one took is its own.
    """
    key = "original_trace"
    named = spoken.join(rows, left_on=key, right_on="trace", how="semi")
    if named.is_empty():
        return named
    there = one_of(record.connection, models_bank.BANK_ENTRIES.c.trace, named[key])
    moved = read_table(record.connection, models_bank.BANK_ENTRIES, there)
    theirs = moved.filter(_MOVED, ~by_us(record)).select("company_id", original_trace="trace")
    return named.join(theirs, on=["company_id", key], how="anti")


def traces(record: Record) -> set[str]:
    """Return the traces of all debits and prenotes that went out."""
    return set(read_table(record.connection, CustomerDebit)["trace"])


def shown(record: Record, as_of: dt.date) -> pl.DataFrame:
    """Return the debits as they stand on a day (`SHOWN`)."""
    back, asked = pl.col("returned_on") <= as_of, pl.col("changed_on") <= as_of
    rows = sent(record).filter(pl.col("made_on") <= as_of)
    return rows.with_columns(
        *(pl.when(back).then(name).alias(name) for name in _OF_BANK[:3]),
        *(pl.when(asked).then(name).alias(name) for name in _OF_BANK[3:]),
        account=HIDDEN + pl.col("last_digits"),
        status=pl.when(back)
        .then(pl.lit("returned"))
        .when(pl.col("invoice_no").is_null())
        .then(pl.lit("prenote"))
        .when(pl.col("settles_on") <= as_of)
        .then(pl.lit("settled"))
        .otherwise(pl.lit("sent")),
    ).select(columns_of(SHOWN))


def news(record: Record, as_of: dt.date) -> pl.DataFrame:
    """Return what came back or is to be changed by a day, the last first, and what to do about it.

    Columns on, code, meaning, customer, invoice_no, amount, account, said, remedy.
    """
    rows = shown(record, as_of).join(
        sent(record).select("trace", "corrected"), on="trace", how="left"
    )
    own = ["trace", *_OF_DEBIT, "account"]
    back = rows.drop_nulls("returned_on").select(
        *own, "code", on="returned_on", said=pl.when(_other()).then(_taken())
    )
    asked = rows.drop_nulls("changed_on").select(
        *own, on="changed_on", code="change", said=hidden(pl.col("corrected"))
    )
    meant = pl.col("code").replace_strict(MEANING, default=None, return_dtype=pl.String)
    return (
        pl.concat([back, asked], how="diagonal")
        .with_columns(meaning=meant, remedy=_remedy())
        .sort("on", "trace", descending=[True, False])
        .select("on", "code", "meaning", *_OF_DEBIT, "account", "said", "remedy")
    )


def _other() -> pl.Expr:
    return pl.col("returned") != pl.col("amount")


def _taken() -> pl.Expr:
    return pl.concat_str(pl.lit("the bank took "), "returned", pl.lit(" back"))


def hidden(text: pl.Expr) -> pl.Expr:
    """Return what a bank corrects, without the digits of an account but the last four."""
    return text.str.replace_all(r"[0-9A-Za-z-]+([0-9A-Za-z]{4})", "****${1}")


def _remedy() -> pl.Expr:
    code = pl.col("code")
    return (
        pl.when(code.is_in(REVOKED))
        .then(pl.lit("ask the customer; debits rest until a newer ach_authorised_on is loaded"))
        .when(code.is_in(HARMLESS))
        .then(pl.lit("the invoice is open again: ask the customer to pay it"))
        .when(code.is_in(TO_CHANGE))
        .then(pl.lit("correct the customer's row as the bank's file says; debits rest until then"))
        .when(code.str.starts_with("C"))
        .then(pl.lit("correct the customer's row"))
        .otherwise(pl.lit("ask for the right account; debits rest until it is loaded"))
    )
