"""Which invoice a pull paid that says so, and which account a pull names."""

from __future__ import annotations

import polars as pl

from invoices.schema import columns_of
from reconcile.pulls.pull_pool import APART, ASSIGNED, EARLIEST, ID_LENGTH, LATEST, key_of


def paid_by_name(
    pulls: pl.DataFrame, references: pl.DataFrame, invoices: pl.DataFrame
) -> pl.DataFrame:
    """Return what pulls paid that name their invoices (columns of `ASSIGNED`).

    Of several invoices of one number the one of the account named, then one with something due,
    then the one nearest in time. What an item does not say it pays is what its invoice lets be
    pulled; the last item takes what is left, and with it credits and adjustments.

    A pull of account 305 names the invoices 710 and 711::

        invoice_no  ban  due
        710         305  4000     -> item 1
        710         312  4000     (another account's)
        711         305  6000     -> item 2
    """
    numbers = ("invoice_no", "ban")
    keys = pl.concat(
        [
            invoices.with_columns(key=key_of(text), by_account=pl.lit(name == "ban"))
            for name in numbers
            for text in (pl.col(name), pl.col(name).str.head(ID_LENGTH))
        ]
    ).unique(["document_id", "key", "by_account"], keep="first", maintain_order=True)
    pays_it = (pl.col("paid") == pl.col("due")) & APART.is_between(EARLIEST, LATEST)
    pairs = (
        references.join(pulls.select("entry_id", "settled_on", "company"), on="entry_id")
        .join(keys.rename({"company": "company_of"}), on="key")
        .filter(_fits(), ~pl.col("by_account") | pays_it.fill_null(False))
    )
    own = (key_of(pl.col("ban")) == pl.col("ban_key")).fill_null(False)
    days = APART.abs().fill_null(10**6)
    best = (
        pairs.with_columns(own=own, days=days, owed=pl.col("due") > 0)
        .filter(pl.col("own") | pl.col("ban_key").is_null())
        .sort(
            *("entry_id", "item", "own", "owed", "days", "document_id"),
            descending=[False, False, True, True, False, False],
        )
        .unique(["entry_id", "item"], keep="first", maintain_order=True)
    )
    return _shares(best, pulls, references)


def waiting_for_bill(references: pl.DataFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    """Return [entry_id]: pulls whose remittance names an invoice; they wait for its bill.

    Their amount alone says nothing then: it may be that of any other invoice.
    """
    bans = invoices.select(key=key_of(pl.col("ban"))).unique().drop_nulls()
    items = references.filter("invoice", pl.col("key").is_not_null())
    return items.join(bans, on="key", how="anti").select("entry_id").unique()


def _shares(best: pl.DataFrame, pulls: pl.DataFrame, references: pl.DataFrame) -> pl.DataFrame:
    """Return the items with their share of the pull: together they come to its amount.

    Where an item names an invoice that is not on record its share is nobody's yet.

    A pull of 98.00 for two invoices; what it pays is said of the first alone::

        item  paid  due       share  rest  cents
        1     4000  4000  ->  4000   -200  4000
        2     null  6000  ->  6000   -200  5800
    """
    items = references.filter("invoice").group_by("entry_id").agg(items=pl.col("item").n_unique())
    shared = (
        best.join(items, on="entry_id", how="left")
        .join(pulls.select("entry_id", whole="cents"), on="entry_id")
        .with_columns(found=pl.len().over("entry_id"))
        .with_columns(share=pl.coalesce("paid", "due"))
        .with_columns(
            rest=pl.col("whole") - pl.col("share").sum().over("entry_id"),
            last=pl.col("item") == pl.col("item").max().over("entry_id"),
        )
    )
    complete = pl.col("found") >= pl.col("items").fill_null(1)
    cents = pl.col("share") + pl.when("last", complete).then("rest").otherwise(0)
    return (
        shared.with_columns(cents=cents)
        .group_by("entry_id", "document_id")
        .agg(pl.col("cents").sum())
        .with_columns(how=pl.lit("named"))
        .select(columns_of(ASSIGNED))
    )


def named_accounts(
    pulls: pl.DataFrame, references: pl.DataFrame, invoices: pl.DataFrame
) -> pl.DataFrame:
    """Return [entry_id, ban_key]: the one account a pull names, of an originator that fits."""
    bans = invoices.select("company", "ban").unique()
    keys = pl.concat(
        [
            bans.with_columns(key=key_of(pl.col("ban"))),
            bans.with_columns(key=key_of(pl.col("ban").str.head(ID_LENGTH))),
        ]
    ).rename({"company": "company_of"})
    named = pl.concat(
        [
            references.select("entry_id", "key"),
            references.select("entry_id", key="ban_key").drop_nulls(),
        ]
    )
    return (
        named.join(pulls.select("entry_id", "company"), on="entry_id")
        .join(keys, on="key")
        .filter(_fits())
        .group_by("entry_id")
        .agg(ban_key=key_of(pl.col("ban")).unique())
        .filter(pl.col("ban_key").list.len() == 1)
        .with_columns(pl.col("ban_key").list.first())
    )


def _fits() -> pl.Expr:
    """Whether the originator of a pull is the one on file for the invoice, as far as known."""
    return (pl.col("company") == pl.col("company_of")).fill_null(
        pl.col("company_of").is_null() | pl.col("company").is_null()
    )
