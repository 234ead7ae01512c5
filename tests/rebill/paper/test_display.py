"""How far a stage is, in the words beside its bar."""

from __future__ import annotations

import pytest
from rich.progress import ProgressSample, Task, TaskID

from rebill.paper.display import far


def task(done: float, total: float | None, took: float) -> Task:
    """A task of lines that has done so many in so many seconds, at an even pace."""
    now = 0.0
    made = Task(TaskID(0), "x", total, done, fields={"unit": "lines"}, _get_time=lambda: now)
    made.start_time = 0.0
    for at in (0.0, took):
        made._progress.append(ProgressSample(at, done if at else 0))
    now = took
    return made


@pytest.mark.parametrize(
    ("done", "total", "took", "words"),
    [
        (120_000, 1_000_000, 2, "120,000 of 1,000,000 lines, 60,000/s, 0:15 left"),
        (1, 3, 4, "1 of 3 lines, 0.2/s, 0:08 left"),
        (0, None, 75, "1:15"),
    ],
)
def test_a_stage_tells_count_rate_and_what_is_left(
    done: float, total: float | None, took: float, words: str
) -> None:
    assert far(task(done, total, took)) == words
