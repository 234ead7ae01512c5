"""Hard worlds as they arrive: at once, a night a month, a night a document in any order."""

from __future__ import annotations

import random
from pathlib import Path

import nights
import pytest
from hard_worlds import HardWorld, hard_world
from model import model_audit
from nights import night, put, table

Rows = list[tuple[str | None, ...]]
WAYS = ("by month", "one by one", "any order", "backwards")


def arrivals(made: HardWorld, way: str, seed: int) -> list[list[tuple[str, str]]]:
    """Return the files of each night of a way; in any order they have other names, too."""
    months = list(nights.papers_of(made).values())
    files = [file for month in months for file in month]
    if way == "at once":
        return [files]
    if way == "by month":
        return months
    if way == "one by one":
        return [[file] for file in files]
    if way == "backwards":
        return [[file] for file in files[::-1]]
    shuffled = random.Random(seed).sample(files, len(files))
    return [[(f"{n}-other.csv", text)] for n, (_, text) in enumerate(shuffled)]


def told(root: Path, made: HardWorld, way: str, seed: int) -> dict[str, Rows]:
    """Return what the record says of a world that arrives in a way."""
    workspace = nights.of_world(root / way.replace(" ", "-"), made)
    for files in arrivals(made, way, seed):
        put(workspace, files)
        night(workspace, "2028-06-15")
    left_out = {"lines": ["source_file"], "findings": ["claim_no", "source_file"],
                "customer_lines": ["invoice_no"]}  # fmt: skip
    return {
        name: sorted(table(workspace, name).drop(columns).rows(), key=str)
        for name, columns in left_out.items()
    }


@pytest.mark.parametrize("seed", [46, pytest.param(23, marks=pytest.mark.soak)])
def test_a_night_a_document_in_any_order_says_what_one_night_says(
    seed: int, tmp_path: Path
) -> None:
    made = hard_world(seed, f"w{seed}")
    facts = told(tmp_path, made, "at once", seed)
    assert len(facts["lines"]) == len(made.lines)
    assert told(tmp_path, made, "any order", seed) == facts


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
def test_the_record_is_the_same_however_bills_arrive(seed: int, tmp_path: Path) -> None:
    made = hard_world(seed, f"w{seed}")
    facts = told(tmp_path, made, "at once", seed)
    for way in WAYS:
        assert told(tmp_path, made, way, seed) == facts, way


@pytest.mark.parametrize("seed", [7, pytest.param(23, marks=pytest.mark.soak)])
def test_the_record_says_what_the_slow_model_says(seed: int, tmp_path: Path) -> None:
    made = hard_world(seed, f"w{seed}")
    workspace = nights.of_world(tmp_path / "w", made)
    put(workspace, arrivals(made, "at once", seed)[0])
    night(workspace, "2028-06-15")
    columns = ("expected", "at_stake", "tolerated", "underbilled")
    paper = {line["line_id"]: line for line in made.lines}
    right = sorted(
        (
            (paper[row["line_id"]]["invoice_no"], str(paper[row["line_id"]]["line_no"])),
            *(None if row[name] is None else str(row[name]) for name in columns),
        )
        for row in model_audit(made)[0]
    )
    got = table(workspace, "lines").select("invoice_no", "line_no", *columns).rows()
    assert sorted(((row[0], row[1]), *row[2:]) for row in got) == right
