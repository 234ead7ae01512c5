"""One run at a time in a workspace."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rebill.workspace.settings import Workspace, WorkspaceBusy

LOOKS = 0.2
"""Seconds between two looks at whether another command has ended."""


@contextmanager
def locked(workspace: Workspace) -> Iterator[None]:
    """Hold the folder alone; raise `WorkspaceBusy` where another command does for too long.

    The time of the lock file is from then on the time at which it was taken, by the clock of the
    disk.
    """
    with workspace.lock.open("a") as handle:
        wait_for(workspace, lambda: _taken(handle.fileno()))
        os.utime(handle.fileno())
        yield


def holder(workspace: Workspace) -> str | None:
    """Return in words who holds the folder; nothing where nobody does. Nothing is taken for it.

    Linux lists all locks with their processes; elsewhere, and where a process is another login's,
    it is only known that somebody does.
    """
    try:
        found = workspace.lock.stat()
    except OSError:
        return None
    device = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    try:
        locks = [line.split() for line in LOCKS.read_text().splitlines()]
    except OSError:
        return None
    for _, kind, _, _, process, place, *_ in (words for words in locks if len(words) > 6):
        if kind == "FLOCK" and (place == device or _holds_open(process, workspace.lock)):
            return f"process {process}{_command_of(process)}"
    return None


LOCKS = Path("/proc/locks")
"""Where the system lists its locks."""


def _holds_open(process: str, path: Path) -> bool:
    """Whether a process has the file open: some disks are listed under another number."""
    with suppress(OSError):
        return any(os.path.samefile(one, path) for one in Path(f"/proc/{process}/fd").iterdir())
    return False


def _command_of(process: str) -> str:
    """Return what a process runs, in brackets; empty where it cannot be seen."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    return f" ({' '.join(word for word in words if word)[-COMMAND:]})"


COMMAND = 60
"""So many of the last characters of a command are shown."""


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for(workspace: Workspace, taken: Callable[[], bool]) -> None:
    """Return once something is taken; raise `WorkspaceBusy` where patience ends before."""
    ends = time.monotonic() + workspace.hand.patience
    while not taken():
        if time.monotonic() >= ends:
            raise WorkspaceBusy(
                f"{workspace.root} is in use by another rebill command; wait until it has ended,"
                " or say with --wait SECONDS how long it may take"
            )
        time.sleep(LOOKS)
