"""Text for a terminal of 80 columns: rows side by side, facts behind their names, whole sentences.

What does not fit is cut in the one column of words, never in a figure, a day or an id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from rebill.paper.terminal import cut, folded, one_line, padded, room
from rebill.paper.text import WIDTH

GAP = "  "
INDENT = "  "


def printed(value: Any) -> str:
    """Return a value as people write it, on one line: decimals without idle zeros beyond cents."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        text = f"{value.normalize():f}"
        return f"{value:.2f}" if len(text.partition(".")[2]) < 2 else text
    return one_line(str(value))


def units(value: Decimal | None) -> str:
    """Return a number of units, without zeros behind the point."""
    return "-" if value is None else f"{value.normalize():f}"


def telephone(number: str) -> str:
    """Return a telephone number in groups; whatever else as it is."""
    if len(number) != 10 or not number.isdigit():
        return printed(number)
    return f"{number[:3]} {number[3:6]} {number[6:]}"


def facts(said: Iterable[tuple[str, str]]) -> list[str]:
    """Return names and what is said of each; what is empty is left out."""
    told = [(name, words) for name, words in said if words and words != "-"]
    wide = max((len(name) for name, _ in told), default=0)
    return [
        line for name, words in told for line in _hung(f"{INDENT}{name.ljust(wide)}{GAP}", words)
    ]


def sentence(words: str, indent: str = "") -> list[str]:
    """Return words as lines that fit."""
    return _hung(indent, words, indent)


def _hung(first: str, words: str, rest: str | None = None) -> list[str]:
    """Return words behind a beginning as lines that fit, the others as far from the left."""
    lines = folded(words, WIDTH - len(first))
    rest = " " * len(first) if rest is None else rest
    return [(first if at == 0 else rest) + line for at, line in enumerate(lines)]


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], words: int, right: Iterable[int] = ()
) -> list[str]:
    """Return rows under their heads; the column `words` takes what is left of the line and is cut.

    A column that says nothing in any row is left out.
    """
    if not rows:
        return []
    cells = [list(heads), *(list(row) for row in rows)]
    told = [at for at in range(len(heads)) if at == words or any(row[at] != "-" for row in rows)]
    own = {at: max(room(row[at]) for row in cells) for at in told}
    rest = sum(width for at, width in own.items() if at != words)
    left = WIDTH - len(INDENT) - len(GAP) * (len(told) - 1) - rest
    own[words] = max(min(own[words], left), len(heads[words]))
    to_right = set(right)
    return [
        INDENT
        + GAP.join(
            padded(cut(row[at], width), width, right=at in to_right) for at, width in own.items()
        ).rstrip()
        for row in cells
    ]
