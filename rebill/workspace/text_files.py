"""What a file of text is: its digest, its faults, its lines."""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl

BLOCK = 4 * 2**20


LONGEST_LINE = 2**20


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


def digest(path: Path) -> tuple[int, str]:
    """Return size and SHA-256 of a file, read once, a block at a time."""
    sha, size = hashlib.sha256(), 0
    for block in blocks(path):
        sha.update(block)
        size += len(block)
    return size, sha.hexdigest()


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading; a link that took its place since it was seen is an error, and a pipe
    is waited for by nobody."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def head(path: Path, size: int = 64 * 1024) -> bytes:
    """Return the first bytes of a file, enough to recognise its format."""
    with open_file(path) as handle:
        return handle.read(size)


def blocks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, a block at a time."""
    with open_file(path) as handle:
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


def inspect(path: Path, max_bytes: int, known: str = "") -> Inspection:
    """Read a file once and return size, SHA-256 and the first reason why it is no text.

    The SHA-256 is not taken again where it is `known`.

    Refused are files above `max_bytes`, NUL bytes, UTF-16 and UTF-32, what is not UTF-8, and a
    physical line longer than 1 MiB. A UTF-8 byte order mark and CRLF are fine.
    """
    sha, size, rows, open_line = None if known else hashlib.sha256(), 0, 0, 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    fault: Fault | None = None
    with open_file(path) as handle:
        while block := handle.read(BLOCK):
            if sha is not None:
                sha.update(block)
            if fault is None and size == 0:
                fault = _byte_order_fault(block)
            if fault is None:
                fault, open_line = _block_fault(block, decoder, rows, open_line)
                rows += block.count(b"\n")
            size += len(block)
    if fault is None:
        fault = _decode_fault(b"", decoder, rows, final=True)
    sha256 = known if sha is None else sha.hexdigest()
    return Inspection(size, sha256, size_fault(size, max_bytes) or fault)


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
        if final or not block.isascii() or decoder.getstate()[0]:
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
