"""What of the disputed money is likely to come back, learnt from how claims ended before.

The share that a carrier grants of claims of a reason is Beta distributed: a prior that counts as
so many claims, plus one case for every claim of ours that ended, won to the share that was
credited. Every claim counts once, whatever its amount, so that one large claim does not decide.
What was granted already is no longer likely but known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Set
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from invoices.money import ZERO_CENTS, cents, divide_half_away, from_cents
from invoices.periods import days_between
from invoices.schema import CENTS, columns_of
from reconcile.cash import beta, carry
from reconcile.claims.moves import UNFILED
from reconcile.contracts import Contract
from reconcile.window import NO_CLOSINGS, closed_before

SHARE = pl.Decimal(18, 6)
_ONE = 10**6
ENDED = ("credited", "denied", "short_credited", "closed")
"""States of a claim whose outcome is known; it teaches if something was credited or denied."""
GIVEN_UP = ("withdrawn", "expired", "closed")


@dataclass(frozen=True)
class Prior:
    """What is believed of a carrier's answers before any is known."""

    win_rate: Decimal = Decimal("0.5")
    claims: Decimal = Decimal(4)
    """So many ended claims outweigh the prior as much as they agree with it."""
    band: Decimal = Decimal("0.8")
    """The probability that the share lies between its low and its high value."""


WIN_RATES = pl.Schema(
    {
        "carrier": pl.String(),
        "reason": pl.String(),
        "ended": pl.Int64(),  # claims whose outcome is known
        "credited": CENTS,  # of these
        "denied": CENTS,
        "won": SHARE,  # cases won, the prior's included
        "lost": SHARE,
        "win_rate": SHARE,  # the expected share
        "win_rate_low": SHARE,
        "win_rate_high": SHARE,
    }
)


def win_rates(claims: pl.DataFrame, prior: Prior, as_of: dt.date) -> pl.DataFrame:
    """Return what to expect of each carrier and reason that has a claim (columns of `WIN_RATES`).

    `claims` have carrier, reason, status, credited, denied, resolved_on and, where answers are on
    record, amount and granted: the answer counts then, whether it is credited yet or not. Outcomes
    after `as_of` are not known yet. Sorted by carrier and reason.
    """
    if "granted" not in claims.columns:
        claims = claims.with_columns(granted=pl.lit(None, dtype=CENTS), amount=ZERO_CENTS)
    credited, denied = cents(pl.col("credited")), cents(pl.col("denied"))
    # A claim that was escalated waits for another answer; one that was credited may have had none.
    answered = (
        pl.col("granted").is_not_null() & (pl.col("amount") > 0) & (pl.col("status") != "escalated")
    )
    ended = pl.col("status").is_in(ENDED) & (credited + denied > 0)
    granted = pl.when(answered).then(cents(pl.col("granted"))).otherwise(credited)
    of = pl.when(answered).then(cents(pl.col("amount"))).otherwise(credited + denied)
    before = (pl.col("resolved_on") <= as_of) | pl.col("resolved_on").is_null()
    known = (answered | ended) & before
    taught = claims.with_columns(known=known.fill_null(False), _won=granted, _of=of).with_columns(
        share=pl.when("known").then(divide_half_away(pl.col("_won") * _ONE, pl.col("_of")))
    )
    counted = taught.group_by("carrier", "reason").agg(
        ended=pl.col("known").sum().cast(pl.Int64),
        credited=pl.col("credited").filter("known").sum(),
        denied=pl.col("denied").filter("known").sum(),
        _won=pl.col("share").filter("known").sum().cast(pl.Int64),
    )
    rows = []
    for row in counted.sort("carrier", "reason").iter_rows(named=True):
        share_won = Decimal(row.pop("_won")) / _ONE
        won = prior.win_rate * prior.claims + share_won
        lost = (1 - prior.win_rate) * prior.claims + row["ended"] - share_won
        rows.append({**row, **_expected(won, lost, prior.band)})
    return pl.DataFrame(rows, schema=WIN_RATES)


def _expected(won: Decimal, lost: Decimal, band: Decimal) -> dict[str, Decimal]:
    """Return the counts of a Beta, its expectation and the ends of its band."""
    tail = (1 - band) / 2
    rate = won / (won + lost) if won + lost else Decimal(0)
    return {
        "won": won.quantize(beta.PLACES),
        "lost": lost.quantize(beta.PLACES),
        "win_rate": rate.quantize(beta.PLACES),
        "win_rate_low": beta.share_at(tail, won, lost),
        "win_rate_high": beta.share_at(1 - tail, won, lost),
    }


def share_of(amount: pl.Expr, share: pl.Expr) -> pl.Expr:
    """Return a share (six places) of an amount in cents, rounded once, half away from zero."""
    parts = cents(amount) * share.cast(SHARE).to_physical().cast(pl.Int128)
    return from_cents(divide_half_away(parts, _ONE))


RECOVERY = pl.Schema(
    {
        "claim_no": pl.String(),
        "document_id": pl.String(),
        "carrier": pl.String(),
        "contract": pl.String(),
        "ban": pl.String(),
        "reason": pl.String(),
        "status": pl.String(),
        "debit_on": pl.Date(),  # when the disputed money was or will be pulled
        "amount": CENTS,  # of the claim, on this document
        "credited": CENTS,
        "denied": CENTS,
        "waiting": CENTS,  # what is neither credited nor finally denied, given up or lost
        "win_rate": SHARE,
        "win_rate_low": SHARE,
        "win_rate_high": SHARE,
        "expected_recovery": CENTS,
        "recovery_low": CENTS,
        "recovery_high": CENTS,
        "provision": CENTS,  # waiting - expected_recovery
        "resolves_on": pl.Date(),
        "credit_bill_on": pl.Date(),
        "credit_cash_on": pl.Date(),  # when the credit is money: that bill's pull is smaller
        "lag_days": pl.Int64(),  # from the pull to the money
        "cost_of_capital": pl.Decimal(38, 12),
        "carry_cost": CENTS,  # of what is expected, over the lag
        "interest": CENTS,  # what the contract grants on it up to the bill that credits it
        "net_carry": CENTS,
        "customer_exposure": CENTS,  # what of it was billed on to customers, at cost
    }
)


def recovery(
    disputed: pl.DataFrame,
    bills: pl.DataFrame,
    rates: pl.DataFrame,
    contracts: list[Contract],
    as_of: dt.date,
    closings: Set[dt.date] = NO_CLOSINGS,
) -> pl.DataFrame:
    """Return what is waited for, claim by claim and bill by bill (columns of `RECOVERY`).

    `disputed` are claims split by document (`reconcile.cash.exposure.DISPUTED` with carrier, ban,
    reason, granted, file_by and customer_exposure); `bills` the documents with contract, bill_date,
    due_date, received_on, debit_on and bill_day; `rates` what `win_rates` returned. A claim with
    nothing left to wait for has no row. One that is not filed is taken to be filed by `file_by`.
    """
    too_late = pl.col("status").is_in(UNFILED) & closed_before(as_of)
    over = pl.col("status").is_in(GIVEN_UP) | too_late
    left = pl.col("amount") - pl.col("credited") - pl.col("denied")
    papers = bills.select(
        *("document_id", "contract", "bill_date", "due_date", "received_on", "debit_on"),
        "bill_day",
    )
    filed = pl.coalesce("filed_on", pl.max_horizontal("file_by", pl.lit(as_of)))
    waits = (
        disputed.with_columns(waiting=pl.when(over).then(ZERO_CENTS).otherwise(left))
        .filter(pl.col("waiting") > 0)
        .join(papers, on="document_id")
        .join(rates.select("carrier", "reason", *RATES), on=["carrier", "reason"], how="left")
        .with_columns(was_filed_on="filed_on", filed_on=pl.coalesce(filed, pl.lit(as_of)))
    )
    waits = carry.credit_days(waits, contracts, closings)
    return _valued(waits, contracts).sort("claim_no", "document_id")


RATES = ("win_rate", "win_rate_low", "win_rate_high")


def _valued(waits: pl.DataFrame, contracts: list[Contract]) -> pl.DataFrame:
    """Return what is waited for with its worth and its cost."""
    terms = carry.waiting(contracts).drop("resolve_days", "credit_by_bill")
    granted = pl.when(pl.col("granted").is_not_null()).then(pl.min_horizontal("granted", "waiting"))

    def worth(rate: str) -> pl.Expr:
        # What was granted is owed; of the rest so much as the carrier grants of such claims.
        return pl.coalesce(granted, share_of(pl.col("waiting"), pl.col(rate)))

    lag = days_between(pl.col("debit_on"), pl.col("credit_cash_on"))
    earning = days_between(pl.col("debit_on"), pl.col("credit_bill_on")).clip(lower_bound=0)
    return (
        waits.join(terms, on="contract", how="left")
        .with_columns(
            expected_recovery=worth("win_rate"),
            recovery_low=worth("win_rate_low"),
            recovery_high=worth("win_rate_high"),
            lag_days=lag,
        )
        .with_columns(
            provision=pl.col("waiting") - pl.col("expected_recovery"),
            carry_cost=carry.float_cost(
                pl.col("expected_recovery"), pl.col("lag_days"), pl.col("cost_of_capital")
            ),
            interest=carry.simple_interest(
                pl.col("expected_recovery"), earning, pl.col("interest_per_day")
            ),
            earning=earning,
        )
        .pipe(_compounded)
        .with_columns(net_carry=pl.col("carry_cost") - pl.col("interest"))
        .select(columns_of(RECOVERY))
    )


def _compounded(valued: pl.DataFrame) -> pl.DataFrame:
    """Return the claims with the interest of those whose contract adds it daily."""
    asked = ["expected_recovery", "earning", "interest_per_day"]
    questions = valued.filter("interest_compound").select(asked).unique().drop_nulls()
    answers = [carry.compound_interest(*question) for question in questions.iter_rows()]
    known = questions.with_columns(added=pl.Series(answers, dtype=CENTS))
    added = pl.when("interest_compound").then("added").otherwise("interest")
    return valued.join(known, on=asked, how="left").with_columns(interest=added)


def last_day_of_bills(documents: pl.DataFrame) -> pl.DataFrame:
    """Return [carrier, ban, bill_day]: the latest day of a month each account was billed on."""
    return (
        documents.filter(pl.col("bill_date").is_not_null())
        .group_by("carrier", "ban")
        .agg(bill_day=pl.col("bill_date").dt.day().max().cast(pl.Int64))
    )
