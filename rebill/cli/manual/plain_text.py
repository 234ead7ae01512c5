"""Markdown as plain text for a terminal: paragraphs filled, tables as lists, code as it is."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Iterator

WIDTH = 80
NARROWEST = 14
"""A column of a table is at least so wide where it must be wrapped."""
_LINK = r"\[([^\]]+)\]\([^)]*\)"
_STRONG = r"\*\*([^*]+)\*\*|(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])"
_ITEM = r"(\s*)([-*]|\d+\.)\s+(.*)"


def plain(markdown: str, width: int = WIDTH) -> str:
    """Return a page as text that is at most `width` wide, but for code that is wider."""
    text = re.sub(r"<!--.*?-->\n?", "", markdown, flags=re.DOTALL)
    return "\n\n".join(block for each in _blocks(text) if (block := _block(each, width))) + "\n"


def words(markdown: str) -> str:
    """Return a piece of a line without its marks: links are their words."""
    unlinked = re.sub(_LINK, r"\1", markdown)
    return re.sub(_STRONG, lambda it: it[1] or it[2], unlinked).replace("\\|", "|")


def rows(block: list[str]) -> list[list[str]]:
    """Return the cells of a table, its heading first."""
    inside = (line.strip().strip("|") for line in block)
    table = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in inside]
    return [table[0], *table[2:]]


def _blocks(text: str) -> Iterator[list[str]]:
    """Yield the lines of each paragraph, heading, list, table and piece of code."""
    block: list[str] = []
    fenced = False
    for line in text.splitlines():
        fence = line.lstrip().startswith("```")
        heading = not fenced and line.startswith("#")
        listed = not fenced and bool(block) and re.match(_ITEM, line) is not None
        begins = listed and not re.match(_ITEM, block[0]) and not block[0].startswith("    ")
        if begins:
            yield block
            block = [line]
        elif fence or heading or (not fenced and not line.strip()):
            if block:
                yield block
            block = [line] if heading else []
            fenced = fenced != fence
            if heading:
                yield block
                block = []
        else:
            block.append(f"    {line}" if fenced else line)
    if block:
        yield block


def _block(block: list[str], width: int) -> str:
    first = block[0]
    if first.startswith("#"):
        depth = len(first) - len(first.lstrip("#"))
        title = textwrap.fill(words(first[depth:].strip()), width)
        line = "=-"[depth - 1 : depth] * max(map(len, title.splitlines()))
        return f"{title}\n{line}".rstrip()
    if first.startswith("    "):
        return "\n".join(f"  {line[2:]}".rstrip() for line in block)
    if first.lstrip().startswith("|") and len(block) > 1:
        return _table(rows(block), width)
    if re.match(_ITEM, first):
        return _list(block, width)
    indent = first[: len(first) - len(first.lstrip())]
    return _filled(words(" ".join(line.strip() for line in block)), width, indent, indent)


def _filled(text: str, width: int, first: str = "", then: str = "") -> str:
    lines = textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=then, break_on_hyphens=False
    )
    return "\n".join(lines)


def _list(block: list[str], width: int) -> str:
    """Return items, each hung below its mark."""
    items: list[tuple[str, str, list[str]]] = []
    for line in block:
        if found := re.match(_ITEM, line):
            items.append((found[1], found[2], [found[3]]))
        else:
            items[-1][2].append(line.strip())
    return "\n".join(
        _filled(words(" ".join(said)), width, f"{indent}{mark} ", f"{indent}{' ' * len(mark)} ")
        for indent, mark, said in items
    )


def _table(table: list[list[str]], width: int) -> str:
    """Return a table in columns that share the width, or where they are too many as entries."""
    cells = [[words(cell) for cell in row] for row in table]
    rooms = [max(map(len, column)) for column in zip(*cells, strict=False)]
    while sum(rooms) + 2 * (len(rooms) - 1) > width:
        widest = max(range(len(rooms)), key=rooms.__getitem__)
        if rooms[widest] <= NARROWEST:
            return "\n".join(_entry(cells[0], row, width) for row in cells[1:])
        rooms[widest] -= 1
    return "\n".join(_row(row, rooms) for row in cells)


def _row(row: list[str], rooms: list[int]) -> str:
    """Return a row of a table, each cell below itself where it is longer than its column."""
    columns = [
        textwrap.wrap(cell, room, break_on_hyphens=False) or [""]
        for cell, room in zip(row, rooms, strict=False)
    ]
    lines = itertools.zip_longest(*columns, fillvalue="")
    return "\n".join(
        "  ".join(cell.ljust(room) for cell, room in zip(line, rooms, strict=False)).rstrip()
        for line in lines
    )


def _entry(heads: list[str], row: list[str], width: int) -> str:
    """Return a row as its first cell, and the others below it with their headings."""
    said = [
        (f"{head}: {cell}" if len(row) > 2 and head else cell)
        for head, cell in zip(heads[1:], row[1:], strict=False)
        if cell
    ]
    below = [_filled(each, width, "    ", "    ") for each in said]
    return "\n".join([_filled(row[0], width), *below])
