"""Lines that share days are in one chain; lines of months that follow each other are not."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from reconcile.audit.repeats.duplicates import _KEY, _chain

FIRST = dt.date(2026, 1, 1)
PERIODS = st.lists(
    st.tuples(st.sampled_from("AB"), st.integers(0, 40), st.integers(0, 25) | st.none()),
    max_size=12,
)
"""Key, first day and length; a length that is not known is none."""


def chained(lines: list[tuple[str, int, int | None]], kind: str = "recurring") -> list[int | None]:
    """Return the chain of each line."""
    days = [
        (FIRST + dt.timedelta(first), None if days is None else FIRST + dt.timedelta(first + days))
        for _, first, days in lines
    ]
    columns = {name: pl.lit(None, dtype=pl.String) for name in _KEY if name != "service"}
    frame = pl.DataFrame(
        {"service": [key for key, *_ in lines], "starts": [s for s, _ in days],
         "ends": [e for _, e in days]},
        schema={"service": pl.String, "starts": pl.Date, "ends": pl.Date},
    )  # fmt: skip
    told = frame.with_columns(**columns, charge_class=pl.lit(kind)).with_row_index("place")
    return told.select(_chain()).to_series().to_list()


@given(PERIODS)
def test_lines_of_one_key_that_share_a_day_are_in_one_chain(
    lines: list[tuple[str, int, int | None]],
) -> None:
    chains = chained(lines)
    for (key, first, days), chain in zip(lines, chains, strict=True):
        for (other, start, length), its in zip(lines, chains, strict=True):
            if key == other and days is not None and length is not None:
                shares = start < first + days and start + length > first
                assert not shares or chain == its


def test_months_that_follow_each_other_are_each_a_chain() -> None:
    assert chained([("A", month * 30, 30) for month in range(6)]) == [1, 2, 3, 4, 5, 6]
    assert chained([("A", 0, 180), *(("A", month * 30, 30) for month in range(6))]) == [1] * 7


def test_lines_that_repeat_others_without_days_are_held_against_all() -> None:
    assert chained([("A", 0, 1), ("A", 90, 1)], "one_time") == [None, None]
