"""Why an event may not happen to a claim: the first reason that fits, in words."""

from __future__ import annotations

import polars as pl

from invoices.text import filled
from reconcile.claims.moves import EVENTS, NOTED, UNFILED, WITH_AMOUNT

_Reasons = list[tuple[pl.Expr, pl.Expr]]
"""Conditions and what is said where one holds, the first first."""


def refusal() -> pl.Expr:
    """Return why an event may not happen, the first reason that fits; null = it may.

    N1 of 12.00 is denied, its last event was on 05-02::

        event    at     amount
        approve  05-09  null     -> there is no event `approve`; there are: ...
        deny     05-01  null     -> it is out of order: the last event was on 05-02
        deny     05-09  null     -> N1 is denied: deny is not allowed, only escalate, ...
        credit   05-09  13.00    -> a credit of 13.00 is larger than the 12.00 left of the claim
    """
    why: pl.Expr = pl.lit(None, dtype=pl.String)
    reasons = [*_of_the_event(), *_of_the_state(), *_of_the_amount(), *_of_the_level()]
    for condition, words in reversed(reasons):
        why = pl.when(condition.fill_null(False)).then(words).otherwise(why)
    return why


def _of_the_event() -> _Reasons:
    what, at = pl.col("what"), pl.col("at")
    return [
        (pl.col("known").is_null(), filled("there is no claim {}", "claim_no")),
        (at.is_null(), pl.lit("it needs the day it happened on")),
        (
            ~what.is_in((*EVENTS, *NOTED)),
            filled(f"there is no event `{{}}`; there are: {', '.join(EVENTS)}", "what"),
        ),
        (
            (at < pl.col("last_on")) & ~what.is_in(NOTED),
            filled("it is out of order: the last event was on {}", "last_on"),
        ),
        (
            (at < pl.col("known_from")) & ~what.is_in(NOTED),
            filled("it is out of order: its bill is of {}", "known_from"),
        ),
    ]


def _of_the_state() -> _Reasons:
    waived = ~pl.col("late") & over_when_filed() & pl.col("waiver_if_late")
    return [
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
    ]


def _of_the_amount() -> _Reasons:
    what, amount = pl.col("what"), pl.col("amount")
    takes_none = amount.is_not_null() & ~what.is_in((*WITH_AMOUNT, "sustain", "await_credit"))
    return [
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
    ]


def _of_the_level() -> _Reasons:
    top = pl.col("levels").list.len().cast(pl.Int64) + 1
    return [
        (
            (pl.col("what") == "escalate") & (pl.col("level") >= top),
            filled("it is at level {} already, the last one", "level"),
        ),
        (
            ~pl.col("late") & over_when_escalated(),
            filled("it could be escalated until {}; later only with --late", "escalate_by"),
        ),
    ]


def over_when_filed() -> pl.Expr:
    """Say whether the window of a claim was over on the day it was filed for the first time."""
    first = pl.col("status").is_in((*UNFILED, "expired")) & (pl.col("what") == "submit")
    return (first & (pl.col("at") > pl.col("dispute_closes_on"))).fill_null(False)


def over_when_escalated() -> pl.Expr:
    """Say whether the time to escalate an answer was over."""
    answered = pl.col("status").is_in(("denied", "partial")) & (pl.col("what") == "escalate")
    return (answered & (pl.col("at") > pl.col("escalate_by"))).fill_null(False)


def _word() -> pl.Expr:
    """Return an event as people say it."""
    return pl.when(pl.col("what") == "credit_short").then(pl.lit("a part credit")).otherwise("what")
