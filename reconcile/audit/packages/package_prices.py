"""Packages are priced at the service: all lines of a document and period against one price.

Rules: the packages of the findings page and `docs/DECISIONS.md` 16 and 22. How the carrier spreads
the price over the elements is its own affair. Most packages are billed once for a period, and are
judged straight; those whose days stand on other lines too are weighed one bill after the other
(`reconcile.audit.packages.package_days`).
"""

from __future__ import annotations

import polars as pl

from invoices.money import MICROS, cents
from invoices.schema import columns_of
from invoices.spread import by_largest_remainder
from reconcile.audit.packages.package_days import in_turn
from reconcile.audit.packages.packages_before import ITEM, SHARES, past_of
from reconcile.audit.pricing import day_and_cent, value
from reconcile.audit.questions import answered
from reconcile.audit.stakes import takes_whole

_GROUP = [*ITEM, "period_from", "period_until", "document_id"]


def spread(
    lines: pl.LazyFrame,
    marked: pl.DataFrame,
    history: pl.LazyFrame,
    packages: pl.LazyFrame,
    terms: pl.DataFrame,
) -> pl.DataFrame:
    """Return the shares of the package price for lines whose package is not billed at its price.

    `lines` are all of tonight with their question, `marked` the questions with what is due
    (`reconcile.audit.due`) and the truth of the codes that look at one line, `history` (AUDITED)
    those of before, `packages` the reference table, `terms` the proration of contracts. A charge
    that some code takes as a whole is in no package. A package billed at its price to the cent
    needs no row: the share of each line is what was billed.
    """
    priced = pl.col("package").is_not_null() & pl.col("package_rate").is_not_null()
    charge = (pl.col("amount") > 0) & pl.col("is_charge") & ~takes_whole()
    fit = marked.filter(priced, charge)
    tonight = lines
    lines = answered(lines.join(fit.lazy().select("asks"), on="asks", how="semi"), fit)
    keys = (
        lines.select(*_GROUP, "carrier", "is_twice", own=(pl.col("usoc") == pl.col("package")))
        .unique()
        .collect()
    )
    if keys.is_empty():
        return pl.DataFrame(schema=SHARES)
    past = past_of(keys, tonight, marked, history, packages, terms)
    shared = _sharing_days(keys, past)
    alone = _alone(lines.join(shared.lazy(), on=ITEM, how="anti"))
    if shared.is_empty():
        return alone
    of_shared = (
        lines.join(shared.lazy(), on=ITEM, how="semi")
        .with_columns(left=left_of_repeat())
        .select(
            *("line_id", *ITEM, "usoc", "amount", "charge_class", "repeats", "left"),
            *("document_id", "bill_date", "invoice_no", "line_no", "bill_day", "proration"),
            *("period_from", "period_until", "installed_on", "window_until"),
            *("package_rate", "by_unit", "month_days"),
        )
        .collect()
    )
    return pl.concat([alone, in_turn(of_shared, past).select(columns_of(SHARES))])


def _sharing_days(keys: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return the packages of services (ITEM) of which a day is billed by more than one group."""
    spans = keys.group_by(*_GROUP, "own").agg(pl.col("is_twice").any()).sort(*ITEM, "period_from")
    reach = pl.col("period_until").cum_max().shift().over(ITEM)
    meets = (pl.col("period_from") < reach).fill_null(False)
    before = spans.join(past, on=ITEM).filter(
        pl.col("starts") < pl.col("period_until"), pl.col("ends") > pl.col("period_from")
    )
    itself = spans.filter(meets | pl.col("is_twice"))
    return pl.concat([itself.select(ITEM), before.select(ITEM)]).unique()


def _alone(lines: pl.LazyFrame) -> pl.DataFrame:
    """Return the shares of lines whose days no other group has, where they are off the price."""
    due, whole = (
        value(pl.col("package_rate"), pl.lit(MICROS, dtype=pl.Int128), parts, pl.col("by_unit"))
        for parts in (
            pl.col("unit_parts_installed") // pl.max_horizontal("units", pl.lit(1, pl.Int128)),
            pl.col("factor"),
        )
    )
    day = day_and_cent(pl.col("package_rate"), pl.lit(MICROS, dtype=pl.Int128))
    groups = (
        lines.group_by(_GROUP)
        .agg(
            billed=cents(pl.col("amount")).sum(),
            price=due.max(),
            whole=whole.max(),
            day=pl.when((pl.col("charge_class") == "prorated").any()).then(day.max()).otherwise(0),
        )
        .filter(pl.col("billed") != pl.col("price"))
        .collect()
        .with_columns(
            is_package_above=pl.col("billed") - pl.col("whole") > pl.col("day"),
            package_tolerated=(pl.col("billed") - pl.col("price")).abs() <= pl.col("day"),
        )
    )
    return (
        lines.select("line_id", "line_no", *_GROUP, weight=cents(pl.col("amount")))
        .join(groups.lazy(), on=_GROUP)
        .collect()
        .pipe(by_largest_remainder, _GROUP, "weight", "price", "package_share")
        .with_columns(
            package_used=pl.lit(0, dtype=pl.Int128),
            package_again=pl.lit(0, dtype=pl.Int128),
            package_twin=pl.lit(None, dtype=pl.String),
        )
        .select(columns_of(SHARES))
    )


def left_of_repeat() -> pl.Expr:
    """Return the cents that are due of a line billed twice in part, after all codes of days."""
    credited = cents(pl.col("credited")).fill_null(0)
    amount = cents(pl.col("amount"))
    left = pl.min_horizontal(amount, pl.min_horizontal(amount, "due_not_billed") + credited)
    for flag, due in (
        ("is_disconnected", "due_in_service"),
        ("is_before_install", "due_installed"),
    ):
        left = pl.when(pl.col(flag)).then(pl.min_horizontal(left, due)).otherwise(left)
    return left
