"""How the story goes on after the night: claims are filed, and the invented carrier answers them.

It acknowledges, grants, denies, pays short and forgets; which claim meets which fate follows from
its number alone. What it grants it credits by an adjustment on a later bill of the account, which
makes that bill's pull smaller and the next bill's balance follow.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import polars as pl

from rebill.disputes import file
from rebill.store.record import reading
from rebill.workspace.settings import Workspace

DAY = dt.timedelta(days=1)
ACKNOWLEDGED, ANSWERED, ESCALATED, ANSWERED_AGAIN = 2, 25, 29, 48
"""Days after a claim was filed."""
FATES = (
    *("granted",) * 9,
    *("granted in part",) * 3,
    *("paid short",) * 2,
    *("denied",) * 2,
    "granted on escalation",
    "credited without a word",
    "credit forgotten",
    "forgotten",
)
"""What becomes of twenty claims."""


@dataclass
class Carrier:
    """What the invented carrier owes and has printed so far."""

    credits: dict[str, list[tuple[int, str, Decimal]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By account: the month from which a credit is printed, its words, its amount."""
    waiting: list[tuple[dt.date, dict[str, Any]]] = field(default_factory=list)
    """Events that are still to come."""
    printed: dict[str, Decimal] = field(default_factory=dict)
    """By account what its last bill credited."""

    def bill(self, text: str, month: int) -> str:
        """Return the file of a bill with the credits of its account that are due on it."""
        rows = list(csv.DictReader(io.StringIO(text)))
        heads = [row for row in rows if row["record"] == "document"]
        if len(heads) != 1 or any(None in row for row in rows):
            return text
        (head,) = heads
        lines = [row for row in rows if row["record"] == "line"]
        before = self.printed.get(head["ban"], Decimal(0))
        _add(head, "previous_balance", -before)
        _add(head, "payments", before)
        billed = sum((_amount(row["amount"]) for row in lines), Decimal(0))
        now = Decimal(0)
        if billed == Decimal(head["current_charges"]):
            for place, (words, amount) in enumerate(self._due(head, month), len(lines) + 1):
                rows.append(_credit(head, f"9{place:04d}", words, amount))
                now += amount
        _add(head, "current_charges", -now)
        _add(head, "total_due", -now)
        self.printed[head["ban"]] = now
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()

    def _due(self, head: dict[str, str], month: int) -> list[tuple[str, Decimal]]:
        """Return the credits printed on a bill; what does not fit into its total waits."""
        left = Decimal(head["total_due"])
        now, later = [], []
        for start, words, amount in self.credits.pop(head["ban"], []):
            if start <= month and amount <= left:
                now.append((words, amount))
                left -= amount
            else:
                later.append((start, words, amount))
        if later:
            self.credits[head["ban"]] = later
        return now

    def after(self, workspace: Workspace, as_of: dt.date, until: dt.date, month: int) -> None:
        """Let the analyst file what is ready the day after a night, and the carrier answer it.

        Everything that happens before the next night, on `until`, is recorded.
        """
        filed = as_of + DAY
        in_time = pl.col("dispute_closes_on").is_null() | (pl.col("dispute_closes_on") >= filed)
        with reading(workspace) as record:
            ready = record.claims().filter(pl.col("status") == "ready", in_time)
        rows = ready.sort("claim_no").select("claim_no", "ban", "amount").iter_rows()
        for number, ban, amount in rows:
            self._plan(number, ban, amount, filed, month)
        events = sorted(
            (item for item in self.waiting if item[0] <= until),
            key=lambda item: (item[1]["claim_no"], item[0]),
        )
        self.waiting = [item for item in self.waiting if item[0] > until]
        if events:
            file.record_events(workspace, [row for _, row in events])

    def _plan(self, number: str, ban: str, amount: Decimal, filed: dt.date, month: int) -> None:
        """Decide what becomes of a claim filed on a day."""
        fate = fate_of(number)
        theirs = f"HL-{number.removeprefix('D-')}"

        def happens(days: int, what: str, **how: Any) -> None:
            at = filed + days * DAY
            row = {"claim_no": number, "at": at, "what": what, "who": "Harbor Lakes", **how}
            self.waiting.append((at, row))

        happens(0, "submit", who="analyst")
        if fate == "forgotten":
            return
        if fate == "credited without a word":
            self.credits[ban].append((month + 2, "Billing adjustment", amount))
            return
        happens(ACKNOWLEDGED, "acknowledge", reference=theirs)
        granted, paid, start = amount, amount, month + 2
        if fate == "denied":
            happens(ANSWERED, "deny", note="rates as tariffed")
            return
        if fate == "granted on escalation":
            happens(ANSWERED, "deny", note="no record of the order")
            happens(ESCALATED, "escalate", who="analyst")
            happens(ANSWERED_AGAIN, "sustain")
            start += 1
        elif fate == "granted in part" and amount > Decimal("0.10"):
            granted = paid = (amount * Decimal("0.6")).quantize(Decimal("0.01"))
            happens(ANSWERED, "grant_part", amount=granted)
        else:
            happens(ANSWERED, "sustain")
        if fate == "credit forgotten":
            return
        if fate == "paid short":
            paid = (granted * Decimal("0.7")).quantize(Decimal("0.01"))
        if paid > 0:
            self.credits[ban].append((start, f"Adjustment claim {theirs}", paid))


def fate_of(number: str) -> str:
    """Return what becomes of a claim."""
    return FATES[int(hashlib.sha256(number.encode()).hexdigest(), 16) % len(FATES)]


def _amount(text: str) -> Decimal:
    """Return a printed amount; one that cannot be read counts for nothing, as at the gate."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)


def _add(row: dict[str, str], name: str, amount: Decimal) -> None:
    if amount:
        row[name] = str(Decimal(row[name] or "0") + amount)


def _credit(head: dict[str, str], line_no: str, words: str, amount: Decimal) -> dict[str, str]:
    """Return an adjustment line of a document."""
    key = {name: head[name] for name in ("carrier", "ban", "invoice_no")}
    said = {"line_no": line_no, "charge_class": "adjustment", "description": words}
    return dict.fromkeys(head, "") | key | {"record": "line", "amount": str(-amount), **said}
