"""Customer lines are described by the carrier's words, else by the catalogue's."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rebill.pricing.customer_lines import described


def test_the_newest_text_of_the_catalogue_stands_in_for_words_that_were_not_printed():
    lines = pl.LazyFrame(
        {
            "line_id": ["a", "b", "c"],
            "carrier": ["ILEC", "ILEC", "OTHER"],
            "usoc": ["1FB", "1FB", "1FB"],
            "description": ["as printed", None, None],
        }
    )
    usocs = pl.LazyFrame(
        {
            "carrier": ["ILEC", "ILEC"],
            "usoc": ["1FB", "1FB"],
            "description": ["new words", "old words"],
            "valid_from": [dt.date(2026, 1, 1), None],
        }
    )
    told = described(lines, usocs).sort("line_id").collect()
    assert told["description"].to_list() == ["as printed", "new words", None]
