"""Options of random offers, rates, markups and lines are what a slow, obvious model says."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quote_model import price_of
from quote_tables import of_frames, stored

CODES, ZONES, STATES, TERMS = ("LOOP", "PORT", "INST"), ("1", "2"), ("OH", "MI"), ("12", "36")
LINES = 3


def maybe(values: tuple[str, ...]) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(values)


def amount(most: int, places: int) -> st.SearchStrategy[str]:
    return st.integers(1, most * 10**places).map(lambda n: str(D(n).scaleb(-places)))


rates = st.fixed_dictionaries(
    {
        "usoc": st.sampled_from(CODES),
        "charge_class": maybe(("recurring", "one_time")),
        "ban": maybe(("305R01",)),
        "zone": maybe(ZONES),
        "state": maybe(STATES),
        "term_months": maybe(TERMS),
        "rate": amount(200, 4),
    }
)
BASE = [
    dict.fromkeys(("charge_class", "ban", "zone", "state", "term_months"))
    | {"usoc": code, "rate": rate}
    for code, rate in (("LOOP", "20.005"), ("PORT", "7.3333"))
]
"""Two codes have a rate wherever they are; the third has one here and there."""
elements = st.fixed_dictionaries(
    {
        "usoc": st.sampled_from(CODES),
        "charge_class": st.sampled_from(("recurring", "one_time")),
        "quantity": amount(3, 1),
        "per": st.sampled_from(("unit", "mile", "site")),
    }
)
markups = st.fixed_dictionaries(
    {
        "usoc": maybe(CODES),
        "charge_class": maybe(("recurring", "one_time")),
        "value": amount(1, 3),
    }
).filter(lambda row: not (row["usoc"] and row["charge_class"]))
lines = st.fixed_dictionaries(
    {
        "quantity": amount(9, 1),
        "miles": st.none() | amount(40, 1),
        "zone": maybe(ZONES),
        "state": maybe(STATES),
        "price": st.none() | amount(99, 3),
    }
)
worlds = st.fixed_dictionaries(
    {
        "buy_rates": st.lists(rates, min_size=3, max_size=9).map(lambda rows: [*rows, *BASE]),
        "offer_elements": st.lists(
            elements, min_size=1, max_size=4, unique_by=lambda row: tuple(row.values())[:2]
        ),
        "markups": st.lists(
            markups, max_size=6, unique_by=lambda row: (row["usoc"], row["charge_class"])
        ),
        "quote_lines": st.lists(lines, min_size=LINES, max_size=LINES),
        "quotes": st.fixed_dictionaries({"target_margin": maybe(("0.15", "0.4"))}).map(
            lambda row: [row]
        ),
    }
)


def assert_as_modelled(world: dict[str, list[dict[str, str | None]]]) -> None:
    """Assert that every option of the world has the model's prices, or none where it has none."""
    own = {"quote": "Q", "customer": "C1", "contract": "K", "offer": "O", "product": "x"}
    own |= {"method": "percent"}
    known = {
        "offers": [{"carrier": "A", "terms": ";".join(TERMS)}],
        "customers": [{}],
        "cost_to_serve": [{"support": "2.00", "bad_debt": "0.02"}],
        **world,
    }
    keys = {
        **{"offers": ("offer", "product", "contract"), "offer_elements": ("offer",)},
        **{"quotes": ("quote", "customer"), "quote_lines": ("quote", "product")},
        **{"buy_rates": ("contract",), "markups": ("method",), "customers": ("customer",)},
    }
    frames = {}
    for name, rows in known.items():
        named = {key: own[key] for key in keys.get(name, ())}
        numbered = [
            row | named | ({"line": str(n)} if name == "quote_lines" else {})
            for n, row in enumerate(rows, 1)
        ]
        frames[name] = stored(name, rows=numbered)
    made = of_frames(frames).rows(named=True)
    asked = [(line, term) for line in world["quote_lines"] for term in TERMS]
    assert len(made) == len(asked)
    for row, (line, term) in zip(made, asked, strict=True):
        meant = price_of(world, line, term)
        money = ("monthly_cost", "monthly_price", "nrc_cost", "nrc_price")
        told = [None if row[name] is None else int(row[name] * 100) for name in money]
        wanted = [None] * 4 if meant is None else [getattr(meant, name) for name in money]
        assert (row["available"], told) == (meant is not None, wanted), row["why_not"]
        if meant is not None:
            total = meant.monthly_price * int(term) + meant.nrc_price
            assert row["term_total"] * 100 == total


@given(worlds)
@settings(max_examples=25)
def test_options_are_as_modelled(world: dict[str, list[dict[str, str | None]]]):
    assert_as_modelled(world)


@pytest.mark.soak
@given(worlds)
def test_options_are_as_modelled_at_length(world: dict[str, list[dict[str, str | None]]]):
    assert_as_modelled(world)
