"""A folder that one command at a time writes its files into.

The lock is on the folder itself and ends with the process, however it ends: no file is left that
anybody would have to explain. Only where a disk locks no folders, a hidden file stands for it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rebill.paper.text import note
from rebill.workspace.privacy import make_folder
from rebill.workspace.settings import ConfigError, WorkspaceBusy
from rebill.workspace.write import TEMPORARY, sync

STAGED = f"{TEMPORARY}new-"
"""Begins the name of the folder in which new files wait until all of them are whole."""
INSTEAD = ".rebill.lock"
"""The file that is locked where a folder cannot be, as on some disks of other machines."""


@contextmanager
def alone_in(folder: Path, command: str, *, shared: bool = False) -> Iterator[None]:
    """Hold a folder, made if there is none, for a command that writes files into it.

    `shared`: beside others that write one file each. Raises `WorkspaceBusy` where another command
    holds it.
    """
    try:
        make_folder(folder)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as fault:
        raise ConfigError(f"{folder} cannot be written to: {fault.strerror}") from fault
    with ExitStack() as held:
        held.callback(os.close, handle)
        how = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
        try:
            if not _lock(handle, how):
                handle = os.open(folder / INSTEAD, os.O_RDWR | os.O_CREAT, 0o600)
                held.callback(os.close, handle)
                fcntl.flock(handle, how)
        except BlockingIOError as fault:
            raise WorkspaceBusy(
                f"{folder} is being written by another rebill {command}; wait until it has ended"
            ) from fault
        yield


def _lock(handle: int, how: int) -> bool:
    """Lock a folder; return whether its disk can do that. Raises BlockingIOError if it is held."""
    try:
        fcntl.flock(handle, how)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


@contextmanager
def all_at_once(folder: Path, command: str) -> Iterator[Path]:
    """Give a folder to write files into; they stand in `folder` when all of them are whole.

    Where something goes wrong before, every file there is as it was; that is told, and which are
    new if it was the last step. What a command that was killed left behind goes.
    """
    with alone_in(folder, command):
        for left in folder.glob(f"{STAGED}*"):
            shutil.rmtree(left, ignore_errors=True)
        staged = folder / f"{STAGED}{os.getpid()}"
        new: list[str] = []
        try:
            staged.mkdir()
            yield staged
            for path in sorted(staged.iterdir()):
                path.replace(folder / path.name)
                new.append(path.name)
            sync(folder)
        except BaseException:
            are = f"{', '.join(new)} new, the others" if new else "not written, all files there"
            note(f"{folder}: {are} as they were before")
            raise
        finally:
            shutil.rmtree(staged, ignore_errors=True)
