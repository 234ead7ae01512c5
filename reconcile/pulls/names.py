"""What a pull names: invoice numbers and accounts in its remittance, its ID field or its text."""

from __future__ import annotations

import polars as pl

from invoices.money import cents
from invoices.schema import columns_of
from reconcile.pulls.pull_pool import ID_LENGTH, key_of

SHORTEST = 5
"""A word of a text names a number only if it is at least so long."""
_WORD = "[0-9A-Za-z][0-9A-Za-z-]*"
_NO_INVOICE = ("AJ", "CM")
"""Items that lessen what others pay."""

REFERENCES = pl.Schema(
    {
        "entry_id": pl.String(),
        "item": pl.Int64(),  # from 1: remittance; 0: the ID field; below: words of the text
        "key": pl.String(),  # a number as compared; null = a credit or an adjustment
        "ban_key": pl.String(),  # the account the item names besides
        "paid": pl.Int64(),  # cents; null = not said
        "invoice": pl.Boolean(),  # whether it is an item of a remittance that pays something
    }
)


def references(
    moves: pl.DataFrame, remittances: pl.DataFrame, invoices: pl.DataFrame
) -> pl.DataFrame:
    """Return what each debit names (columns of `REFERENCES`).

    A remittance says it; only where there is none are the ID field and the words of the text looked
    at, and of these only numbers that some invoice or account has.
    """
    items = remittances.with_columns(
        invoice=~pl.col("qualifier").is_in(_NO_INVOICE).fill_null(False)
    ).select(
        "entry_id",
        "item",
        key=pl.when("invoice").then(key_of(pl.col("reference"))),
        ban_key=key_of(pl.col("ban")),
        paid=cents(pl.col("paid")).cast(pl.Int64),
        invoice="invoice",
    )
    silent = moves.join(items.filter("invoice"), on="entry_id", how="anti")
    fields = silent.select(
        "entry_id", item=pl.lit(0, dtype=pl.Int64), key=key_of(pl.col("individual_id"))
    ).drop_nulls("key")
    known = pl.concat([_keys(invoices, name) for name in ("invoice_no", "ban")]).unique()
    return pl.concat([items, _plain(fields), _plain(_words(silent, known))]).select(
        columns_of(REFERENCES)
    )


def _keys(invoices: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return [key]: the numbers of invoices or accounts, whole and as an ID field cuts them."""
    texts = (pl.col(name), pl.col(name).str.head(ID_LENGTH))
    return pl.concat([invoices.select(key=key_of(text)) for text in texts]).drop_nulls()


def _words(moves: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return [entry_id, item, key]: words of texts that are numbers of invoices or accounts."""
    text = pl.concat_str(
        pl.col("description").fill_null(""), pl.col("addenda").fill_null(""), separator=" "
    )
    return (
        moves.select("entry_id", word=text.str.extract_all(_WORD))
        .explode("word")
        .select("entry_id", key=key_of(pl.col("word")))
        .filter(pl.col("key").str.len_chars() >= SHORTEST)
        .unique(maintain_order=True)
        .join(known, on="key", how="semi", maintain_order="left")
        .with_columns(item=-pl.int_range(1, pl.len() + 1).over("entry_id").cast(pl.Int64))
        .select("entry_id", "item", "key")
    )


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Return references that are no items of a remittance."""
    return frame.with_columns(
        ban_key=pl.lit(None, dtype=pl.String),
        paid=pl.lit(None, dtype=pl.Int64),
        invoice=pl.lit(False),
    ).select(REFERENCES.names())
