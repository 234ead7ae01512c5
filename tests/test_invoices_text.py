"""Words made from columns."""

from __future__ import annotations

import polars as pl
import pytest

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
