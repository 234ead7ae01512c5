"""The journal as journals for a general ledger: summed, under the accounts of that ledger.

Bookkeepers import journals by account, not every posting of a subledger. Entries of one kind are
one journal a month, a day, or stay what they are; each balances. Drafts are not booked.

    [books.accounts]
    "Expenses:Carrier" = "5000 Cost of service"          # all carriers, all classes
    "Expenses:Carrier:*:Taxes" = "5090 Taxes paid"       # goes before it: it says more

The columns are those the two programs name in their own guides to importing journals; dates are
month/day/year there, and one of debit and credit is empty.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import polars as pl

from invoices.schema import CENTS
from invoices.text import formula_safe
from rebill.books.accounts import spelled

SUMMED = ("month", "day", "entry")
"""What becomes one journal: all entries of a kind of a month, of a day, or each by itself."""
JOURNALS = pl.Schema(
    {
        "journal": pl.String(),  # at most 21 characters, the same for the same postings
        "on": pl.Date(),
        "account": pl.String(),
        "party": pl.String(),  # on accounts that are kept by carrier, customer or payee; else null
        "amount": CENTS,  # positive = debit
        "words": pl.String(),
    }
)


def journals(
    postings: pl.DataFrame, accounts: Mapping[str, str], summed: str = "month"
) -> pl.DataFrame:
    """Return the final postings (`POSTINGS`) as journals (`JOURNALS`), by day and journal.

    `accounts` name the account of the other ledger for all of ours that begin so; `*` stands for
    any one part. The longest wins, and of equals the one with fewer `*`. One that nothing names
    keeps our name.
    """
    own = postings.filter(pl.col("state") == "final")
    names = {name: named(name, accounts) or name for name in own["account"].unique()}
    party = pl.col("account").str.split(":").list.contains(_component(own))
    month_end = pl.col("on").dt.month_end()
    digests = {key: hashlib.sha256(key.encode()).hexdigest()[:12] for key in own["key"].unique()}
    of_entry = pl.col("key").replace_strict(digests, return_dtype=pl.String)
    day = month_end if summed == "month" else pl.col("on")
    stamp = day.dt.strftime("%Y%m" if summed == "month" else "%Y%m%d")
    what = of_entry if summed == "entry" else pl.col("kind")
    told = pl.col("words") if summed == "entry" else pl.col("kind").replace_strict(KIND_WORDS)
    key = [name for name in JOURNALS if name != "amount"]
    return (
        own.with_columns(
            journal=pl.concat_str(stamp, pl.lit("-"), what),
            on=day,
            account=pl.col("account").replace_strict(names, return_dtype=pl.String),
            party=pl.when(party).then("party"),
            words=told,
        )
        .group_by(key)
        .agg(pl.col("amount").sum().cast(CENTS))
        .filter(pl.col("amount") != 0)
        .select(JOURNALS.names())
        .sort("on", "journal", "account", "party", "words")
    )


KIND_WORDS = {
    "bill": "Carrier bills",
    "dispute": "Disputes with carriers",
    "pull": "Carriers' ACH debits",
    "settlement": "Carriers' ACH debits settled",
    "return": "Carriers' ACH debits returned",
    "invoice": "Customer invoices",
    "payment": "Customer payments",
    "accrual": "Carrier charges accrued",
    "reversal": "Carrier charges accrued, reversed",
    "commission": "Commissions",
    "late": "Late entries of closed months",
}


def named(account: str, accounts: Mapping[str, str]) -> str | None:
    """Return what the other ledger calls an account of ours; nothing where nothing says so.

    >>> named("Expenses:Carrier:X:Taxes", {"Expenses": "5", "Expenses:Carrier:*:Taxes": "59"})
    '59'
    """
    parts = account.split(":")
    best: tuple[int, int] | None = None
    found = None
    for pattern, name in accounts.items():
        asked = pattern.split(":")
        fits = len(asked) <= len(parts) and all(
            want in ("*", part) for want, part in zip(asked, parts, strict=False)
        )
        rank = (len(asked), -asked.count("*"))
        if fits and (best is None or rank > best):
            best, found = rank, name
    return found


def unnamed(postings: pl.DataFrame, accounts: Mapping[str, str]) -> list[str]:
    """Return the accounts of final postings that the other ledger has no name for."""
    own = postings.filter(pl.col("state") == "final")["account"].unique().sort()
    return [account for account in own if named(account, accounts) is None]


def quickbooks(rows: pl.DataFrame) -> str:
    """Return journals (`JOURNALS`) as CSV for QuickBooks Online."""
    return rows.select(
        JournalNo="journal",
        JournalDate=_date(),
        AccountName=formula_safe(pl.col("account")),
        Debits=_side(1),
        Credits=_side(-1),
        Description=formula_safe(pl.col("words")),
        Name=formula_safe(pl.col("party")),
    ).write_csv()


def netsuite(rows: pl.DataFrame, subsidiary: str = "") -> str:
    """Return journals (`JOURNALS`) as CSV for NetSuite; a subsidiary is a column where it has one.

    The memo of a journal is that of its lines: the kind of its entries, or the entry's own words.
    """
    told = pl.col("words").first().over("journal")
    columns = {
        "External ID": pl.col("journal"),
        "Date": _date(),
        "Currency": pl.lit("USD"),
        "Memo": formula_safe(told),
        "Account": formula_safe(pl.col("account")),
        "Debit": _side(1),
        "Credit": _side(-1),
        "Line Memo": formula_safe(pl.col("words")),
        "Name": formula_safe(pl.col("party")),
    }
    if subsidiary:
        columns = {**columns, "Subsidiary": formula_safe(pl.lit(subsidiary))}
    return rows.select(value.alias(name) for name, value in columns.items()).write_csv()


def _component(postings: pl.DataFrame) -> pl.Expr:
    """Return the party of a posting as it is spelled in accounts."""
    names = spelled([postings["party"]])
    return pl.col("party").replace_strict(names, default=None, return_dtype=pl.String)


def _date() -> pl.Expr:
    return pl.col("on").dt.strftime("%m/%d/%Y")


def _side(sign: int) -> pl.Expr:
    amount = pl.col("amount") * sign
    return pl.when(amount > 0).then(amount.cast(CENTS).cast(pl.String))
