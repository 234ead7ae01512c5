"""Progress for people and log lines for machines, both on standard error.

On a terminal a stage is a line of `rich` progress; elsewhere every event is one JSON object a
line. Account numbers are masked in both: only the last four characters stay readable.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

_MASKED_FIELDS = frozenset({"ban", "wtn", "circuit_id"})


def masked(account: str) -> str:
    """Return an account number with all but its last four characters hidden."""
    return "*" * max(len(account) - 4, 0) + account[-4:] if len(account) > 4 else "****"


class Log:
    """Where a run says what it is doing. Silent about what went as expected on a terminal."""

    def __init__(self, stream: TextIO | None = None, *, terminal: bool | None = None) -> None:
        self.stream = stream or sys.stderr
        self.terminal = self.stream.isatty() if terminal is None else terminal

    def event(self, what: str, /, *, level: str = "info", **fields: Any) -> None:
        """Say that something happened; `fields` are plain data."""
        shown = {
            name: masked(str(value)) if name in _MASKED_FIELDS and value else value
            for name, value in fields.items()
            if value is not None
        }
        if self.terminal:
            if level != "info":
                words = " ".join(f"{name}={value}" for name, value in shown.items())
                print(f"{level}: {what} {words}".rstrip(), file=self.stream)
            return
        record = {"level": level, "event": what, **shown}
        # Whoever read our progress had enough of it: the work goes on.
        with suppress(BrokenPipeError):
            print(json.dumps(record, default=str, ensure_ascii=False), file=self.stream, flush=True)

    def warning(self, what: str, /, **fields: Any) -> None:
        """Say something that a person should look at."""
        self.event(what, level="warning", **fields)

    def error(self, what: str, /, **fields: Any) -> None:
        """Say what went wrong."""
        self.event(what, level="error", **fields)

    @contextmanager
    def stage(self, name: str, words: str) -> Iterator[None]:
        """Show that a stage runs, and that it ended."""
        if not self.terminal:
            self.event("stage begins", stage=name, words=words)
            yield
            self.event("stage ends", stage=name)
            return
        from rich.console import Console

        console = Console(file=self.stream, stderr=True)
        with console.status(words):
            yield
        console.print(f"[green]done[/green] {words}", highlight=False)
