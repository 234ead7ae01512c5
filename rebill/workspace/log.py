"""Progress for people and log lines for machines, both on standard error.

On a terminal all of a run is one display of `rich`: which stage runs, how far it is, how fast, how
long it still takes; warnings stand above it. Elsewhere every event is one JSON object a line.
Account numbers are masked in both: only the last four characters stay readable.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from rebill.paper.terminal import obeyed_by_none

if TYPE_CHECKING:
    from rebill.paper.display import Display

_MASKED_FIELDS = frozenset({"ban", "wtn", "circuit_id"})


def masked(account: str) -> str:
    """Return an account number with all but its last four characters hidden."""
    return "*" * max(len(account) - 4, 0) + account[-4:] if len(account) > 4 else "****"


def _printable(words: str) -> str:
    return obeyed_by_none(" ".join(words.splitlines()))


class Log:
    """Where a run says what it is doing. Silent about what went as expected on a terminal.

    A `quiet` one says only what a person should look at.
    """

    def __init__(
        self, stream: TextIO | None = None, *, terminal: bool | None = None, quiet: bool = False
    ) -> None:
        self.stream = stream or sys.stderr
        self.terminal = self.stream.isatty() if terminal is None else terminal
        self.quiet = quiet
        self._display: Display | None = None

    def event(self, what: str, /, *, level: str = "info", **fields: Any) -> None:
        """Say that something happened; `fields` are plain data."""
        if level == "info" and (self.terminal or self.quiet):
            return
        shown = {
            name: masked(str(value)) if name in _MASKED_FIELDS and value else value
            for name, value in fields.items()
            if value is not None
        }
        if self.terminal:
            words = " ".join(f"{name}={value}" for name, value in shown.items())
            self._tell(_printable(f"{level}: {what} {words}".rstrip()))
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

    def _tell(self, words: str) -> None:
        """Print a line for people, above the display where there is one."""
        if self._display is None:
            print(words, file=self.stream)
        else:
            self._display.above(words)

    @contextmanager
    def progress(self) -> Iterator[None]:
        """Show one display of everything that runs inside."""
        if not self.terminal or self.quiet or self._display is not None:
            yield
            return
        from rebill.paper.display import Display

        with Display(self.stream) as self._display:
            try:
                yield
            finally:
                self._display = None

    def expect(self, names: Iterable[str]) -> None:
        """Say which stages will run, by their names."""
        if self._display is not None:
            self._display.expect(names)

    def advance(self, done: int, total: int, unit: str) -> None:
        """Say how far the stage that runs is: so many units more, of so many in all."""
        if self._display is not None:
            self._display.advance(done, total, unit)

    @contextmanager
    def stage(self, name: str, words: str) -> Iterator[None]:
        """Show that a stage runs, and that it ended."""
        self.event("stage begins", stage=name, words=words)
        with self.progress():
            if self._display is not None:
                self._display.begin(name, _printable(words))
            yield
            if self._display is not None:
                self._display.end()
        self.event("stage ends", stage=name)
