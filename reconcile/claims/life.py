"""The life of a claim: what may happen to it, and what that does to its money.

A claim is as its events left it; events are only ever added. `advance` lets events happen to
claims, all claims at once, and says of every event that may not happen why. Of the claim's amount
so much is credited, denied or withdrawn; the rest waits: unfiled, then open.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, among, columns_of
from reconcile.claims.moves import MOVES, NOTED, OURS
from reconcile.claims.refusals import over_when_escalated, over_when_filed, refusal

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
_DECISIONS = ("sustain", "grant_part", "deny")
"""The answers that say what becomes of the money."""
_CHANGED = (
    *("status", "granted", "credited", "denied", "withdrawn", "level", "filed_on", "sent"),
    *("answered_on", "tracking_no", "last_on"),
)


class Advanced(NamedTuple):
    """What became of claims and events."""

    claims: pl.DataFrame  # STATE of the claims to which something happened
    events: pl.DataFrame  # HAPPENED, in order
    refused: pl.DataFrame  # NEWS, with `row` (its place from 0) and `why`


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
    return judged.with_columns(why=refusal()).sort("row")


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


def _after(good: pl.DataFrame) -> pl.DataFrame:
    """Return events that happen with what the claim is after each (`new_` columns).

    A claim of 12.00, of which 4.00 were credited before the answer::

        event       amount      new_granted  new_credited  new_denied  new_status
        grant_part  3.00    ->  3.00         4.00          8.00        partial
        credit      2.00    ->  null         6.00          0.00        short_credited
        deny        null    ->  0.00         4.00          8.00        denied
    """
    return good.pipe(_with_promise_and_credit).pipe(_with_what_is_lost).pipe(_with_marks)


def _with_promise_and_credit(good: pl.DataFrame) -> pl.DataFrame:
    what, amount = pl.col("what"), pl.col("amount")
    granted = (
        pl.when(what == "sustain")
        .then("claimed")
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
    return good.with_columns(new_granted=granted.cast(CENTS), new_credited=credited.cast(CENTS))


def _with_what_is_lost(good: pl.DataFrame) -> pl.DataFrame:
    """Add what is denied and withdrawn: an answer denies the rest, and who ends it gives it up."""
    what, claimed = pl.col("what"), pl.col("claimed")
    # Whoever grants less than was credited already denies the rest.
    kept = pl.max_horizontal("new_granted", "new_credited")
    denied = (
        pl.when(what.is_in(_DECISIONS))
        .then(claimed - kept)
        .when(what == "escalate")
        .then(ZERO_CENTS)
        .otherwise(pl.min_horizontal("denied", claimed - pl.col("new_credited")))
    )
    gives_up = what.is_in(("withdraw", "close"))
    rest = claimed - pl.col("new_credited") - pl.col("new_denied")
    return good.with_columns(new_denied=denied.cast(CENTS)).with_columns(
        new_withdrawn=pl.when(gives_up).then(rest).otherwise("withdrawn").cast(CENTS)
    )


def _with_marks(good: pl.DataFrame) -> pl.DataFrame:
    """Add the state that follows, its days, the carrier's number, and whether it was late."""
    what = pl.col("what")
    answer, submitted = what.is_in(_DECISIONS), what == "submit"
    tracked = what.is_in(("submit", "acknowledge", "review", "note"))
    replied = answer | what.is_in(("reject_form", "await_credit"))
    late = (
        pl.when(over_when_filed())
        .then(pl.lit("filed after its window"))
        .when(over_when_escalated())
        .then(pl.lit("escalated after its time"))
    )
    return good.with_columns(
        new_status="next",
        new_level=pl.col("level") + (what == "escalate").cast(pl.Int64),
        new_filed_on=pl.when(submitted).then(pl.coalesce("filed_on", "at")).otherwise("filed_on"),
        new_sent=pl.col("sent") + submitted.cast(pl.Int64),
        new_answered_on=pl.when(answer).then("at").otherwise("answered_on"),
        new_tracking_no=pl.when(tracked)
        .then(pl.coalesce("reference", "tracking_no"))
        # The number of an answer is the claim's where the carrier gave none before.
        .when(replied)
        .then(pl.coalesce("tracking_no", "reference"))
        .otherwise("tracking_no"),
        new_last_on=pl.when(~what.is_in(OURS)).then("at").otherwise("last_on"),
        note=pl.concat_str(late, "note", separator="; ", ignore_nulls=True).replace("", None),
    )
