"""Where a service was at home: every day has one home, rows go before the inventory."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from reconcile.homes import at_home, homes, stays

SERVICES = """
service carrier ban installed_on disconnected_on
S1      NEW     9   2025-01-01   -
S2      NEW     9   -            2026-09-01
"""
DATES = ("installed_on", "disconnected_on", "effective_from", "effective_until")


def table(text: str) -> pl.LazyFrame:
    header, *rows = [line.split() for line in text.strip().splitlines()]
    cells = [[None if cell == "-" else cell for cell in row] for row in rows]
    frame = pl.DataFrame(cells, schema=dict.fromkeys(header, pl.String), orient="row")
    return frame.with_columns(pl.col(n).str.to_date() for n in header if n in DATES).lazy()


def accounts(rows: str) -> pl.LazyFrame:
    return table("service carrier ban effective_from effective_until\n" + rows)


def told(found: pl.LazyFrame, *columns: str) -> list[str]:
    rows = found.collect().sort("service", "home_from").select("service", *columns).rows()
    return [" ".join("-" if cell is None else str(cell) for cell in row) for row in rows]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("", ["S1 NEW 9 - -"]),
        ("S1 OLD 1 - 2026-05-01", ["S1 OLD 1 - 2026-05-01", "S1 NEW 9 2026-05-01 -"]),
        # The inventory still names the old home, or a third one: where there is a row it is right.
        ("S1 OLD 1 2026-05-01 -", ["S1 NEW 9 - 2026-05-01", "S1 OLD 1 2026-05-01 -"]),
        ("S1 OLD 1 - -", ["S1 OLD 1 - -"]),
        # Of days between two rows the inventory speaks.
        (
            "S1 OLD 1 - 2026-05-01\nS1 MID 5 2026-06-01 2026-07-01",
            ["S1 OLD 1 - 2026-05-01", "S1 NEW 9 2026-05-01 2026-06-01",
             "S1 MID 5 2026-06-01 2026-07-01", "S1 NEW 9 2026-07-01 -"],
        ),
        # What follows without a change is one home.
        ("S1 NEW 9 2026-05-01 2026-06-01", ["S1 NEW 9 - -"]),
        (
            "S1 NEW 9 2026-06-01 -\nS1 NEW 8 2026-05-01 2026-06-01",
            ["S1 NEW 9 - 2026-05-01", "S1 NEW 8 2026-05-01 2026-06-01", "S1 NEW 9 2026-06-01 -"],
        ),
        # Between rows that follow each other there is no day to speak of.
        (
            "S1 OLD 1 - 2026-05-01\nS1 MID 5 2026-05-01 -",
            ["S1 OLD 1 - 2026-05-01", "S1 MID 5 2026-05-01 -"],
        ),
        ("S7 OLD 1 - -", ["S1 NEW 9 - -"]),
    ],
)  # fmt: skip
def test_every_day_has_one_home(rows: str, expected: list[str]) -> None:
    found = homes(table(SERVICES), accounts(rows))
    assert told(found, "carrier", "ban", "home_from", "home_until") == [
        *expected, "S2 NEW 9 - -",
    ]  # fmt: skip
    for day in map(dt.date.fromisoformat, ("1999-01-01", "2026-04-30", "2026-05-01", "2999-01-01")):
        assert found.filter(at_home(pl.lit(day))).collect()["service"].sort().to_list() == [
            "S1", "S2",
        ]  # fmt: skip


def test_a_stay_is_cut_to_the_days_of_the_service() -> None:
    rows = accounts("S1 OLD 1 - 2026-05-01\nS2 OLD 1 - 2026-05-01")
    found = stays(homes(table(SERVICES), rows))
    assert told(found, "carrier", "installed_on", "disconnected_on") == [
        "S1 OLD 2025-01-01 2026-05-01",
        "S1 NEW 2026-05-01 -",
        "S2 OLD - 2026-05-01",
        "S2 NEW 2026-05-01 2026-09-01",
    ]
