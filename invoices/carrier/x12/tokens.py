"""A file cut into segments, some million characters at a time; memory does not grow with the file.

Characters, not bytes, are counted: separators may be any. Line ends are layout unless a separator
is one, and so are blanks in front of a segment. Interchanges with the separators of the one before
are cut together; where they change, a new piece begins.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from invoices.carrier.x12.separators import BLANKS, LONGEST, Separators, Unreadable, find_separators
from invoices.identifiers import unseen_off

PIECE = 8 * 2**20
"""About so many characters are worked on at once."""
PADDING = BLANKS + "\0"
"""What may fill up the end of a file."""
Blocks = Callable[[], Iterator[bytes]]


@dataclass(frozen=True)
class Piece:
    """Whole segments that follow each other, with one set of separators."""

    separators: Separators
    segments: pl.Series
    """Texts without terminator; none is empty."""
    first: int
    """The number of the first of them in the file, from 1."""
    blanks: str
    """Blanks that stand somewhere in the piece, and are no data around an element."""


@dataclass(frozen=True)
class Limits:
    """What may be held at once."""

    segment: int = 2**20
    """The longest segment, in characters."""


def encoding_of(blocks: Blocks) -> str:
    """Return `utf-8` where a whole file is UTF-8, else `latin-1`, which any bytes are."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in blocks():
            if not block.isascii() or decoder.getstate()[0]:
                decoder.decode(block)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def pieces(blocks: Iterator[bytes], encoding: str, limits: Limits) -> Iterator[Piece | Unreadable]:
    """Yield the segments of a file, piece by piece; where no more can be read, why, as the last."""
    return _Cutter(limits).pieces(_texts(blocks, encoding))


def _texts(blocks: Iterator[bytes], encoding: str) -> Iterator[str | Unreadable]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        padded = False
        for block in blocks:
            text = unseen_off(decoder.decode(block))
            if padded or "\0" in text:
                text, rest = ("", text) if padded else text.split("\0", 1)
                padded = True
                if rest.strip(PADDING):
                    yield text
                    yield _nul(text, rest)
                    return
            if text:
                yield text
        if text := decoder.decode(b"", True):
            yield text
    except UnicodeDecodeError:
        yield Unreadable(f"the text is not {encoding}", "name its encoding in the profile")


def _nul(before: str, behind: str) -> Unreadable:
    """Say that NUL characters stand in front of more text; behind all of it they only pad."""
    if before[:3] in ("I", "\xff\xfeI", "\xfe\xff"):
        return Unreadable("the file is UTF-16", "ask for the file as UTF-8 or ASCII")
    near = re.split(r"[\0\r\n]", behind.lstrip(PADDING), maxsplit=1)[0][:12]
    return Unreadable(
        f"NUL characters stand in the middle of the file, before `{near}`",
        "ask for the file as the carrier's system wrote it: NUL may only pad its end",
    )


class _Cutter:
    """Cuts texts into pieces; holds the text that no segment has ended yet."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.separators: Separators | None = None
        self.text = ""
        self.number = 1
        self.idle = BLANKS
        """What is no data in front of an interchange."""

    def pieces(self, texts: Iterator[str | Unreadable]) -> Iterator[Piece | Unreadable]:
        held: list[str] = []
        size = 0
        for text in texts:
            if isinstance(text, Unreadable):
                yield from self._rest("".join(held))
                yield text
                return
            held.append(text)
            size += len(text)
            if size + len(self.text) >= PIECE:
                for piece in self._cut("".join(held), False):
                    yield piece
                    if isinstance(piece, Unreadable):
                        return
                held, size = [], 0
        yield from self._cut("".join(held), True)

    def _rest(self, text: str) -> Iterator[Piece]:
        """Yield what is whole of a text that cannot be read on."""
        for piece in self._cut(text, False):
            if isinstance(piece, Piece):
                yield piece
        if self.separators is not None:
            self.text = self.text[: self.text.rfind(self.separators.terminator) + 1]
        for piece in self._cut("", True):
            if isinstance(piece, Piece):
                yield piece

    def _cut(self, text: str, ended: bool) -> Iterator[Piece | Unreadable]:
        """Yield what the text so far has of whole segments; at the end of the file, all of it."""
        self.text += text
        while True:
            if self.separators is None:
                self.text = self.text.lstrip(self.idle)
                if not self.text or (len(self.text) < LONGEST and not ended):
                    return
                found = _separators(self.text)
                if isinstance(found, Unreadable):
                    yield Unreadable(found.what, found.remedy, self.number)
                    return
                self.separators = found
                self.idle = BLANKS + found.terminator
            end, changes = self._end(ended)
            if end:
                piece = self._piece(self.text[:end])
                self.text = self.text[end:]
                if piece is not None:
                    yield piece
            if changes:
                self.separators = None
                continue
            if len(self.text) > self.limits.segment:
                yield Unreadable(
                    f"a segment is longer than {self.limits.segment:,} characters",
                    "ask for segments that end with the terminator the ISA names",
                    self.number,
                )
                self.text = ""
            return

    def _end(self, ended: bool) -> tuple[int, bool]:
        """Return up to where the text may be cut, and whether other separators follow there."""
        separators, start = self.separators, 0
        assert separators is not None
        while True:
            at = self._after_interchange(start)
            if at is None:
                break
            rest = self.text[at : at + 2 * LONGEST].lstrip(self.idle)
            if len(rest) < LONGEST and not ended:
                # Not enough is here to see how the next one begins; cut before its end.
                return self.text.rfind(separators.terminator, 0, at - 1) + 1, False
            if rest and _separators(rest) != separators:
                return at, True
            start = at
        if ended:
            return len(self.text), False
        return self.text.rfind(separators.terminator) + 1, False

    def _after_interchange(self, start: int) -> int | None:
        """Return where the next interchange may begin: behind the terminator of an IEA."""
        separators = self.separators
        assert separators is not None
        while (at := self.text.find(f"IEA{separators.element}", start)) >= 0:
            before = at - 1
            while before >= 0 and self.text[before] in BLANKS.replace(separators.terminator, ""):
                before -= 1
            end = self.text.find(separators.terminator, at)
            if before < 0 or self.text[before] == separators.terminator:
                return end + 1 if end >= 0 else None
            start = at + 1
        return None

    def _piece(self, text: str) -> Piece | None:
        separators = self.separators
        assert separators is not None
        segments = _split(text, separators)
        if segments.is_empty():
            return None
        blanks = "".join(
            blank for blank in separators.blanks if _stands_out(blank, text, separators)
        )
        piece = Piece(separators, segments, self.number, blanks)
        self.number += len(segments)
        return piece


def _stands_out(blank: str, text: str, separators: Separators) -> bool:
    """Whether a blank may stand beside an element of a text, or at the end of a segment."""
    if blank not in text:  # one sign is looked for twenty times as fast as two
        return False
    if "\n" in text or "\r" in text:  # layout may stand between a blank and what ends it
        return True
    element, end = separators.element, separators.terminator
    beside = [blank + element, element + blank, blank + end]
    return text.endswith(blank) or bool(pl.Series([text]).str.contains_any(beside).item())


def _separators(text: str) -> Separators | Unreadable:
    """Return the separators of an interchange, also of one whose lines were cut at some width.

    Behind an ISA stands a GS; where it does not, line ends may be layout inside the ISA too.
    """
    found = find_separators(text)
    if "\n" in text[:LONGEST] and not _leads_on(text, found):
        joined = text[: 2 * LONGEST].replace("\r", "").replace("\n", "")
        again = find_separators(joined)
        if _leads_on(joined, again):
            return again
    return found


def _leads_on(text: str, found: Separators | Unreadable) -> bool:
    """Whether a segment that may follow an ISA stands behind its terminator."""
    if isinstance(found, Unreadable):
        return False
    end = text.find(found.component + found.terminator)
    if end < 0:
        end = text.find(found.component + "\r\n")
    return text[end + 2 :].lstrip(BLANKS).startswith(("GS", "TA1", "IEA"))


def _split(text: str, separators: Separators) -> pl.Series:
    """Return the segments of a text, without layout; what is empty is none."""
    if separators.keeps_line_ends:
        if "\r" not in (separators.element, separators.component, separators.terminator):
            text = text.replace("\r", "")
    elif "\n" in text or "\r" in text:
        text = text.replace("\r", "").replace("\n", "")
    segments = _cut_at(text, separators.terminator)
    segments = segments.str.strip_chars_start(BLANKS.replace(separators.element, ""))
    return segments.filter(segments.str.len_bytes() > 0)


def _cut_at(text: str, terminator: str) -> pl.Series:
    """Return the parts of a text between terminators; a part may be null where it is empty."""
    if not terminator.isascii() or "\0" in text:
        return pl.Series("text", [text]).str.split(terminator).explode()
    # A CSV without cells is the quickest way to cut; NUL separates nothing, for none is left.
    frame = pl.read_csv(
        io.BytesIO(text.encode()),
        has_header=False,
        separator="\0",
        eol_char=terminator,
        quote_char=None,
        infer_schema=False,
        new_columns=["text"],
    )
    return frame["text"].drop_nulls()
