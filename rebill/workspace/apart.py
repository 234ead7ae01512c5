"""Work on what comes from outside, done in a process of its own and under a budget.

What arrives may be made to break its reader: by accident, or by somebody. So it is read by a child
process, which may die of it; the night goes on. The child is started once and kept for the next
file, in whatever run; it ends with us, however we end. What brands bring is filled in the same way,
by several children at once (`desk`).
"""

from __future__ import annotations

import atexit
import math
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from rebill import __version__
from rebill.workspace.allocator import lean
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
GLANCE = 0.02
"""So often, in seconds, it is looked how much memory the child holds."""
GROWTH = 256 * 2**20
"""A child that holds so much more than a new one makes place for one."""
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
class CameToNothing:
    """Why work came to nothing."""

    what: str
    remedy: str
    trace: str = ""
    """Where it happened, for the log."""
    fault: str = ""
    """What the work itself raised, its kind and its words; none where it broke a limit."""


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


def done_apart(budget: Budget, work: Callable[..., T], *given: object) -> T | CameToNothing:
    """Return what `work(*given)` returns in the child that is kept, or why it came to nothing.

    `work` is a function of a module; it and what it is given and returns are pickled. Raises
    OSError where the machine failed, not the file: a full disk, no more handles.
    """
    with _LOCK:
        if _kept and _kept[0].owner != os.getpid():
            _kept.clear()  # a fork of ours holds it too, and it is not this process's to use
        if not _kept:
            _kept.append(Child())
        return _kept[0].do(budget, work, *given)


_LOCK = threading.Lock()
_kept: list[Child] = []
"""The child that is kept for the next file, if any."""


@atexit.register
def end_child() -> None:
    """Leave no child; the next file starts another."""
    while _kept:
        child = _kept.pop()
        if child.owner == os.getpid():
            child.end()


class Child:
    """A process that does one piece of work after the other, for one asker at a time.

    It is started with the first of them, and anew after one that it died of.
    """

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        """`env`: what stands in its environment beside, or instead of, what stands in ours."""
        self.owner = os.getpid()
        self._env = env or {}
        self._process: _Process | None = None

    def do(self, budget: Budget, work: Callable[..., T], *given: object) -> T | CameToNothing:
        """Return what `work(*given)` returns, or why it came to nothing, as `done_apart` does."""
        job = pickle.dumps((budget.seconds, budget.mebibytes, work, given))
        process = self._started()
        try:
            answer = process.ask(job, budget)
        except BaseException:
            self.end()  # we are interrupted: nobody waits for it any more
            raise
        if isinstance(answer, bytes):
            found: T | CameToNothing = self._told(answer, budget)
            return found
        said, status = process.words(), process.process.poll()
        self.end()
        if answer == "memory":
            return _too_much_memory(budget, said)
        if answer == "patience":
            what = f"it took longer than {PATIENCE * budget.seconds:,} seconds"
            return CameToNothing(what, _MORE_SECONDS, said)
        return _cause(status or 0, said, budget)

    def end(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.end()
        self._process = None

    def _started(self) -> _Process:
        """Return the running process; one that has grown makes place for a new one."""
        if self._process is not None and self._process.held() > self._process.new + GROWTH:
            self.end()
        if self._process is None:
            self._process = _Process(self._env)
        return self._process

    def _told(self, answer: bytes, budget: Budget) -> Any:
        """Return what an answer says; raises what was the machine's."""
        kind, value = pickle.loads(answer)
        if kind in ("memory", "panic"):
            self.end()
        if kind == "memory":
            return _too_much_memory(budget, value)
        if kind == "machine":
            raise OSError(*value)
        if kind in ("fault", "panic"):
            name, words, trace = value
            return CameToNothing(f"it could not be read: {name}", _OURS, trace, f"{name}: {words}")
        return value


class _Process:
    """A running child."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.said = tempfile.TemporaryFile()  # noqa: SIM115, it lives as long as the child
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", BOOT, str(theirs.fileno()), *sys.path],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.said,
                env={**lean(os.environ), **env},
            )
        self.line = Connection(ours.detach())
        if self._answer(600, None) is None:
            said = self.words()
            self.end()
            raise ChildMissing(f"the process that reads files does not start: {said.strip()}")
        self.new = self.held()

    def ask(self, job: bytes, budget: Budget) -> bytes | str | None:
        """Return the answer to a job, or the limit it broke; none where the child died of it."""
        self.said.truncate(0)
        most = self.held() + budget.mebibytes * 2**20
        try:
            self.line.send_bytes(job)
        except ConnectionError:
            self.process.wait()
            return None
        return self._answer(PATIENCE * budget.seconds, most)

    def _answer(self, seconds: float, most: int | None) -> bytes | str | None:
        until = time.monotonic() + seconds
        try:
            while not self.line.poll(GLANCE):
                if most is not None and self.held() > most:
                    return "memory"
                if time.monotonic() >= until:
                    return "patience"
            return self.line.recv_bytes()
        except (EOFError, ConnectionError):
            self.process.wait()
            return None

    def held(self) -> int:
        """Return the bytes of memory the child holds; none where the system does not say."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return 0
        found = re.search(r"RssAnon:\s+(\d+) kB", status)
        return int(found.group(1)) * 1024 if found else 0

    def words(self) -> str:
        """Return the first and the last of what the child said on standard error."""
        text = os.pread(self.said.fileno(), SAID, 0).decode(errors="replace")
        return text if len(text) < 4000 else f"{text[:2000]}\n...\n{text[-2000:]}"

    def end(self) -> None:
        """End the child, whatever it does."""
        self.line.close()
        self.process.kill()
        self.process.wait()
        self.said.close()


_OURS = "ask for it in another form; this is a fault of rebill, of which the log tells more"


def _cause(status: int, said: str, budget: Budget) -> CameToNothing:
    """Return why a child died, from how it ended and what it said last."""
    if -status == signal.SIGXCPU:
        what = f"it took more than {budget.seconds:,} seconds of CPU"
        return CameToNothing(what, _MORE_SECONDS, said)
    if "memory allocation" in said or "MemoryError" in said:
        return _too_much_memory(budget, said)
    if -status == signal.SIGKILL:
        what = "it was ended by the system, which may have had no more memory"
        return CameToNothing(what, "ask for smaller files, or give the machine more memory", said)
    name = signal.Signals(-status).name if status < 0 else f"exit {status}"
    return CameToNothing(f"it could not be read: {name}", _OURS, said)


_MORE_SECONDS = "raise [limits] file_seconds, or ask for smaller files"


def _too_much_memory(budget: Budget, trace: str) -> CameToNothing:
    what = f"it took more than {budget.mebibytes:,} MiB of memory"
    return CameToNothing(what, "raise [limits] file_mebibytes, or ask for smaller files", trace)
