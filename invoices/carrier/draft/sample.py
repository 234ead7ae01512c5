"""The beginning of a file, or the whole of a workbook, as cells; nothing is decided of them yet."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from invoices.carrier.flat.workbook import WorkbookFault, sheets
from invoices.carrier.source import ZIP

DELIMITERS = (",", "\t", ";", "|")
ENCODINGS = ("utf-8", "cp1252", "latin-1")
LOOKED_AT = 200
"""So many lines tell what parts the cells."""
MOST_BYTES = 8 * 2**20
"""A draft is made of so much of a text; the trial reads the whole file."""
MOST_ROWS = 20_000

Row = tuple[str, ...]


class NoDraft(ValueError):
    """No profile can be drafted from a file; the message says why."""


@dataclass(frozen=True)
class Leaf:
    """A text, or one sheet of a workbook: its rows in their order, empty ones too."""

    name: str
    """Of the sheet; empty for a text."""
    rows: list[Row]
    is_hidden: bool = False


@dataclass(frozen=True)
class Sample:
    """A file as cells, and how it was written."""

    file: str
    leaves: tuple[Leaf, ...]
    delimiter: str | None
    """Null for a workbook."""
    encoding: str = "utf-8"
    line_ends: str = "\n"
    """`\r` where lines end so alone."""
    breaks: bool = False
    """Whether quoted cells hold line breaks."""


def sample_of(content: bytes, file: str) -> Sample:
    """Return the cells of a file, of whose content these are the first `MOST_BYTES`; a workbook is
    whole.

    Raises `NoDraft` where there are none.
    """
    if content.startswith(ZIP):
        return _workbook(content, file)
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else _encoding(content)
    text = content.decode(encoding, errors="replace").lstrip("\ufeff")
    if "\0" in text:
        raise NoDraft("the file is no text and no workbook")
    if text.startswith("ISA"):
        raise NoDraft("it is an X12 interchange: profile x12-811 reads it; copy that one")
    line_ends = "\r" if "\r" in text and "\n" not in text else "\n"
    lines = text.replace("\r\n", "\n").split(line_ends)
    if len(content) >= MOST_BYTES:
        lines = lines[:-1]  # The beginning of a longer file ends inside a line.
    lines = lines[:MOST_ROWS]
    while lines and not lines[-1].strip():
        lines.pop()
    delimiter = _delimiter([line for line in lines if line.strip()][:LOOKED_AT])
    if delimiter is None:
        raise NoDraft("no delimiter parts its rows: is it of fixed width?")
    rows, breaks = _rows(lines, delimiter)
    return Sample(file, (Leaf("", rows),), delimiter, encoding, line_ends, breaks)


def _workbook(content: bytes, file: str) -> Sample:
    try:
        found = sheets(content)
    except WorkbookFault as fault:
        raise NoDraft(str(fault)) from fault
    leaves = []
    for sheet in found:
        names = [f"cell {place}" for place in range(sheet.width)]
        rows = sheet.rows.head(MOST_ROWS).select(names).rows() if names else []
        told = [tuple((c or "").strip() for c in row) for row in rows]
        leaves.append(Leaf(sheet.name, told, sheet.is_hidden))
    return Sample(file, tuple(leaves), None)


def _encoding(content: bytes) -> str:
    """Return the first encoding the beginning is of; it may end inside a character."""
    whole = len(content) < MOST_BYTES
    for name in ENCODINGS:
        try:
            content[: None if whole else -4].decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return "latin-1"


def _rows(lines: list[str], delimiter: str) -> tuple[list[Row], bool]:
    """Return the cells of each row, and whether rows had to be put together of several lines.

    The lines that belong to the row above stay as empty rows, so that rows count as lines do.
    """
    rows: list[Row] = []
    breaks = False
    place = 0
    while place < len(lines):
        line, taken = lines[place], 1
        while _is_open(line, delimiter) and taken < 20 and place + taken < len(lines):
            line, taken = f"{line}\n{lines[place + taken]}", taken + 1
        if taken > 1 and _is_open(line, delimiter):
            line, taken = lines[place], 1  # A quote that is never closed is a sign of its own.
        breaks |= taken > 1
        rows += [cells(line, delimiter), *[()] * (taken - 1)]
        place += taken
    return rows, breaks


def _is_open(line: str, delimiter: str) -> bool:
    """Whether the last cell of a line is a quoted one that is not closed."""
    if line.count('"') % 2 == 0:
        return False
    return re.search(rf'(^|{re.escape(delimiter)})\s*"', line) is not None


def cells(line: str, delimiter: str) -> Row:
    """Return the cells of a line as they stand, without the quotes around them."""
    if '"' not in line:
        return tuple(cell.strip() for cell in line.split(delimiter))
    sign = re.escape(delimiter)
    blank = r"[ \f\v]*" if delimiter == "\t" else r"\s*"
    parts = re.findall(rf'(?:^|{sign}){blank}("(?:[^"]|"")*"(?=\s*(?:{sign}|$))|[^{sign}]*)', line)
    return tuple(_bare(part.strip()) for part in parts)


def _bare(cell: str) -> str:
    if len(cell) > 1 and cell.startswith('"') and cell.endswith('"'):
        return " ".join(cell[1:-1].replace('""', '"').split())
    return cell


def _delimiter(lines: list[str]) -> str | None:
    """Return what parts most lines into the same number of cells, the more the better."""
    best: tuple[int, int, str] | None = None
    for sign in DELIMITERS:
        counts = Counter(len(cells(line, sign)) for line in lines)
        for count, often in counts.most_common(1):
            if count == 1 and len(counts) > 1:
                count, often = max((c, n) for c, n in counts.items())
            if count > 1 and (best is None or (often * count, count) > best[:2]):
                best = (often * count, count, sign)
    return best[2] if best else None
