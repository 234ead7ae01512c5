"""Files written whole or not at all."""

from __future__ import annotations

import os
import re
import stat
import uuid
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import polars as pl

from rebill.workspace.privacy import make_folder, of_whom

TEMPORARY = ".tmp-"
_PLAIN = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]{0,199}")
"""Text that is a safe name as it is, as most numbers of papers are."""


def safe_name(text: str) -> str:
    """Return a file name made from outside text: percent-quoted, never hidden, never a path."""
    if _PLAIN.fullmatch(text):
        return text
    quoted = quote(text, safe=" ,+=@()[]{}!'~^").replace(" ", "_")
    if quoted.startswith("."):
        quoted = "%2E" + quoted[1:]
    return quoted[:200] or "_"


def own_name(text: str) -> str:
    """Return a file name made from outside text that no other text shares, see `safe_name`."""
    name = safe_name(text)
    return name if name == text else f"{name[:190]}-{zlib.crc32(text.encode()):08x}"


@contextmanager
def in_place_of(path: Path, *, flush: bool = True) -> Iterator[BinaryIO]:
    """Give a file to write; it stands at `path` once it is whole and on disk, else nowhere."""
    make_folder(path.parent)
    temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex}-{path.name[-80:]}")
    try:
        with temporary.open("xb") as handle:
            of_whom(handle, path.parent)
            yield handle
            handle.flush()
            if flush:
                os.fsync(handle.fileno())
        temporary.replace(path)
        if flush:
            sync(path.parent)
    except Exception as error:
        name_the_file(error, path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def handed_to(path: Path) -> Iterator[BinaryIO]:
    """Give what a person names to write to: a file stands there once it is whole, see
    `in_place_of`; a pipe, a terminal or a device is written to, and never replaced.
    """
    with path.open("wb") if is_device(path) else in_place_of(path) as handle:
        yield handle


def is_device(path: Path) -> bool:
    """Whether what lies at a path is neither a file nor a folder."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def write_atomic(path: Path, content: bytes | str) -> None:
    """Leave `content` at `path`, whole: what stood there before stays until the new is on disk."""
    with in_place_of(path) as handle:
        handle.write(content.encode("utf-8") if isinstance(content, str) else content)


def sync(path: Path) -> None:
    """Let the disk hold what was written to a file, or to the entries of a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_parquet(path: Path, frame: pl.LazyFrame | pl.DataFrame) -> None:
    """Leave the rows of `frame` at `path` as Parquet, streamed, whole or not at all."""
    # An open file, not a name: a sink that failed may open its target after it raised.
    with in_place_of(path) as handle:
        frame.lazy().sink_parquet(handle)


def spool(path: Path, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Leave the rows of `frame` at `path` for the time of a run, and return them from there.

    Nothing reads them after the run, so they are neither flushed nor packed tightly. Whoever reads
    them some at a time holds so many groups of rows that wait, whatever their size: 0.5 GiB where
    they are four times as large.
    """
    frame.sink_parquet(path, compression="lz4", statistics=False, row_group_size=16_384, mkdir=True)
    return pl.scan_parquet(path, hive_partitioning=False, glob=False)


def spool_shares(
    folder: Path, frames: Iterable[pl.DataFrame], share: pl.Expr, shares: int
) -> list[pl.LazyFrame]:
    """Leave the rows of frames below `folder` for the time of a run, and return them in shares.

    `share` is the number of the share a row is in, from 0; a share may have no rows.
    """
    folder.mkdir(parents=True)
    found: list[list[Path]] = [[] for _ in range(shares)]
    schema = pl.Schema()
    for number, frame in enumerate(frames):
        schema = frame.schema
        own = frame.select(share.alias("share")).to_series()
        for each, paths in enumerate(found):
            some = frame.filter(own == each)
            if not some.is_empty():
                path = folder / f"{each}-{number}.parquet"
                some.write_parquet(path, compression="lz4", statistics=False)
                paths.append(path)
    return [
        pl.scan_parquet(paths, hive_partitioning=False, glob=False)
        if paths
        else pl.LazyFrame(schema=schema)
        for paths in found
    ]


def walk(folder: Path) -> list[Path]:
    """Return all files below a folder, links not followed, sorted."""
    found = [Path(root) / name for root, _, names in os.walk(folder) for name in names]
    return sorted(found)


def is_temporary(path: Path, base: Path) -> bool:
    """Whether a file below `base` is one that a writer had not finished."""
    return any(part.startswith(TEMPORARY) for part in path.relative_to(base).parts)


def remove_empty_folders(folder: Path) -> None:
    """Leave no folder below `folder` without a file in it."""
    for root, _, _ in os.walk(folder, topdown=False):
        if Path(root) != folder and not os.listdir(root):
            with suppress(OSError):  # an empty folder is in nobody's way
                os.rmdir(root)


STAGED = f"{TEMPORARY}staged"


def leave(path: Path, content: str | bytes, *, flush: bool = True) -> int:
    """Leave `content` at `path`, whole; return 1 if that changed anything, else 0.

    It is on disk then, but where `flush` is left to whoever writes many, with one `os.sync`.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.read_bytes() == data:
            return 0
    except FileNotFoundError:
        pass
    with in_place_of(path, flush=flush) as handle:
        handle.write(data)
    return 1


def name_the_file(error: BaseException, path: Path | str) -> None:
    """Let an error name the file it is about: a full disk does not say where."""
    if not isinstance(error, OSError):
        error.add_note(f"{path}")
    elif error.filename is None:
        error.filename = str(path)


def sweep_temporaries(folder: Path) -> None:
    """Leave no file in a folder that a writer did not finish; for whoever alone writes there."""
    if folder.is_dir():
        for entry in os.scandir(folder):
            if entry.name.startswith(TEMPORARY) and entry.is_file(follow_symlinks=False):
                os.unlink(entry.path)
