"""Whole cents spread over lines: the parts are the whole, the odd cent has one owner."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.spread import by_largest_remainder

LINES = {"doc": pl.String(), "line_no": pl.Int64(), "line_id": pl.String(),
         "weight": pl.Int128(), "total": pl.Int128()}  # fmt: skip


def shares(total: int, weights: list[int], numbers: list[int] | None = None) -> list[int]:
    rows = [
        ("D", no, f"L{place}", weight, total)
        for place, (no, weight) in enumerate(
            zip(numbers or range(1, len(weights) + 1), weights, strict=True)
        )
    ]
    frame = pl.DataFrame(rows, schema=LINES, orient="row")
    found = by_largest_remainder(frame, ["doc"], "weight", "total", "share")
    assert found.columns == [*LINES, "share"]
    return found["share"].to_list()


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        (5000, [2000, 2000, 2000], [1667, 1667, 1666]),  # of equals the lower lines
        (100, [1, 1], [50, 50]),  # nothing is odd
        (1, [1, 1], [1, 0]),
        (1, [1, 2], [0, 1]),  # the larger remainder
        (10, [1, 1, 4], [2, 2, 6]),  # 1.67, 1.67 and 6.67: the remainders are alike
        (0, [1, 2], [0, 0]),
        (7, [0, 3], [0, 7]),
        (7, [1], [7]),
        (7, [0, 0], [0, 0]),  # nothing has a weight: nothing is spread
        (7, [0], [0]),
    ],
)
def test_the_largest_remainder_has_the_odd_cent(
    total: int, weights: list[int], expected: list[int]
) -> None:
    assert shares(total, weights) == expected


def test_the_odd_cent_goes_by_the_number_of_the_line_and_then_by_its_name() -> None:
    assert shares(1, [1, 1], [2, 1]) == [0, 1]
    assert shares(1, [1, 1], [1, 1]) == [1, 0]


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
def test_the_parts_are_the_whole_and_none_is_a_cent_off(total: int, weights: list[int]) -> None:
    found = shares(total, weights)
    assert sum(found) == (total if sum(weights) else 0)
    for share, weight in zip(found, weights, strict=True):
        assert not sum(weights) or abs(share - Fraction(total * weight, sum(weights))) < 1


def test_every_group_is_spread_for_itself() -> None:
    rows = [("A", 1, "a", 1, 3), ("B", 1, "b", 1, 10), ("A", 2, "c", 1, 3), ("B", 2, "d", 3, 10)]
    frame = pl.DataFrame(rows, schema=LINES, orient="row")
    found = by_largest_remainder(frame, ["doc"], "weight", "total", "share")
    assert found["share"].to_list() == [2, 3, 1, 7]
