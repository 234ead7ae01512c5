"""Words made from columns."""

from __future__ import annotations

import polars as pl
import pytest

from invoices.schema import among, columns_of, seal
from invoices.text import filled


def test_words_are_filled_where_a_filter_empties_the_first_chunk():
    schema = {"s": pl.String, "a": pl.String}
    chunks = [pl.DataFrame({"s": [None], "a": ["x"]}, schema=schema)]
    chunks.append(pl.DataFrame({"s": ["S"] * 4, "a": ["x"] * 4}, schema=schema))
    frame = pl.concat(chunks, rechunk=False).lazy().filter(pl.col("s").is_not_null())
    words = frame.select(words=filled("{} of {}", "a", pl.lit(3))).collect()
    assert words["words"].to_list() == ["x of 3"] * 4


def test_words_are_null_where_a_part_is_null():
    frame = pl.DataFrame({"a": ["x", None]})
    assert frame.select(words=filled("({})", "a"))["words"].to_list() == ["(x)", None]


def test_a_template_has_a_place_for_every_part():
    with pytest.raises(ValueError, match="2 columns for the 1 places"):
        filled("{}", "a", "b")


def test_a_frame_selects_the_columns_of_a_schema_and_is_sealed_where_some_are_absent():
    schema = pl.Schema({"b": pl.Int64(), "a": pl.String()})
    frame = pl.DataFrame({"a": ["x"], "b": [1], "c": [2]}, schema_overrides={"b": pl.Int8})
    assert frame.select(columns_of(schema)).schema == schema
    assert frame.drop("a").pipe(seal, schema).rows() == [(1, None)]
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        frame.drop("a").select(columns_of(schema))


def test_a_value_is_among_those_of_a_series_and_null_says_nothing():
    frame = pl.DataFrame({"a": ["x", "y", None]})
    assert frame.select(among("a", pl.Series(["x", "z"])))["a"].to_list() == [True, False, None]
    assert frame.filter(among(pl.col("a"), pl.Series([], dtype=pl.String))).is_empty()
