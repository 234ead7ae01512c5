"""Distinct rows: what many lines ask is asked once, and the answers are handed out by number.

Rows are told apart by what stands in them, never by a hash. Numbers are whole and small, so that
an answer is picked by its place, which costs a tenth of a join by what was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

_PLACE = "~place"
_MOST = 2**62


class Distinct(NamedTuple):
    """The distinct rows of a frame, and which of them each of its rows is."""

    rows: pl.DataFrame
    """Each distinct row, in the order in which they first come."""
    number: pl.Series
    """For each row of the frame its place in `rows`."""

    def told(self, answers: pl.DataFrame) -> pl.DataFrame:
        """Return for each row of the frame its answer; `answers` has one a row of `rows`."""
        if answers.height != self.rows.height:
            raise ValueError(f"{answers.height} answers to {self.rows.height} questions")
        return answers.select(pl.all().gather(self.number))

    def looked_up(self, answers: pl.DataFrame) -> pl.DataFrame:
        """Return for each row of the frame its answer, the columns of `answers` beside those asked.

        `answers` has at most one row for each of `rows`; null equals null.
        """
        on = self.rows.columns
        found = self.rows.join(answers, on=on, how="left", maintain_order="left", nulls_equal=True)
        return self.told(found.drop(on).rechunk())


def distinct(frame: pl.DataFrame) -> Distinct:
    """Return the distinct rows of a frame, null being a value like any other::

    usoc  class          rows         number
    1FB   recurring      1FB recurring   0
    ESM   recurring      ESM recurring   1
    1FB   recurring                      0
    """
    return _numbered(frame, first_places(frame))


def distinct_in_runs(frame: pl.DataFrame) -> Distinct:
    """Return what `distinct` returns, cheaper where equal rows mostly follow each other."""
    begins = begins_run(frame)
    few = distinct(frame.filter(begins))
    return Distinct(few.rows, few.number.gather(begins.cum_sum() - 1))


def begins_run(frame: pl.DataFrame) -> pl.Series:
    """Return for each row whether it differs from the one before; the first one does."""
    differs = pl.any_horizontal(pl.all().ne_missing(pl.all().shift()))
    return frame.select(differs | (pl.int_range(pl.len()) == 0)).to_series()


def told_by_place(asked: pl.Series, answers: pl.DataFrame, on: str) -> pl.DataFrame:
    """Return the answer to each of `asked`, the columns of `answers` beside `on`; null for none.

    Both name a question by a whole number of either sign, none far from 0 for so many rows: the
    place of the row that asks it first, say. Each question has one answer at most.
    """
    ends = asked.to_frame("asked").select(least=pl.min("asked"), most=pl.max("asked")).row(0)
    least, most = min(ends[0] or 0, 0), max(ends[1] or 0, 0)
    known = answers.filter(pl.col(on).is_between(least, most))
    slots = pl.Series("slot", [None], dtype=pl.UInt32).new_from_index(0, most - least + 1)
    slots = slots.scatter(known[on] - least, _counted(known.height))
    return known.drop(on).select(pl.all().gather(slots.gather(asked - least)))


def first_places(frame: pl.DataFrame) -> pl.Series:
    """Return for each row the place of the first row that equals it."""
    placed = frame.with_row_index(_PLACE)
    return placed.select(pl.col(_PLACE).first().over(frame.columns)).to_series()


def distinct_by(frame: pl.DataFrame, families: Sequence[Sequence[str]]) -> Distinct:
    """Return what `distinct` returns, told apart by `families` of columns (`first_places_by`)."""
    return _numbered(frame, first_places_by(frame, families))


def first_places_by(frame: pl.DataFrame, families: Sequence[Sequence[str]]) -> pl.Series:
    """Return what `first_places` returns of a frame with many columns.

    Columns that go together, a family, are told apart by themselves, as one number, and rows by
    these numbers: a third of the work. Those of all families but the first mostly change together.
    """
    first, *others = (frame.select(names) for names in families)
    told = distinct(first)
    number, count = told.number.cast(pl.Int64), told.rows.height
    for one in others:
        told = distinct_in_runs(one)
        if count * told.rows.height > _MOST:
            fewer = distinct(number.to_frame("number"))
            number, count = fewer.number.cast(pl.Int64), fewer.rows.height
        number = number * told.rows.height + told.number.cast(pl.Int64)
        count *= told.rows.height
    return first_places(number.to_frame("number"))


def _numbered(frame: pl.DataFrame, first: pl.Series) -> Distinct:
    """Return the distinct rows of a frame by the places of their first ones."""
    is_first = first == _counted(frame.height)
    return Distinct(frame.filter(is_first), (is_first.cum_sum() - 1).gather(first))


def _counted(count: int) -> pl.Series:
    """Return the whole numbers from 0, so many."""
    return pl.int_range(count, dtype=pl.UInt32, eager=True)
