"""The journal as text for other books: beancount, hledger, CSV.

All three say the same postings; amounts are exact, names and words are cleaned of what would be
read as something else. Every account is declared, every month ends with what stands on each
account, so that the other program checks our balances.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from itertools import groupby

import polars as pl

from invoices.text import formula_safe
from rebill.books.journal import balances

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+"
)
TITLE = "rebill"

CSV_COLUMNS = ("on", "entry", "kind", "state", "party", "account", "debit", "credit", "words")


def beancount(postings: pl.DataFrame, through: dt.date | None = None) -> str:
    """Return the journal as beancount reads it; drafts are flagged `!`.

    With `through`, what stands on each account at the end of that day is asserted.
    """
    parts = ['option "title" "Resale of carrier services"', 'option "operating_currency" "USD"', ""]
    first = str(postings["on"].min() or dt.date(1970, 1, 1))
    parts += [f"{first} open {name} USD" for name in _accounts(postings)]
    for (on, key, state), rows in _entries(postings):
        flag = "*" if state == "final" else "!"
        parts.append("")
        parts.append(f'{on} {flag} "{_quoted(rows[0]["party"])}" "{_quoted(rows[0]["words"])}"')
        parts.append(f'  entry: "{_quoted(key)}"')
        parts += [f"  {row['account']}  {row['amount']} USD" for row in rows]
    for account, amount in _standing(postings, through):
        # An assertion is of the morning: that of the day after.
        parts.append(f"{_next(through)} balance {account}  {amount} USD")
    return "\n".join(parts) + "\n"


def hledger(postings: pl.DataFrame, through: dt.date | None = None) -> str:
    """Return the journal as hledger reads it, also with `--strict`; drafts are flagged `!`."""
    parts = ["decimal-mark .", "commodity 1000.00 USD", ""]
    parts += [f"account {name}" for name in _accounts(postings)]
    for (on, key, state), rows in _entries(postings):
        flag = "*" if state == "final" else "!"
        parts.append("")
        party, words = (_plain(rows[0][name]) for name in ("party", "words"))
        parts.append(f"{on} {flag} {party} | {words}  ; entry:{_plain(key)}")
        parts += [f"    {row['account']}  {row['amount']} USD" for row in rows]
    standing = list(_standing(postings, through))
    if standing:
        parts += ["", f"{through} * rebill | What stands at the end of the day"]
        parts += [f"    {account}  0.00 USD = {amount} USD" for account, amount in standing]
    return "\n".join(parts) + "\n"


def csv(postings: pl.DataFrame) -> str:
    """Return the journal as CSV: a row a posting, debit and credit in columns of their own."""
    amount = pl.col("amount")
    frame = postings.select(
        on=pl.col("on").cast(pl.String),
        entry=formula_safe(pl.col("key")),
        kind="kind",
        state="state",
        party=formula_safe(pl.col("party")),
        account="account",
        debit=pl.when(amount > 0).then(amount.cast(pl.String)),
        credit=pl.when(amount < 0).then((-amount).cast(postings.schema["amount"]).cast(pl.String)),
        words=formula_safe(pl.col("words")),
    )
    return frame.select(CSV_COLUMNS).write_csv()


def _accounts(postings: pl.DataFrame) -> list[str]:
    return postings["account"].unique().sort().to_list()


def _entries(
    postings: pl.DataFrame,
) -> Iterator[tuple[tuple[dt.date, str, str], list[dict[str, object]]]]:
    """Yield every entry with its postings, in order."""
    rows = postings.sort("on", "key", "account").iter_rows(named=True)
    for key, group in groupby(rows, key=lambda row: (row["on"], row["key"], row["state"])):
        yield key, list(group)


def _standing(postings: pl.DataFrame, through: dt.date | None) -> Iterator[tuple[str, object]]:
    if through is not None:
        yield from balances(postings, through).iter_rows()


def _next(day: dt.date | None) -> dt.date:
    return (day or dt.date.max) + dt.timedelta(days=1)


def _plain(words: object) -> str:
    """Return words on one line, without what either program reads as a sign of its own."""
    return re.sub(r"\s+", " ", re.sub("[;|()]", "-", _UNSEEN.sub(" ", str(words or "")))).strip()


def _quoted(words: object) -> str:
    """Return words as they stand between the quotes of beancount."""
    line = re.sub(r"\s+", " ", _UNSEEN.sub(" ", str(words or ""))).strip()
    return line.replace("\\", "\\\\").replace('"', '\\"')
