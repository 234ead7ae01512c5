"""Work on a file from outside, done in a process of its own and under a budget.

What arrives may be made to break its reader: by accident, or by somebody. So it is read by a child
process, which may die of it; the night goes on. The child is started once and kept for the next
file, in whatever run; it ends with us, however we end.
"""

from __future__ import annotations

import atexit
import math
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from rebill import __version__
from rebill.workspace.settings import Limits

T = TypeVar("T")

PROPORTION = 256 * 2**20
"""A file larger than this may take more in proportion to its size."""
PATIENCE = 10
"""A file may take so many times its CPU seconds by the clock, for disks and neighbours are slow."""
BOOT = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from rebill.workspace.apart_child import serve; serve(int(sys.argv[1]))"
)
SAID = 64 * 1024
"""So much of what a child said on its way down is kept."""


@dataclass(frozen=True)
class Budget:
    """What work on one file may take."""

    seconds: int
    """Of CPU, of all cores together."""
    mebibytes: int
    """Of memory beside what the child holds anyway."""


@dataclass(frozen=True)
class Failure:
    """Why work on a file came to nothing."""

    what: str
    remedy: str
    trace: str = ""
    """Where it happened, for the log."""


class ChildMissing(RuntimeError):
    """No child process can be started: that is no fault of any file."""


def budget_of(limits: Limits, size: int) -> Budget:
    """Return what work on a file of a size may take."""
    times = max(1, math.ceil(size / PROPORTION))
    return Budget(times * limits.file_seconds, times * limits.file_mebibytes)


def terms(limits: Limits) -> str:
    """Return under what a file failed: once this is something else, it is worth another try."""
    return (
        f"file_seconds {limits.file_seconds}, file_mebibytes {limits.file_mebibytes},"
        f" rebill {__version__}"
    )


def done_apart(budget: Budget, work: Callable[..., T], *given: object) -> T | Failure:
    """Return what `work(*given)` returns in the child, or why it came to nothing there.

    `work` is a function of a module; it and what it is given and returns are pickled. Raises
    OSError where the machine failed, not the file: a full disk, no more handles.
    """
    job = pickle.dumps((budget.seconds, budget.mebibytes, work, given))
    with _LOCK:
        found: T | Failure = _told(_answered(job, budget), budget)
    return found


# --- the child ------------------------------------------------------------------------------------


class _Child:
    """A process that does one piece of work after the other."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.said = tempfile.TemporaryFile()  # noqa: SIM115, it lives as long as the child
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", BOOT, str(theirs.fileno()), *sys.path],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.said,
            )
        self.line = Connection(ours.detach())

    def ask(self, job: bytes | None, seconds: float) -> bytes | None:
        """Return the answer to a job; none where the child died of it or `seconds` are over."""
        try:
            if job is not None:
                self.said.truncate(0)
                self.line.send_bytes(job)
            until = time.monotonic() + seconds
            while not self.line.poll(max(0.0, min(60.0, until - time.monotonic()))):
                if time.monotonic() >= until:
                    return None
            return self.line.recv_bytes()
        except (EOFError, ConnectionError):
            self.process.wait()
            return None

    def words(self) -> str:
        """Return the first and the last of what the child said on standard error."""
        text = os.pread(self.said.fileno(), SAID, 0).decode(errors="replace")
        return text if len(text) < 4000 else f"{text[:2000]}\n...\n{text[-2000:]}"

    def end(self) -> int | None:
        """End the child, and return what it had ended with if it was dead already."""
        status = self.process.poll()
        self.line.close()
        self.process.kill()
        self.process.wait()
        self.said.close()
        return status


_LOCK = threading.Lock()
_kept: list[_Child] = []
"""The child that is kept for the next file, if any."""


def _warm() -> _Child:
    """Return the child, started if there is none of ours."""
    if _kept and _kept[0].owner != os.getpid():
        _kept.clear()  # a fork of ours holds it too, and it is not this process's to use
    if not _kept:
        child = _Child()
        _kept.append(child)
        if child.ask(None, 600) is None:
            said = child.words()
            end_child()
            raise ChildMissing(f"the process that reads files does not start: {said.strip()}")
    return _kept[0]


def end_child() -> None:
    """Leave no child; the next file starts another."""
    while _kept:
        child = _kept.pop()
        if child.owner == os.getpid():
            child.end()


atexit.register(end_child)


def _answered(job: bytes, budget: Budget) -> bytes | Failure:
    """Return what the child answers, pickled, or what it died of."""
    child = _warm()
    try:
        answer = child.ask(job, PATIENCE * budget.seconds)
    except BaseException:
        end_child()  # we are interrupted: nobody waits for it any more
        raise
    if answer is not None:
        return answer
    said, status = child.words(), child.process.poll()
    end_child()
    return _cause(status, said, budget)


def _told(answer: bytes | Failure, budget: Budget) -> Any:
    """Return what an answer says; raises what was the machine's."""
    if isinstance(answer, Failure):
        return answer
    kind, value, fresh = pickle.loads(answer)
    if not fresh:
        end_child()
    if kind == "memory":
        return _too_much_memory(budget, value)
    if kind == "machine":
        raise OSError(*value)
    if kind == "fault":
        name, trace = value
        return Failure(f"it could not be read: {name}", _OURS, trace)
    return value


_OURS = "ask for it in another form; this is a fault of rebill, of which the log tells more"


def _cause(status: int | None, said: str, budget: Budget) -> Failure:
    """Return why a child died, from how it ended and what it said last."""
    if status is None:
        what = f"reading it took longer than {PATIENCE * budget.seconds:,} seconds"
        return Failure(what, _MORE_SECONDS, said)
    if -status == signal.SIGXCPU:
        what = f"it took more than {budget.seconds:,} seconds of CPU"
        return Failure(what, _MORE_SECONDS, said)
    if "memory allocation" in said or "MemoryError" in said:
        return _too_much_memory(budget, said)
    if -status == signal.SIGKILL:
        what = "reading it was ended by the system, which may have had no more memory"
        return Failure(what, "ask for smaller files, or give the machine more memory", said)
    name = signal.Signals(-status).name if status < 0 else f"exit {status}"
    return Failure(f"it could not be read: {name}", _OURS, said)


_MORE_SECONDS = "raise [limits] file_seconds, or ask for smaller files"


def _too_much_memory(budget: Budget, trace: str) -> Failure:
    what = f"it took more than {budget.mebibytes:,} MiB of memory"
    return Failure(what, "raise [limits] file_mebibytes, or ask for smaller files", trace)
