"""Customers who owe are debited, and the bank says what became of it: in a few words."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal as D
from pathlib import Path

import polars as pl
from bank_writers import Batch, Entry, File
from bank_writers import nacha as paper
from shell import Call

from rebill.books.closing import proof
from rebill.receivables.balances import balances
from rebill.receivables.debits import sent
from rebill.store.record import reading
from rebill.workspace.settings import Workspace

day = dt.date.fromisoformat

FIRST, LIVE, SETTLED = "2026-04-01", "2026-04-07", "2026-04-08"
"""The prenotes settle on the 2nd and have had their three banking days on the 7th."""


def debit(rebill: Call, on: str, *words: str) -> tuple[list[tuple[str, str, str]], list[str]]:
    code, out, err = rebill("receivables", "debit", "--as-of", on, "--json", "--yes", *words)
    assert code == 0, err
    told = json.loads(out)
    entries = [(row["customer"], row["kind"], row["amount"]) for row in told["debits"]]
    return entries, [row["why"] for row in told["left_out"]]


def owes(workspace: Workspace, on: str) -> dict[str, str]:
    with reading(workspace) as record:
        assert not proof(record, day(on))["difference"].abs().sum()
        return dict(balances(record, day(on)).select("customer", "total").cast(str).rows())


def debited(workspace: Workspace, rebill: Call) -> Path:
    """Let the prenotes go, then the debits; return the file of the debits."""
    debit(rebill, FIRST, "--keep")
    debit(rebill, LIVE, "--keep")
    return workspace.outbox / "debits" / f"{LIVE}-A.ach"


def bank_says(
    workspace: Workspace, rebill: Call, *said: tuple[str, str, str], on: str = "2026-04-10"
) -> None:
    """Let the bank's file say something of the debits of customers: R.. or C.., what is right."""
    with reading(workspace) as record:
        traces = dict(sent(record).filter(amount=D("0.00")).select("customer", "trace").rows())
        live = sent(record).filter(pl.col("amount") > 0)
        traces |= dict(live.select("customer", "trace").rows())
        amounts = dict(live.select("customer", "amount").rows())
    entries = []
    for customer, code, data in said:
        trace, amount = traces[customer], amounts.get(customer, D(0))
        if code < "R":
            change = (code, trace, data)
            entries.append(Entry(D(0), "26", "07640125", "1", changed=change))
        else:
            entries.append(Entry(amount, "26", "07640125", "1", returned=(code, trace)))
    made = day(on) - dt.timedelta(days=1)
    file = File([Batch(entries, sec="PPD", effective=day(on))], made)
    path = workspace.root / "returns.ach"
    path.write_bytes(paper(file))
    for became in ("booked", "repeated"):
        code, out, err = rebill("cash", "import", path, "--as-of", on, "--yes")
        assert code == 0 and became in out, out + err
