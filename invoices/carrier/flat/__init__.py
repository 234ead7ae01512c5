"""`flat`: delimited feeds and workbooks, read as their profile declares them.

`docs/formats/flat.md` describes the `[flat]` section. A feed has one or more parts, each told from
the others by the names in its header row.
"""

from __future__ import annotations

from dataclasses import dataclass

from invoices.carrier.flat.profile import Flat, Part
from invoices.carrier.flat.reader import read_tables
from invoices.carrier.flat.rows import (
    SIGNS,
    Table,
    header_names,
    missing_columns,
    numbered,
    text_table,
)
from invoices.carrier.profiles import Profile
from invoices.carrier.reading import Reading, refused_file
from invoices.carrier.source import Source

NAME = "flat"


@dataclass(frozen=True)
class Fit:
    """How well the header of a file fits a part: its columns, and those it lacks."""

    part: Part
    names: tuple[str, ...]
    missing: tuple[str, ...]
    surety: int


def fit(lines: list[str], profile: Profile, flat: Flat, part: Part) -> Fit:
    """Return how well the first lines of a file fit a part; `surety` 0 = not at all."""
    header = flat.header_of(part)
    if header == 0:
        sure = profile.recognise.says_anything and len(flat.part) == 1
        return Fit(part, numbered(part), (), 10 * sure)
    if len(lines) < header:
        return Fit(part, (), tuple(missing_columns(flat, part, ())), 0)
    names = header_names(lines[header - 1], flat.delimiter_of(part), flat.quotes) or ()
    missing = tuple(missing_columns(flat, part, names))
    wanted = flat.columns_of(part)
    return Fit(part, names, missing, 0 if missing else 10 + len(wanted))


def fits(head: bytes, profile: Profile) -> list[Fit]:
    """Return how well the beginning of a text fits each part of the feed."""
    flat = profile.section(Flat)
    text = head.decode(profile.encoding, errors="replace").lstrip("\ufeff")
    if "\0" in text:
        return []
    lines = text.split("\n")
    return [fit(lines, profile, flat, part) for part in flat.part]


def recognises(head: bytes, profile: Profile) -> int:
    """Say how surely a file begins like a part of the feed: the columns it is known by."""
    return max((one.surety for one in fits(head, profile)), default=0)


def read(source: Source, profile: Profile) -> Reading:
    """Read a file of the feed into fragments of documents and their lines.

    The file is of the part whose columns its header has; of several, the one with the most.
    """
    flat = profile.section(Flat)
    found = fits(source.head, profile)
    if len(flat.part) == 1 and found and not found[0].missing:
        chosen = found[0]
    else:
        chosen = max(found, key=lambda one: one.surety, default=Fit(flat.part[0], (), (), 0))
        if not chosen.surety:
            return _no_part(source, profile, found)
    if doubled := _doubled(flat, chosen):
        message = "the header has columns that stand twice: " + ", ".join(doubled)
        return refused_file(source.name, source.digest, message, "name each column once")
    table = text_table(source.lines(), flat, chosen.part, chosen.names, source.name)
    return read_tables(source, profile, [table])


def _doubled(flat: Flat, chosen: Fit) -> list[str]:
    """Return the columns that are looked at and stand twice."""
    wanted = {name for names in flat.columns_of(chosen.part) for name in names}
    return sorted(name for name in wanted if chosen.names.count(name) > 1)


def _no_part(source: Source, profile: Profile, found: list[Fit]) -> Reading:
    """Refuse a file whose header is of no part, saying what the nearest lacks."""
    message = f"its header is of no part of profile {profile.profile}"
    remedy = "correct the columns of the profile, or name another with --profile"
    nearest = min(found, key=lambda one: len(one.missing), default=None)
    if nearest is not None:
        lacks = ", ".join(nearest.missing[:10])
        message += f"; nearest is {nearest.part.name}, which lacks: {lacks}"
        text = nearest.names[0] if len(nearest.names) == 1 else ""
        if other := next((words for sign, words in SIGNS.items() if sign in text), None):
            remedy = f"the columns are parted by {other}: correct `delimiter` of the profile"
    return refused_file(source.name, source.digest, message, remedy, 1)


__all__ = ["NAME", "Fit", "Flat", "Table", "fit", "fits", "read", "recognises"]
