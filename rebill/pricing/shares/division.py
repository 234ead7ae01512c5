"""A sum divided by shares: rounded once, its parts by largest remainder, its rows a running sum.

Rows of one `unit` are one sum, rounded once, half away from zero, and divided among those who
share it: each part down to the cent, then a cent more to the largest remainders until the parts are
the whole. A row stands for what is new with it: what all rows of the unit up to it come to, rounded
and divided, less the same without it. So the rows of a part add up to the part, and those of a row
to what the row adds to the rounded sum.

Rows of 0.125 and 0.125, half each for a and b, the odd cent b's: up to the first row stand 0.13, of
which a has 0.06 and b 0.07, up to the second 0.25, of which a has 0.12 and b 0.13. So the rows are
a 0.06, b 0.07; a 0.06, b 0.06.
"""

from __future__ import annotations

import polars as pl

from invoices.distinct import distinct
from invoices.money import divide_half_away, from_cents, micros

FINE_PER_CENT = 10**6
"""Fine units in a cent: a sum is a whole number of 1 / 10**8 dollar (Int128)."""
EXACT = pl.Decimal(38, 8)
"""An exact sum in dollars."""
ALL = 100 * 10**6
"""What the shares of a sum add up to, in millionths of a percent."""


def down(whole: pl.Expr, share: pl.Expr) -> pl.Expr:
    """Return the cents that `share` percent of `whole` cents has for certain; both above zero."""
    return (whole * micros(share)) // ALL


def remainder(whole: pl.Expr, share: pl.Expr) -> pl.Expr:
    """Return what `down` leaves, in `ALL` parts of a cent."""
    return (whole * micros(share)) % ALL


def divided(rows: pl.DataFrame, parts: pl.DataFrame, carriers: pl.DataFrame) -> pl.DataFrame:
    """Return `rows` once for each of those who share them, with their `amount` in dollars.

    `rows` has unit, bill, rule and `whole`, the cents that the rows of the unit come to up to this
    one (`run_up`), and is sorted by unit; `parts` has rule, payee, share, rule_row, place and
    `payees`, how many they are; `carriers` has bill and rule_row of who comes first among equal
    remainders. Added are rule_row, place and amount.
    """
    one = parts.filter(pl.col("payees") == 1).select("rule", "rule_row", "place")
    alone = rows.join(one, on="rule", maintain_order="left")
    again = pl.col("unit") == pl.col("unit").shift()
    alone = alone.with_columns(
        split="whole", before=pl.when(again).then(pl.col("whole").shift()).otherwise(0)
    )
    shared = parts.filter(pl.col("payees") > 1)
    asked = rows.join(shared.select("rule").unique(), on="rule", how="semi", maintain_order="left")
    if not asked.is_empty():
        told = distinct(asked.select("rule", "whole", _first(asked, shared, carriers)))
        own = pl.DataFrame({"question": told.number}).hstack(asked)
        split = own.join(_split(told.rows, shared), on="question", maintain_order="left")
        split = split.with_columns(
            before=pl.col("split").shift(1).over("unit", "rule_row").fill_null(0)
        )
        alone = pl.concat([alone, split.select(alone.columns)])
    return alone.with_columns(amount=from_cents(pl.col("split") - pl.col("before")))


def _first(rows: pl.DataFrame, parts: pl.DataFrame, carriers: pl.DataFrame) -> pl.Series:
    """Return for each row the rule_rows of those who come first in its sum, null for none."""
    ruled = carriers.join(parts.select("rule", "rule_row"), on="rule_row").sort("rule_row")
    key = ["bill", "rule"]
    named = ruled.group_by(key).agg(first=pl.col("rule_row").cast(pl.String).str.join(" "))
    free = pl.when(~pl.col("alone")).then("first").alias("first")
    return rows.join(named, on=key, how="left", maintain_order="left").select(free).to_series()


def _split(sums: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of distinct sums (rule, whole, first): those of `parts` with the place of
    the sum (`question`) and `split`, the cents of the part."""
    size, sign = pl.col("whole").abs(), pl.col("whole").sign()
    first = pl.col("first").str.split(" ").list.contains(pl.col("rule_row").cast(pl.String))
    ranked = (
        sums.with_row_index("question")
        .join(parts, on="rule")
        .with_columns(
            first=first.fill_null(False),
            sure=down(size, pl.col("share")),
            rest=remainder(size, pl.col("share")),
        )
        .sort("question", "rest", "first", "payee", descending=[False, True, True, False])
    )
    left = size - pl.col("sure").sum().over("question")
    turn = pl.int_range(pl.len(), dtype=pl.Int128).over("question")
    split = sign * (pl.col("sure") + (turn < left).cast(pl.Int128))
    return ranked.select("question", "rule_row", "place", split=split)


def rounded(fine: pl.Expr) -> pl.Expr:
    """Return `fine` units as whole cents, rounded half away from zero."""
    return divide_half_away(fine, FINE_PER_CENT)


def run_up() -> pl.Expr:
    """Return the cents that the rows of a unit come to up to each, of their `fine` units."""
    return rounded(pl.col("fine").cum_sum().over("unit"))


def exact_dollars(fine: pl.Expr, dtype: pl.Decimal) -> pl.Expr:
    """Return a whole number of the last place of `dtype` as dollars, exactly."""
    last = pl.lit(f"{1:0{dtype.scale}d}").str.replace("^", "0.").cast(dtype)
    return (fine.cast(pl.Decimal(38, 0)) * last).cast(dtype)
