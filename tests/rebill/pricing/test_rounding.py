"""Each rounding rule on the bound: half a cent, a whole cent, next to it, below zero."""

from __future__ import annotations

from decimal import Decimal as D

import polars as pl
import pytest

from rebill.pricing.rounding import FINE_PER_CENT, rounded

CASES = """
cents units  line unit line_half_even line_down line_up
1     1      1    1    1              1         1
1.5   1      2    2    2              1         2
2.5   1      3    3    2              2         3
2.51  1      3    3    3              2         3
2.49  1      2    2    2              2         3
0.5   1      1    1    0              0         1
0.01  1      0    0    0              0         1
0     1      0    0    0              0         0
-1    1      -1   -1   -1             -1        -1
-1.5  1      -2   -2   -2             -1        -2
-2.5  1      -3   -3   -2             -2        -3
-0.01 1      0    0    0              0         -1
4.2   3      4    3    4              4         5
4.5   3      5    6    4              4         5
-4.5  3      -5   -6   -4             -4        -5
4.5   2.5    5    5    4              4         5
4.5   0      5    5    4              4         5
"""


@pytest.mark.parametrize("case", CASES.strip().splitlines()[1:])
def test_a_price_becomes_cents_by_the_rule_of_the_customer(case: str) -> None:
    """`unit` rounds 1.4 cents for each of three to 1; what has no units is rounded as a line."""
    rules = CASES.split()[2:7]
    cents, units, *wanted = case.split()
    fine, size = int(D(cents) * FINE_PER_CENT), int(D(units) * 10**6)
    frame = pl.DataFrame({"rounding": [*rules, None]}).with_columns(
        fine=pl.lit(fine, dtype=pl.Int128), units=pl.lit(size, dtype=pl.Int128)
    )
    got = frame.select(rounded(pl.col("fine"))).to_series().to_list()
    assert got == [*map(int, wanted), int(wanted[0])]
