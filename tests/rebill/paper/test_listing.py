"""Rows on a terminal: what fits is shown, what does not is left out, and only words are cut."""

from __future__ import annotations

import datetime as dt
import textwrap
from decimal import Decimal as D

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebill.paper.listing import WORDS, fitted, told, whole
from rebill.paper.text import as_text

CLAIMS = pl.DataFrame(
    {
        "claim_no": ["D-000001", "D-000002"],
        "ban": ["305R010001", "305R010002"],
        "words": ["after disconnect", "billed above the contract rate"],
        "amount": pl.Series([D("1250.00"), D("-7.50")], dtype=pl.Decimal(18, 2)),
        "dispute_closes_on": [dt.date(2026, 5, 16), None],
        "tracking_no": pl.Series([None, None], dtype=pl.String),
    }
)
WANTED = ("claim_no", "amount", "words", "dispute_closes_on")


def table(text: str) -> str:
    return textwrap.dedent(text).strip("\n")


def test_the_preferred_columns_that_fit_are_shown_in_their_order_and_words_are_cut() -> None:
    assert told(fitted(CLAIMS, 50, WANTED)) == table("""
                                                dispute_
        claim_no  words                 amount  closes_on
        D-000001  after disconnect     1250.00  2026-05-16
        D-000002  billed above the c…    -7.50  -
        """)
    assert told(fitted(CLAIMS, 40, WANTED)) == table("""
        claim_no  words                   amount
        D-000001  after disconnect       1250.00
        D-000002  billed above the con…    -7.50
        """)
    assert told(fitted(CLAIMS, 80, WANTED)) == table("""
        claim_no  ban         words                            amount  dispute_closes_on
        D-000001  305R010001  after disconnect                1250.00  2026-05-16
        D-000002  305R010002  billed above the contract rate    -7.50  -
        """)


def test_wrapped_words_go_on_in_the_next_line_and_all_columns_may_be_had() -> None:
    assert told(fitted(CLAIMS.select("words", "amount"), 30, wrapped=True)) == table("""
        words                   amount
        after disconnect       1250.00
        billed above the         -7.50
        contract rate
        """)
    assert told(whole(CLAIMS)).splitlines()[0].split() == CLAIMS.columns


def test_what_no_eye_sees_and_what_takes_two_places_leaves_columns_straight() -> None:
    rows = pl.DataFrame({"name": ["a\x1b[31m\nb", "漢字漢字", "e\u0301"], "at": [1, 22, 333]})
    assert told(fitted(rows, 80)).splitlines() == [
        "name       at",
        "a [31m b    1",
        "漢字漢字   22",
        "e\u0301         333",
    ]


cells = st.one_of(st.none(), st.text("ab_-9 漢é", max_size=40))
frames = st.integers(1, 4).flatmap(
    lambda height: st.dictionaries(
        st.sampled_from(["line_id", "ban", "message", "words", "a_long_name_of_it", "name", "x"]),
        st.lists(cells, min_size=height, max_size=height),
        min_size=1,
    )
)


@given(frames, st.integers(60, 120))
def test_no_line_is_wider_than_the_terminal_and_no_identifier_is_cut(
    columns: dict[str, list[str | None]], width: int
) -> None:
    rows = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String()))
    sheet = fitted(rows, width, ("message", "line_id"))
    assert sum(sheet.widths) + 2 * (len(sheet.widths) - 1) <= width
    for column, width_of, text in zip(sheet.columns, sheet.widths, sheet.rows, strict=True):
        assert column.name in WORDS or width_of >= text.str.len_chars().max()


@pytest.mark.parametrize("width", [40, 80])
def test_rows_without_any_value_are_shown_by_their_first_column(width: int) -> None:
    empty = pl.DataFrame(
        {"ban": [None], "words": [None]}, schema={"ban": pl.String, "words": pl.String}
    )
    assert told(fitted(empty, width)).splitlines() == ["ban", "-"]


def test_decimals_are_written_without_idle_zeros_and_no_others_are_lost() -> None:
    scales = {0: ("100", "100"), 2: ("100", "100.00"), 6: ("100.5", "100.5"), 4: ("1000", "1000")}
    for scale, (value, text) in scales.items():
        frame = pl.DataFrame({"a": pl.Series([D(value)], dtype=pl.Decimal(18, scale))})
        assert as_text(frame).item() == text
