"""Days of service and of the inventory, and money that lies on days, each on its first and last."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hand_bills import table

from reconcile.audit.repeats.shared_days import (
    FINE,
    begins_in_service,
    in_cents,
    in_service,
    is_held,
    on_days,
    spend_in_turns,
)

DAY = dt.date(2026, 6, 16)


DATES = ("installed_on", "active_from", "active_until", "disconnected_on")


def told(text: str, says: pl.Expr) -> list[bool]:
    """Return what an expression says of the 16th of June, by rows of a table of dates."""
    rows = [{**dict.fromkeys(DATES), **row, "day": DAY} for row in table(text)]
    frame = pl.DataFrame(rows, schema_overrides=dict.fromkeys(DATES, pl.Date()))
    return frame.with_columns(window_until="disconnected_on").select(says)[:, 0].to_list()


def right(text: str) -> list[bool]:
    """Return what the table says is right."""
    return [row["is"] == "yes" for row in table(text)]


def test_a_service_is_there_from_its_install_until_the_day_before_its_disconnect():
    text = """
    installed_on disconnected_on is
    .            .               yes
    2026-06-16   .               yes
    2026-06-17   .               no
    .            2026-06-17      yes
    .            2026-06-16      no
    """
    assert told(text, in_service()) == right(text)


def test_an_element_is_held_from_its_first_day_and_ends_with_its_service_or_before():
    text = """
    active_from active_until disconnected_on is
    .           .            .               yes
    2026-06-16  .            .               yes
    2026-06-17  .            .               no
    .           2026-06-17   .               yes
    .           2026-06-16   .               no
    .           2026-06-10   2026-06-11      no
    .           2026-06-10   2026-06-10      yes
    .           2026-06-11   2026-06-10      yes
    2026-06-09  2026-06-10   2026-06-10      yes
    2026-06-10  2026-06-10   2026-06-10      no
    2026-06-11  .            2026-06-10      no
    """
    assert told(text, is_held()) == right(text)


def test_an_element_of_the_day_of_the_disconnect_is_none_of_the_service():
    text = """
    active_from disconnected_on is
    2026-06-16  2026-06-17      yes
    2026-06-16  2026-06-16      no
    2026-06-16  .               yes
    .           2026-06-16      yes
    """
    assert told(text, begins_in_service()) == right(text)


def test_what_days_cut_off_of_a_half_cent_turns_it_into_no_less():
    half = FINE // 2
    cases = {(half // 3,) * 3: 1, (half // 7,) * 7: 1, (half - 1000, 0): 0, (half, None): 1, (): 0}
    for days, cents in cases.items():
        lying = pl.DataFrame({"lying": pl.Series(days, dtype=pl.Int128)})
        assert lying.select(in_cents(pl.col("lying"))).item() == cents, days


def parts_of(starts: dt.date | None, ends: dt.date | None) -> list[int]:
    """Return the parts of a month each day has by a month of thirty days, in thirtieths."""
    line = {"starts": starts, "ends": ends, "bill_day": 1, "proration": "thirty_day_month"}
    days = on_days(pl.DataFrame([line], schema_overrides={"starts": pl.Date(), "ends": pl.Date()}))
    whole = on_days(
        pl.DataFrame([{**line, "starts": dt.date(2026, 6, 1), "ends": dt.date(2026, 6, 2)}])
    )["parts"].item()
    return [parts if parts < whole else parts // whole * 100 for parts in days["parts"]]


def test_a_day_that_does_not_count_counts_where_no_other_does():
    assert parts_of(dt.date(2026, 5, 30), dt.date(2026, 6, 1)) == [0, 100]
    assert parts_of(dt.date(2026, 5, 30), dt.date(2026, 5, 31)) == [1]
    assert parts_of(dt.date(2026, 2, 27), dt.date(2026, 3, 1)) == [100, 300]
    assert parts_of(None, None) == [1]


CENTS_ON_DAYS = {"want": pl.Int128(), "lies": pl.Int128()}


def spent(asked: pl.DataFrame) -> dict[str, int]:
    """Return what each taker takes; nothing is owed to it."""
    told = spend_in_turns(asked.with_columns(owed=pl.lit(None, dtype=pl.Int128)))
    return dict(told.select("taker", "taken").iter_rows())


def test_money_on_days_is_spent_once_and_he_who_finds_nothing_takes_nothing():
    reached = {"B": (1, 600, 1, 6), "C": (2, 300, 6, 11), "D": (3, 500, 1, 11), "E": (4, 9, 1, 3)}
    asked = pl.DataFrame(
        [
            {"turn": turn, "taker": taker, "giver": 1, "day": dt.date(2026, 6, day), "want": want,
             "lies": 100 * FINE}
            for taker, (turn, want, first, end) in reached.items()
            for day in range(first, end)
        ],
        schema_overrides=CENTS_ON_DAYS,
    )  # fmt: skip
    assert spent(asked) == {"B": 500, "C": 300, "D": 200, "E": 0}


def test_what_comes_to_a_giver_later_is_there_for_those_who_come_after_it():
    asked = pl.DataFrame(
        [
            {"turn": turn, "taker": turn, "giver": 1, "day": DAY, "want": 900, "lies": lies * FINE}
            for turn, lies in [(1, 700), (2, 700), (3, 1200), (4, 1200)]
        ],
        schema_overrides=CENTS_ON_DAYS,
    )
    for rows in (asked, asked.reverse()):
        assert spent(rows) == {1: 700, 2: 0, 3: 500, 4: 0}


@pytest.mark.parametrize("want", [1, 499, 500])
def test_what_is_taken_of_days_is_taken_of_each_in_proportion(want: int):
    asked = pl.DataFrame(
        [
            {"turn": turn, "taker": turn, "giver": 1, "day": dt.date(2026, 6, day), "want": want,
             "lies": lies * FINE}
            for turn, day, lies in [(1, 1, 100), (1, 2, 400), (2, 1, 100)]
        ],
        schema_overrides=CENTS_ON_DAYS,
    )  # fmt: skip
    left = 100 - (want + 2) // 5
    assert spent(asked) == {1: want, 2: min(left, want)}


@pytest.mark.parametrize(
    ("owed", "want", "taken", "lacking"),
    [(None, 900, 700, None), (600, 900, 700, 0), (700, 700, 700, 0), (701, 701, 700, 1),
     (900, 500, 300, 200), (900, 200, 0, 200)],
)  # fmt: skip
def test_what_is_owed_and_not_there_is_not_taken(owed, want, taken, lacking):
    asked = pl.DataFrame(
        {"turn": 1, "taker": "B", "giver": 1, "day": DAY, "want": want, "owed": owed,
         "lies": 700 * FINE},
        schema_overrides={**CENTS_ON_DAYS, "owed": pl.Int128()},
    )  # fmt: skip
    assert spend_in_turns(asked).rows() == [("B", taken, lacking)]


def test_who_comes_twice_takes_the_second_time_what_it_still_wants():
    asked = pl.DataFrame(
        [
            {"turn": turn, "taker": "B", "giver": giver, "day": DAY, "want": want, "owed": owed,
             "lies": 300 * FINE}
            for turn, giver, want, owed in [(1, 1, 400, 500), (2, 1, 500, None), (2, 2, 500, None)]
        ],
        schema_overrides={**CENTS_ON_DAYS, "owed": pl.Int128()},
    )  # fmt: skip
    # Of 500 that are owed 300 are there: 200 of the first 400 are taken, and 300 after that.
    assert spend_in_turns(asked).rows() == [("B", 500, 200)]
