"""What may happen to a claim in each state, and the state that follows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

UNFILED = ("draft", "ready")
"""The states in which the carrier knows nothing of the claim yet."""
DONE = ("withdrawn", "closed", "expired")
"""The states in which nobody waits for anything any more."""

_ANSWERS = {
    "sustain": "sustained",
    "grant_part": "partial",
    "deny": "denied",
    "reject_form": "rejected_for_form",
    "escalate": "escalated",
    "withdraw": "withdrawn",
}
# A credit may come before the answer, and short of what was granted.
_CREDITS = {"credit": "credited", "credit_short": "short_credited"}
_SUBMIT = {"submit": "submitted", "withdraw": "withdrawn"}
_ESCALATE = {"escalate": "escalated"}
_WAIT = {"await_credit": "credit_pending"}
_CLOSE = {"close": "closed"}
_REVERSE = {"reverse_credit": "short_credited"}
# What the carrier sees to by itself needs no filing, if it is all of it.
_SEEN_TO = {"credit": "credited"}

MOVES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "draft": {"prepare": "ready", "expire": "expired", **_SUBMIT, **_SEEN_TO},
        "ready": {"expire": "expired", **_SUBMIT, **_SEEN_TO},
        "submitted": {
            "acknowledge": "acknowledged",
            "review": "in_review",
            **_ANSWERS,
            **_CREDITS,
        },
        "acknowledged": {"review": "in_review", **_ANSWERS, **_CREDITS},
        "in_review": {**_ANSWERS, **_CREDITS},
        "escalated": {"acknowledge": "escalated", "review": "in_review", **_ANSWERS, **_CREDITS},
        "rejected_for_form": _SUBMIT,
        "sustained": {**_WAIT, **_CREDITS, **_ESCALATE},
        "partial": {**_WAIT, **_CREDITS, **_ESCALATE, **_CLOSE},
        "denied": {**_ESCALATE, **_CLOSE, **_CREDITS},
        "credit_pending": {**_CREDITS, **_ESCALATE},
        # What was credited before the answer leaves the answer to come.
        "short_credited": {**_ANSWERS, **_WAIT, **_CREDITS, **_CLOSE, **_REVERSE},
        "credited": {**_CLOSE, **_CREDITS, **_REVERSE},
        "withdrawn": {},
        "closed": {},
        "expired": {"submit": "submitted"},
    }
)
"""What may happen to a claim in a state, and the state that follows.

An expired claim is filed only where it was in time on the day it was filed, or late by intention.
"""
NOTED = ("note", "mark")
"""What may be noted of a claim in any state and changes nothing."""
WITH_AMOUNT = ("grant_part", "credit", "credit_short", "reverse_credit")
"""Events that speak of an amount; `sustain` may, and then speaks of all of it."""
EVENTS = (*dict.fromkeys(event for moves in MOVES.values() for event in moves), "note")
"""The names of all events a person or a carrier can cause."""
TAKE_BACK = "take_back"
"""What a run for an earlier day does with what expired by a later one."""
OURS = ("prepare", "change", "expire", "mark", "join", "note", TAKE_BACK)
"""Events of a night: a day of theirs says when we looked, not when something happened."""


def standing(events: pl.DataFrame) -> pl.DataFrame:
    """Return the events of claims that stand: without those a later `take_back` undid.

    `events` have id, claim_no, at, what and status, in order. Undone are, of the claim, the events
    before it that made it expired on a later day than its own.
    """
    undone = (
        events.filter(pl.col("what") == TAKE_BACK)
        .select("claim_no", back="id", since="at")
        .join(events.filter(pl.col("status") == "expired"), on="claim_no")
        .filter(pl.col("id") < pl.col("back"), pl.col("at") > pl.col("since"))
    )
    return events.join(undone.select("id"), on="id", how="anti", maintain_order="left")


def allowed(status: str, event: str) -> str | None:
    """Return the state that `event` leads to from `status`, or null where it is not allowed.

    A state that does not exist is a KeyError.
    """
    return MOVES[status].get(event)
