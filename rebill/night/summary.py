"""A run in eight lines, in the words of the trade: what came, what it found, what is next."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rebill.books.month_sold import sold_on
from rebill.night.batch import Outcome
from rebill.outbox.to_do import Desk, ToDo, counted
from rebill.paper.text import hung
from rebill.store.record import Record
from reconcile.findings import BY_NAME

NAMED = 2
"""So many files that did not simply come in, and so many findings, are named."""
ODD = ("held", "refused")
"""Words for what became of a file that counts for nothing yet."""


def summary(outcome: Outcome, desk: Desk, record: Record, took: str) -> str:
    """Return what a run did, a heading and a sentence a line.

    `desk` is what people find after it, `took` says how long it took.
    """
    waits = {one.what: one for one in desk.work}
    lines = {
        "Came in": _came(outcome),
        "Held": _held(outcome, waits.get("held")),
        "Findings": _found(outcome, desk),
        "Claims": _claims(waits.get("ready"), waits.get("deadlines")),
        "Customers": _charged(outcome, desk, record),
        "Next pull": _pull(desk),
        "Papers": _papers(outcome, record.workspace.outbox),
        "Took": took,
    }
    room = max(map(len, lines)) + 2
    return "\n".join(hung(heading.ljust(room), words) for heading, words in lines.items())


def _came(outcome: Outcome) -> str:
    """Return what was taken in: bills, lines, dollars."""
    counts, parts = outcome.counts, []
    if counts.get("loaded"):
        parts.append(counted(counts["loaded"], "bill"))
        parts.append(counted(counts.get("lines", 0), "line"))
        parts.append(f"{outcome.sums.get('billed') or 0:,} billed")
    if counts.get("repeated"):
        parts.append(f"{counted(counts['repeated'], 'bill')} known before")
    if counts.get("bank entries"):
        parts.append(counted(counts["bank entries"], "bank entry", "bank entries"))
    return ", ".join(parts) or "nothing new"


def _held(outcome: Outcome, waits: ToDo | None) -> str:
    """Return what did not simply come in, and what is held from before."""
    counts = outcome.counts
    held, refused = counts.get("held", 0), counts.get("refused", 0)
    refused += counts.get("bank files refused", 0)
    parts = [f"{held:,} held"] if held else []
    parts += [f"{refused:,} refused"] if refused else []
    before = (waits.count if waits else 0) - held
    parts += [f"{before:,} held from before"] if before > 0 else []
    if rows := counts.get("rows quarantined", 0):
        parts.append(f"{counted(rows, 'row')} could not be read")
    odd = [name for name, words in sorted(outcome.became.items()) if any(w in words for w in ODD)]
    more = f" and {len(odd) - NAMED:,} more" if len(odd) > NAMED else ""
    return (", ".join(parts) or "nothing") + (f": {', '.join(odd[:NAMED])}{more}" if odd else "")


def _found(outcome: Outcome, desk: Desk) -> str:
    """Return the new findings by the money they put at stake."""
    count = outcome.counts.get("findings", 0)
    if not count:
        return "none new"
    stakes = desk.digest.stakes.sort("amount", "code", descending=[True, False])
    largest = [
        f"{BY_NAME[code].words} {amount:,}"
        for code, amount in stakes.select("code", "amount").head(NAMED).iter_rows()
    ]
    total = outcome.sums.get("at stake") or 0
    return f"{count:,} new, {total:,} at stake" + (f": {', '.join(largest)}" if largest else "")


def _claims(ready: ToDo | None, near: ToDo | None) -> str:
    """Return the claims that can be filed, and the next deadline."""
    first = near or ready
    if first is None:
        return "none to file"
    told = f"{ready.count:,} ready, {ready.amount or 0:,}" if ready else "none ready"
    due = f"{near.count:,} to file soon, the first" if near else "the first to file"
    return f"{told}; {due} by {first.by}" if first.by else f"{told}; no day is known to file by"


def _charged(outcome: Outcome, desk: Desk, record: Record) -> str:
    """Return what the invoices of the run charge customers, and what is left of it."""
    sold = sold_on(record, outcome.invoices, desk.sold) if outcome.invoices else None
    if sold is None:
        return "no invoice changed"
    share = "" if sold.share is None else f" ({100 * sold.share:.1f} percent)"
    return (
        f"{counted(sold.invoices.height, 'invoice')}, {sold.sum('total'):,} charged,"
        f" margin {sold.sum('margin'):,}{share}"
    )


def _pull(desk: Desk) -> str:
    """Return what is pulled on the next day of pulls."""
    pulls = desk.digest.pulls
    if pulls.is_empty():
        return "none known"
    on = pulls["debit_on"].sort()[0]
    first = pulls.filter(pl.col("debit_on") == on)
    carriers = ", ".join(first["carrier"].unique(maintain_order=True).to_list())
    return f"{on}, {first['amount'].sum():,}, {carriers}"


def _papers(outcome: Outcome, outbox: Path) -> str:
    """Return how many papers are new, and where all of them lie."""
    there = [name for name in ("digest.html", "claims/", "invoices/") if (outbox / name).exists()]
    return f"{outcome.written:,} new in {outbox}: {', '.join(there) or 'none yet'}"
