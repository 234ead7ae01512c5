"""Each element and each package is due once for a service and day, whatever bill carries it."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from compare import agreed, kernel_audit
from due_once_cases import CASES, GROUPS, OF_ELEMENTS, OF_PACKAGES, made, right, together
from model import model_audit
from worlds import Row

from reconcile.schema import AUDITED


def answered(lines: list[Row], findings: list[Row]) -> list[tuple[Any, ...]]:
    """Return what was said of each line, as the tables say it."""
    codes: dict[str, set[str]] = {}
    for f in findings:
        if f["code"] in ("rate_missing", "match_doubtful"):
            continue  # questions beside the answer
        codes.setdefault(f["line_id"], set()).add(f["code"])
    return sorted(
        (r["line_id"], r["expected"], r["at_stake"], r["underbilled"],
         codes.get(r["line_id"], set()))
        for r in lines
    )  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_slow_model_says_what_the_tables_say(name: str):
    assert answered(*model_audit(made(name))) == right(name)


@pytest.mark.parametrize("name", CASES)
def test_the_kernels_say_what_the_tables_say(name: str):
    assert answered(*agreed(made(name))) == right(name)


@pytest.mark.parametrize("number", range(len(GROUPS)))
def test_all_that_is_judged_in_one_night_is_judged_as_it_is_alone(number: int):
    names = list(GROUPS[number][0])
    night = kernel_audit(together(names))
    found = answered(night.lines.collect().to_dicts(), night.findings.to_dicts())
    for n, name in enumerate(names):
        own = [(row[0].split(".")[1], *row[1:]) for row in found if row[0].startswith(f"{n}.")]
        assert own == right(name), name


@pytest.mark.parametrize("name", [*OF_PACKAGES, *OF_ELEMENTS])
def test_the_kernels_say_it_too_where_earlier_bills_were_audited_before(name: str):
    world = made(name)
    history = pl.DataFrame(schema=AUDITED)
    for month in sorted({document["bill_date"].replace(day=1) for document in world.documents}):
        said = kernel_audit(world, history=history, month=month)
        history = pl.concat([history, said.lines.collect()])
    columns = history.select("line_id", "expected", "at_stake", "underbilled")
    assert sorted(columns.iter_rows()) == [line[:4] for line in right(name)]
