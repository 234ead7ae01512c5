"""`flat`: delimited feeds and workbooks, read as their profile declares them.

`docs/formats/flat.md` describes the `[flat]` section. A feed has one or more parts, each told from
the others by the names in its header row.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from invoices.carrier.flat.grid import (
    LONGEST,
    Unclosed,
    joined,
    names_in,
    rows_grid,
    sheet_grid,
    text_grid,
)
from invoices.carrier.flat.labels import Disagreed, key_labels
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
from invoices.carrier.flat.sections import headers, section_table, sections
from invoices.carrier.flat.workbook import (
    SAVE_AGAIN,
    Sheet,
    WorkbookFault,
    first_rows,
    preview,
    sheets,
)
from invoices.carrier.profiles import Profile
from invoices.carrier.reading import Reading, refused_file
from invoices.carrier.source import ZIP, Source, physical_lines

NAME = "flat"
NEAR = 50
"""In so many rows what is nearest to a header is looked for."""


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
        return [one for _, rows in previewed(head) for one in _sheet_fits("", rows, profile, flat)]
    text = head.decode(profile.encoding, errors="replace").lstrip("\ufeff")
    if "\0" in text:
        return []
    lines = _joined_head(text.split("\n")) if flat.joins_lines else text.split("\n")
    if flat.is_sectioned:
        return _found_in(text_grid(physical_lines(lines), flat), flat)
    return [fit(lines, profile, flat, part) for part in flat.part]


def _joined_head(lines: list[str]) -> list[str]:
    """Return the first lines with quoted cells whole, each in the row it begins in."""
    try:
        rows = joined(physical_lines(lines)).collect()
    except Unclosed:
        return lines  # the head of a longer file may end inside a cell
    found = [""] * len(lines)
    for row, text in rows.rows():
        found[row - 1] = text
    return found


def _found_in(grid: pl.DataFrame, flat: Flat) -> list[Fit]:
    """Return the parts whose header stands somewhere in a file (`GRID`); where none does, what the
    rows that are nearest to one lack."""
    absent = _unsaid(grid, flat)
    found = [
        Fit(part, header.names, absent, 0 if absent else 10 + len(flat.columns_of(part)))
        for header in headers(grid, flat).values()
        for part in header.parts
        if flat.columns_of(part)
    ]
    if found:
        return found
    rows = [names_in(cells) for cells in grid.filter(pl.col("filled") > 1)["cells"].head(NEAR)]
    return [
        Fit(part, names, tuple(missing_columns(flat, part, names)), 0)
        for part in flat.part
        for names in sorted(rows, key=lambda n: len(missing_columns(flat, part, n)))[:1]
    ]


def _unsaid(grid: pl.DataFrame, flat: Flat) -> tuple[str, ...]:
    """Return the labels of the key that stand nowhere in a file (`GRID`), in no row of it."""
    said = " ".join(folded(text) for text in grid["text"])
    return tuple(label for label in key_labels(flat) if label not in said)


def previewed(head: bytes) -> list[tuple[str, list[list[str]]]]:
    """Return the sheets that the head of a workbook shows; none where it is not made readable."""
    try:
        return [(name, rows) for name, rows in json.loads(head[len(ZIP) :])]
    except ValueError:
        return []


def _sheet_fits(name: str, rows: list[list[str]], profile: Profile, flat: Flat) -> list[Fit]:
    """Return how well a sheet fits each part that may stand on it."""
    if flat.is_sectioned:
        grid = rows_grid(rows)
        return [
            one
            for one in _found_in(grid, flat)
            if not name or one.part.sheet is None or folded(one.part.sheet) == folded(name)
        ]
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
    try:
        lines = joined(source.lines()) if flat.joins_lines else source.lines()
    except Unclosed as fault:
        message = f"a quoted cell that begins here is not closed within {LONGEST} lines"
        remedy = "send the row again whole, with quotes around the cell, those within it doubled"
        return refused_file(source.name, source.digest, message, remedy, fault.row)
    if flat.is_sectioned:
        return _read_sections(source, profile, flat, [(text_grid(lines, flat), None, source.name)])
    found = fits(source.head, profile)
    chosen = _best(found, flat)
    if chosen is None:
        return _no_part(source, profile, found)
    if doubled := _doubled(flat, chosen):
        message = "the header has columns that stand twice: " + ", ".join(doubled)
        return refused_file(source.name, source.digest, message, "name each column once")
    table = text_table(lines, flat, chosen.part, chosen.names, source.name)
    return read_tables(source, profile, [table])


def _read_sections(
    source: Source,
    profile: Profile,
    flat: Flat,
    grids: Sequence[tuple[pl.DataFrame, Sheet | None, str]],
) -> Reading:
    """Read a file of several tables; of a workbook each sheet, with the sheet and its citation."""
    tables, found = [], []
    for grid, sheet, cited in grids:
        if grid.estimated_size() > profile.limits.memory_bytes:
            message = f"its rows take more than {profile.limits.memory_bytes:,} bytes"
            remedy = "raise `memory_bytes` below [limits] of the profile, or split the file"
            return refused_file(source.name, source.digest, message, remedy)
        try:
            known = sections(grid, _on(sheet, flat))
        except Disagreed as fault:
            remedy = "name the label in the profile so that it stands once in a bill"
            return refused_file(source.name, source.digest, str(fault), remedy)
        if sheet is not None and sheet.is_hidden:
            unseen = [one.part for one in known if one.part.sheet is None]
            if unseen:
                return refused_file(source.name, source.digest, *_unseen(sheet.name, unseen[0]))
        found += known
        if doubled := sorted({name for one in known for name in _twice(flat, one.part, one.names)}):
            message = f"a header of {cited} has columns that stand twice: {', '.join(doubled)}"
            return refused_file(source.name, source.digest, message, "name each column once")
        tables += [section_table(one, sheet, flat, cited) for one in known]
    if not tables:
        return _no_part(
            source, profile, [one for grid, *_ in grids for one in _found_in(grid, flat)]
        )
    absent = [
        label
        for label in key_labels(flat)
        if all(one.rows[f"beside {label}"].null_count() == one.rows.height for one in found)
    ]
    if absent:
        message = f"no cell outside of its tables says `{absent[0]}`"
        remedy = "correct the label in the profile, or name another with --profile"
        return refused_file(source.name, source.digest, message, remedy)
    return read_tables(source, profile, tables)


def _best(found: list[Fit], flat: Flat) -> Fit | None:
    """Return the part that fits best; a feed of one part need not be sure."""
    if len(flat.part) == 1 and found and not found[0].missing:
        return found[0]
    best = max(found, key=lambda one: one.surety, default=None)
    return best if best is not None and best.surety else None


def _on(sheet: Sheet | None, flat: Flat) -> Flat:
    """Return the feed with the parts that may stand on a sheet."""
    if sheet is None:
        return flat
    own = [p for p in flat.part if p.sheet is None or folded(p.sheet) == folded(sheet.name)]
    return flat.model_copy(update={"part": tuple(own)})


def unread_columns(head: bytes, profile: Profile) -> list[str]:
    """Return the columns of a file, by its beginning, that the profile does not look at."""
    flat = profile.section(Flat)
    chosen = _best(fits(head, profile), flat)
    if chosen is None:
        return []
    if flat.is_sectioned:
        read = [one for one in fits(head, profile) if one.part.role != "aside"]
        return list(dict.fromkeys(name for one in read for name in _unread(flat, one)))
    return _unread(flat, chosen)


def _unread(flat: Flat, chosen: Fit) -> list[str]:
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
        return refused_file(source.name, source.digest, str(fault), fault.remedy)
    if flat.is_sectioned:
        only = len(found) == 1
        grids = [
            (sheet_grid(one), one, source.name if only else f"{source.name}!{one.name}")
            for one in found
            if one.width
        ]
        return _read_sections(source, profile, flat, grids)
    tables, all_fits = [], []
    for sheet in found:
        fits_here = _sheet_fits(sheet.name, first_rows(sheet), profile, flat)
        all_fits += fits_here
        if chosen := _best(fits_here, flat):
            if sheet.is_hidden and chosen.part.sheet is None:
                return refused_file(source.name, source.digest, *_unseen(sheet.name, chosen.part))
            if doubled := _doubled(flat, chosen):
                message = f"sheet {sheet.name} has columns that stand twice: {', '.join(doubled)}"
                return refused_file(source.name, source.digest, message, "name each column once")
            cited = source.name if len(found) == 1 else f"{source.name}!{sheet.name}"
            tables.append(sheet_table(sheet, flat, chosen.part, chosen.names, cited))
    if not tables:
        return _no_part(source, profile, all_fits)
    return read_tables(source, profile, tables)


def _unseen(sheet: str, part: Part) -> tuple[str, str]:
    """Say that a hidden sheet has the columns of a part: nobody who looks at the bill sees it."""
    what = f"sheet {sheet} is hidden and has the columns of part {part.name}"
    return what, (
        "delete the sheet or show it, whichever is meant; or name the sheet that counts as `sheet`"
        " of the part"
    )


def _doubled(flat: Flat, chosen: Fit) -> list[str]:
    """Return the columns that are looked at and stand twice."""
    return sorted(_twice(flat, chosen.part, chosen.names))


def _twice(flat: Flat, part: Part, columns: tuple[str, ...]) -> set[str]:
    wanted = {name for names in flat.columns_of(part) for name in names}
    return {name for name in wanted if columns.count(name) > 1}


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
    "previewed",
    "read",
    "recognises",
    "unread_columns",
]
