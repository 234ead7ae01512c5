"""How far a run is, as people see it on a terminal: one display of two lines, warnings above it.

stage 2 of 8: read 0614R010002_2026-04.csv (36,200 bytes, sha256 6ec1b2...)
━━━━━━━━━━━━━━━━━━━━╸━━━━━━━━━━━  19 of 33 files, 6/s, 0:02 left
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, Group
from rich.progress import Progress, ProgressColumn, Task
from rich.text import Text

FILES = "files"
"""What stages that come several times in a run are counted in."""
BAR = 28
"""So many columns of the bar leave room for what stands beside it."""


class _Stage(ProgressColumn):
    """A stage on two lines: what it does, and how far it is."""

    def render(self, task: Task) -> Group:
        """Return it."""
        words = Text(task.description, no_wrap=True, overflow="ellipsis")
        done = 0 if not task.total else int(BAR * task.completed / task.total)
        bar = Text("━" * done, "bar.complete").append("━" * (BAR - done), "bar.back")
        return Group(words, bar.append(f"  {far(task)}", "none"))


def far(task: Task) -> str:
    """Return how far a task is: `120,000 of 1,000,000 lines, 95,000/s, 0:09 left`.

    Where nobody knows how much there is, it is how long it has taken so far.
    """
    if task.total is None:
        return clock(task.elapsed or 0)
    parts = [f"{task.completed:,.0f} of {task.total:,.0f} {task.fields['unit']}"]
    if task.speed:
        parts.append(f"{task.speed:,.0f}/s" if task.speed >= 1 else f"{task.speed:.1f}/s")
    if task.time_remaining and not task.finished:
        parts.append(f"{clock(task.time_remaining)} left")
    return ", ".join(parts)


def clock(seconds: float) -> str:
    """Return a length of time as minutes and seconds."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:,}:{rest:02}"


class Display:
    """A run on a terminal: which stage it is in, of how many. Gone when it is over."""

    def __init__(self, stream: TextIO) -> None:
        console = Console(file=stream, force_terminal=True, highlight=False)
        self._shown = Progress(
            _Stage(), console=console, transient=True, expand=True, redirect_stdout=False
        )
        self._times: Counter[str] = Counter()
        self._name = ""

    def __enter__(self) -> Display:
        self._shown.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.stop()

    def above(self, words: str) -> None:
        """Print a line above the display."""
        self._shown.console.print(Text(words), soft_wrap=True)

    def expect(self, names: Iterable[str]) -> None:
        """Take the names of the stages that will run, in their order."""
        self._times = Counter(names)

    def begin(self, name: str, words: str) -> None:
        """Show that a stage runs; one that comes several times goes on where it was."""
        kinds = [*self._times]
        place = f"stage {kinds.index(name) + 1} of {len(kinds)}: " if name in kinds else ""
        told = place + words
        if name == self._name:
            self._shown.update(self._shown.task_ids[-1], description=told)
            return
        for task in self._shown.task_ids:
            self._shown.remove_task(task)
        times = self._times[name]
        self._name = name
        self._shown.add_task(told, total=times if times > 1 else None, unit=FILES)

    def advance(self, done: int, total: int | None = None, unit: str = FILES) -> None:
        """Show that so many units more of the stage that runs are done, of so many in all."""
        for task in self._shown.task_ids:
            if total is not None:
                self._shown.update(task, total=total, unit=unit)
            self._shown.advance(task, done)

    def end(self) -> None:
        """Show that the stage is over, this time."""
        if self._times[self._name] > 1:
            self.advance(1)
