"""What of a line's findings no claim holds yet: what a claim the carrier knows lacks of them.

A claim that left our hands stays as it was written. What it does not hold of a finding that grew,
or that is another one now, is claimed anew, and no cent of a line twice.
"""

from __future__ import annotations

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS
from reconcile.findings import CODES

HELD = pl.Schema(
    {
        "claim_no": pl.String(),
        "finding_id": pl.String(),
        "line_id": pl.String(),  # null = of no line by itself
        "reason": pl.String(),
        "amount": CENTS,
    }
)
"""Lines of claims that left our hands."""

UNHELD = pl.Schema(
    {
        "finding_id": pl.String(),
        "rest": CENTS,  # of its stake, what no claim holds
        "held_by": pl.String(),  # the last claim that holds some of it, else of its line
    }
)


def of_line() -> pl.Expr:
    """Return what findings of one line share; one that is about no line stands for itself."""
    return pl.coalesce("line_id", "finding_id")


def unheld(findings: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Return what of each finding no claim holds (`UNHELD`).

    `findings` have finding_id, line_id, code, reason, amount_at_stake and `wanted`: whether it may
    be claimed; those of a line are all there. `held` (`HELD`) are all claims' lines of them.

    What a claim holds of a finding beyond its stake, because it shrank or is gone, stands for
    others of its line: first those of its reason, then in order of precedence. A line of which N1
    holds 3.00 for its rate, and nothing else; it turns out to be disconnected::

        finding                   at stake  held      rest
        rate_above_contract       0.00      3.00      0.00
        billed_after_disconnect   33.00     0.00  ->  30.00
    """
    rank = {code.name: place for place, code in enumerate(CODES)}
    told = findings.with_columns(line=of_line()).join(_held_of(held), on="finding_id", how="left")
    has = pl.col("held").fill_null(ZERO_CENTS)
    stake = pl.col("amount_at_stake")
    grown = told.with_columns(
        rest=pl.when("wanted").then(pl.max_horizontal(stake - has, ZERO_CENTS)),
        rank=pl.col("code").replace_strict(rank, default=len(rank), return_dtype=pl.Int64),
    )
    over = _beyond(held, findings)
    for key in (["line", "reason"], ["line"]):
        grown, over = _cover(grown, over, key)
    by_line = held.group_by(line=of_line()).agg(last=pl.col("claim_no").max())
    return grown.join(by_line, on="line", how="left").select(
        "finding_id",
        pl.col("rest").fill_null(ZERO_CENTS).cast(CENTS),
        pl.coalesce("held_by", "last"),
    )


def _held_of(held: pl.DataFrame) -> pl.DataFrame:
    """Return [finding_id, held, held_by]: what claims hold of each finding, and the last one."""
    return held.group_by("finding_id").agg(
        held=pl.col("amount").sum().cast(CENTS), held_by=pl.col("claim_no").max()
    )


def _beyond(held: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """Return [line, reason, over]: what claims hold of findings beyond what these put at stake."""
    sums = held.group_by("finding_id", line=of_line()).agg(
        pl.col("reason").first(), held=pl.col("amount").sum()
    )
    stakes = findings.select("finding_id", "amount_at_stake")
    over = pl.col("held") - pl.col("amount_at_stake").fill_null(ZERO_CENTS)
    return (
        sums.join(stakes, on="finding_id", how="left")
        .group_by("line", "reason")
        .agg(over=pl.max_horizontal(over, ZERO_CENTS).sum().cast(CENTS))
    )


def _cover(
    grown: pl.DataFrame, over: pl.DataFrame, key: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lay what is held too much on what is not held, of the same `key`, by precedence.

    Returns both with what is left of them. Held too much of a line is 5.00::

        finding             rest      rest
        charged_twice       3.00  ->  0.00
        element_not_ordered 4.00  ->  2.00
    """
    free = over.group_by(key).agg(pl.col("over").sum())
    rest = pl.col("rest").fill_null(ZERO_CENTS)
    laid = (
        grown.join(free, on=key, how="left", nulls_equal=True)
        .sort("line", "rank", "finding_id")
        .with_columns(before=rest.cum_sum().over(key) - rest)
        .with_columns(
            taken=pl.min_horizontal(
                pl.max_horizontal(
                    pl.col("over").fill_null(ZERO_CENTS) - pl.col("before"), ZERO_CENTS
                ),
                rest,
            )
        )
    )
    used = laid.group_by(key).agg(pl.col("taken").sum())
    left = free.join(used, on=key, how="left", nulls_equal=True).with_columns(
        over=(pl.col("over") - pl.col("taken").fill_null(ZERO_CENTS)).cast(CENTS)
    )
    covered = laid.with_columns(rest=(pl.col("rest") - pl.col("taken")).cast(CENTS))
    return covered.drop("over", "before", "taken"), left.drop("taken")
