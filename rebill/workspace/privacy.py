"""Whom files are for: in a workspace for this login alone, elsewhere as the login has it.

Without `keep_private`, which the command line calls, files are as the login makes them anywhere.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

NOBODY_ELSE = 0o077
"""Nothing for any other login, as a mask."""
_asked: list[int] = []
"""What the login keeps from others by itself, once that was put aside."""


def keep_private() -> None:
    """Let whatever this process makes from now on be for this login alone.

    Only what `make_folder` and `of_whom` are told of lies outside, for whom the login lets it be.
    """
    before = os.umask(NOBODY_ELSE)
    if not _asked:
        _asked.append(before)


@contextmanager
def private() -> Iterator[None]:
    """Let what is made inside be for this login alone, and nothing of it stay: for a library.

    The mask is one for all threads: the last that leaves puts the old one back.
    """
    with _LOCK:
        _masks.append(os.umask(NOBODY_ELSE))
    try:
        yield
    finally:
        with _LOCK:
            first = _masks[0]
            _masks.pop()
            if not _masks:
                os.umask(first)


_LOCK = threading.Lock()
_masks: list[int] = []
"""What the masks were, as `private` was entered and not left."""


@lru_cache(1024)
def _in_workspace(folder: Path) -> bool:
    from rebill.workspace.settings import SETTINGS_FILE

    return any((above / SETTINGS_FILE).exists() for above in (folder, *folder.parents))


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where there is none."""
    missing = [each for each in (folder, *folder.parents) if _asked and not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if missing and not _in_workspace(folder.resolve()):
        for each in missing:
            each.chmod(0o777 & ~_asked[0])


def mode_of_files(folder: Path) -> int | None:
    """Return the mode that new files of a folder should get; none where they have it anyway."""
    if _asked and not _in_workspace(folder.resolve()):
        return 0o666 & ~_asked[0]
    return None


def of_whom(file: BinaryIO, folder: Path) -> None:
    """Let a file that was just made in a folder be for whom it should be."""
    if (mode := mode_of_files(folder)) is not None:
        os.fchmod(file.fileno(), mode)
