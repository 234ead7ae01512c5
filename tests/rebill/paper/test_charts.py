"""Charts say exactly what they were given, and nothing from outside becomes markup."""

from __future__ import annotations

import datetime as dt
import re
import xml.etree.ElementTree as ET
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rebill.paper import charts
from rebill.paper.charts import Band, Mark, Series

AMOUNTS = st.none() | st.decimals(-(10**9), 10**9, places=2)
TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20)
FIRST = dt.date(2026, 1, 31)


def parsed(figure: str) -> ET.Element:
    """The figure as XML: it must be well formed."""
    return ET.fromstring(figure)


def titles(figure: str) -> list[str]:
    """The words of all marks."""
    return [str(element.text) for element in parsed(figure).iter("title")]


def places(figure: str) -> list[float]:
    """Every number that says where something stands."""
    found = re.findall(r'(?:x|y|x1|x2|y1|y2|cx|cy)="(-?[0-9.]+)"', figure)
    return [float(number) for number in found]


def test_nothing_is_drawn_of_nothing() -> None:
    assert charts.columns("By month", [], [Series("won", [])]) == ""
    assert charts.ranked("By code", [], []) == ""


@given(st.lists(st.tuples(TEXTS, AMOUNTS, AMOUNTS), min_size=1, max_size=15), st.booleans())
def test_columns_say_every_value_and_stay_on_the_paper(
    rows: list[tuple[str, Decimal | None, Decimal | None]], stacked: bool
) -> None:
    series = [Series("won", [row[1] for row in rows]), Series("lost", [row[2] for row in rows])]
    figure = charts.columns("By month", [row[0] for row in rows], series, stacked=stacked)
    said = sorted(words.rpartition(": ")[2] for words in titles(figure))
    given_ = [f"{value:,.2f}" for one in series for value in one.values if value is not None]
    assert said == sorted(given_)
    assert all(-1 <= place <= charts.WIDTH + 1 for place in places(figure))


@given(st.lists(st.tuples(TEXTS, AMOUNTS), min_size=1, max_size=15))
def test_ranked_bars_say_every_value(rows: list[tuple[str, Decimal | None]]) -> None:
    figure = charts.ranked("By code", [row[0] for row in rows], [row[1] for row in rows])
    said = [words.rpartition(": ")[2] for words in titles(figure)]
    assert said == [f"{value:,.2f}" for _, value in rows if value is not None]


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=60), st.booleans())
def test_days_say_their_values_with_gaps_left_open(
    rows: list[tuple[Decimal | None, Decimal | None]], step: bool
) -> None:
    days = [FIRST + dt.timedelta(days=n) for n in range(len(rows))]
    figure = charts.over_time(
        "Exposure",
        days,
        [Series("open", [row[0] for row in rows], step=step, dashed=not step)],
        bands=[Band("likely", [row[0] for row in rows], [row[1] for row in rows])],
        marks=[Mark(FIRST, "as of"), Mark(dt.date(2000, 1, 1), "long ago")],
    )
    said = [words for words in titles(figure) if ", open: " in words]
    assert said == [
        f"{day}, open: {row[0]:,.2f}" for day, row in zip(days, rows, strict=True)
        if row[0] is not None
    ]  # fmt: skip
    assert "long ago" not in figure
    assert all(-1 <= place <= charts.WIDTH + 1 for place in places(figure))


def test_a_higher_value_stands_higher() -> None:
    figure = charts.columns("t", ["a", "b"], [Series("s", [Decimal(1), Decimal(3)])])
    low, high = (float(rect.attrib["height"]) for rect in parsed(figure).iter("rect"))
    assert high > 2.9 * low > 0


def test_text_from_outside_is_text() -> None:
    figure = charts.ranked("<script>", ['"><b>x</b>'], [1], unit="count")
    assert "<script>" not in figure and "<b>" not in figure
    assert titles(figure) == ['"><b>x</b>: 1']


def test_units_are_said() -> None:
    assert titles(charts.ranked("t", ["a"], [Decimal("0.1667")], unit="share")) == ["a: 16.7 %"]
    assert titles(charts.ranked("t", ["a"], [1234], unit="count")) == ["a: 1,234"]
