"""Text for a terminal of 80 columns: rows side by side, facts behind their names, whole sentences.

What does not fit is cut in the one column of words, never in a figure, a day or an id.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

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
    line = "".join(sign if sign.isprintable() else " " for sign in str(value))
    return " ".join(line.split())


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
    room = max((len(name) for name, _ in told), default=0)
    return [
        line
        for name, words in told
        for line in textwrap.wrap(
            words,
            WIDTH,
            initial_indent=f"{INDENT}{name.ljust(room)}{GAP}",
            subsequent_indent=INDENT + " " * room + GAP,
            break_on_hyphens=False,
        )
    ]


def sentence(words: str, indent: str = "") -> list[str]:
    """Return words as lines that fit."""
    return textwrap.wrap(
        words, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], words: int, right: Iterable[int] = ()
) -> list[str]:
    """Return rows under their heads; the column `words` takes what room is left and is cut.

    A column that says nothing in any row is left out.
    """
    if not rows:
        return []
    cells = [list(heads), *(list(row) for row in rows)]
    told = [at for at in range(len(heads)) if at == words or any(row[at] != "-" for row in rows)]
    own = {at: max(len(row[at]) for row in cells) for at in told}
    rest = sum(width for at, width in own.items() if at != words)
    room = WIDTH - len(INDENT) - len(GAP) * (len(told) - 1) - rest
    own[words] = max(min(own[words], room), len(heads[words]))
    to_right = set(right)
    return [
        INDENT
        + GAP.join(
            f"{_cut(row[at], width):{'>' if at in to_right else '<'}{width}}"
            for at, width in own.items()
        ).rstrip()
        for row in cells
    ]


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else f"{cell[: width - 2]}.."
