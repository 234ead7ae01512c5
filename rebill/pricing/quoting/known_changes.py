"""What is known already to change the cost of an option inside its term: dated rates.

The rate of each charge is asked for again on the first day of each month of the term.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.distinct import distinct
from invoices.money import cents, from_cents
from invoices.periods import add_months
from invoices.schema import CENTS, seal
from invoices.text import filled
from rebill.pricing.quoting.option_charges import cost_of, named
from reconcile.audit.pricing import QUESTION, in_force

CHANGES = pl.Schema({"at": pl.UInt32(), "cost_changes": pl.String(), "cost_changes_effect": CENTS})


def known_changes(found: pl.DataFrame, rates: pl.DataFrame, on: dt.date) -> pl.DataFrame:
    """Return the changes of the monthly cost of options inside their terms (`CHANGES`).

    `found` are charges with a cost (`option_charges.charges`). Options of which nothing changes
    have no row. The effect is what the term costs more than at today's rates; it is null where a
    rate ends and none follows.
    """
    monthly = found.filter(
        pl.col("charge_class") == "recurring", pl.col("term_months") > 1, pl.col("units") > 0
    )
    dated = rates.filter(
        pl.any_horizontal(pl.col("effective_from", "effective_until") > on).fill_null(False)
    )
    key = ["contract", "item"]
    monthly = monthly.join(dated.select(key).unique(), on=key, how="semi", maintain_order="left")
    if monthly.is_empty():
        return CHANGES.to_frame()
    # Many charges ask the same: each is answered once.
    alike = distinct(monthly.select(_ALIKE))
    told = _told(_each_month(alike.rows.with_row_index("asks"), rates))
    own = monthly.select("at", asks=alike.number).join(told, on="asks", maintain_order="left")
    return (
        own.group_by("at", maintain_order=True)
        .agg(
            cost_changes=pl.col("said").str.join("; "),
            cost_changes_effect=pl.when(pl.col("more").null_count() == 0).then(
                from_cents(pl.col("more").sum())
            ),
        )
        .pipe(seal, CHANGES)
    )


_ALIKE = [*QUESTION, "units", "by_unit", "cost", "buy_rate", "usoc", "package"]


def _each_month(asked: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Return distinct charges in each later month of their term, where the rate ever differs."""
    later = _later(asked.select(QUESTION).unique(), rates)
    each = asked.join(later, on=QUESTION, nulls_equal=True, maintain_order="left")
    before = (
        pl.when(pl.col("month") == 1)
        .then("buy_rate")
        .otherwise(pl.col("rate_then").shift(1).over("asks"))
    )
    differs = pl.col("rate_then").ne_missing(pl.col("buy_rate")).any().over("asks")
    ordered = each.filter(differs).sort("asks", "month")
    return ordered.with_columns(before=before, now=cost_of("rate_then"))


def _later(asked: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Return questions with each later month of their term, its day, and the rate then."""
    months = asked.with_columns(month=pl.int_ranges(1, pl.col("term_months"))).explode("month")
    days = months.with_columns(rate_day=add_months(pl.col("rate_day"), pl.col("month")))
    answers = in_force(days.select(QUESTION).unique(), rates)
    then = days.join(answers, on=QUESTION, how="left", nulls_equal=True, maintain_order="left")
    since = pl.when(pl.col("rate_from") > asked["rate_day"].max()).then("rate_from")
    return months.hstack(then.select(day_then=pl.coalesce(since, "rate_day"), rate_then="buy_rate"))


def _told(each: pl.DataFrame) -> pl.DataFrame:
    """Return the changes of each charge in words (`said`), and what they cost more in cents."""
    then = pl.col("rate_then")
    rate = then.cast(pl.String).str.replace(r"(\.\d\d\d*?)0+$", "$1")
    said = (
        pl.when(then.is_null())
        .then(filled("{} has no rate from {}", named(), "day_then"))
        .otherwise(filled("{} {} from {}", named(), rate, "day_then"))
    )
    changes = then.ne_missing(pl.col("before"))
    more = (cents(pl.col("now")) - cents(pl.col("cost"))).sum()
    return each.group_by("asks", maintain_order=True).agg(
        said=said.filter(changes).str.join("; "),
        more=pl.when(pl.col("now").is_not_null().all()).then(more),
    )
