"""Rows as people read them on a terminal: as many columns as fit, words cut, all else whole.

Who asks says which columns come first; they stand in the order of the frame. Figures, days and
identifiers are never cut: a column of them that does not fit is left out.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from rebill.paper.terminal import UNPRINTED, cut, folded, padded, room
from rebill.paper.text import WIDTH, as_text, is_number

GAP = 2
NARROWEST = 40
"""A terminal that says it is narrower is taken to be so wide."""
WORDS = {
    **dict.fromkeys(("name", "brand", "claim_nos", "cause"), 12),
    **dict.fromkeys(("description", "note", "hold", "rule", "was_rule", "warning"), 16),
    "words": 19,
    **dict.fromkeys(("message", "remedy", "about", "became", "why", "wrong", "lacking"), 24),
    **dict.fromkeys(("differs", "file", "source_file", "removed", "address", "where"), 24),
}
"""Columns of words, which may be cut, and how wide each stays at least."""
UNREAD = ("_id", "_key", "chain", "sha256")
"""How columns end that no person reads: they come after all others that are not preferred."""
STYLES = {
    **dict.fromkeys(
        ("error", "failed", "refused", "denied", "expired", "rejected_for_form"), "red"
    ),
    **dict.fromkeys(("warning", "held", "ready", "short_credited", "rejected_for_form"), "yellow"),
    **dict.fromkeys(("credited", "issued", "done", "sustained"), "green"),
}
"""The colour of a word that says how something stands."""
STANDING = ("status", "severity", "outcome")


@dataclass(frozen=True)
class Column:
    """A column of text: how narrow it may be, how wide its cells are, and where they stand."""

    name: str
    right: bool
    least: int
    cells: int


@dataclass(frozen=True)
class Sheet:
    """Columns with their widths, and the rows as text."""

    columns: tuple[Column, ...]
    widths: tuple[int, ...]
    rows: pl.DataFrame
    wrapped: bool

    def head(self) -> Iterator[list[str]]:
        """Yield the lines of the heading, the last of each right above its cells."""
        headings = [
            _heading(c.name, width) for c, width in zip(self.columns, self.widths, strict=True)
        ]
        high = max(len(lines) for lines in headings)
        raised = [[""] * (high - len(lines)) + lines for lines in headings]
        yield from (self._padded([lines[at] for lines in raised]) for at in range(high))

    def body(self) -> Iterator[list[str]]:
        """Yield the lines of the rows, cell by cell as wide as its column with the gap behind."""
        for row in self.rows.iter_rows():
            pairs = list(zip(row, self.widths, strict=True))
            if not self.wrapped:
                yield self._padded([cut(cell, width) for cell, width in pairs])
                continue
            lines = [folded(cell, width) for cell, width in pairs]
            for at in range(max(map(len, lines))):
                yield self._padded([own[at] if at < len(own) else "" for own in lines])

    def _padded(self, cells: Sequence[str]) -> list[str]:
        told = [
            padded(cell, width, right=column.right) + " " * GAP
            for cell, column, width in zip(cells, self.columns, self.widths, strict=True)
        ]
        return [*told[:-1], told[-1].rstrip()]


def width_of_terminal() -> int:
    """Return how many columns there are: as COLUMNS or the terminal says, else `WIDTH`."""
    return max(shutil.get_terminal_size((WIDTH, 24)).columns, NARROWEST)


def fitted(
    frame: pl.DataFrame, width: int, preferred: Sequence[str] = (), *, wrapped: bool = False
) -> Sheet:
    """Return rows in the columns that fit in `width`, preferred ones before all others.

    Columns without any value are left out; the first of all is shown in any case. `wrapped`: words
    go on in the next line, else they are cut.
    """
    told = [name for name in frame.columns if frame[name].null_count() < frame.height]
    told = told or frame.columns[:1]
    columns = {column.name: column for column in _columns(frame.select(told), WORDS)}
    rest = sorted((name for name in told if name not in preferred), key=_unread)
    taken: dict[str, Column] = {}
    used = -GAP
    for name in (*preferred, *rest):
        if name in columns and (not taken or used + GAP + columns[name].least <= width):
            taken[name] = columns[name]
            used += GAP + columns[name].least
    shown = [columns[name] for name in told if name in taken]
    widths = _widened(shown, width - used)
    return Sheet(tuple(shown), widths, _readable(frame.select(c.name for c in shown)), wrapped)


def whole(frame: pl.DataFrame) -> Sheet:
    """Return rows in all their columns, however wide they are."""
    columns = _columns(frame, ())
    widths = tuple(max(column.cells, len(column.name)) for column in columns)
    return Sheet(tuple(columns), widths, _readable(frame), wrapped=False)


def told(sheet: Sheet) -> str:
    """Return a sheet as lines of text."""
    return "\n".join("".join(line).rstrip() for line in (*sheet.head(), *sheet.body()))


def show(sheet: Sheet) -> None:
    """Print a sheet; on a terminal its heading stands out, and what stands badly is in colour."""
    if not sys.stdout.isatty():
        print(told(sheet))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for line in sheet.head():
        console.print(Text("".join(line).rstrip(), "bold"))
    standing = [column.name in STANDING for column in sheet.columns]
    for line in sheet.body():
        pairs = zip(line, standing, strict=True)
        coloured = [(cell, STYLES.get(cell.strip(), "") if own else "") for cell, own in pairs]
        console.print(Text.assemble(*coloured))


def title(words: str) -> None:
    """Print what the rows below are."""
    if not sys.stdout.isatty():
        print(words)
        return
    from rich.console import Console

    Console(highlight=False).print(words, style="bold underline", markup=False)


def _columns(frame: pl.DataFrame, words: Collection[str]) -> list[Column]:
    """Return what columns there are; `words` may be narrower than their cells."""
    found = []
    for (name, dtype), text in zip(frame.schema.items(), _readable(frame), strict=True):
        cells = _widest(text)
        least = min(cells, WORDS[name]) if name in words else cells
        found.append(Column(name, is_number(dtype), max(least, _narrowest(name)), cells))
    return found


def _widened(columns: Sequence[Column], spare: int) -> tuple[int, ...]:
    """Return how wide columns are: first words have what is to spare, then headings."""
    widths = [column.least for column in columns]
    for needed in ([c.cells for c in columns], [len(c.name) for c in columns]):
        for at, need in enumerate(needed):
            more = min(max(need - widths[at], 0), max(spare, 0))
            widths[at] += more
            spare -= more
    return tuple(widths)


def _readable(frame: pl.DataFrame) -> pl.DataFrame:
    """Return all cells as text in one line: no sign of theirs moves a cursor or hides another."""
    text = pl.all().cast(pl.String).str.replace_all(UNPRINTED, " ")
    return as_text(frame).select(text.fill_null("-"))


def _widest(cells: pl.Series) -> int:
    """Return how much room the widest cell takes."""
    wide = cells.filter(cells.str.contains(r"[^\x00-\x7f]"))
    plain = cells.str.len_chars().max()
    return max(int(str(plain or 0)), *(room(cell) for cell in wide), 0)


def _heading(name: str, width: int) -> list[str]:
    """Return a column's name in lines of at most `width`, broken behind underscores."""
    lines = [""]
    for part in re.findall("[^_]*_+|[^_]+", name):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return lines


def _narrowest(name: str) -> int:
    """Return the least width in which a column's name takes two lines."""
    return next(w for w in range(1, len(name) + 1) if _stands(_heading(name, w), w))


def _stands(lines: list[str], width: int) -> bool:
    return len(lines) <= 2 and max(map(len, lines)) <= width


def _unread(name: str) -> bool:
    return name.endswith(UNREAD)
