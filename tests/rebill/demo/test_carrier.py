"""The invented carrier answers the claims of its story, and its bills follow its answers."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest

from rebill.demo.carrier import FATES, Carrier, fate_of
from rebill.demo.generate import generate
from rebill.demo.play import nights
from rebill.store import upgrade
from rebill.workspace.log import Log
from rebill.workspace.settings import init_workspace


def test_every_fate_befalls_some_claim() -> None:
    fates = {fate_of(f"D-{n:06d}") for n in range(1, 200)}
    assert fates == set(FATES)


@pytest.mark.soak
def test_the_story_goes_on_to_credits_that_are_taken_to_the_cent(tmp_path: Path) -> None:
    workspace = init_workspace(tmp_path)
    upgrade(workspace)
    made = generate(tmp_path, 80, 4, 5)
    log = Log(io.StringIO(), terminal=False)
    tables = nights(workspace, made, log, lambda: "2026-06-01T00:00:00+00:00", Carrier())
    claims = tables["claims"]
    assert {"credited", "denied", "sustained"} <= set(claims["status"])
    credited = claims.filter(pl.col("status") == "credited")
    assert credited.filter(pl.col("credited") + pl.col("denied") != pl.col("amount")).is_empty()
    # Smaller pulls and balances that follow are no faults: the planted one is all there is.
    breaks = tables["findings"].filter(pl.col("code") == "balance_breaks")
    assert breaks.height == 1
    last = tables["exposure"].filter(pl.col("on") == made.nights[-1][1])
    assert last["credited"].sum() == claims["credited"].sum()
    names = ["undisputed", "unfiled", "open", "credited", "denied", "withdrawn", "expired"]
    assert tables["exposure"].filter(pl.col("debited") != pl.sum_horizontal(names)).is_empty()
