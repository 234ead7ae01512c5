"""Everything that touches files: carrier text in, Parquet and documents out, the lock.

A file is written under a temporary name, flushed to the disk and renamed: it is whole or absent.
A carrier file that is no text is a `Fault`, never an exception.
"""

from __future__ import annotations

import codecs
import fcntl
import hashlib
import os
import shutil
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote

import polars as pl

from rebill.settings import Workspace, WorkspaceBusy

BLOCK = 4 * 2**20
LONGEST_LINE = 2**20
TEMPORARY = ".tmp-"
TOKEN_LENGTH = 12
GROWING_SUFFIXES = (".part", ".tmp")
_NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Fault:
    """Why a file cannot be read: what is wrong, at which row, what to do."""

    what: str
    row: int | None
    remedy: str


@dataclass(frozen=True)
class Inspection:
    """What one pass over a file's bytes says."""

    size: int
    sha256: str
    fault: Fault | None


@dataclass(frozen=True)
class Arrived:
    """A carrier file that lies still in the inbox."""

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True)
class Skipped:
    """Something in the inbox that is not read, and why."""

    name: str
    reason: str  # growing, folder, link, hidden, special, vanished, name


@dataclass(frozen=True)
class BulkPart:
    """A Parquet file of bulk facts as it lies on disk."""

    path: Path
    carrier: str | None
    bill_month: str | None
    rows: int
    amount: Decimal | None


# --- the lock ---------------------------------------------------------------------------------


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


# --- writing ----------------------------------------------------------------------------------


def safe_name(text: str) -> str:
    """Return a file name made from outside text: percent-quoted, never hidden, never a path."""
    quoted = quote(text, safe=" ,+=@()[]{}!'~^").replace(" ", "_")
    if quoted.startswith("."):
        quoted = "%2E" + quoted[1:]
    return quoted[:200] or "_"


def write_atomic(path: Path, content: bytes | str) -> None:
    """Leave `content` at `path`, whole: what stood there before stays until the new is on disk."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex}-{path.name[-80:]}")
    try:
        with temporary.open("xb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_sync_folder = _sync


def write_parquet(path: Path, frame: pl.LazyFrame | pl.DataFrame) -> None:
    """Leave the rows of `frame` at `path` as Parquet, streamed, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex}.parquet")
    try:
        # An open file, not a name: a sink that failed may open its target after it raised.
        with temporary.open("xb") as handle:
            frame.lazy().sink_parquet(handle)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def spool(path: Path, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Leave the rows of `frame` at `path` for the time of a run, and return them from there.

    Nothing reads them after the run, so they are neither flushed nor packed tightly; small groups
    of rows keep memory small.
    """
    frame.sink_parquet(path, compression="lz4", statistics=False, row_group_size=65_536, mkdir=True)
    return pl.scan_parquet(path, hive_partitioning=False, glob=False)


def spool_shares(
    folder: Path, frame: pl.LazyFrame, share: pl.Expr, shares: int
) -> list[pl.LazyFrame]:
    """Leave the rows of `frame` below `folder` for the time of a run, and return them in shares.

    `share` is the number of the share a row is in, from 0; a share may have no rows.
    """
    schema = frame.collect_schema()
    frame.sink_parquet(
        pl.PartitionBy(folder, key={"_share": share}, include_key=False),
        compression="lz4",
        statistics=False,
        row_group_size=65_536,
        mkdir=True,
    )
    found = [sorted((folder / f"_share={number}").glob("*.parquet")) for number in range(shares)]
    return [
        pl.scan_parquet(paths, hive_partitioning=False, glob=False)
        if paths
        else pl.LazyFrame(schema=schema)
        for paths in found
    ]


def write_parts(
    lines: Path,
    kind: str,
    token: str,
    frame: pl.LazyFrame | pl.DataFrame,
    *,
    amount: str | None = None,
    month: pl.Expr | None = None,
) -> list[BulkPart]:
    """Leave the rows of `frame` as Parquet files below `lines/<kind>/`, by carrier and month.

    The frame has `carrier` and, unless `month` says otherwise, `bill_date`. The files keep all its
    columns. Their names begin with the database's token, so that an orphan knows whose it is.
    Rows of a partition keep no order that a reader may rely on.
    """
    workplace = lines / f"{TEMPORARY}{uuid.uuid4().hex}"
    workplace.mkdir(parents=True)
    keys = {
        "_carrier": pl.col("carrier"),
        "_month": pl.col("bill_date").dt.strftime("%Y-%m") if month is None else month,
    }
    try:
        frame.lazy().sink_parquet(
            pl.PartitionBy(workplace, key=keys, include_key=False), compression="lz4", mkdir=True
        )
        parts = [
            _settle(path, lines / kind, token, amount)
            for path in sorted(workplace.rglob("*.parquet"))
        ]
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
    return parts


def _settle(path: Path, folder: Path, token: str, amount: str | None) -> BulkPart:
    """Move a partition file to its place and say what is in it."""
    carrier, month = (
        None if value == _NULL_FOLDER else unquote(value)
        for value in (part.partition("=")[2] for part in path.parts[-3:-1])
    )
    _sync(path)
    facts = pl.scan_parquet(path, hive_partitioning=False, glob=False).select(
        rows=pl.len(), amount=pl.col(amount).sum() if amount else pl.lit(None)
    )
    rows, total = facts.collect().row(0)
    target = folder / f"carrier={quote(carrier or '', safe='')}" / f"bill_month={month or ''}"
    target.mkdir(parents=True, exist_ok=True)
    place = target / f"{token[:TOKEN_LENGTH]}-{uuid.uuid4().hex}.parquet"
    path.rename(place)
    _sync_folder(target)
    return BulkPart(place, carrier, month, int(rows), total)


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
            os.rmdir(root)


# --- the inbox --------------------------------------------------------------------------------


def digest(path: Path) -> tuple[int, str]:
    """Return size and SHA-256 of a file, read once, a block at a time."""
    sha, size = hashlib.sha256(), 0
    for block in blocks(path):
        sha.update(block)
        size += len(block)
    return size, sha.hexdigest()


def _open_file(path: Path) -> BinaryIO:
    """Open a file for reading; a link that took its place since it was seen is an error."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")


def look(inbox: Path, settle_seconds: float) -> tuple[list[Arrived], list[Skipped]]:
    """Return the files that lie still in the inbox and what else is there, both sorted by name.

    The inbox is looked at twice. A file whose size or content differs between the looks is still
    growing, as is one whose name says so; how young it is does not matter.
    """
    first, skipped = _candidates(inbox)
    seen = {name: _digest_or_none(path) for name, path in first.items()}
    if first:
        time.sleep(settle_seconds)
    second, _ = _candidates(inbox)
    arrived = []
    for name, path in first.items():
        now = _digest_or_none(path) if name in second else None
        if now is None:
            skipped.append(Skipped(name, "vanished"))
        elif now != seen[name]:
            skipped.append(Skipped(name, "growing"))
        else:
            arrived.append(Arrived(name, path, *now))
    skipped += [Skipped(name, "growing") for name in second if name not in first]
    return sorted(arrived, key=lambda f: f.name), sorted(skipped, key=lambda s: s.name)


def _digest_or_none(path: Path) -> tuple[int, str] | None:
    try:
        return digest(path)
    except OSError:
        return None


def _candidates(inbox: Path) -> tuple[dict[str, Path], list[Skipped]]:
    """Return the ordinary files of an inbox by name, and what is none with the reason."""
    ordinary, skipped = {}, []
    with os.scandir(inbox) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            reason = _reason_to_skip(entry)
            shown = entry.name.encode("utf-8", "backslashreplace").decode("utf-8")
            if reason:
                skipped.append(Skipped(shown, reason))
            else:
                ordinary[entry.name] = Path(entry.path)
    return ordinary, skipped


def _reason_to_skip(entry: os.DirEntry[str]) -> str | None:
    mode = entry.stat(follow_symlinks=False).st_mode
    if not entry.name.isprintable():
        return "name"
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISDIR(mode):
        return "folder"
    if not stat.S_ISREG(mode):
        return "special"
    if entry.name.startswith("."):
        return "hidden"
    return "growing" if entry.name.lower().endswith(GROWING_SUFFIXES) else None


# --- carrier text -----------------------------------------------------------------------------


def head(path: Path, size: int = 64 * 1024) -> bytes:
    """Return the first bytes of a file, enough to recognise its format."""
    with _open_file(path) as handle:
        return handle.read(size)


def blocks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, a block at a time."""
    with _open_file(path) as handle:
        while block := handle.read(BLOCK):
            yield block


def transcode(path: Path, target: Path, encoding: str) -> Fault | None:
    """Leave the text at `path` at `target` as UTF-8; return why it is no such text, if so."""
    decoder = codecs.getincrementaldecoder(encoding)()
    rows = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as handle:
        try:
            for block in blocks(path):
                text = decoder.decode(block)
                rows += text.count("\n")
                handle.write(text.encode())
            handle.write(decoder.decode(b"", True).encode())
        except UnicodeError:
            what = f"the text is not {encoding}"
            return Fault(what, rows + 1, "correct `encoding` of the profile, or save it as that")
    return None


def size_fault(size: int, max_bytes: int) -> Fault | None:
    """Return why a file of that size is refused, if it is."""
    if size <= max_bytes:
        return None
    what = f"the file has {size:,} bytes; the limit is {max_bytes:,}"
    return Fault(what, None, "raise [inbox] max_file_bytes, or ask for smaller files")


def inspect(path: Path, max_bytes: int) -> Inspection:
    """Read a file once and return size, SHA-256 and the first reason why it is no text.

    Refused are files above `max_bytes`, NUL bytes, UTF-16 and UTF-32, what is not UTF-8, and a
    physical line longer than 1 MiB. A UTF-8 byte order mark and CRLF are fine.
    """
    sha, size, rows, open_line = hashlib.sha256(), 0, 0, 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    fault: Fault | None = None
    with _open_file(path) as handle:
        while block := handle.read(BLOCK):
            sha.update(block)
            if fault is None and size == 0:
                fault = _byte_order_fault(block)
            if fault is None:
                fault, open_line = _block_fault(block, decoder, rows, open_line)
                rows += block.count(b"\n")
            size += len(block)
    if fault is None:
        fault = _decode_fault(b"", decoder, rows, final=True)
    return Inspection(size, sha.hexdigest(), size_fault(size, max_bytes) or fault)


def _byte_order_fault(block: bytes) -> Fault | None:
    marks = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    if block.startswith(marks):
        return Fault("the file is UTF-16 or UTF-32", 1, "save it as UTF-8")
    return None


def _block_fault(
    block: bytes, decoder: codecs.IncrementalDecoder, rows: int, open_line: int
) -> tuple[Fault | None, int]:
    """Return the first fault of a block, and how long its unfinished last line is by now.

    `rows` are the line ends before the block, `open_line` the bytes since the last of them.
    """
    nul = block.find(b"\0")
    if nul >= 0:
        row = rows + block.count(b"\n", 0, nul) + 1
        return Fault("the file holds NUL bytes: it is no text", row, "ask for a text file"), 0
    fault = _decode_fault(block, decoder, rows)
    if fault:
        return fault, 0
    start = -open_line
    while len(block) - start > LONGEST_LINE:
        # The last line end within reach proves all lines before it short enough.
        end = block.rfind(b"\n", max(start, 0), max(start + LONGEST_LINE + 1, 0))
        if end < 0:
            row = rows + block.count(b"\n", 0, max(start, 0)) + 1
            return Fault("a line is longer than 1 MiB", row, "ask for one record a line"), 0
        start = end + 1
    last = block.rfind(b"\n")
    return None, len(block) - last - 1 if last >= 0 else open_line + len(block)


def _decode_fault(
    block: bytes, decoder: codecs.IncrementalDecoder, rows: int, final: bool = False
) -> Fault | None:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError as error:
        # The decoder's own rest of the block before may lead: it holds no line end.
        row = rows + error.object.count(b"\n", 0, error.start) + 1
        return Fault("the text is not UTF-8", row, "save the file as UTF-8")
    return None


def scan_text(path: Path) -> pl.LazyFrame:
    """Return the physical lines of a text as `row` (Int64, from 1) and `text` (no line end).

    Empty lines keep their place, nothing is quoted or guessed; a UTF-8 byte order mark is gone.
    """
    text = pl.col("text")
    return pl.scan_lines(
        path, name="text", row_index_name="row", row_index_offset=1, glob=False
    ).select(
        pl.col("row").cast(pl.Int64),
        pl.when(pl.col("row") == 1).then(text.str.strip_prefix("\ufeff")).otherwise(text),
    )
