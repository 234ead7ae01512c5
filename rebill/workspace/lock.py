"""One run at a time in a workspace."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
