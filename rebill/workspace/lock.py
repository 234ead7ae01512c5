"""One run at a time in a workspace."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from rebill.workspace.settings import Workspace, WorkspaceBusy


@contextmanager
def locked(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace alone; raise `WorkspaceBusy` where another command does."""
    with workspace.lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            raise WorkspaceBusy(
                f"{workspace.root} is in use by another rebill command; wait until it has ended"
            ) from fault
        yield
