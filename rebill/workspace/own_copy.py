"""A copy of our own of a file that others may write to, for as long as it is read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rebill.workspace import text_files


class Moved(Exception):
    """A file is not what it was when it was looked at; the message is the word for it."""


def stamp(status: os.stat_result) -> str:
    """Return what a file's entry says of its content: no writer and no copy leaves it the same."""
    device, inode, size = status.st_dev, status.st_ino, status.st_size
    return f"{device}/{inode}/{size}/{status.st_mtime_ns}/{status.st_ctime_ns}"


@contextmanager
def as_seen(path: Path, sha256: str, copy: Path, stamped: str = "") -> Iterator[Path]:
    """Give a copy of the bytes of a digest, at `copy` for as long as it is read.

    Whatever is read there is of these very bytes. Raises `Moved` where the file has others, at the
    beginning or by the end. A file that is `stamped` as it was when its digest was taken is not
    hashed again; none = the stamp does not stand for the content.
    """
    try:
        before = _copied(path, sha256, copy, stamped)
        yield copy
        if not _is_still(path, before, sha256):
            raise Moved("changed")
    finally:
        copy.unlink(missing_ok=True)


def _copied(path: Path, sha256: str, copy: Path, stamped: str) -> str:
    """Copy a file and return its stamp from before the first byte."""
    try:
        source = text_files.open_file(path)
    except FileNotFoundError as gone:
        raise Moved("vanished") from gone
    except OSError as closed:
        raise Moved("unreadable") from closed
    copy.parent.mkdir(parents=True, exist_ok=True)
    sha = hashlib.sha256()
    with source, copy.open("wb") as target:
        before = stamp(os.fstat(source.fileno()))
        is_known = before == stamped
        while block := _read(source):
            if not is_known:
                sha.update(block)
            target.write(block)
        is_still = stamp(os.fstat(source.fileno())) == before
    if not is_still if is_known else sha.hexdigest() != sha256:
        raise Moved("changed")
    return before


def _read(source: BinaryIO) -> bytes:
    try:
        return source.read(text_files.BLOCK)
    except OSError as fault:
        raise Moved("unreadable") from fault


def _is_still(path: Path, before: str, sha256: str) -> bool:
    """Whether a file is what it was; one that is gone was whole when it was read."""
    try:
        # An entry that moved (a link was made, a date was set) need not have another content.
        return stamp(path.lstat()) == before or text_files.digest(path)[1] == sha256
    except FileNotFoundError:
        return True
    except OSError:
        return False
