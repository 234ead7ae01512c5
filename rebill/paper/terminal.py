"""What a terminal shows of a text: how wide it is, cut and folded, with nothing a terminal obeys.

Columns are counted as a terminal has them: a wide character of Chinese, Japanese or Korean takes
two, an accent of its own none.
"""

from __future__ import annotations

import re
import textwrap

UNPRINTED = r"[\p{C}\x{2028}\x{2029}]+"
"""What a terminal obeys or hides, as a regular expression of polars."""
_BREAK = re.compile(r"\r\n|[\n\r]")


def one_line(text: str) -> str:
    """Return a text as one line: blanks are single, what a terminal obeys or hides is a blank."""
    return " ".join(_printed(text, " ").split())


def obeyed_by_none(text: str) -> str:
    """Return lines in which no sign moves a cursor, colours or hides another: it is a `?`."""
    if text.isascii() and text.isprintable():
        return text
    return "\n".join(_printed(line, "?") for line in _BREAK.split(text))


def _printed(text: str, instead: str) -> str:
    if text.isprintable():
        return text
    seen = ((sign, " " if sign.isspace() else instead) for sign in text)
    return "".join(sign if sign.isprintable() else other for sign, other in seen)


def room(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, width: int) -> str:
    """Return a text in `width` columns, its end left out where it has no room."""
    if room(text) <= width:
        return text
    if text.isascii():
        return text[: width - 1].rstrip() + "…"
    from rich.cells import chop_cells

    return next(iter(chop_cells(text, max(width - 1, 1))), "").rstrip() + "…"


def folded(text: str, width: int) -> list[str]:
    """Return a text in lines of `width` columns; only a word that is wider is broken."""
    if text.isascii():
        return textwrap.wrap(text, width, break_on_hyphens=False) or [""]
    from rich.cells import chop_cells

    lines = [""]
    for word in text.split():
        for at, part in enumerate([word] if room(word) <= width else chop_cells(word, width)):
            more = f"{lines[-1]} {part}".lstrip() if at == 0 else part
            if at == 0 and room(more) <= width:
                lines[-1] = more
            else:
                lines.append(part)
    return lines if lines[0] or len(lines) == 1 else lines[1:]


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return a text in `width` columns, to the left of its room or to the right."""
    blanks = " " * (width - room(text))
    return blanks + text if right else text + blanks
