"""Whole worlds judge what a person decides: a voided document never was, an accepted one always."""

from __future__ import annotations

import datetime as dt
import random
from functools import partial
from pathlib import Path
from typing import Any

import decided
import nights
import polars as pl
import pytest
from worlds import world

from rebill.run.acts import Accept, Act, AuditAgain, Compare, Void
from rebill.workspace.settings import Workspace

DAY = dt.date(2026, 5, 20)
ACT = Act("ana", DAY, "a trial")
LEFT_OUT = {
    "lines": ["source_file"],
    "findings": ["claim_no", "source_file"],
    "customer_lines": ["invoice_no"],
    "debits": [],
}


def facts_of(workspace: Workspace, without: str | None = None) -> dict[str, list[Any]]:
    """Return what is known of every document but one, and the claims that can still be filed.

    A claim that expired is what became of it; it does not follow its findings any more.
    """
    facts = {}
    for name, columns in LEFT_OUT.items():
        frame = nights.table(workspace, name)
        if "document_id" in frame.columns:
            frame = frame.filter(
                pl.col("document_id").ne_missing(pl.lit(without, dtype=pl.String))
                | pl.lit(without is None)
            )
        facts[name] = sorted(frame.drop(columns, strict=False).rows(), key=str)
    claims = nights.table(workspace, "claims")
    live = claims.filter(pl.col("status").is_in(("draft", "ready")))
    facts["claims"] = sorted(live["carrier", "ban", "reason", "bill_month", "amount"].rows())
    return facts


decide = partial(decided.decide, day=DAY.isoformat())


SEEDS = [pytest.param(seed, marks=pytest.mark.soak) for seed in (1, 3, 5, 8, 11, 17, 23, 42)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_voided_document_never_was_and_an_accepted_one_always(seed: int, tmp_path: Path) -> None:
    invented = world(seed, 2)
    files = [file for month in nights.papers_of(invented).values() for file in month]
    name, text = random.Random(seed).choice(files)
    whole, without = (nights.of_world(tmp_path / way, invented) for way in ("whole", "without"))
    nights.put(whole, files)
    nights.put(without, [file for file in files if file[0] != name])
    for workspace in (whole, without):
        nights.night(workspace, DAY.isoformat())
    before = facts_of(whole)
    documents = nights.table(whole, "documents")
    document = documents.filter(documents["source_file"] == name).row(0, named=True)
    decide(whole, Void(document["document_id"], ACT))
    assert facts_of(whole, document["document_id"]) == facts_of(without)
    decide(whole, Accept(document["document_id"], ACT))
    assert facts_of(whole) == before
    outcome = decide(whole, AuditAgain("2000-01", ACT), compare=Compare(keep=True))
    assert not outcome.difference
    assert facts_of(whole) == before
