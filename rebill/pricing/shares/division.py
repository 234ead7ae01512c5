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

    `rows` has unit, rule and `whole`, the cents that the rows of the unit come to up to this one
    (`run_up`), and is sorted by unit; `parts` has rule, payee, role, share, rule_row and `payees`,
    how many they are; `carriers` has unit and rule_row of who comes first among equal remainders.
    """
    alone = rows.join(parts.filter(pl.col("payees") == 1), on="rule", maintain_order="left")
    shared = rows.with_row_index("place").join(parts.filter(pl.col("payees") > 1), on="rule")
    size, sign = pl.col("whole").abs(), pl.col("whole").sign()
    ranked = (
        shared.join(carriers.with_columns(first=pl.lit(True)), on=["unit", "rule_row"], how="left")
        .with_columns(
            pl.col("first").fill_null(False),
            sure=down(size, pl.col("share")),
            rest=remainder(size, pl.col("share")),
        )
        .sort("place", "rest", "first", "payee", descending=[False, True, True, False])
    )
    left = size - pl.col("sure").sum().over("place")
    turn = pl.int_range(pl.len(), dtype=pl.Int128).over("place")
    split = ranked.with_columns(whole=sign * (pl.col("sure") + (turn < left).cast(pl.Int128)))
    both = pl.concat([alone, split.select(alone.columns)])
    before = pl.col("whole").shift(1).over("unit", "rule_row").fill_null(0)
    return both.with_columns(amount=from_cents(pl.col("whole") - before))


def run_up() -> pl.Expr:
    """Return the cents that the rows of a unit come to up to each, of their `fine` units."""
    return divide_half_away(pl.col("fine").cum_sum().over("unit"), FINE_PER_CENT)


def exact_dollars(fine: pl.Expr, dtype: pl.Decimal) -> pl.Expr:
    """Return a whole number of the last place of `dtype` as dollars, exactly."""
    last = pl.lit(f"{1:0{dtype.scale}d}").str.replace("^", "0.").cast(dtype)
    return (fine.cast(pl.Decimal(38, 0)) * last).cast(dtype)
