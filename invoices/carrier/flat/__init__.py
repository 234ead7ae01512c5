"""`flat`: delimited feeds and workbooks, read as their profile declares them.

`docs/formats/flat.md` describes the `[flat]` section. A feed has one or more parts, each told from
the others by the names in its header row.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from invoices.carrier.flat.profile import Flat, Part, folded
from invoices.carrier.flat.reader import read_tables
from invoices.carrier.flat.rows import (
    SIGNS,
    Table,
    header_names,
    missing_columns,
    numbered,
    sheet_table,
    text_table,
)
from invoices.carrier.flat.workbook import WorkbookFault, first_rows, preview, sheets
from invoices.carrier.profiles import Profile
from invoices.carrier.reading import Reading, refused_file
from invoices.carrier.source import ZIP, Source

NAME = "flat"


@dataclass(frozen=True)
class Fit:
    """How well the header of a file fits a part: its columns, and those it lacks."""

    part: Part
    names: tuple[str, ...]
    missing: tuple[str, ...]
    surety: int


def fit(lines: list[str], profile: Profile, flat: Flat, part: Part) -> Fit:
    """Return how well the first lines of a text fit a part; `surety` 0 = not at all."""
    header = flat.header_of(part)
    text = lines[header - 1] if 0 < header <= len(lines) else ""
    names = header_names(text, flat.delimiter_of(part), flat.quotes) or ()
    return _fit(names, profile, flat, part)


def _fit(names: tuple[str, ...], profile: Profile, flat: Flat, part: Part) -> Fit:
    if flat.header_of(part) == 0:
        sure = profile.recognise.says_anything and len(flat.part) == 1
        return Fit(part, numbered(part), (), 10 * sure)
    missing = tuple(missing_columns(flat, part, names))
    return Fit(part, names, missing, 0 if missing else 10 + len(flat.columns_of(part)))


def fits(head: bytes, profile: Profile) -> list[Fit]:
    """Return how well the beginning of a file fits each part of the feed, sheet by sheet."""
    flat = profile.section(Flat)
    if head.startswith(ZIP):
        return [one for _, rows in _previewed(head) for one in _sheet_fits("", rows, profile, flat)]
    text = head.decode(profile.encoding, errors="replace").lstrip("\ufeff")
    if "\0" in text:
        return []
    lines = text.split("\n")
    return [fit(lines, profile, flat, part) for part in flat.part]


def _previewed(head: bytes) -> list[tuple[str, list[list[str]]]]:
    """Return the sheets that the head of a workbook shows; none where it is not made readable."""
    try:
        return [(name, rows) for name, rows in json.loads(head[len(ZIP) :])]
    except ValueError:
        return []


def _sheet_fits(name: str, rows: list[list[str]], profile: Profile, flat: Flat) -> list[Fit]:
    """Return how well a sheet fits each part that may stand on it."""
    found = []
    for part in flat.part:
        header = flat.header_of(part)
        row = rows[header - 1] if 0 < header <= len(rows) else []
        if not name or part.sheet is None or folded(part.sheet) == folded(name):
            found.append(_fit(tuple(folded(cell) for cell in row), profile, flat, part))
    return found


def head_of_workbook(content: bytes) -> bytes:
    """Return what a workbook is recognised by: the first rows of its sheets as JSON, behind the
    sign of a zip. Raises `WorkbookFault` where it cannot be read."""
    return ZIP + preview(sheets(content)).encode()


def recognises(head: bytes, profile: Profile) -> int:
    """Say how surely a file begins like a part of the feed: the columns it is known by."""
    return max((one.surety for one in fits(head, profile)), default=0)


def read(source: Source, profile: Profile) -> Reading:
    """Read a file of the feed into fragments of documents and their lines.

    A text is of the part whose columns its header has; of several, the one with the most. Of a
    workbook every sheet that fits a part is read.
    """
    flat = profile.section(Flat)
    if source.head.startswith(ZIP):
        return _read_workbook(source, profile, flat)
    found = fits(source.head, profile)
    chosen = _best(found, flat)
    if chosen is None:
        return _no_part(source, profile, found)
    if doubled := _doubled(flat, chosen):
        message = "the header has columns that stand twice: " + ", ".join(doubled)
        return refused_file(source.name, source.digest, message, "name each column once")
    table = text_table(source.lines(), flat, chosen.part, chosen.names, source.name)
    return read_tables(source, profile, [table])


def _best(found: list[Fit], flat: Flat) -> Fit | None:
    """Return the part that fits best; a feed of one part need not be sure."""
    if len(flat.part) == 1 and found and not found[0].missing:
        return found[0]
    best = max(found, key=lambda one: one.surety, default=None)
    return best if best is not None and best.surety else None


def unread_columns(head: bytes, profile: Profile) -> list[str]:
    """Return the columns of a file, by its beginning, that the profile does not look at."""
    flat = profile.section(Flat)
    chosen = _best(fits(head, profile), flat)
    if chosen is None:
        return []
    wanted = {name for names in flat.columns_of(chosen.part) for name in names}
    return [name for name in chosen.names if name and name not in wanted]


def _read_workbook(source: Source, profile: Profile, flat: Flat) -> Reading:
    """Read every sheet of a workbook whose header fits a part; rows count as the sheet does."""
    held = bytearray()
    for block in source.blocks():
        held += block
        if len(held) > profile.limits.memory_bytes:
            message = f"the workbook has more than {profile.limits.memory_bytes:,} bytes"
            remedy = "raise `memory_bytes` below [limits] of the profile, or ask for text"
            return refused_file(source.name, source.digest, message, remedy)
    try:
        found = sheets(bytes(held), flat.decimal)
    except WorkbookFault as fault:
        return refused_file(source.name, source.digest, str(fault), SAVE_AGAIN)
    tables, all_fits = [], []
    for sheet in found:
        fits_here = _sheet_fits(sheet.name, first_rows(sheet), profile, flat)
        all_fits += fits_here
        if chosen := _best(fits_here, flat):
            if doubled := _doubled(flat, chosen):
                message = f"sheet {sheet.name} has columns that stand twice: {', '.join(doubled)}"
                return refused_file(source.name, source.digest, message, "name each column once")
            cited = source.name if len(found) == 1 else f"{source.name}!{sheet.name}"
            tables.append(sheet_table(sheet, flat, chosen.part, chosen.names, cited))
    if not tables:
        return _no_part(source, profile, all_fits)
    return read_tables(source, profile, tables)


SAVE_AGAIN = "save it again as .xlsx with a spreadsheet program, or ask for text"


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


__all__ = [
    "NAME",
    "SAVE_AGAIN",
    "Fit",
    "Flat",
    "Table",
    "WorkbookFault",
    "fit",
    "fits",
    "head_of_workbook",
    "read",
    "recognises",
    "unread_columns",
]
