"""Files of a folder, read without ever leaving it: whatever its links say, and whoever moves them.

A link that stays inside is followed, one that leads out is none of the folder's files. Only plain
files are read: a pipe or a device would never end.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

MOST_BYTES, MOST_FILES = 64 * 2**20, 2_000
"""What of a folder is copied at most."""


class Outside(OSError):
    """A file that leads out of its folder."""


class TooLarge(OSError):
    """A file with more bytes than it may have."""


class NoFile(OSError):
    """Something that is there and is no plain file."""


@contextmanager
def opened(folder: Path, name: str) -> Iterator[BinaryIO]:
    """Give the plain file `name` of a folder to read; raises `Outside`, `NoFile` or OSError."""
    home = folder.resolve()
    try:
        path = (home / name).resolve(strict=True)
    except RuntimeError as fault:  # links in a circle
        raise NoFile(str(fault)) from None
    if not path.is_relative_to(home):
        raise Outside(f"{name} leads out of {home}")
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    with ExitStack() as held:
        # Part by part, and no link any more: what was looked at above is what is opened.
        at = os.open(home, flags | os.O_DIRECTORY)
        held.callback(os.close, at)
        *parts, last = path.relative_to(home).parts or (".",)
        for part in parts:
            at = os.open(part, flags | os.O_DIRECTORY, dir_fd=at)
            held.callback(os.close, at)
        handle = os.fdopen(os.open(last, flags | os.O_NONBLOCK, dir_fd=at), "rb", closefd=True)
        with handle:
            if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
                raise NoFile(f"{name} is no plain file")
            yield handle


def content(folder: Path, name: str, most: int) -> bytes:
    """Return what a file of a folder holds, if it is no more than `most` bytes."""
    with opened(folder, name) as handle:
        data = handle.read(most + 1)
    if len(data) > most:
        raise TooLarge(f"{name} is larger than {most:,} bytes")
    return data


def copy(folder: Path, to: Path) -> list[str]:
    """Leave a copy of the plain files of a folder at `to`, and return the names left out.

    Left out are links that lead out of it, links to folders, what cannot be read, and what goes
    beyond `MOST_BYTES` or `MOST_FILES`; what is hidden is not looked at.
    """
    left, files, size = [], 0, 0
    for root, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        folders[:] = sorted(n for n in folders if not n.startswith(".") and n not in links)
        left += [os.path.relpath(os.path.join(root, name), folder) for name in links]
        for each in sorted(name for name in names if not name.startswith(".")):
            name = os.path.relpath(os.path.join(root, each), folder)
            try:
                data = content(folder, name, MOST_BYTES - size)
            except OSError:
                left.append(name)
                continue
            files, size = files + 1, size + len(data)
            if files > MOST_FILES:
                return [*left, name]
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            (to / name).write_bytes(data)
    return left
