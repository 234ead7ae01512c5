"""Questions of a draft: what it is not sure of stands in it as a marked question.

A question is one or more lines that begin with the mark `# ?`, and below them the setting they ask
about, with the value `"?"`. It is open as long as that value stands there; a draft with an open
question is unfinished, and no file is read by it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

MARK = "# ?"
OPEN = '"?"'
"""The value of a setting that is asked for."""
_TOKEN = re.compile(r"""("(?:[^"\\]|\\.)*"|'[^']*'|\#.*|[^"'\#]+)""")
WIDTH = 96


@dataclass(frozen=True)
class Question:
    """What a draft asks, the setting that answers it, and what is tried meanwhile."""

    words: str
    setting: str
    """A line with the value `"?"`."""
    tried: str | None = None
    """The line the trial puts in its place; null = it goes without."""

    @property
    def lines(self) -> list[str]:
        """The lines of the question in the draft."""
        return [f"{MARK} {line}" for line in textwrap.wrap(self.words, WIDTH)] + [self.setting]


@dataclass(frozen=True)
class Part:
    """A part of a feed whose name is asked for: it is read once it has one, and not tried."""

    words: str
    inner: Sequence[Line]

    @property
    def lines(self) -> list[str]:
        """The lines of the part in the draft."""
        asked = Question(self.words, 'name = "?"').lines
        return ["[[flat.part]]", *asked, *(one for line in self.inner for one in _lines(line))]


Line = str | Question | Part


@dataclass(frozen=True)
class Asked:
    """An open question of an unfinished draft."""

    line: int
    """Of the setting to be answered, from 1."""
    words: str
    setting: str


def written(lines: Sequence[Line]) -> str:
    """Return the text of a draft, its questions marked."""
    return _text([one for line in lines for one in _lines(line)])


def tried(lines: Sequence[Line]) -> str:
    """Return the text of the profile that is tried: what is asked is taken as the draft assumes."""
    plain = [line.tried if isinstance(line, Question) else line for line in lines]
    return _text([line for line in plain if isinstance(line, str)])


def _lines(line: Line) -> list[str]:
    return [line] if isinstance(line, str) else line.lines


def _text(lines: Sequence[str]) -> str:
    """Return lines as a text; what an eye does not see stands in comments alone, and goes."""
    return "\n".join("".join(c if c.isprintable() else "?" for c in one) for one in lines) + "\n"


def open_questions(text: str) -> list[Asked]:
    """Return the questions of a draft that are still open, in their order."""
    found = []
    words: list[str] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith(MARK):
            words.append(line.removeprefix(MARK).strip())
        elif line and not line.startswith("#"):
            if words and _is_open(line):
                found.append(Asked(number, " ".join(words), line.split("    #")[0]))
            words = []
    return found


def _is_open(line: str) -> bool:
    """Whether a setting has the value that is asked for; comments and names do not count."""
    tokens = _TOKEN.findall(line)
    for place, token in enumerate(tokens):
        if "=" in token and token[0] not in "\"'#":
            return OPEN in tokens[place:]
    return False
