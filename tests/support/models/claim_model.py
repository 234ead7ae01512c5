"""The life of one claim in plain Python, event by event: what judges the kernel for all of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from invoices.calendar import add_banking_days, closed_weekdays, roll

ZERO = Decimal(0)
BEFORE_ANSWER = ("submitted", "acknowledged", "in_review", "escalated")


@dataclass
class Claim:
    """A claim and its money; an event returns whether it was allowed."""

    amount: Decimal
    closes: dt.date | None
    status: str = "ready"
    granted: Decimal | None = None
    credited: Decimal = ZERO
    denied: Decimal = ZERO
    withdrawn: Decimal = ZERO
    level: int = 1
    filed_on: dt.date | None = None
    sent: int = 0
    answered_on: dt.date | None = None
    last_on: dt.date | None = None
    levels: int = 3
    escalate_days: int = 10
    waived: bool = True
    documents: list[tuple[str, Decimal]] = field(default_factory=list)

    @property
    def open(self) -> Decimal:
        """What nobody has decided yet."""
        return self.amount - self.credited - self.denied - self.withdrawn

    def happens(
        self, what: str, at: dt.date, amount: Decimal | None = None, late: bool = False
    ) -> bool:
        """Let an event happen, if it may; return whether it might."""
        if self.last_on is not None and at < self.last_on and what != "note":
            return False
        done = getattr(self, f"_{what}")(at, amount, late)
        if done and what != "note":
            self.last_on = at
        return bool(done)

    def _note(self, at: dt.date, amount: Decimal | None, late: bool) -> bool:
        return amount is None

    def _submit(self, at: dt.date, amount: Decimal | None, late: bool) -> bool:
        if amount is not None:
            return False
        if self.status in ("draft", "ready", "expired"):
            over = self.closes is not None and at > self.closes
            if over and self.waived and not late:
                return False
        elif self.status != "rejected_for_form":
            return False
        self.status, self.filed_on, self.sent = "submitted", self.filed_on or at, self.sent + 1
        return True

    def _step(self, states: tuple[str, ...], after: str, amount: Decimal | None) -> bool:
        if self.status not in states or amount is not None:
            return False
        self.status = after
        return True

    def _acknowledge(self, at: dt.date, amount: Decimal | None, late: bool) -> bool:
        if self.status == "escalated" and amount is None:
            return True
        return self._step(("submitted",), "acknowledged", amount)

    def _review(self, at: dt.date, amount: Decimal | None, late: bool) -> bool:
        return self._step(("submitted", "acknowledged", "escalated"), "in_review", amount)

    def _reject_form(self, at: dt.date, amount: Decimal | None, late: bool) -> bool:
        return self._step((*BEFORE_ANSWER, "short_credited"), "rejected_for_form", amount)

    def _answer(self, at: dt.date, granted: Decimal, after: str) -> bool:
        if self.status not in (*BEFORE_ANSWER, "short_credited"):
            return False
        self.status, self.granted, self.answered_on = after, granted, at
        self.denied = self.amount - max(granted, self.credited)
        return True

    def _sustain(self, at: dt.date, amount: Decimal | None, late: bool) -> bool:
        if amount is not None and amount != self.amount:
            return False
        return self._answer(at, self.amount, "sustained")

    def _grant_part(self, at: dt.date, amount: Decimal | None, late: bool) -> bool:
        if amount is None or not 0 < amount < self.amount:
            return False
        return self._answer(at, amount, "partial")

    def _deny(self, at: dt.date, amount: Decimal | None, late: bool) -> bool:
        return amount is None and self._answer(at, ZERO, "denied")

    def _await_credit(self, at: dt.date, amount: Decimal | None, late: bool) -> bool:
        if self.status not in ("sustained", "partial", "short_credited"):
            return False
        self.status = "credit_pending"
        return True

    def _credit(self, at: dt.date, amount: Decimal | None, late: bool) -> bool:
        may = (*BEFORE_ANSWER, "sustained", "partial", "denied", "credit_pending")
        unfiled = self.status in ("draft", "ready")
        if self.status not in (*may, "short_credited", "credited") and not unfiled:
            return False
        if amount is None or amount <= 0 or self.credited + amount > self.amount:
            return False
        if unfiled and amount != self.amount:
            return False
        self.credited += amount
        self.denied = min(self.denied, self.amount - self.credited)
        enough = self.credited >= (self.granted or self.amount)
        # A credited claim with another credit stays credited.
        self.status = "credited" if enough else "short_credited"
        return True

    def _reverse_credit(self, at: dt.date, amount: Decimal | None, late: bool) -> bool:
        if self.status not in ("credited", "short_credited") or amount is None:
            return False
        if not 0 < amount <= self.credited:
            return False
        self.credited -= amount
        self.status = "short_credited"
        return True

    def _escalate(self, at: dt.date, amount: Decimal | None, late: bool) -> bool:
        may = (*BEFORE_ANSWER, "sustained", "partial", "denied", "credit_pending")
        if self.status not in (*may, "short_credited") or amount is not None:
            return False
        if self.level > self.levels:
            return False
        if self.status in ("denied", "partial") and self.answered_on is not None:
            # Counted from the last banking day, so that the first one after it is the first.
            start = roll(self.answered_on, "previous")
            if at > add_banking_days(start, self.escalate_days) and not late:
                return False
        self.status, self.level, self.denied = "escalated", self.level + 1, ZERO
        return True

    def _withdraw(self, at: dt.date, amount: Decimal | None, late: bool) -> bool:
        may = (*BEFORE_ANSWER, "draft", "ready", "rejected_for_form", "short_credited")
        if self.status not in may or amount is not None:
            return False
        self.withdrawn += self.open
        self.status = "withdrawn"
        return True

    def _close(self, at: dt.date, amount: Decimal | None, late: bool) -> bool:
        may = ("partial", "denied", "short_credited", "credited")
        if self.status not in may or amount is not None:
            return False
        self.withdrawn += self.open
        self.status = "closed"
        return True


START = dt.date(2026, 1, 5)
CLOSED = closed_weekdays(dt.date(2025, 1, 1), dt.date(2029, 1, 1))
WORDS = (
    *("submit", "acknowledge", "review", "sustain", "grant_part", "deny", "reject_form"),
    *("await_credit", "credit", "reverse_credit", "escalate", "withdraw", "close", "note"),
)


def state(number: str, claim: Claim) -> dict[str, Any]:
    return {
        "claim_no": number,
        "status": claim.status,
        "amount": claim.amount,
        "granted": claim.granted,
        "credited": claim.credited,
        "denied": claim.denied,
        "withdrawn": claim.withdrawn,
        "level": claim.level,
        "filed_on": claim.filed_on,
        "sent": claim.sent,
        "answered_on": claim.answered_on,
        "dispute_closes_on": claim.closes,
        "last_on": claim.last_on,
        "levels": [60 + n for n in range(claim.levels)],
        "escalate_banking_days": claim.escalate_days,
        "waiver_if_late": claim.waived,
    }


CENTS = st.integers(1, 2000).map(lambda cents: Decimal(cents).scaleb(-2))
