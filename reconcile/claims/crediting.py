"""Which claim a credit on a later bill is for: taken where it is certain, offered where it is not.

The order is that of the trade: a credit that names the claim; the account, service, code and exact
amount of a line, be it of one claim or of several that hold it together; account, period and an
amount within the agreed tolerance; one credit, or several of a bill, that are all that is waited
for of a claim. No cent of a credit is taken twice, and none by guess: where two claims could be
meant, both are offered to a person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, seal
from reconcile.claims.credit_pool import OFFERED, PAIRS, WAITING, Pass, Pool
from reconcile.claims.credits_by_line import (
    by_line,
    by_number,
    by_period,
    by_same_period,
    by_shared_line,
    near,
)
from reconcile.claims.credits_by_sum import by_bill, by_sum, by_whole_bill
from reconcile.claims.credits_on_lines import spread_on_lines

BY_NUMBER, BY_LINE, BY_PERIOD, BY_SUM = "tracking_no", "line", "period", "claim"
"""How a credit was matched, in this order."""

_PASSES: tuple[tuple[str, Callable[[Pool], Pass]], ...] = (
    (BY_NUMBER, by_number),
    (BY_LINE, by_same_period),
    (BY_LINE, by_line),
    (BY_LINE, by_shared_line),
    (BY_PERIOD, by_period),
    (BY_SUM, by_whole_bill),
    (BY_SUM, by_sum),
    (BY_SUM, by_bill),
)
"""In which order credits are matched, and by what."""


class Matched(NamedTuple):
    """What credits are for: `TAKEN` and `OFFERED`."""

    taken: pl.DataFrame
    offered: pl.DataFrame


def match(credits: pl.DataFrame, claims: pl.DataFrame, lines: pl.DataFrame) -> Matched:
    """Return what of `CREDITS` is for which claims (`WAITING`) and lines of theirs (`WANTED`).

    A credit is taken for filed claims only, and by its line, period or sum only from a bill that is
    later than the claim's bill and not before the claim was filed. What it gives beyond what is
    left of a claim it names is for nobody.
    """
    credits = credits.filter(pl.col("amount") > 0).sort("bill_date", "invoice_no", "credit_id")
    waits = pl.col("open") > 0
    facts = claims.select("claim_no", "carrier", "filed_on", "tolerance", waits=waits)
    taken, offered = [], []
    pool = Pool(credits.filter("certain"), claims, lines.join(facts, on="claim_no"))
    for name, one in _PASSES:
        found = one(pool)
        spread = spread_on_lines(found.pairs, pool, name)
        taken.append(spread)
        offered.append(found.offers.with_columns(matched_by=pl.lit(name)))
        pool = _less(pool, spread)
    # What is no adjustment can only be offered, and stands in the way of none that is.
    others = Pool(credits.filter(~pl.col("certain")), pool.claims, pool.lines)
    for name, one in _PASSES:
        offered.append(one(others).offers.with_columns(matched_by=pl.lit(name)))
    for rest in (pool, others):
        offered.append(near(rest).with_columns(matched_by=pl.lit("part")))
    whole = pl.concat(taken)
    offers = (
        pl.concat([frame.select(OFFERED.names()) for frame in offered])
        .join(whole, on="credit_id", how="anti")
        .unique(["credit_id", "claim_no"], keep="first", maintain_order=True)
        .sort("credit_id", "claim_no")
    )
    return Matched(whole.sort("credit_id", "claim_no", "finding_id"), offers)


def lay(
    credits: pl.DataFrame, claims: pl.DataFrame, lines: pl.DataFrame, pairs: pl.DataFrame, by: str
) -> pl.DataFrame:
    """Return what a person takes of credits for claims, laid on the claims' lines (`TAKEN`).

    `pairs` have credit_id, claim_no and amount; the other frames are those of `match`.
    """
    facts = claims.select("claim_no", "carrier", "filed_on", "tolerance", waits=pl.lit(True))
    pool = Pool(credits, claims, lines.join(facts, on="claim_no"))
    return spread_on_lines(seal(pairs, PAIRS), pool, by)


def _less(pool: Pool, spread: pl.DataFrame) -> Pool:
    """Return the pool without the credits that were taken, and with what claims still wait for."""
    used = spread.group_by("claim_no").agg(used=pl.col("amount").sum().cast(CENTS))
    filled = spread.group_by("claim_no", "finding_id").agg(used=pl.col("amount").sum().cast(CENTS))
    gone = pl.col("used").fill_null(ZERO_CENTS)
    claims = pool.claims.join(used, on="claim_no", how="left").with_columns(
        left=(pl.col("left") - gone).cast(CENTS),
        open=pl.max_horizontal(pl.col("open") - gone, ZERO_CENTS).cast(CENTS),
        promised=pl.max_horizontal(pl.col("promised") - gone, ZERO_CENTS).cast(CENTS),
    )
    lines = pool.lines.join(filled, on=["claim_no", "finding_id"], how="left").with_columns(
        room=(pl.col("room") - gone).cast(CENTS)
    )
    return Pool(
        pool.credits.join(spread, on="credit_id", how="anti", maintain_order="left"),
        claims.filter(pl.col("left") > 0).select(WAITING.names()),
        lines.filter(pl.col("room") > 0).drop("used"),
    )
