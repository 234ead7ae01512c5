"""What is to be done about claims, and until when: filing, asking, escalating, looking for credits.

The days come from the settings of each claim's contract. A claim has one task at a time: the last
of its milestones that is over, else the next one.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.calendar import add_banking_days
from invoices.periods import add_days, add_months
from invoices.schema import CENTS, columns_of
from reconcile.claims.moves import UNFILED
from reconcile.window import closed_before

TIMED = pl.Schema(
    {
        "claim_no": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "reason": pl.String(),
        "bill_month": pl.String(),
        "status": pl.String(),
        "level": pl.Int64(),
        "to_win": CENTS,  # of the claim, neither credited nor given up nor finally denied
        "denied": CENTS,
        "granted": CENTS,
        "filed_on": pl.Date(),
        "sent_on": pl.Date(),  # the last time it was sent
        "answered_on": pl.Date(),
        "file_by": pl.Date(),
        "dispute_closes_on": pl.Date(),
        "tracking_no": pl.String(),
        "last_bill_on": pl.Date(),  # the last bill of the account up to the answer
        "bill_day": pl.Int64(),  # the day of the month the account bills on; null = that bill's
        "credit_offered": pl.Boolean(),
        "grown": pl.Boolean(),  # it holds what claims the carrier knows lack of their lines
        "levels": pl.List(pl.Int64()),
        "acknowledge_banking_days": pl.Int64(),
        "resolve_days": pl.Int64(),
        "escalate_banking_days": pl.Int64(),
        "credit_by_bill": pl.Int64(),
    }
)
"""Claims with what their timers are made of."""

TIMERS = pl.Schema(
    {
        "acknowledge_by": pl.Date(),  # the carrier, its receipt
        "answer_by": pl.Date(),  # the carrier, its answer
        "level_on": pl.Date(),  # unanswered, the next level is due
        "escalate_by": pl.Date(),  # we, after an answer
        "credit_on": pl.Date(),  # the bill by which what was granted is due
    }
)

TASKS = pl.Schema(
    {
        "due_on": pl.Date(),
        "task": pl.String(),
        "claim_no": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "reason": pl.String(),
        "bill_month": pl.String(),
        "status": pl.String(),
        "level": pl.Int64(),
        "to_win": CENTS,
        "tracking_no": pl.String(),
        "dispute_closes_on": pl.Date(),
    }
)
"""What the analyst does; tasks are file, send_again, ask_acknowledgement, ask_answer, escalate,
escalate_or_close, ask_credit and decide_credit."""

_ASKED = ("submitted", "acknowledged", "in_review", "escalated")
_GRANTED = ("sustained", "partial", "credit_pending", "short_credited")


def timers(claims: pl.DataFrame, closed: list[dt.date]) -> pl.DataFrame:
    """Return claims (`TIMED`) with their `TIMERS`; one that does not run is null.

    `closed` are the weekdays without banking. Bills are taken to be monthly: the nth after an
    answer is n months after the last one before it.
    """
    status, filed = pl.col("status"), pl.col("filed_on")
    asked, answered = status.is_in(_ASKED), pl.col("answered_on").is_not_null()
    level = pl.col("levels").list.get(pl.col("level") - 1, null_on_oob=True)
    escalates = (status == "denied") | ((status == "partial") & (pl.col("denied") > 0))
    nth = pl.max_horizontal("credit_by_bill", pl.lit(1, dtype=pl.Int64))

    def banking(day: str, days: str) -> pl.Expr:
        count = pl.col(days).fill_null(0).cast(pl.Int32)
        return pl.col(day).dt.add_business_days(count, holidays=closed, roll="backward")

    sent = pl.coalesce("sent_on", "filed_on")
    return claims.with_columns(sent_on=sent).with_columns(
        acknowledge_by=pl.when(status == "submitted").then(
            banking("sent_on", "acknowledge_banking_days")
        ),
        answer_by=pl.when(asked & (pl.col("level") == 1)).then(
            add_days(pl.col("sent_on"), pl.col("resolve_days"))
        ),
        level_on=pl.when(asked).then(add_days(filed, level)),
        escalate_by=pl.when(escalates).then(banking("answered_on", "escalate_banking_days")),
        credit_on=pl.when(status.is_in(_GRANTED) & answered).then(
            add_months(pl.col("last_bill_on"), nth, pl.col("bill_day"))
        ),
    )


def tasks(
    claims: pl.DataFrame,
    as_of: dt.date,
    within: int,
    closed: list[dt.date],
    closings: frozenset[dt.date] = frozenset(),
) -> pl.DataFrame:
    """Return what is to be done within so many banking days (`TASKS`).

    The most urgent stand first, of one day the ones with the most money to win. A claim whose
    window closed without its being filed has no task any more. One that is ready and holds what
    another lacks is told however far its day is: the carrier works on the other already.
    """
    last = add_banking_days(as_of, within, closings)
    timed = timers(claims, closed)
    status = pl.col("status")
    never = pl.lit(None, dtype=pl.Date)
    stages = [("ask_acknowledgement", "acknowledge_by"), ("ask_answer", "answer_by")]
    task: pl.Expr = pl.lit(None, dtype=pl.String)
    due: pl.Expr = never
    for name, day in (*stages, ("escalate", "level_on")):
        first = due.is_null() & pl.col(day).is_not_null()
        takes = first | (pl.col(day) <= as_of).fill_null(False)
        task = pl.when(takes).then(pl.lit(name)).otherwise(task)
        due = pl.when(takes).then(pl.col(day)).otherwise(due)
    choices = [
        (pl.col("credit_offered").fill_null(False), "decide_credit", pl.lit(as_of)),
        (status.is_in(UNFILED) & ~closed_before(as_of), "file", pl.col("file_by")),
        (status == "rejected_for_form", "send_again", pl.col("file_by")),
        (pl.col("escalate_by").is_not_null(), "escalate_or_close", pl.col("escalate_by")),
        (pl.col("credit_on").is_not_null(), "ask_credit", pl.col("credit_on")),
        (status == "short_credited", "escalate_or_close", pl.lit(as_of)),
    ]
    for condition, word, when in reversed(choices):
        task = pl.when(condition).then(pl.lit(word)).otherwise(task)
        due = pl.when(condition).then(when).otherwise(due)
    follows = pl.col("grown").fill_null(False) & (status == "ready")
    told = (pl.col("due_on") <= last).fill_null(False) | (follows & (pl.col("task") == "file"))
    return (
        timed.with_columns(task=task, due_on=due)
        .filter(pl.col("task").is_not_null(), told)
        .select(columns_of(TASKS))
        .sort("due_on", "to_win", "claim_no", descending=[False, True, False])
    )
