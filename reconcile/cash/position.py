"""More of where the money stands: before the pull, by the days left to file, and what is expected.

It tells of the same carriers and days as `reconcile.cash.exposure` and is made of the same moves.
What of a claim is waited for is worth what the carrier is likely to grant of it; once it has said
what it grants, it is worth just that.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.money import ZERO_CENTS, cents, divide_half_away, from_cents
from invoices.periods import add_days, days_between
from invoices.schema import CENTS, columns_of
from reconcile.cash import carry
from reconcile.cash.exposure import as_pulled, days, moves, pull_days, running
from reconcile.cash.recovery import RATES, share_of
from reconcile.contracts import Contract

BUCKETS = (
    ("unfiled_over_60", None),
    ("unfiled_31_60", 60),
    ("unfiled_16_30", 30),
    ("unfiled_8_15", 15),
    ("unfiled_0_7", 7),
)
"""Where unfiled money stands by the days its window is still open, and the most days of each."""
NO_WINDOW = "unfiled_no_window"
WORTH = dict(zip(("expected_recovery", "recovery_low", "recovery_high"), RATES, strict=True))

POSITION = pl.Schema(
    {
        "on": pl.Date(),
        "carrier": pl.String(),
        "pending": CENTS,  # of bills that are dated and not pulled yet, or whose pull came back
        "pending_disputed": CENTS,  # of it: claimed, not given up and not too late
        "not_audited": CENTS,  # pulled for bills that are held or wait for the audit; undisputed
        "unfiled_0_7": CENTS,  # with the next ones: pulled, claimed, not filed, in time
        "unfiled_8_15": CENTS,
        "unfiled_16_30": CENTS,
        "unfiled_31_60": CENTS,
        "unfiled_over_60": CENTS,
        "unfiled_no_window": CENTS,
        "expired": CENTS,
        "disputed": CENTS,  # pulled and filed, neither credited nor finally denied: `open`
        "expected_recovery": CENTS,  # of `disputed`
        "recovery_low": CENTS,
        "recovery_high": CENTS,
        "provision": CENTS,  # disputed - expected_recovery
        "carry_cost": CENTS,  # of what is expected, from each pull to this day; null = no rate
        "customer_exposure": CENTS,  # of unfiled and disputed: billed on to customers, at cost
    }
)
_CHANGE = pl.Decimal(38, 2)
_CLAIM = ["document_id", "claim_no"]


def position(
    debits: pl.DataFrame,
    disputed: pl.DataFrame,
    rates: pl.DataFrame,
    contracts: list[Contract],
    as_of: dt.date,
    steps: pl.DataFrame | None = None,
    pulled: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the position of each carrier on each day (columns of `POSITION`, sorted).

    `debits` have the columns of `reconcile.pulls.debits.DEBITS` and `audited`; `disputed` those of
    `reconcile.cash.exposure.DISPUTED` and reason, granted (null = not answered) and
    customer_exposure; `rates` those of `reconcile.cash.recovery.WIN_RATES`. The unfiled columns add
    up to `unfiled` of the exposure, `disputed` is its `open`, `expired` its `expired`. `steps` say
    what `disputed` went through (`reconcile.claims.places.STEPS`); without them it had one outcome,
    or none. `pulled` are the pulls of the bank (`reconcile.pulls.settle.PULLED`): a bill is pending
    until the first of them.
    """
    lived = disputed if steps is None else steps
    grid = days(debits, as_of)
    if grid.is_empty():
        return POSITION.to_frame()
    lives = moves(debits, lived, pulled)
    told = as_pulled(debits)
    worth = _worth(lives, disputed, rates, told)
    # What pends is what the paper says, until the day the bank says.
    pends = told.with_columns(debits["amount"])
    changes = [
        _pending(pends),
        _pending_disputed(pends, lived),
        _not_audited(debits, pulled),
        _buckets(lives, disputed),
        worth.select("carrier", "on", "place", "change"),
        _passed_on(lives, disputed),
    ]
    stands = lives.filter(pl.col("place").is_in(("expired", "open"))).select(changes[0].columns)
    return (
        running(grid, pl.concat([*changes, stands]), (*_SUMMED, "expired", "open"))
        .rename({"open": "disputed"})
        .join(_carried(grid, worth, contracts), on=["on", "carrier"], how="left")
        .with_columns(
            provision=pl.col("disputed") - pl.col("expected_recovery"),
            carry_cost=pl.when(pl.col("unknown").is_null())
            .then(ZERO_CENTS)
            .otherwise("carry_cost"),
        )
        .sort("on", "carrier")
        .select(columns_of(POSITION))
    )


_SUMMED = (
    *("pending", "pending_disputed", "not_audited"),
    *(name for name, _ in BUCKETS),
    NO_WINDOW,
    *WORTH,
    "customer_exposure",
)


def _at(frame: pl.DataFrame, day: str | pl.Expr, place: str, change: pl.Expr) -> pl.DataFrame:
    """Return the change of one place; a row without a day changes nothing."""
    on = pl.col(day) if isinstance(day, str) else day
    return frame.select(
        "carrier", on=on, place=pl.lit(place), change=change.cast(_CHANGE)
    ).drop_nulls("on")


# --- before the pull --------------------------------------------------------------------------


def _pending(debits: pl.DataFrame) -> pl.DataFrame:
    pulled = pl.when(pl.col("status") != "returned").then(
        pl.max_horizontal("debit_on", "bill_date")
    )
    return pl.concat(
        [
            _at(debits, "bill_date", "pending", pl.col("amount")),
            _at(debits, pulled, "pending", -pl.col("amount")),
        ]
    )


def _pending_disputed(debits: pl.DataFrame, lived: pl.DataFrame) -> pl.DataFrame:
    """Return what is claimed of bills from their date until they are pulled."""
    unpulled = pl.col("debit_on").is_null() | (pl.col("status") == "returned")
    early = debits.filter(pl.col("status") != "none").select(
        "document_id",
        "carrier",
        "amount",
        _pulled=pl.when(~unpulled).then("debit_on"),
        debit_on="bill_date",
        status=pl.lit("expected"),
    )
    lives = moves(early, lived).filter(
        pl.col("claim_no").is_not_null(), pl.col("place").is_in(("unfiled", "open"))
    )
    before = lives.join(early.select("document_id", "_pulled"), on="document_id").filter(
        pl.col("_pulled").is_null() | (pl.col("on") < pl.col("_pulled"))
    )
    return pl.concat(
        [
            _at(before, "on", "pending_disputed", pl.col("change")),
            _at(before, "_pulled", "pending_disputed", -pl.col("change")),
        ]
    )


def _not_audited(debits: pl.DataFrame, pulled: pl.DataFrame | None) -> pl.DataFrame:
    waits = pull_days(debits.filter(~pl.col("audited")), pulled)
    return _at(waits, "on", "not_audited", pl.col("amount"))


# --- by the days left to file -----------------------------------------------------------------


def _buckets(lives: pl.DataFrame, disputed: pl.DataFrame) -> pl.DataFrame:
    """Return how unfiled money moves from bucket to bucket as its window runs out."""
    closes = disputed.select(*_CLAIM, "dispute_closes_on")
    steps = _balances(lives.filter(pl.col("place") == "unfiled"), closes, _turns(closes))
    bucket = pl.lit(BUCKETS[0][0])
    left = days_between(pl.col("on"), pl.col("dispute_closes_on"))
    for name, most in BUCKETS[1:]:
        bucket = pl.when(left <= most).then(pl.lit(name)).otherwise(bucket)
    bucket = pl.when(left.is_null()).then(pl.lit(NO_WINDOW)).otherwise(bucket)
    known = steps.with_columns(place=bucket).with_columns(
        was=pl.col("place").shift(1).over(_CLAIM),
        before=pl.col("balance").shift(1).over(_CLAIM),
    )
    gone = known.filter(pl.col("was").is_not_null())
    return pl.concat(
        [
            known.select("carrier", "on", "place", change="balance"),
            gone.select("carrier", "on", place="was", change=-pl.col("before")),
        ]
    )


def _turns(closes: pl.DataFrame) -> pl.DataFrame:
    """Return the days on which a claim comes into another bucket."""
    return pl.concat(
        closes.select(*_CLAIM, on=add_days(pl.col("dispute_closes_on"), -most))
        for _, most in BUCKETS
        if most is not None
    ).drop_nulls("on")


def _balances(lives: pl.DataFrame, facts: pl.DataFrame, turns: pl.DataFrame) -> pl.DataFrame:
    """Return [claim, carrier, on, balance, facts]: what stands of each claim from a day on.

    `lives` are the changes of one place; `turns` are days to tell of besides, without a change, if
    they come after the first one.
    """
    changed = lives.group_by(*_CLAIM, "carrier", "on").agg(pl.col("change").sum())
    first = changed.group_by(*_CLAIM, "carrier").agg(start=pl.col("on").min())
    still = (
        turns.join(first, on=_CLAIM)
        .filter(pl.col("on") > pl.col("start"))
        .select(*_CLAIM, "carrier", "on", change=pl.lit(0, dtype=_CHANGE))
    )
    return (
        pl.concat([changed, still])
        .group_by(*_CLAIM, "carrier", "on")
        .agg(pl.col("change").sum())
        .sort(*_CLAIM, "on")
        .with_columns(balance=pl.col("change").cum_sum().over(_CLAIM))
        .join(facts, on=_CLAIM, maintain_order="left")
    )


# --- what is expected, and what it costs ------------------------------------------------------


def _worth(
    lives: pl.DataFrame, disputed: pl.DataFrame, rates: pl.DataFrame, debits: pl.DataFrame
) -> pl.DataFrame:
    """Return the changes of what disputed money is worth: also its contract and its pull."""
    facts = (
        disputed.select(*_CLAIM, "reason", "granted", "resolved_on")
        .join(debits.select("document_id", "carrier", "contract", "debit_on"), on="document_id")
        .join(rates.select("carrier", "reason", *RATES), on=["carrier", "reason"], how="left")
        .drop("carrier", "reason")
    )
    answers = facts.select(*_CLAIM, on="resolved_on").drop_nulls("on")
    steps = _balances(lives.filter(pl.col("place") == "open"), facts, answers)
    answered = pl.col("granted").is_not_null() & (pl.col("on") >= pl.col("resolved_on"))
    parts = []
    for place, rate in WORTH.items():
        worth = (
            pl.when(answered.fill_null(False))
            .then("balance")
            .otherwise(share_of(pl.col("balance"), pl.col(rate)))
            .cast(_CHANGE)
        )
        before = pl.col("_worth").shift(1).over(_CLAIM).fill_null(0)
        parts.append(
            steps.with_columns(_worth=worth).select(
                *("carrier", "contract", "debit_on", "on"),
                place=pl.lit(place),
                change=pl.col("_worth") - before,
            )
        )
    return pl.concat(parts)


def _carried(grid: pl.DataFrame, worth: pl.DataFrame, contracts: list[Contract]) -> pl.DataFrame:
    """Return [on, carrier, carry_cost]: cents x days waited so far x the contract's rate."""
    terms = carry.waiting(contracts).select("contract", "cost_of_capital")
    expected = worth.filter(pl.col("place") == "expected_recovery")
    amount, pulled = cents(pl.col("change")), pl.col("debit_on").cast(pl.Int32).cast(pl.Int128)
    by_contract = expected.group_by("carrier", "contract", "on").agg(
        waits=amount.sum(), since=(amount * pulled).sum()
    )
    held = by_contract.select("carrier", "contract").unique()
    today = pl.col("on").cast(pl.Int32).cast(pl.Int128)
    cent_days = today * pl.col("waits") - pl.col("since")
    key = ["carrier", "contract"]
    cost = carry.carry_of_days(cent_days, pl.col("cost_of_capital"))
    return (
        grid.join(held, on="carrier")
        .join(by_contract, on=[*key, "on"], how="left", nulls_equal=True)
        .sort("on")
        .with_columns(pl.col("waits", "since").fill_null(0).cum_sum().over(key))
        .join(terms, on="contract", how="left")
        .with_columns(cost=pl.when(pl.col("waits") == 0).then(ZERO_CENTS).otherwise(cost))
        .group_by("on", "carrier")
        .agg(unknown=pl.col("cost").is_null().any(), carry_cost=pl.col("cost").sum())
        .select(
            "on", "carrier", "unknown", carry_cost=pl.when(~pl.col("unknown")).then("carry_cost")
        )
    )


def _passed_on(lives: pl.DataFrame, disputed: pl.DataFrame) -> pl.DataFrame:
    """Return how much of what is waited for was billed on to customers: its share of the claim."""
    facts = disputed.filter(pl.col("customer_exposure") > 0).select(
        *_CLAIM, "amount", "customer_exposure"
    )
    waits = lives.filter(pl.col("place").is_in(("unfiled", "open")))
    steps = _balances(waits, facts, facts.select(*_CLAIM, on=pl.lit(None, dtype=pl.Date)).clear())
    parts = cents(pl.col("customer_exposure")) * cents(pl.col("balance"))
    share = from_cents(divide_half_away(parts, cents(pl.col("amount"))))
    return steps.with_columns(_share=share.cast(_CHANGE)).select(
        "carrier",
        "on",
        place=pl.lit("customer_exposure"),
        change=pl.col("_share") - pl.col("_share").shift(1).over(_CLAIM).fill_null(0),
    )
