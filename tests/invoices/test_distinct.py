"""Rows are told apart by what stands in them, whatever way they are counted."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.distinct import (
    distinct,
    distinct_by,
    distinct_in_runs,
    first_places,
    first_places_by,
    told_by_place,
)

DAY = dt.date(2026, 3, 1)
SCHEMA = {"usoc": pl.String, "amount": pl.Decimal(18, 2), "day": pl.Date, "known": pl.Boolean}
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["1FB", "ESM", "", None]),
        st.sampled_from([Decimal("1.00"), Decimal("1.01"), None]),
        st.sampled_from([DAY, None]),
        st.sampled_from([True, False, None]),
    ),
    max_size=30,
)
FAMILIES = (("usoc", "day"), ("amount",), ("known",))


def frame(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@given(ROWS)
def test_every_way_of_telling_rows_apart_says_what_a_list_of_rows_says(
    rows: list[tuple[object, ...]],
) -> None:
    asked = frame(rows)
    seen = list(dict.fromkeys(rows))
    for told in (distinct(asked), distinct_in_runs(asked), distinct_by(asked, FAMILIES)):
        assert told.rows.rows() == seen
        assert told.number.to_list() == [seen.index(row) for row in rows]
    places = [rows.index(row) for row in rows]
    assert first_places(asked).to_list() == places
    assert first_places_by(asked, FAMILIES).to_list() == places


def test_families_of_very_many_rows_are_still_told_apart() -> None:
    """Numbers of families are packed into one number as long as it holds them."""
    count = 3_000
    column = pl.Series([n % 1_500 for n in range(count)])
    asked = pl.DataFrame({f"c{n}": (column * (n + 1)) % 1_500 + n for n in range(8)})
    by = first_places_by(asked, [[name] for name in asked.columns])
    assert by.to_list() == first_places(asked).to_list()
    assert by.to_list() == [n % 1_500 for n in range(count)]


def test_an_answer_goes_to_each_row_that_asks() -> None:
    told = distinct(pl.DataFrame({"usoc": ["1FB", None, "1FB", "ESM"]}))
    assert told.told(pl.DataFrame({"kind": ["line", "none", "feature"]}))["kind"].to_list() == [
        *("line", "none", "line", "feature")
    ]
    known = pl.DataFrame({"usoc": ["ESM", None], "kind": ["feature", "nothing"]})
    assert told.looked_up(known)["kind"].to_list() == [None, "nothing", None, "feature"]


def test_answers_that_are_not_one_a_question_are_refused() -> None:
    told = distinct(pl.DataFrame({"usoc": ["1FB", "1FB"]}))
    with pytest.raises(ValueError, match="2 answers to 1 questions"):
        told.told(pl.DataFrame({"kind": ["line", "other"]}))


def test_a_question_without_an_answer_is_answered_with_null() -> None:
    answers = pl.DataFrame({"asks": [0, -3, 7], "due": ["a", "b", "not asked"]})
    asked = pl.Series("asks", [0, -3, 2, 0])
    assert told_by_place(asked, answers, "asks")["due"].to_list() == ["a", "b", None, "a"]
    assert told_by_place(asked.clear(), answers, "asks").schema == {"due": pl.String}
    assert told_by_place(asked, answers.clear(), "asks")["due"].to_list() == [None] * 4
