"""What a file of text is: its digest, its faults, its lines."""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
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


def ends_in_returns(head: bytes, encoding: str = "utf-8") -> bool:
    """Whether the lines of a text end with a carriage return and no line feed, by its beginning."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeError:
        return False
    return "\r" in text and "\n" not in text and "\0" not in text


def transcode(path: Path, target: Path, encoding: str, returns: bool = False) -> Fault | None:
    """Leave the text at `path` at `target` as UTF-8; return why it is no such text, if so.

    Where its lines end with carriage `returns`, they end with line feeds there.
    """
    from invoices.carrier.strangers import stranger  # a command that reads no file needs none

    decoder = codecs.getincrementaldecoder(encoding)()
    as_utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
    rows, begun, is_ascii = 0, False, True
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as handle:
        try:
            for block in blocks(path):
                if not begun and (found := stranger(block, encoding)):
                    return Fault(found.what, None, found.remedy)
                begun, is_ascii = True, is_ascii and block.isascii()
                text = decoder.decode(block)
                text = text.replace("\r", "\n") if returns else text
                as_utf8 = _still(as_utf8, block)
                rows += text.count("\n")
                handle.write(text.encode())
            handle.write(decoder.decode(b"", True).encode())
        except UnicodeError as fault:
            return Fault(f"the text is not {encoding}{_byte_of(fault)}", rows + 1, _OTHER)
    if _still(as_utf8, b"", True) and not is_ascii and codecs.lookup(encoding).name[:3] != "utf":
        # Letters of another encoding are UTF-8 by chance only once in ages.
        return Fault(f"the text is UTF-8, not {encoding}", None, _OTHER)
    return None


def _still(
    decoder: codecs.IncrementalDecoder | None, block: bytes, final: bool = False
) -> codecs.IncrementalDecoder | None:
    """Return the decoder where a text still reads by it; null from the first byte that is wrong."""
    try:
        if decoder is not None:
            decoder.decode(block, final)
    except UnicodeDecodeError:
        return None
    return decoder


_OTHER = "correct `encoding` of the profile, or save it as that"


def _byte_of(fault: UnicodeError) -> str:
    """Name the byte at which a text stops being one."""
    if not isinstance(fault, UnicodeDecodeError) or fault.start >= len(fault.object):
        return ""
    return f": byte {fault.object[fault.start]:#04x} is none of it"


def size_fault(size: int, max_bytes: int) -> Fault | None:
    """Return why a file of that size is refused, if it is."""
    if size <= max_bytes:
        return None
    what = f"the file has {size:,} bytes; the limit is {max_bytes:,}"
    return Fault(what, None, "raise [inbox] max_file_bytes, or ask for smaller files")


def inspect(path: Path, max_bytes: int, known: str = "", profiled: bool = False) -> Inspection:
    """Read a file once and return size, SHA-256 and the first reason why it is no text.

    The SHA-256 is not taken again where it is `known`. `profiled` = whether a profile may say how
    the file is encoded.

    Refused are files above `max_bytes`, what is of another kind (`strangers`), NUL bytes, UTF-16
    and UTF-32, what is not UTF-8, and a physical line longer than 1 MiB. A UTF-8 byte order mark
    and CRLF are fine.
    """
    sha, size, rows, open_line = None if known else hashlib.sha256(), 0, 0, 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    fault: Fault | None = None
    nul: Padding | None = None
    with open_file(path) as handle:
        while block := handle.read(BLOCK):
            if sha is not None:
                sha.update(block)
            if fault is None and size == 0:
                fault = _kind_fault(block)
            if fault is None and (nul or b"\0" in block):
                nul = (nul or Padding(rows + block.count(b"\n", 0, block.find(b"\0")) + 1)).on(
                    block
                )
            if fault is None and nul is None:
                fault, open_line = _block_fault(block, decoder, rows, open_line)
                rows += block.count(b"\n")
            size += len(block)
    if fault is None:
        fault = nul.fault() if nul else _decode_fault(b"", decoder, rows, final=True)
    if fault is not None and not profiled:
        fault = replace(fault, remedy=_SAVE if fault.remedy.startswith("say ") else fault.remedy)
    sha256 = known if sha is None else sha.hexdigest()
    return Inspection(size, sha256, size_fault(size, max_bytes) or fault)


_SAVE = "save it as UTF-8"
_SAY = 'say `encoding = "{}"` at the top of its profile, or save it as UTF-8'


def _kind_fault(block: bytes) -> Fault | None:
    """Return what a file is by how it begins, where it is no UTF-8 text."""
    from invoices.carrier.strangers import stranger

    if found := stranger(block):
        return Fault(found.what, None, found.remedy)
    if encoding := _wide(block):
        return Fault(f"the file is {encoding.upper()}, not UTF-8", 1, _SAY.format(encoding))
    return None


_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""How wide texts begin; the longer marks first, for one begins like a shorter one."""


def _wide(block: bytes) -> str | None:
    """Return the encoding of a text whose letters take two bytes or four, null where it is none."""
    marked = next((name for mark, name in _MARKS.items() if block.startswith(mark)), None)
    part = block[:4096]
    if marked or len(part) < 4:
        return marked
    even, odd = part[::2].count(0), part[1::2].count(0)
    if odd > 0.45 * len(part) and not even:
        return "utf-16-le"
    return "utf-16-be" if even > 0.45 * len(part) and not odd else None


@dataclass
class Padding:
    """The NUL bytes of a file: where the first is, how many there are, whether text follows."""

    row: int
    count: int = 0
    is_last: bool = True

    def on(self, block: bytes) -> Padding:
        """Take in a block: the one in which the first NUL byte stands, or one behind it."""
        rest = block if self.count else block[block.find(b"\0") :]
        self.count += rest.count(b"\0")
        self.is_last = self.is_last and not rest.strip(b"\0\r\n\x1a ")
        return self

    def fault(self) -> Fault:
        """Return what is wrong with the file."""
        if self.is_last:
            what = (
                f"the file ends in {self.count:,} NUL bytes: padding, or a transfer that broke off"
            )
            remedy = "see whether it is whole; if so cut them off (`tr -d '\\000' < FILE > NEW`)"
            return Fault(what, self.row, f"{remedy}, else ask for it again")
        what = f"the file holds {self.count:,} NUL bytes, the first in this row: it is no text"
        return Fault(what, self.row, "it was damaged on its way, or is no table: ask for it again")


def _block_fault(
    block: bytes, decoder: codecs.IncrementalDecoder, rows: int, open_line: int
) -> tuple[Fault | None, int]:
    """Return the first fault of a block, and how long its unfinished last line is by now.

    `rows` are the line ends before the block, `open_line` the bytes since the last of them.
    """
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
        return _not_utf8(error.object, error.start, row)
    return None


def _not_utf8(text: bytes, place: int, row: int) -> Fault:
    """Say which byte is no UTF-8, and what it may be where it is of a usual other encoding."""
    byte = text[place : place + 1]
    begins = text.rfind(b"\n", 0, place) + 1
    what = f"the text is not UTF-8: byte {place - begins + 1} of the row is {byte[0]:#04x}"
    try:
        letter = byte.decode("cp1252")
    except UnicodeDecodeError:
        return Fault(what, row, _SAY.format("..."))
    return Fault(f"{what}, in Windows text (cp1252) `{letter}`", row, _SAY.format("cp1252"))


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
