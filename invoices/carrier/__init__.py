"""Readers of carrier paper, one module a format.

A format is a module with `recognises(head)` and `read(raw, source_file, digest)`; a new one is
written beside the others and added to `FORMATS`, the most particular first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from invoices.carrier import usoc_lines
from invoices.carrier.contents import contents_differ
from invoices.carrier.reading import Reading, document_id, refused_file

__all__ = [
    "FORMATS",
    "Format",
    "Reading",
    "contents_differ",
    "document_id",
    "format_named",
    "identify",
    "read",
    "refused_file",
]


@dataclass(frozen=True)
class Format:
    """A format of carrier paper: its name, how it is known, how it is read."""

    name: str
    recognises: Callable[[str], bool]
    read: Callable[[pl.LazyFrame, str, str], Reading]


FORMATS: tuple[Format, ...] = (Format(usoc_lines.NAME, usoc_lines.recognises, usoc_lines.read),)


def identify(head: bytes) -> str | None:
    """Return the name of the format a file begins like, by content alone; null if none does.

    `head` is the first block of the file, some thousand bytes; it may end inside a character.
    """
    if b"\0" in head:
        return None
    text = head.decode("utf-8-sig", errors="replace")
    return next((known.name for known in FORMATS if known.recognises(text)), None)


def format_named(name: str) -> Format | None:
    """Return the format of that name."""
    return next((known for known in FORMATS if known.name == name), None)


def read(
    head: bytes,
    raw: pl.LazyFrame,
    source_file: str,
    digest: str = "",
    profile: str | None = None,
) -> Reading:
    """Read a carrier file in the format its beginning shows, or in the one `profile` names.

    `raw` are its physical lines (`row` from 1, `text`), `digest` its SHA-256. A file that no format
    knows is refused, as is everything else that cannot be read.
    """
    name = profile or identify(head)
    known = format_named(name) if name else None
    if known is None:
        names = ", ".join(known.name for known in FORMATS)
        what = f"no format is called `{profile}`" if profile else _nothing_known(head)
        return refused_file(source_file, digest, what, f"formats that are read: {names}")
    return known.read(raw, source_file, digest)


def _nothing_known(head: bytes) -> str:
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        return "the file is empty"
    return "the file begins like no carrier invoice that is read"
