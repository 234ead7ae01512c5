"""Who carries the odd cent of each invoice and rule, and why, as statements say it."""

from __future__ import annotations

import polars as pl

from invoices.money import cents, from_cents, micros
from invoices.schema import CENTS, RATE, columns_of
from invoices.text import filled
from rebill.pricing.shares.division import EXACT, down, exact_dollars, remainder

PART = pl.Decimal(38, 10)
"""An exact part of whole cents in dollars."""
PARTS = pl.Schema(
    {
        "month": pl.String(),  # of the statement
        "deal": pl.String(),
        "invoice_no": pl.String(),
        "rule": pl.String(),  # in words
        "payee": pl.String(),
        "role": pl.String(),
        "rows": pl.Int64(),  # of the statement
        "base": CENTS,  # what the value works on
        "value": RATE,
        "exact": EXACT,  # what the rule comes to before it is rounded
        "commission": CENTS,  # rounded once
        "share": RATE,
        "exact_part": PART,  # share percent of the commission
        "part": CENTS,  # rounded
        "odd_cent": CENTS,  # what the part has beyond the whole cents that are its own for certain
        "why": pl.String(),  # null where the parts are whole cents
        "before": CENTS,  # what earlier statements said of the part
        "amount": CENTS,  # what this one says: part less before
    }
)
_SUM = ["deal", "invoice_no", "rule"]


def explained(rows: pl.DataFrame, rules: pl.DataFrame, corrects: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of each invoice and rule month by month (`PARTS`), sorted.

    `rows` are those of all statements (`rebill.pricing.earning.commissions.EARNED`, `month` the
    statement's): a later one says what changed, so that base, commission and parts are those
    of the invoice as they stood then. `rules` has row_id and the columns that make a rule;
    `corrects` has invoice_no and corrects of credit notes.
    """
    known = rules.select(rule_row="row_id", words=_words())
    gone = filled("{}, once row {}", "method", pl.coalesce("rule", "rule_row"))
    named = rows.join(known, on="rule_row", how="left").with_columns(
        rule=pl.coalesce("words", gone), row_by_row=pl.col("exact").is_null()
    )
    summed = _as_it_stood(named).with_columns(
        commission=pl.col("part").sum().over("month", *_SUM).cast(CENTS)
    )
    whole, part = cents(pl.col("commission")).abs(), cents(pl.col("part")).abs()
    share, sign = pl.col("share"), cents(pl.col("commission")).sign()
    return (
        summed.join(corrects, on="invoice_no", how="left")
        .with_columns(
            extra=part - down(whole, share),
            rest=remainder(whole, share),
            exact_part=exact_dollars(sign * whole * micros(share), PART),
        )
        .with_columns(why=_why(), odd_cent=from_cents(pl.col("extra") * sign))
        .with_columns(pl.when(~pl.col("row_by_row")).then(pl.col("exact", "odd_cent")))
        .select(columns_of(PARTS))
        .sort("month", *_SUM, "payee")
    )


def _words() -> pl.Expr:
    """Return a rule in words: its method, what it is for, and since when."""
    scope = [filled(f", {name} {{}}", name) for name in ("customer", "service", "product")]
    since = filled(" from {}", pl.col("effective_from").cast(pl.String))
    return pl.concat_str("method", *scope, since, ignore_nulls=True)


def _as_it_stood(rows: pl.DataFrame) -> pl.DataFrame:
    """Return by month of a statement and part what it says, and all that was said up to then."""
    key = [*_SUM, "payee"]
    own = rows.group_by("month", *key).agg(
        pl.col("amount", "basis").sum().cast(CENTS),
        pl.col("exact").sum().cast(EXACT),
        pl.col("row_by_row").any(),
        rows=pl.len().cast(pl.Int64),
    )
    said = rows.sort("month").group_by(key).agg(pl.col("role", "value", "share").last())
    months = own.select("month", *_SUM).unique().join(said, on=_SUM)
    summed = months.join(own, on=["month", *key], how="left").sort("month")
    so_far = pl.col("amount", "basis", "exact").fill_null(0).cum_sum().over(key)
    return summed.with_columns(
        so_far.name.prefix("all_"),
        pl.col("amount", "rows").fill_null(0),
        pl.col("row_by_row").fill_null(False).cum_max().over(key),
    ).with_columns(
        base="all_basis",
        exact="all_exact",
        part="all_amount",
        before=pl.col("all_amount") - pl.col("amount"),
    )


def _why() -> pl.Expr:
    """Return why a part has the odd cent or has not; null where all parts are whole cents."""
    unit = ["month", *_SUM]
    has, rest = pl.col("extra") > 0, pl.col("rest")
    lowest, highest = (pl.when(has).then(rest), pl.when(~has).then(rest))
    tied = (rest == lowest.min().over(unit)) & (rest == highest.max().over(unit))
    note = filled("as on {}, which it takes back", "corrects")
    turn = (
        pl.when(has)
        .then(pl.lit("equal remainders, its turn"))
        .otherwise(pl.lit("equal remainders, another's turn"))
    )
    size = pl.when(has).then(pl.lit("larger remainder")).otherwise(pl.lit("smaller remainder"))
    return (
        pl.when("row_by_row")
        .then(pl.lit("rounded row by row, as its first statement was"))
        .when(has.any().over(unit))
        .then(pl.when(tied).then(pl.coalesce(note, turn)).otherwise(size))
    )
