"""What became of claims: filed, answered, credited, and how sure a win rate is that few cases give.

A claim is told as it stood on a day, by its events up to then. Rates are shares of claims, not of
money: one large claim would otherwise speak for all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.periods import add_days, add_months
from invoices.schema import CENTS, columns_of, seal
from reconcile.claims.group import refresh
from reconcile.claims.moves import UNFILED

BY = ("carrier", "reason", "month")
FEW = 10
"""Fewer answered claims than this are said to be few."""
SHARE = pl.Decimal(5, 4)
ANSWERS = {"sustain": "sustained", "grant_part": "partial", "deny": "denied"}

OUTCOMES = pl.Schema(
    {
        "carrier": pl.String(),
        "reason": pl.String(),
        "month": pl.String(),  # YYYY-MM: the bill month of the claim
        "claims": pl.Int64(),  # but those withdrawn before they were filed
        "amount": CENTS,
        "filed": pl.Int64(),
        "filed_amount": CENTS,
        "sustained": pl.Int64(),  # granted in full
        "sustained_amount": CENTS,  # what was granted
        "partial": pl.Int64(),
        "partial_amount": CENTS,
        "denied": pl.Int64(),
        "denied_amount": CENTS,  # also of claims granted in part
        "withdrawn": pl.Int64(),
        "withdrawn_amount": CENTS,
        "expired": pl.Int64(),
        "expired_amount": CENTS,
        "credited": pl.Int64(),  # with any credit
        "credited_amount": CENTS,
        "open": pl.Int64(),
        "open_amount": CENTS,  # amount = credited + denied + withdrawn + expired + open
        "days_to_answer": pl.Int64(),  # of the claim in the middle, from filing
        "days_to_answer_most": pl.Int64(),
        "days_to_credit": pl.Int64(),
        "days_to_credit_most": pl.Int64(),
        "answered": pl.Int64(),
        "won": pl.Int64(),  # granted in full or in part
        "win_rate": SHARE,  # won / answered; null = none answered
        "win_low": SHARE,  # the 95 % interval of Wilson
        "win_high": SHARE,
        "few": pl.Boolean(),
    }
)

BUCKETS = ("overdue", "within 7 days", "within 30 days", "within 60 days", "later", "no day")
STAGES = ("to file", "to be answered", "to be credited")
OPEN = pl.Schema(
    {
        "carrier": pl.String(),
        "stage": pl.String(),  # of STAGES: what is waited for
        "bucket": pl.String(),  # of BUCKETS: how soon its day is
        "claims": pl.Int64(),
        "amount": CENTS,
    }
)
_MONEY = ("credited", "denied", "withdrawn")


def claims_on(claims: pl.DataFrame, events: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return the claims that were there on a day, as they stood, with what happened to them.

    `claims` are all on record, `events` theirs in order (claim_no, at, what, amount, status,
    credited, denied, withdrawn). Added are month, filed_on, answer, answered_on, granted,
    credited_on, open (what is waited for) and expired.
    """
    then = claims.select(
        *("claim_no", "carrier", "ban", "reason", "status", "amount", "contract"),
        *("file_by", "dispute_closes_on"),
        month="bill_month",
    ).join(_told_by(events.filter(pl.col("at") <= as_of)), on="claim_no", how="inner")
    state = refresh(
        then.with_columns(
            pl.coalesce("status_then", "status").alias("status"),
            *(pl.col(f"{name}_then").fill_null(ZERO_CENTS).alias(name) for name in _MONEY),
        ),
        as_of,
    )  # fmt: skip
    return (
        state.pipe(_with_answer)
        .pipe(_with_what_is_left)
        .filter(pl.col("filed_on").is_not_null() | (pl.col("status") != "withdrawn"))
    )


def _told_by(events: pl.DataFrame) -> pl.DataFrame:
    """Return what the events of each claim say of it: its state, its money and its days."""
    submitted = pl.col("what") == "submit"
    answered = pl.col("what").is_in(list(ANSWERS))
    paid = pl.col("what").is_in(("credit", "credit_short"))
    return events.group_by("claim_no", maintain_order=True).agg(
        pl.col("status", *_MONEY).drop_nulls().last().name.suffix("_then"),
        filed_on=pl.col("at").filter(submitted).first(),
        answer=pl.col("what").filter(answered).last().replace(ANSWERS),
        answered_on=pl.col("at").filter(answered).first(),
        answer_on=pl.col("at").filter(answered).last(),
        granted=pl.col("amount").filter(answered).last(),
        credited_on=pl.col("at").filter(paid).last(),
    )  # fmt: skip


def _with_answer(state: pl.DataFrame) -> pl.DataFrame:
    """Add what was granted; a claim credited in full without an answer counts as sustained."""
    whole = pl.col("answer").is_null() & (pl.col("status") == "credited")
    return state.with_columns(
        answer=pl.when(whole).then(pl.lit("sustained")).otherwise("answer"),
        answered_on=pl.when(whole).then("credited_on").otherwise("answered_on"),
    ).with_columns(
        granted=pl.when(pl.col("answer") == "sustained")
        .then(pl.coalesce("granted", "amount"))
        .when(pl.col("answer") == "partial")
        .then("granted")
    )


def _with_what_is_left(state: pl.DataFrame) -> pl.DataFrame:
    """Add where the rest of a claim is: expired, given up, or open."""
    left = pl.col("amount") - pl.col("credited") - pl.col("denied") - pl.col("withdrawn")
    over = pl.col("status") == "expired"
    ended = pl.col("status").is_in(("withdrawn", "closed"))
    return state.with_columns(
        expired=pl.when(over).then(left).otherwise(ZERO_CENTS),
        # What a claim that has ended neither got nor was denied was given up.
        withdrawn=pl.when(ended).then(pl.col("withdrawn") + left).otherwise("withdrawn"),
        open=pl.when(over | ended).then(ZERO_CENTS).otherwise(left),
    )


def outcomes(claims: pl.DataFrame, by: Sequence[str] = BY) -> pl.DataFrame:
    """Return what became of claims (`OUTCOMES`, of `claims_on`), by some of `BY`; others are null.

    Without any it is one row. Counts and money add up whatever they are told by.
    """
    filed = pl.col("filed_on").is_not_null()
    to_answer = (pl.col("answered_on") - pl.col("filed_on")).dt.total_days()
    to_credit = (pl.col("credited_on") - pl.col("filed_on")).dt.total_days()

    def counted(name: str, which: pl.Expr, amount: str) -> list[pl.Expr]:
        which = which.fill_null(False)
        return [
            which.sum().cast(pl.Int64).alias(name),
            pl.col(amount).filter(which).sum().alias(f"{name}_amount"),
        ]

    answer = pl.col("answer")
    rows = claims.with_columns(everything=pl.lit(0)).group_by(list(by) or ["everything"]).agg(
        pl.len().alias("claims"),
        pl.col("amount").sum(),
        *counted("filed", filed, "amount"),
        *counted("sustained", answer == "sustained", "granted"),
        *counted("partial", answer == "partial", "granted"),
        (answer == "denied").fill_null(False).sum().alias("denied"),
        pl.col("denied").sum().alias("denied_amount"),
        *counted("withdrawn", pl.col("withdrawn") != 0, "withdrawn"),
        *counted("expired", pl.col("expired") != 0, "expired"),
        *counted("credited", pl.col("credited") != 0, "credited"),
        *counted("open", pl.col("open") != 0, "open"),
        days_to_answer=_middle(to_answer),
        days_to_answer_most=to_answer.max(),
        days_to_credit=_middle(to_credit),
        days_to_credit_most=to_credit.max(),
        answered=answer.is_not_null().sum(),
        won=answer.is_in(("sustained", "partial")).fill_null(False).sum(),
    )  # fmt: skip
    rates = [wilson(won, cases) for won, cases in rows.select("won", "answered").iter_rows()]
    names = ("win_rate", "win_low", "win_high")
    told = rows.with_columns(
        *(
            pl.Series(name, [rate[at] for rate in rates], dtype=SHARE)
            for at, name in enumerate(names)
        ),
        few=pl.col("answered") < FEW,
    )
    return told.pipe(seal, OUTCOMES).sort(BY, nulls_last=False)


def _middle(days: pl.Expr) -> pl.Expr:
    """Return the value in the middle, the lower of two; null where there is none."""
    known = days.drop_nulls().sort()
    return known.get((known.len().cast(pl.Int64) - 1) // 2, null_on_oob=True)


def wilson(
    won: int, cases: int, z: Decimal = Decimal("1.959964")
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Return the share won and the ends of its interval (Wilson's, 95 %), four places.

    It never leaves 0 to 1 and is wide where cases are few; without a case nothing is known.
    """
    if cases == 0:
        return None, None, None
    n, p = Decimal(cases), Decimal(won) / Decimal(cases)
    square = z * z
    centre = p + square / (2 * n)
    spread = z * ((p * (1 - p) + square / (4 * n)) / n).sqrt()
    scale = 1 + square / n
    places = Decimal("0.0001")
    low, high = (centre - spread) / scale, (centre + spread) / scale
    low, high = max(Decimal(0), low), min(Decimal(1), high)
    return p.quantize(places), low.quantize(places), high.quantize(places)


def still_open(claims: pl.DataFrame, policies: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return the money that is waited for, by carrier, stage and how soon its day is (`OPEN`).

    The day is `file_by` of what is to be filed, filing plus `resolve_days` of what is to be
    answered, and the answer plus as many months as bills the credit may take of what is granted.
    """
    terms = policies.select("contract", "resolve_days", "credit_by_bill")
    return (
        claims.filter(pl.col("open") != 0)
        .join(terms, on="contract", how="left", nulls_equal=True)
        .with_columns(stage=_stage(), day=_day_waited_for())
        .with_columns(bucket=_bucket(as_of))
        .group_by("carrier", "stage", "bucket")
        .agg(claims=pl.len(), amount=pl.col("open").sum())
        .select(columns_of(OPEN))
        .sort(
            "carrier",
            pl.col("stage").replace_strict(dict(zip(STAGES, range(3), strict=True))),
            pl.col("bucket").replace_strict(dict(zip(BUCKETS, range(6), strict=True))),
        )
    )


def _to_file() -> pl.Expr:
    return pl.col("status").is_in((*UNFILED, "rejected_for_form"))


def _granted() -> pl.Expr:
    return pl.col("status").is_in(("sustained", "partial", "credit_pending", "short_credited"))


def _stage() -> pl.Expr:
    """Return what is waited for (`STAGES`)."""
    to_file, to_answer, to_credit = (pl.lit(stage) for stage in STAGES)
    return pl.when(_to_file()).then(to_file).when(_granted()).then(to_credit).otherwise(to_answer)


def _day_waited_for() -> pl.Expr:
    """Return the day by which what is waited for should be there."""
    by_credit = add_months(pl.col("answer_on"), pl.col("credit_by_bill"))
    return (
        pl.when(_to_file())
        .then(pl.col("file_by"))
        .when(_granted())
        .then(by_credit)
        .otherwise(add_days(pl.col("filed_on"), pl.col("resolve_days")))
    )


def _bucket(as_of: dt.date) -> pl.Expr:
    """Return how soon `day` is (`BUCKETS`)."""
    left = (pl.col("day") - pl.lit(as_of)).dt.total_days()
    overdue, week, month, two_months, later, no_day = (pl.lit(bucket) for bucket in BUCKETS)
    return (
        pl.when(left.is_null())
        .then(no_day)
        .when(left < 0)
        .then(overdue)
        .when(left <= 7)
        .then(week)
        .when(left <= 30)
        .then(month)
        .when(left <= 60)
        .then(two_months)
        .otherwise(later)
    )
