"""The month as double-entry journal: every cent of bills, pulls, disputes, invoices, commissions.

An entry is a few postings with one key that add up to nothing; a posting is a signed amount on an
account, positive to its debit side. Entries follow from the record alone and say so in their key,
so that the same record makes the same journal.

| what happened | debit | credit |
|---|---|---|
| a carrier's document | cost, by charge class | payable to the carrier |
| an adjustment of its previous balance | cost, adjustments | payable |
| a claim, while unfiled or open | disputed receivable | cost in dispute |
| a claim credited, denied, withdrawn, expired | cost in dispute | disputed receivable |
| a pull on its day | payable | ACH clearing |
| the same, seen by the bank | ACH clearing | bank |
| a pull that came back | bank | payable |
| an invoice (a credit note the other way) | receivable from the customer | revenue, taxes owed |
| a customer's payment | bank | receivable |
| what a carrier did not bill, or too low | cost accrued | accrued liability; reversed next month |
| a statement of commissions | commissions | commissions owed to the payee |
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import polars as pl

from invoices.schema import CENTS, columns_of
from rebill.books import entries
from rebill.books.accounts import account_name, spelled
from rebill.books.entries import Facts

POSTINGS = pl.Schema(
    {
        "on": pl.Date(),
        "key": pl.String(),  # of the entry
        "kind": pl.String(),  # one of `entries.KINDS`
        "state": pl.String(),  # final; draft = of an invoice or statement that may still change
        "party": pl.String(),  # carrier, customer or payee
        "account": pl.String(),
        "amount": CENTS,  # positive = debit
        "words": pl.String(),
    }
)

ENTRIES = (
    entries.bills,
    entries.disputes,
    entries.pulls,
    entries.accruals,
    entries.invoices,
    entries.payments,
    entries.commissions,
)


def journal(facts: Facts) -> pl.DataFrame:
    """Return every posting (`POSTINGS`) the facts make, by day, entry and account."""
    parts = [entries_of(facts) for entries_of in ENTRIES]
    names = spelled(_parties(facts))
    shaped = [
        part.with_columns(account=account_name(names)).select(columns_of(POSTINGS))
        for part in parts
    ]
    # Postings of an entry on one account are one; what comes to nothing is no posting.
    key = [name for name in POSTINGS if name != "amount"]
    return (
        pl.concat(shaped)
        .group_by(key)
        .agg(pl.col("amount").sum().cast(CENTS))
        .filter(pl.col("amount") != 0)
        .select(POSTINGS.names())
        .sort("on", "key", "account")
    )


def _parties(facts: Facts) -> tuple[pl.Series, ...]:
    """Return the names of carriers, customers, payees and taxes, wherever they stand."""
    return (
        facts.documents["carrier"],
        facts.debits["carrier"],
        facts.accruals["carrier"],
        facts.invoices["customer"],
        facts.payments["customer"],
        facts.commissions["payee"],
        facts.revenue["tax"],
    )


def settled(computed: pl.DataFrame, closed: pl.DataFrame, months: Collection[str]) -> pl.DataFrame:
    """Return the journal with its closed months as they were closed.

    `closed` are the postings of the closed `months`. What an entry of a closed month would be today
    and is not there is posted on the first day that is open, as `late`: the difference only. So a
    closed month never changes and the balances are those of today. What is late of a draft stays
    one: it is no more certain for its month.
    """
    if not months:
        return computed
    first = _after(max(months))
    key = ["key", "account"]
    before = pl.col("on") < first
    then = computed.filter(before)
    gap = (
        pl.concat(
            [
                then.select(*key, "party", "words", "state", "amount"),
                closed.select(*key, "party", "words", "state", amount=-pl.col("amount")),
            ]
        )
        .with_columns(draft=(pl.col("state") == "draft").any().over("key"))
        .group_by(*key, "draft")
        .agg(pl.col("party", "words").last(), pl.col("amount").sum().cast(CENTS))
    )
    # What was late once, and is closed since, counts with the entry it belongs to.
    late = gap.filter(pl.col("amount") != 0).with_columns(
        on=pl.lit(first),
        kind=pl.lit("late"),
        state=pl.when("draft").then(pl.lit("draft")).otherwise(pl.lit("final")),
    )
    after = computed.filter(~before)
    names = POSTINGS.names()
    return pl.concat([closed.select(names), late.select(names), after.select(names)]).sort(
        "on", "key", "account"
    )


def _after(month: str) -> dt.date:
    """Return the first day of the month after one."""
    year, number = map(int, month.split("-"))
    return dt.date(year + number // 12, number % 12 + 1, 1)


def balances(postings: pl.DataFrame, on: dt.date | None = None) -> pl.DataFrame:
    """Return what stands on each account at the end of a day, or in the end: account, amount."""
    own = postings if on is None else postings.filter(pl.col("on") <= on)
    return own.group_by("account").agg(pl.col("amount").sum().cast(CENTS)).sort("account")


def unbalanced(postings: pl.DataFrame) -> pl.DataFrame:
    """Return the entries whose postings do not add up to nothing: none, or it is a fault."""
    sums = postings.group_by("on", "key").agg(pl.col("amount").sum().cast(CENTS))
    return sums.filter(pl.col("amount") != 0).sort("on", "key")
