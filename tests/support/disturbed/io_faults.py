"""A disk that fails: each place where the product changes a file, once, with the error of the day.

Every call by which Python or polars changes something on disk goes through `Disk`. It notes where
in the product it came from; at the place that is asked for it raises instead, after half was
written where something is written. The database keeps its own disk: SQLite and PostgreSQL are
trusted to be whole after a kill, and `test_batch` kills them.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
from checkout import ROOT

PRODUCT = f"{ROOT}/rebill/"
CALLS = ("fsync", "replace", "rename", "unlink", "mkdir", "rmdir", "utime")
ERRORS = {"fsync": errno.EIO, "mkdir": errno.ENOSPC, "write": errno.ENOSPC, "sink": errno.ENOSPC}
"""What each call fails with; others with EACCES, as on a disk that may only be read."""

Spot = tuple[str, str, int]
"""A call, the product's line it came from, and the how manieth time."""


class Killed(BaseException):
    """Stands for the process being ended."""


class Disk:
    """Stands before the disk: counts the calls by the place they come from, and fails one.

    `dies_at`: at the how manieth call of all the process ends.
    """

    def __init__(self, fails: Spot | None = None, *, dies_at: int | None = None) -> None:
        self.fails = fails
        self.dies_at = dies_at
        self.times: Counter[tuple[str, str]] = Counter()
        self.failed = False

    def meets(self, call: str) -> bool:
        """Note a call; whether it is the one that fails."""
        place = _line()
        if place is None:
            return False
        self.times[call, place] += 1
        if self.dies_at is not None:
            if self.failed or self.times.total() >= self.dies_at:
                self.failed = True
                raise Killed  # and whatever is tried after it: a dead process tidies nothing up
            return False
        met = (call, place, self.times[call, place]) == self.fails
        self.failed = self.failed or met
        return met

    def spots(self) -> list[Spot]:
        """Return the first and the last time of each place, in order of their first."""
        found = [(call, place, n) for (call, place), most in self.times.items() for n in {1, most}]
        return sorted(found)


def _line() -> str | None:
    """Return the innermost line of the product that is being run."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(PRODUCT):
            return f"{name.removeprefix(PRODUCT)}:{frame.f_lineno}"
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return None


def _error(call: str, path: object = "the disk") -> OSError:
    number = ERRORS.get(call, errno.EACCES)
    return OSError(number, os.strerror(number), str(path))


class _Half:
    """A file of which the first write leaves half and fails."""

    def __init__(self, file: Any, path: object) -> None:
        self._file, self._path = file, path

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Half:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: Any) -> int:
        self._file.write(data[: len(data) // 2])
        raise _error("write", self._path)


@contextmanager
def standing_before(disk: Disk) -> Iterator[None]:
    """Let every change of a file go through `disk`."""
    kept = {name: getattr(os, name) for name in CALLS}
    opened, sunk = io.open, pl.LazyFrame.sink_parquet

    def through(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            if disk.meets(name):
                raise _error(name, given[0])
            return call(*given, **named)

        return called

    def opening(file: Any, mode: str = "r", *given: Any, **named: Any) -> Any:
        if not set(mode) & set("wxa+"):
            return opened(file, mode, *given, **named)
        if disk.meets("open"):
            raise _error("open", file)
        handle = opened(file, mode, *given, **named)
        return _Half(handle, file) if disk.meets("write") else handle

    def sinking(frame: pl.LazyFrame, target: Any, *given: Any, **named: Any) -> Any:
        if disk.meets("sink"):
            if isinstance(target, (str, Path)):
                Path(target).parent.mkdir(parents=True, exist_ok=True)
                Path(target).write_bytes(b"PAR1 half of it")
            raise _error("sink")
        return sunk(frame, target, *given, **named)

    try:
        for name, call in kept.items():
            setattr(os, name, through(name, call))
        io.open = builtins.open = opening  # type: ignore[assignment]
        pl.LazyFrame.sink_parquet = sinking  # type: ignore[method-assign, assignment]
        yield
    finally:
        for name, call in kept.items():
            setattr(os, name, call)
        io.open = builtins.open = opened
        pl.LazyFrame.sink_parquet = sunk  # type: ignore[method-assign]
