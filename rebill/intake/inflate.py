"""What is packed is inflated within limits, whatever it says of itself."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from rebill.workspace.settings import Archives
from rebill.workspace.text_files import BLOCK

GZIP = b"\x1f\x8b"
FIRST = 1024
"""So much of a part of a gzip is looked at first: what follows the part is copied each time."""
RATIO_FROM = 16 * 2**20
"""A smaller member may be as repetitive as it likes."""


class TooMuch(Exception):
    """An archive needs more than the settings allow; the message says what."""


class Writes(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> int:
        """Take them."""


class Broken(Exception):
    """A member is not what its archive says; the message says how."""


@dataclass
class Budget:
    """What may still be unpacked of one archive and all that lies in it."""

    limits: Archives
    scratch: Path
    bytes: int = 0
    members: int = 0
    written: list[Path] = field(default_factory=list)

    def take(self, count: int) -> None:
        """Count bytes; raises `TooMuch` beyond the limit."""
        self.bytes += count
        if self.bytes > self.limits.max_bytes:
            raise TooMuch(f"it unpacks to more than {self.limits.max_bytes:,} bytes")

    def one_more(self) -> Path:
        """Return where the next member is written; raises `TooMuch` beyond the limit."""
        self.members += 1
        if self.members > self.limits.max_members:
            raise TooMuch(f"it holds more than {self.limits.max_members:,} files")
        self.scratch.mkdir(parents=True, exist_ok=True)
        place = self.scratch / f"{len(self.written):06}"
        self.written.append(place)
        return place


class Nowhere:
    """Takes what is inflated only to see that it can be."""

    def write(self, data: bytes, /) -> int:
        """Take them, and keep none."""
        return len(data)


def inflated_gzip(
    packed: BinaryIO, target: BinaryIO, packed_size: int, budget: Budget
) -> tuple[int, str]:
    """Write what a gzip holds, in one part or several, and return its size and SHA-256."""
    sha, size = hashlib.sha256(), 0
    inflate, step = zlib.decompressobj(wbits=31), FIRST
    while block := packed.read(BLOCK):
        rest = memoryview(block)
        while rest:
            if inflate.eof:
                if rest[0] == 0 and not bytes(rest).strip(b"\0"):
                    break
                if rest[:2] != GZIP[: len(rest)]:
                    raise Broken("something else follows the compressed data")
                inflate, step = zlib.decompressobj(wbits=31), FIRST
            taken = rest[:step]
            for data in pieces(inflate, taken):
                size += len(data)
                budget.take(len(data))
                check_ratio(size, packed_size, budget.limits)
                sha.update(data)
                target.write(data)
            rest = rest[len(taken) - len(inflate.unused_data) :]
            step = min(2 * step, BLOCK)
    if not inflate.eof:
        raise Broken("it is cut off")
    return size, sha.hexdigest()


def pieces(inflate: Any, block: bytes | memoryview) -> Iterator[bytes]:
    """Yield what a block inflates to, never more than a block at once."""
    while True:
        try:
            data = inflate.decompress(block, BLOCK)
        except zlib.error as fault:
            raise Broken(f"it is not what it says: {fault}") from fault
        yield data
        block = inflate.unconsumed_tail
        if inflate.eof or (not block and len(data) < BLOCK):
            return


def check_ratio(size: int, packed: int, limits: Archives) -> None:
    """Raise `Broken` where so much was inflated from too little."""
    if size > RATIO_FROM and size > packed * limits.max_ratio:
        raise Broken(f"it unpacks to more than {limits.max_ratio} times its size")
