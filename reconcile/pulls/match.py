"""Which invoice a pull paid: by its number, by its account, by its originator, by its amount.

Stronger evidence is used up first. A pull that names an invoice paid that invoice, whatever the
amount; one that names an account is looked for among the account's open invoices, one that names
neither among those of its originator, each time by the exact amount nearest to the day, then as a
sum of several invoices, then as a part of one. Where two answers are as good, none is taken.
Amounts are whole cents here.
"""

from __future__ import annotations

import polars as pl

from reconcile.pulls.amounts import again, days_apart, differing, exact
from reconcile.pulls.named_invoices import named_accounts, paid_by_name, waiting_for_bill
from reconcile.pulls.pull_pool import Open, key_of
from reconcile.pulls.several_invoices import combined, split_on_a_day, whole_days


def match(pulls: pl.DataFrame, references: pl.DataFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    """Return what of each pull paid which invoice (columns of `ASSIGNED`).

    `pulls` are entry_id, settled_on, cents, company of debits that are movements of their own;
    `references` what they name (`reconcile.pulls.names.references`); `invoices` have the columns of
    `INVOICES`. Every pull and every invoice comes back in as many rows as it takes part in.
    """
    named = paid_by_name(pulls, references, invoices)
    due = invoices.filter(pl.col("due") > 0).with_columns(ban_key=key_of(pl.col("ban")))
    accounts = named_accounts(pulls, references, invoices)
    waiting = waiting_for_bill(references, invoices)
    left = (
        pulls.join(named, on="entry_id", how="anti")
        .join(waiting, on="entry_id", how="anti")
        .join(accounts, on="entry_id", how="left")
    )
    state = Open(left, due.join(named, on="document_id", how="anti"), due, [named])
    with_account = state.pulls.filter(pl.col("ban_key").is_not_null())
    rest = state.pulls.filter(pl.col("ban_key").is_null())
    state.pulls = with_account
    _by(state, ["ban_key"], "account")
    differing(state, ["ban_key"])
    unmatched = state.pulls
    # Without an account a pull belongs to any invoice of its originator.
    state.pulls = rest.filter(pl.col("company").is_not_null())
    _by(state, ["company"], "originator")
    differing(state, ["company"])
    unmatched = pl.concat([unmatched, state.pulls])
    state.assigned.append(again(unmatched, due, pl.concat(state.assigned)))
    return pl.concat(state.assigned).sort("entry_id", "document_id")


def _by(state: Open, key: list[str], how: str) -> None:
    """Match by amount among the invoices that share `key`: one, several, or a part of one."""
    for days in days_apart(state):
        state.take(exact(state, key, days), how)
    for days in days_apart(state):
        state.take(whole_days(state, key, days), "several")
    state.take(split_on_a_day(state, key), "part")
    combined(state, key)
