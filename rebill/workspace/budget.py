"""A process of its own for work on what others made, under limits of processor time and memory.

What it is asked to do is a function that can be pickled, and so is what it gives back. A call that
breaks a limit ends that process and nothing else; the next call starts another. The process reads
nothing of the record, and fetches nothing from a network.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

Given = TypeVar("Given")

PATIENCE = 20
"""So many times its seconds of processor time a call may last by the clock, waiting included."""
HELD = 128 * 2**20
"""Bytes of memory that the process needs for itself: the interpreter and what it imports."""
_DONE, _FAILED, _LATE, _LARGE = "done", "failed", "late", "large"
"""What becomes of a call."""
_ENDED = {signal.SIGXCPU: _LATE, signal.SIGKILL: _LATE}
"""By the signal that ended the process; whoever gets no memory ends itself."""
NOWHERE = "http://127.0.0.1:0"
"""An address at which nobody can listen: what wants to fetch something through it fails at once."""


class OverBudget(Exception):
    """A call took more than it may; the message says of what."""


class Failed(Exception):
    """What a call raised: its kind and its words."""


@dataclass(frozen=True)
class Limits:
    """What one call may take at most."""

    seconds: int
    """Of processor time."""
    mebibytes: int
    """Of memory, beside what the process holds anyway."""


class Worker:
    """A process that is started with its first call, kept warm, and ended with `close`."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._process: Any = None
        self._pipe: Connection | None = None

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, function: Callable[..., Given], *given: Any) -> Given:
        """Return what `function` gives, called in the process with what is given.

        Raises `OverBudget` where it took too much, `Failed` with the words of what it raised.
        """
        became: str
        made: Any
        pipe = self._started()
        try:
            pipe.send((function, given))
            waited = pipe.poll(self.limits.seconds * PATIENCE)
            became, made = pipe.recv() if waited else (_LATE, None)
        except (EOFError, ConnectionError):
            self._process.join()
            became, made = _ENDED.get(-self._process.exitcode, _LARGE), None
        except BaseException:  # what was asked may still be on its way back
            self.close()
            raise
        if became in (_LATE, _LARGE):
            self.close()
            most = f"{self.limits.seconds:,} seconds"
            if became == _LARGE:
                most = f"{self.limits.mebibytes:,} MiB of memory"
            raise OverBudget(f"it takes more than {most}")
        if became == _FAILED:
            raise Failed(made)
        given_back: Given = made
        return given_back

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None

    def _started(self) -> Connection:
        if self._pipe is None:
            context = get_context("spawn")  # a fork of a process with threads may hang
            self._pipe, other = context.Pipe()
            self._process = context.Process(target=_serve, args=(other, self.limits), daemon=True)
            self._process.start()
            other.close()
        return self._pipe


def _serve(pipe: Connection, limits: Limits) -> None:
    """Do what comes through the pipe until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command ends us when it ends
    _be_silent()
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ[name] = os.environ[name.upper()] = NOWHERE
    os.environ.pop("no_proxy", None)
    os.environ.pop("NO_PROXY", None)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, ValueError):  # a stricter limit of the machine stays
        most = limits.mebibytes * 2**20 + HELD
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    while True:
        try:
            function, given = pipe.recv()
        except EOFError:
            return
        with suppress(BrokenPipeError):
            pipe.send(_answer(function, given, limits))


def _answer(function: Callable[..., Any], given: Any, limits: Limits) -> tuple[str, Any]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + 1 + limits.seconds
    with suppress(OSError, ValueError):
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (until, hard))
    try:
        return _DONE, function(*given)
    except MemoryError:
        return _LARGE, None
    except BaseException as fault:  # a panic of a library is no Exception
        return _FAILED, f"{type(fault).__name__}: {fault}"


def _be_silent() -> None:
    """Let nothing that a library prints at its end come between what the command says."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
