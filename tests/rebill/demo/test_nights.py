"""The whole product against the invented carrier: each planted error is found, nothing else."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
from nights import fresh
from rich.console import Console

from rebill.demo.generate import generate
from rebill.demo.play import nights, play
from rebill.demo.score import compare
from rebill.demo.truth import TRUTH
from rebill.demo.world import Settings
from rebill.workspace.log import Log
from rebill.workspace.settings import ConfigError, init_workspace


def now() -> str:
    return "2026-06-01T00:00:00+00:00"


def quiet() -> Log:
    return Log(io.StringIO())


def audited(
    folder: Path, services: int, seed: int, error_rate: float
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Planted beside found, and the exported tables, of a world with one file a month."""
    workspace = fresh(folder)
    made = generate(folder, services, 2, seed, error_rate, file_per_account=False)
    tables = nights(workspace, made, quiet(), now)
    truth = pl.read_csv(folder / "truth.csv", schema=TRUTH)
    return compare(truth, tables["findings"], tables["lines"]), tables


def test_every_planted_error_is_found_to_the_cent_and_nothing_else_is(tmp_path: Path) -> None:
    paired, tables = audited(tmp_path / "w", 300, 11, 0.1)
    other_amount = pl.col("found_stake") != pl.col("planted_stake")
    other_cause = pl.col("cause").ne_missing(pl.col("planted_cause"))
    cause_told = pl.col("planted_cause").is_not_null()
    wrong = paired.filter(
        pl.col("missed") | pl.col("false_alarm") | other_amount | (cause_told & other_cause)
    )
    assert wrong.rows() == []
    lines = tables["lines"].filter(pl.col("expected").is_not_null())
    parts = pl.col("expected") + pl.col("at_stake") + pl.col("tolerated") - pl.col("underbilled")
    assert lines.filter(parts != pl.col("amount")).is_empty()


def test_a_carrier_without_errors_leads_to_no_finding_at_all(tmp_path: Path) -> None:
    paired, tables = audited(tmp_path / "w", 200, 13, 0)
    assert paired.rows() == []
    lines = tables["lines"]
    assert lines.filter(pl.col("expected") != pl.col("amount")).is_empty()
    assert set(tables["debits"].get_column("status")) == {"expected"}


def test_the_demonstration_shows_findings_claims_invoices_pulls_and_places(tmp_path: Path) -> None:
    out = io.StringIO()
    console = Console(file=out, width=160)
    made = play(tmp_path / "demo", Settings(150, 2, 3), quiet(), now, console)
    text = out.getvalue()
    for words in ("rate_above_contract", "100 %", "next deadlines", "Customer invoices"):
        assert words in text
    for words in ("Next pulls", "Exposure on 2026-04-30", "outbox", "digest"):
        assert words in text
    for words in ("Filed: ", "credited", "denied", "overdue"):
        assert words in text
    assert len(text.splitlines()) <= 45, "one screen"
    assert len(made.nights) == 2


def test_the_demonstration_leaves_a_workspace_that_stands_alone(tmp_path: Path) -> None:
    init_workspace(tmp_path)
    with pytest.raises(ConfigError, match="is a workspace already"):
        play(tmp_path, Settings(150, 2, 3), quiet(), now, Console(file=io.StringIO()))
