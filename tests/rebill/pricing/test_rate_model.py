"""The fast kernel prices every line as the slow model does, with the same row."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pricing_model
from hypothesis import given, settings
from hypothesis import strategies as st
from pricing_model import NAMES, PRECEDENCE
from pricing_worlds import World

from rebill.pricing.markups import MARKUPS, RETAIL
from rebill.pricing.precedence import candidates
from rebill.pricing.rate import rate
from reconcile.schema import AUDITED


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_every_price_and_every_chosen_row_is_that_of_the_slow_model(seed: int) -> None:
    world = World(seed)
    told = world.outcomes()

    rated = rate(
        pl.LazyFrame(world.lines, schema=AUDITED),
        pl.DataFrame({"customer": list(world.bases), "cost_basis": list(world.bases.values())}),
        pl.DataFrame(world.markups, schema=MARKUPS),
        pl.DataFrame(world.retail, schema=RETAIL),
    )
    priced, missing = pl.collect_all([rated.customer_lines, rated.findings])

    columns = priced.select("line_id", "price", "cost", "markup_row", "margin").rows()
    assert {line_id: (price, cost, row) for line_id, price, cost, row, _ in columns} == {
        line_id: (outcome.price, outcome.cost, outcome.row_id)
        for line_id, outcome in told.items()
        if outcome.said == "invoiced"
    }
    assert all(margin == price - cost for _, price, cost, _, margin in columns)
    assert sorted(missing["line_id"]) == sorted(
        line_id for line_id, outcome in told.items() if outcome.said == "markup_missing"
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_the_first_candidate_is_the_row_that_prices_the_line(seed: int) -> None:
    world = World(seed, lines=4)
    for line in world.lines:
        told = pricing_model.markup_for(line, world.markups)
        listed = candidates(line, pl.DataFrame(world.markups, schema=MARKUPS))
        assert listed["row_id"].to_list()[:1] == ([told["row_id"]] if told else [])
        assert listed["precedence"].to_list() == list(range(1, listed.height + 1))


def test_the_invented_worlds_use_every_method_scope_and_outcome() -> None:
    worlds = [World(seed) for seed in range(40)]
    outcomes = [(w, o) for w in worlds for o in w.outcomes().values()]
    said = Counter(outcome.said for _, outcome in outcomes)
    rows = [w.markups[o.row_id - 1] for w, o in outcomes if o.row_id]
    scopes = Counter(frozenset(n for n in NAMES if row[n]) for row in rows)
    assert min(said.values()) > 300, said
    assert min(Counter(row["method"] for row in rows).values()) > 20
    assert {*map(frozenset, PRECEDENCE)} == {*scopes}
    assert min(scopes.values()) > 5, scopes
