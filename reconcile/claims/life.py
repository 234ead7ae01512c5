"""The life of a claim: what may happen to it, and what that does to its money.

A claim is as its events left it; events are only ever added. `advance` lets events happen to
claims, all claims at once, and says of every event that may not happen why. Of the claim's amount
so much is credited, denied or withdrawn; the rest waits: unfiled, then open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, among, columns_of
from invoices.text import filled

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
OURS = ("prepare", "change", "expire", "mark", "join", "note")
"""Events of a night: a day of theirs says when we looked, not when something happened."""

STATE = pl.Schema(
    {
        "claim_no": pl.String(),
        "status": pl.String(),
        "amount": CENTS,
        "granted": CENTS,  # what the last answer promised; null = no answer yet
        "credited": CENTS,
        "denied": CENTS,
        "withdrawn": CENTS,
        "level": pl.Int64(),  # 1 as filed, one more with each escalation
        "filed_on": pl.Date(),  # the first time; a claim sent again keeps it
        "sent": pl.Int64(),  # how often it was sent
        "answered_on": pl.Date(),
        "dispute_closes_on": pl.Date(),
        "tracking_no": pl.String(),  # the carrier's number
        "last_on": pl.Date(),  # the day of the last event that was not ours
        "known_from": pl.Date(),  # the first day on which its bills were there; null = not asked
        "levels": pl.List(pl.Int64()),
        "escalate_banking_days": pl.Int64(),
        "waiver_if_late": pl.Boolean(),
    }
)
"""What `advance` needs to know of a claim; the last three come from its contract."""

NEWS = pl.Schema(
    {
        "claim_no": pl.String(),
        "at": pl.Date(),
        "who": pl.String(),
        "what": pl.String(),
        "reference": pl.String(),
        "amount": CENTS,
        "note": pl.String(),
        "late": pl.Boolean(),  # done although its time was over
    }
)
"""Events that are to happen, in their order."""

HAPPENED = pl.Schema(
    {
        **{name: dtype for name, dtype in NEWS.items() if name != "late"},
        "status": pl.String(),  # of the claim from then on
        "level": pl.Int64(),
        "credited": CENTS,  # of the claim in all, from then on
        "denied": CENTS,
        "withdrawn": CENTS,
    }
)


class Advanced(NamedTuple):
    """What became of claims and events."""

    claims: pl.DataFrame  # STATE of the claims to which something happened
    events: pl.DataFrame  # HAPPENED, in order
    refused: pl.DataFrame  # NEWS, with `row` (its place from 0) and `why`


def allowed(status: str, event: str) -> str | None:
    """Return the state that `event` leads to from `status`, or null where it is not allowed.

    A state that does not exist is a KeyError.
    """
    return MOVES[status].get(event)


def advance(claims: pl.DataFrame, news: pl.DataFrame, closed: list[dt.date]) -> Advanced:
    """Let events (`NEWS`) happen to claims (`STATE`) in their order.

    An event that is refused changes nothing; those after it are judged without it. `closed` are the
    weekdays without banking. `grant` stands for `sustain` or `grant_part`, or, once that is known,
    `await_credit`; `credit` for `credit_short` where less than what was granted is there then.
    """
    state = claims.select(columns_of(STATE))
    waiting = news.select(columns_of(NEWS)).with_row_index("row")
    waiting = waiting.with_columns(turn=pl.col("row").rank("ordinal").over("claim_no"))
    happened, refused = [], []
    changed = pl.Series([], dtype=pl.String)
    # A claim has one event in each turn, so that the next one finds what it left.
    for _, turn in sorted(waiting.group_by("turn"), key=lambda item: item[0]):
        judged = _judged(turn, state, closed)
        refused.append(judged.filter(pl.col("why").is_not_null()))
        good = _after(judged.filter(pl.col("why").is_null()))
        happened.append(good)
        new = good.filter(~pl.col("what").is_in(NOTED)).select(
            "claim_no", *(pl.col(f"new_{name}").alias(name) for name in _CHANGED)
        )
        noted = good.filter(pl.col("what").is_in(NOTED)).select("claim_no", at="at")
        state = state.update(new, on="claim_no", how="left")
        changed = pl.concat([changed, new["claim_no"], noted["claim_no"]])
    return Advanced(
        state.filter(among("claim_no", changed)).sort("claim_no"),
        _stacked(happened, HAPPENED, "status", "level", "credited", "denied", "withdrawn"),
        _stacked(refused, pl.Schema({"row": pl.UInt32(), **NEWS, "why": pl.String()})),
    )


_CHANGED = (
    *("status", "granted", "credited", "denied", "withdrawn", "level", "filed_on", "sent"),
    *("answered_on", "tracking_no", "last_on"),
)


def _stacked(frames: list[pl.DataFrame], schema: pl.Schema, *new: str) -> pl.DataFrame:
    """Return the rows of all turns in the order of the events, with the columns of `schema`."""
    rows = [
        frame.select(
            pl.col(f"new_{name}" if name in new else name).cast(dtype).alias(name)
            for name, dtype in {"row": pl.UInt32(), **schema}.items()
        )
        for frame in frames
    ]
    empty = pl.DataFrame(schema={"row": pl.UInt32(), **schema})
    return pl.concat([empty, *rows]).sort("row").select(schema.names())


def _judged(turn: pl.DataFrame, state: pl.DataFrame, closed: list[dt.date]) -> pl.DataFrame:
    """Return the events with their claim, the state that follows, and why one may not happen."""
    known = turn.join(
        state.rename({"amount": "claimed"}).with_columns(known=pl.lit(True)),
        on="claim_no",
        how="left",
    ).with_columns(what=_meant())
    moves = pl.DataFrame(
        [(s, e, after) for s, m in MOVES.items() for e, after in m.items()],
        schema={"status": pl.String, "what": pl.String, "next": pl.String},
        orient="row",
    )
    may = pl.DataFrame(
        [(status, ", ".join(m) or "nothing") for status, m in MOVES.items()],
        schema={"status": pl.String, "may": pl.String},
        orient="row",
    )
    judged = known.join(moves, on=["status", "what"], how="left").join(may, on="status", how="left")
    escalate_by = pl.col("answered_on").dt.add_business_days(
        pl.col("escalate_banking_days").fill_null(0).cast(pl.Int32),
        holidays=closed,
        roll="backward",
    )
    judged = judged.with_columns(
        next=pl.when(pl.col("what").is_in(NOTED)).then("status").otherwise("next"),
        escalate_by=escalate_by,
        left=pl.col("claimed") - pl.col("credited"),
    )
    return judged.with_columns(why=_why()).sort("row")


def _meant() -> pl.Expr:
    """Return the event that is meant where the word leaves it to the amount."""
    amount, claimed = pl.col("amount"), pl.col("claimed")
    whole = amount.is_null() | (amount >= claimed)
    answered = pl.col("status").is_in(("sustained", "partial"))
    granted = (
        pl.when(answered)
        .then(pl.lit("await_credit"))
        .when(pl.col("status").is_in(("credit_pending", "credited")))
        .then(pl.lit("note"))
        .when(whole)
        .then(pl.lit("sustain"))
        .otherwise(pl.lit("grant_part"))
    )
    after = pl.col("credited") + amount
    enough = after >= pl.coalesce(pl.when(pl.col("granted") > 0).then("granted"), claimed)
    credited = (
        pl.when(enough.fill_null(True)).then(pl.lit("credit")).otherwise(pl.lit("credit_short"))
    )
    return (
        pl.when(pl.col("what") == "grant")
        .then(granted)
        .when(pl.col("what").is_in(("credit", "credit_short")))
        .then(credited)
        .otherwise("what")
    )


def _why() -> pl.Expr:
    """Return why an event may not happen, the first reason that fits; null = it may."""
    what, amount = pl.col("what"), pl.col("amount")
    escalates = what == "escalate"
    waived = ~pl.col("late") & _over_when_filed() & pl.col("waiver_if_late")
    top = pl.col("levels").list.len().cast(pl.Int64) + 1
    takes_none = amount.is_not_null() & ~what.is_in((*WITH_AMOUNT, "sustain", "await_credit"))
    reasons = [
        (pl.col("known").is_null(), filled("there is no claim {}", "claim_no")),
        (pl.col("at").is_null(), pl.lit("it needs the day it happened on")),
        (
            ~what.is_in((*EVENTS, *NOTED)),
            filled(f"there is no event `{{}}`; there are: {', '.join(EVENTS)}", "what"),
        ),
        (
            (pl.col("at") < pl.col("last_on")) & ~what.is_in(NOTED),
            filled("it is out of order: the last event was on {}", "last_on"),
        ),
        (
            (pl.col("at") < pl.col("known_from")) & ~what.is_in(NOTED),
            filled("it is out of order: its bill is of {}", "known_from"),
        ),
        (
            waived,
            filled(
                "its window closed on {}: it cannot be submitted but late (--late)",
                "dispute_closes_on",
            ),
        ),
        (
            pl.col("next").is_null(),
            filled("{} is {}: {} is not allowed, only {}", "claim_no", "status", _word(), "may"),
        ),
        (
            what.is_in(WITH_AMOUNT) & (amount.is_null() | (amount <= 0)),
            filled("{} needs an amount above 0.00", "what"),
        ),
        (takes_none, filled("{} takes no amount", "what")),
        (
            (what == "grant_part") & (amount >= pl.col("claimed")),
            filled("{} is all of the claim or more: sustain grants it", "amount"),
        ),
        (
            (what == "sustain") & amount.is_not_null() & (amount != pl.col("claimed")),
            filled("sustain grants all {} of the claim; grant_part grants a part", "claimed"),
        ),
        (
            what.is_in(("credit", "credit_short")) & (amount > pl.col("left")),
            filled("a credit of {} is larger than the {} left of the claim", "amount", "left"),
        ),
        (
            (what == "reverse_credit") & (amount > pl.col("credited")),
            filled("{} is more than the {} that were credited", "amount", "credited"),
        ),
        (
            escalates & (pl.col("level") >= top),
            filled("it is at level {} already, the last one", "level"),
        ),
        (
            ~pl.col("late") & _over_when_escalated(),
            filled("it could be escalated until {}; later only with --late", "escalate_by"),
        ),
    ]
    why: pl.Expr = pl.lit(None, dtype=pl.String)
    for condition, words in reversed(reasons):
        why = pl.when(condition.fill_null(False)).then(words).otherwise(why)
    return why


def _over_when_filed() -> pl.Expr:
    """Say whether the window of a claim was over on the day it was filed for the first time."""
    first = pl.col("status").is_in((*UNFILED, "expired")) & (pl.col("what") == "submit")
    return (first & (pl.col("at") > pl.col("dispute_closes_on"))).fill_null(False)


def _over_when_escalated() -> pl.Expr:
    """Say whether the time to escalate an answer was over."""
    answered = pl.col("status").is_in(("denied", "partial")) & (pl.col("what") == "escalate")
    return (answered & (pl.col("at") > pl.col("escalate_by"))).fill_null(False)


def _word() -> pl.Expr:
    """Return an event as people say it."""
    return pl.when(pl.col("what") == "credit_short").then(pl.lit("a part credit")).otherwise("what")


def _after(good: pl.DataFrame) -> pl.DataFrame:
    """Return events that happen with what the claim is after each (`new_` columns)."""
    what, amount, claimed = pl.col("what"), pl.col("amount"), pl.col("claimed")
    # Whoever grants less than was credited already denies the rest.
    granted = (
        pl.when(what == "sustain")
        .then(claimed)
        .when(what == "grant_part")
        .then(amount)
        .when(what == "deny")
        .then(ZERO_CENTS)
        .otherwise("granted")
    )
    credited = (
        pl.when(what.is_in(("credit", "credit_short")))
        .then(pl.col("credited") + amount)
        .when(what == "reverse_credit")
        .then(pl.col("credited") - amount)
        .otherwise("credited")
    )
    answer, escalated = what.is_in(("sustain", "grant_part", "deny")), what == "escalate"
    kept = pl.max_horizontal("new_granted", "new_credited")
    denied = (
        pl.when(answer)
        .then(claimed - kept)
        .when(escalated)
        .then(ZERO_CENTS)
        .otherwise(pl.min_horizontal("denied", claimed - pl.col("new_credited")))
    )
    gives_up = what.is_in(("withdraw", "close"))
    rest = claimed - pl.col("new_credited") - pl.col("new_denied")
    tracked = what.is_in(("submit", "acknowledge", "review", "note"))
    replied = answer | what.is_in(("reject_form", "await_credit"))
    submitted = what == "submit"
    outside = ~what.is_in(OURS)
    late = (
        pl.when(_over_when_filed())
        .then(pl.lit("filed after its window"))
        .when(_over_when_escalated())
        .then(pl.lit("escalated after its time"))
    )
    return (
        good.with_columns(new_granted=granted.cast(CENTS), new_credited=credited.cast(CENTS))
        .with_columns(new_denied=denied.cast(CENTS))
        .with_columns(
            new_withdrawn=pl.when(gives_up).then(rest).otherwise("withdrawn").cast(CENTS),
            new_status="next",
            new_level=pl.col("level") + escalated.cast(pl.Int64),
            new_filed_on=pl.when(submitted)
            .then(pl.coalesce("filed_on", "at"))
            .otherwise("filed_on"),
            new_sent=pl.col("sent") + submitted.cast(pl.Int64),
            new_answered_on=pl.when(answer).then("at").otherwise("answered_on"),
            new_tracking_no=pl.when(tracked)
            .then(pl.coalesce("reference", "tracking_no"))
            # The number of an answer is the claim's where the carrier gave none before.
            .when(replied)
            .then(pl.coalesce("tracking_no", "reference"))
            .otherwise("tracking_no"),
            new_last_on=pl.when(outside).then("at").otherwise("last_on"),
            note=pl.concat_str(late, "note", separator="; ", ignore_nulls=True).replace("", None),
        )
    )
