"""How much work a night is: engine runs and statements by stage, and how often a line is written.

None may grow with the documents of a night: what is asked is asked once for all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nights
import polars as pl
import pytest
import sqlalchemy as sa
from nights import USUAL, bill, put, small
from polars.lazyframe import engine

from rebill.judging import passes
from rebill.workspace.settings import Workspace

MOST = {
    "Settle": 135,
    "Audit": 1_100,
    "Schedule": 95,
    "CheckBills": 225,
    "FollowClaims": 190,
    "Claim": 350,
    "Price": 440,
    "Deliver": 700,
}
"""So many times a stage may put the engine to work, about a tenth above what it does today."""
KINDS = {"finding_id": "findings", "due_unit_parts": "audited", "price": "customer_lines"}
"""What a file with lines holds, by a column that nothing else has."""


class Work:
    """What was counted of a night."""

    def __init__(self) -> None:
        self.collects: Counter[str] = Counter()
        self.statements: Counter[str] = Counter()
        self.lines: Counter[str] = Counter()
        self.so_far = Counter[str]()

    def hook(self, boundary: str) -> None:
        """Book what was counted since the last boundary to the stage that ends."""
        self.collects[boundary] += self.so_far["collects"]
        self.statements[boundary] += self.so_far["statements"]
        self.so_far.clear()

    def wrote(self, path: Any) -> None:
        """Note how many lines a file that was written holds, by what it holds of them."""
        if not isinstance(path, (str, Path)) or not Path(path).is_file():
            return
        found = pl.scan_parquet(path, hive_partitioning=False, glob=False)
        columns = found.collect_schema().names()
        if "line_id" in columns:
            kind = next((kind for column, kind in KINDS.items() if column in columns), "waiting")
            self.lines[kind] += found.select(pl.len()).collect().item()


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    """Count what the engine, the database and the writer of files do meanwhile."""
    work = Work()

    def count(owner: type, name: str, done: Callable[..., None]) -> None:
        original = getattr(owner, name)

        def counting(*given: Any, **named: Any) -> Any:
            result = original(*given, **named)
            done(*given)
            return result

        patched.setattr(owner, name, counting)

    def executed(*_: Any) -> None:
        work.so_far["statements"] += 1

    with monkeypatch.context() as patched:
        for kind in (engine.InMemoryEngine, engine.StreamingEngine):
            count(kind, "collect", lambda *_: work.so_far.update(collects=1))
        count(pl.DataFrame, "write_parquet", lambda _, path, *rest: work.wrote(path))
        sa.event.listen(sa.Engine, "before_cursor_execute", executed)
        try:
            yield work
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", executed)


def _bills(accounts: int) -> list[tuple[str, str]]:
    """Return two months of bills, so many documents each; all but one are of unknown accounts."""
    return [
        (f"{month}.csv", "".join(_one(month, account) for account in range(accounts)))
        for month in (3, 4)
    ]


def _one(month: int, account: int) -> str:
    text = bill(month, USUAL, ban=f"305R01{account + 1:04}", number=f"I{month}{account}")
    return text if account == 0 else text.partition("\n")[2]


def _night(workspace: Workspace, accounts: int, monkeypatch: pytest.MonkeyPatch) -> Work:
    put(workspace, _bills(accounts))
    with counted(monkeypatch) as work:
        nights.night(workspace, "2026-04-20", work.hook)
    return work


def test_no_stage_works_more_often_than_it_did_nor_once_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = _night(small(tmp_path / "few"), 2, monkeypatch)
    many = _night(small(tmp_path / "many"), 40, monkeypatch)
    counts = {stage: (few.collects[stage], most) for stage, most in MOST.items()}
    over = {stage: pair for stage, pair in counts.items() if not 0 < pair[0] <= pair[1]}
    assert not over
    for stage in MOST:
        assert many.collects[stage] <= few.collects[stage] * 1.1 + 10, stage
        assert many.statements[stage] <= few.statements[stage] * 1.1 + 10, stage


def test_a_line_is_written_once_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = small(tmp_path / "w")
    work = _night(workspace, 5, monkeypatch)
    lines = 5 * 3 * 2
    customers = nights.table(workspace, "customer_lines").height
    told = {"audited": lines, "customer_lines": customers, "findings": work.lines["findings"]}
    assert work.lines == told
    # More lines than are judged at a time wait in shares once more.
    for size in ("AT_ONCE", "A_SHARE"):
        monkeypatch.setattr(passes, size, 8)
    work = _night(small(tmp_path / "shares"), 5, monkeypatch)
    assert work.lines == {**told, "waiting": lines}
