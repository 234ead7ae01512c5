"""An interchange of 811 becomes documents and lines, in memory that does not grow with it.

The file is gone through once to know its envelope, headings and hierarchy and what every set adds
up to; its lines are then made of the charges of each piece, which are kept from there: the first of
them in memory, those of a large file set aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from invoices.carrier import piecewise
from invoices.carrier.piecewise import Kept
from invoices.carrier.profiles import Profile
from invoices.carrier.reading import Reading, refused_file
from invoices.carrier.source import Source
from invoices.carrier.x12.bills.documents import settle
from invoices.carrier.x12.bills.verdict import Told
from invoices.carrier.x12.charge_segments import Dialect
from invoices.carrier.x12.charges import WRONG
from invoices.carrier.x12.digest import Digest, Digester
from invoices.carrier.x12.envelope import Envelope
from invoices.carrier.x12.heading import Headings
from invoices.carrier.x12.lines import Counter, Marks, lines_of, translated
from invoices.carrier.x12.profile import X12
from invoices.carrier.x12.resolve import Resolver
from invoices.carrier.x12.rules import Fault
from invoices.carrier.x12.segments import cut, identified
from invoices.carrier.x12.separators import Unreadable
from invoices.carrier.x12.tokens import Limits, encoding_of, pieces

HOPELESS = 100_000
"""A file with more segments than this that cannot be read is refused as a whole."""
ENOUGH = 20_000_000
"""Segments that may follow a line or an HL before the next begins."""


@dataclass
class _File:
    """What going through a file once says."""

    kept: Kept

    envelope: Envelope = field(default_factory=Envelope)
    wrong: list[pl.DataFrame] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    counted: dict[int, int] = field(default_factory=dict)
    broken: Unreadable | None = None
    last: int = 0


def read(source: Source, profile: Profile) -> Reading:
    """Read a file of interchanges into documents and lines.

    Nothing raises on what a carrier may send: what cannot be read is a finding with its segment,
    its cause and a remedy. `lines` of the answer is lazy.
    """
    said = profile.section(X12)
    encoding = encoding_of(source.blocks) if said.encoding == "auto" else said.encoding
    known = source.known.kinds.select("usoc").unique().collect().to_series()
    dialect = Dialect("*", said, profile, known)
    seen = _File(Kept(profile.limits.memory_bytes // piecewise.SHARE, source.set_aside))
    headings, resolver = Headings(said), Resolver(said, profile)
    for digest, separators in _digests(source, encoding, dialect):
        if isinstance(digest, Unreadable):
            seen.broken = digest
            break
        _take(seen, headings, resolver, digest, separators, profile)
        if seen.broken:
            break
    if seen.broken and not seen.envelope.sets:
        why = seen.broken
        return refused_file(source.name, source.digest, why.what, why.remedy, why.segment)
    seen.envelope.finish(seen.last, seen.broken)
    resolver.finish()
    bills = settle(source, profile, seen.envelope, headings, resolver, _told(seen), encoding)
    if isinstance(bills, Reading):
        return bills
    marks = resolver.marks()
    lines = _lazy(source.name, dialect, marks, bills.loaded, bills.kinds, seen.kept)
    return bills.reading(lines)


def _told(seen: _File) -> Told:
    wrong = pl.concat([pl.DataFrame(schema=WRONG), *seen.wrong])
    return Told(wrong, seen.faults, seen.counted, seen.broken, seen.last)


def _take(
    seen: _File,
    headings: Headings,
    resolver: Resolver,
    digest: Digest,
    separators: tuple[str, str, str],
    profile: Profile,
) -> None:
    """Take in what a piece says, and decide what can be decided by now."""
    seen.envelope.feed(digest.envelope, digest.strays, separators)
    headings.feed(digest.heads, separators[0])
    seen.last = digest.last
    if digest.wrong.height:
        seen.wrong.append(digest.wrong)
    for segment, number, message in digest.misdated.iter_rows():
        seen.faults.append(Fault("date", segment, message, "write dates as CCYYMMDD", number))
    for number, count in digest.lines.items():
        seen.counted[number] = seen.counted.get(number, 0) + count
    seen.kept.keep(digest.charges)
    resolver.take(digest)
    if sum(frame.height for frame in seen.wrong) > HOPELESS:
        remedy = "ask the carrier for a file as its system writes it, or correct the profile"
        seen.broken = Unreadable(f"more than {HOPELESS:,} segments cannot be read", remedy)
    if resolver.waiting.size() > profile.limits.memory_bytes:
        remedy = "raise [limits] memory_bytes in the profile, or ask for smaller sets"
        seen.broken = Unreadable("a set needs more memory than its profile allows", remedy)


def _digests(
    source: Source, encoding: str, dialect: Dialect
) -> Iterator[tuple[Digest | Unreadable, tuple[str, str, str]]]:
    """Yield what each piece of a file says, with its separators; lines are never cut in two.

    A piece waits for the next one, which may go on with its last line.
    """
    digester = Digester(dialect)
    held = pl.DataFrame()
    of = ("*", ">", "~")
    for piece in pieces(source.blocks(), encoding, Limits(dialect.head.limits.record_bytes)):
        if isinstance(piece, Unreadable):
            if held.height:
                yield digester.digest(held, of[0]), of
            yield piece, of
            return
        now = piece.separators
        separators = (now.element, now.component, now.terminator)
        at = cut(held) if separators == of and held.height else held.height
        if held.height - at > ENOUGH:
            yield Unreadable("a line has too many segments", "ask for the file again"), of
            return
        if at:
            yield digester.digest(held[:at], of[0]), of
        segments = identified(piece)
        held = segments if at == held.height else pl.concat([held[at:], segments])
        of = separators
    if held.height:
        yield digester.digest(held, of[0]), of


def _lazy(
    source_file: str,
    dialect: Dialect,
    marks: Marks,
    loaded: pl.DataFrame,
    kinds: pl.DataFrame,
    kept: Kept,
) -> pl.LazyFrame:
    """Return the lines of the bills that load, made piece by piece whenever they are asked for."""

    def lines() -> Iterator[pl.DataFrame]:
        counter = Counter()
        for charges in kept:
            meant = translated(charges, dialect.head.codes)
            yield lines_of(meant, marks, loaded, kinds, counter, dialect.said, source_file)

    return piecewise.lazy_lines(lines)


__all__ = ["read"]
