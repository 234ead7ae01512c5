"""Settings written in TOML: what they say, on which line each stands, why a text is no TOML.

`tomllib` judges and reads; the scan here only finds lines, and trusts nothing it does not find.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Path = tuple[str | int, ...]
"""Where a setting stands: names of tables and settings, and places in lists from 0."""

DEEPEST = 20
"""A key of more parts is none of ours, and not looked for."""
_TOO_DEEP = "it is not TOML: brackets lie too deep in each other"
_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[A-Za-z0-9_-]+')
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\''
    r"|[^\s,\[\]{}#=\"']+(?: [0-9][^\s,\[\]{}#=]*)?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Told:
    """One thing wrong with a text of settings: its line, where it is known, and what is wrong."""

    line: int | None
    what: str

    def at(self, name: str) -> str:
        """Return it as a sentence about the file of that name."""
        return f"{name} line {self.line}: {self.what}" if self.line else f"{name}: {self.what}"

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}" if self.line else self.what


class SettingsFault(ValueError):
    """A text of settings cannot be used; `told` names each fault and where it stands."""

    def __init__(self, told: Iterable[Told]) -> None:
        self.told = tuple(told)
        super().__init__(self.told)

    def __str__(self) -> str:
        return "; ".join(str(one) for one in self.told)

    def at(self, name: str) -> str:
        """Return the faults of the file of that name, a line each."""
        return "\n".join(one.at(name) for one in self.told)


class NoToml(SettingsFault):
    """A text is no TOML."""


def read_toml(text: str, *, exact: bool = True) -> dict[str, Any]:
    """Return what a TOML text says; `exact` = its numbers are decimals. Raises `NoToml`."""
    text = text.lstrip("\ufeff")
    try:
        return tomllib.loads(text, parse_float=Decimal if exact else float)
    except RecursionError:
        raise NoToml([Told(None, _TOO_DEEP)]) from None
    except (ValueError, ArithmeticError) as fault:  # a number of too many digits is a ValueError
        raise NoToml([_why(text, str(fault))]) from None


# --- where settings stand -------------------------------------------------------------------------


class _Lost(Exception):
    """The scan does not know any more where it is."""


class Places:
    """The lines of the settings of a TOML text."""

    def __init__(self, text: str) -> None:
        self._text = text.lstrip("\ufeff").replace("\r\n", "\n")
        self._ends = [found.start() for found in re.finditer("\n", self._text)]
        self._lines: dict[Path, int] = {}
        self._tables: dict[Path, int] = {}
        self._at = 0
        self.last: Path = ()
        """What was read last: where a text ends too early, it is what was not ended."""
        with suppress(_Lost, RecursionError):
            self._scan()

    def line(self, path: Path) -> int | None:
        """Return the line on which a setting, or its table, begins; null where none is known."""
        ends = range(len(path), 0, -1)
        if found := next((n for end in ends if (n := self._lines.get(path[:end]))), None):
            return found
        # A table that has no line of its own begins with the first that stands in it.
        return min((n for known, n in self._lines.items() if known[:1] == path[:1]), default=None)

    def _scan(self) -> None:
        table: Path = ()
        while self._beyond_gap() < len(self._text):
            begins = self._at
            if self._takes("["):
                many = self._takes("[")
                table = self._table(tuple(self._keys()), many)
                self._lines.setdefault(table, self._line_at(begins))
                self._lines.setdefault(table[: len(table) - many], self._line_at(begins))
                self._must("]" * (1 + many))
                continue
            self._setting(table)

    def _setting(self, table: Path) -> None:
        begins = self._beyond_gap()
        path = table
        for key in self._keys():
            path = (*path, key)
            self._lines.setdefault(path, self._line_at(begins))
        self._must("=")
        self._value(path)

    def _value(self, path: Path) -> None:
        begins = self._beyond_gap()
        self.last = path
        self._lines.setdefault(path, self._line_at(begins))
        if self._takes("["):
            number = 0
            while not self._ends_with("]"):
                self._value((*path, number))
                number += 1
        elif self._takes("{"):
            while not self._ends_with("}"):
                self._setting(path)
        elif found := _SCALAR.match(self._text, self._at):
            self._at = found.end()
        else:
            raise _Lost

    def _ends_with(self, sign: str) -> bool:
        """Whether a list or table in brackets ends here; a comma before the next part is passed."""
        self._beyond_gap()
        if self._takes(","):
            self._beyond_gap()
        if self._at >= len(self._text):
            raise _Lost
        return self._takes(sign)

    def _table(self, names: tuple[str, ...], many: bool) -> Path:
        """Return the path of a table that begins; of several with its name, which one it is."""
        path: Path = ()
        for place, name in enumerate(names):
            path = (*path, name)
            is_last = place == len(names) - 1
            if is_last and many:
                self._tables[path] = self._tables.get(path, -1) + 1
            if path in self._tables:
                path = (*path, self._tables[path])
        return path

    def _keys(self) -> Iterator[str]:
        self._beyond_gap()
        depth = 0
        while True:
            found = _KEY.match(self._text, self._at)
            if not found:
                raise _Lost
            self._at = found.end()
            yield _unquoted(found[0])
            depth += 1
            if depth > DEEPEST:
                raise _Lost
            dot = _DOT.match(self._text, self._at)
            if not dot:
                return
            self._at = dot.end()

    def _beyond_gap(self) -> int:
        found = _GAP.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _takes(self, sign: str) -> bool:
        if self._text.startswith(sign, self._at):
            self._at += len(sign)
            return True
        return False

    def _must(self, sign: str) -> None:
        self._beyond_gap()
        if not self._takes(sign):
            raise _Lost

    def _line_at(self, place: int) -> int:
        return bisect_right(self._ends, place - 1) + 1


def _unquoted(key: str) -> str:
    if key[0] == "'":
        return key[1:-1]
    if key[0] != '"':
        return key
    try:
        return str(tomllib.loads(f"key = {key}")["key"])
    except tomllib.TOMLDecodeError:
        return key[1:-1]


# --- why a text is no TOML ------------------------------------------------------------------------

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_CURLY = "\u201c\u201d\u2018\u2019\u201e\u00ab\u00bb"
_VALUES: tuple[tuple[str, str], ...] = (
    (f"[{_CURLY}]", "curly quotes are no quotes; write straight ones"),
    (r"(?:True|TRUE|Yes|YES|yes|On|on)\b", "write true, in small letters and without quotes"),
    (r"(?:False|FALSE|No|NO|no|Off|off)\b", "write false, in small letters and without quotes"),
    (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", "it is no day; write a date as 2026-03-01"),
    (r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}", "write a date as 2026-03-01"),
    (r"0[0-9]", "a number has no zeros before it; put a number that is a name in quotes"),
    (r"[0-9]{1,3}(?:,[0-9]{3})+", "write a number without commas"),
    (r"\$", "write an amount without its sign of currency"),
    (r"[0-9]+(?:\.[0-9]+)?%", "write a share as a number, such as 0.05 for 5%"),
    (r"\.[0-9]", "write a zero before the point"),
    (r"[0-9]+\.(?![0-9])", "write a digit behind the point, or no point"),
    (r"(?:None|null|nil)\b", "leave the setting out where nothing is meant"),
    ("$|#", "a value is lacking behind the ="),
    (r"[^\W\d]", "put text in quotes"),
)
_PHRASES: tuple[tuple[str, str], ...] = (
    ("Cannot overwrite a value", "the setting is given twice; take one out"),
    ("Duplicate inline table key", "the setting is given twice; take one out"),
    ("Cannot declare", "the table stands twice; put its settings together under one [table]"),
    ("Cannot mutate immutable", "it adds to a table that was closed with }; put both together"),
    ("Cannot redefine", "it adds to a table that was closed with }; put both together"),
    ("Expected '=' after a key", "it is no setting; write NAME = VALUE"),
    ("Invalid statement", "it is no setting; write NAME = VALUE, and # before a remark"),
    ("Invalid initial character for a key", "the name of a setting is lacking"),
    ("Expected newline or end of document", "something stands behind the value; one a line"),
    ("Expected ']", "the name of a table is not closed by ]"),
    ("Unclosed array", "what [ opens is not closed, or a comma is lacking"),
    ("Unclosed inline table", "what { opens is not closed, or a comma is lacking"),
    ("Unterminated string", "what the quote opens is not closed"),
    ('Expected "\'"', "what the quote opens is not closed"),
    ("Illegal character", "a quote is not closed on its line, or a sign that nobody sees is there"),
    ("Unescaped '\\'", "a backslash in \" quotes is doubled; in ' quotes it stands as it is"),
    ("Escaped character", "a backslash in \" quotes is doubled; in ' quotes it stands as it is"),
    ("Invalid hex value", "a backslash in \" quotes is doubled; in ' quotes it stands as it is"),
    ("Invalid date", "the calendar has no such day; write a date as 2026-03-01"),
    ("Exceeds the limit", "a number has more digits than any that is meant"),
)


_OPEN = re.compile("Unclosed|Unterminated|Expected|Invalid value")


def _left_open(text: str) -> int | None:
    """Return the line on which the setting begins that a text ends in."""
    where = Places(text)
    place = next((n for n, part in enumerate(where.last) if isinstance(part, int)), None)
    return where.line(where.last[:place]) or where.line(where.last)


def _why(text: str, said: str) -> Told:
    """Return what `tomllib` said of a text in words, with what stands on the line."""
    place = _PLACE.search(said)
    line = int(place[1]) if place and place[1] else None
    lines = text.split("\n")
    if place and line is None:
        line = _left_open(text) if _OPEN.search(said) else len(text.rstrip().split("\n"))
    shown = lines[line - 1].strip() if line and line <= len(lines) else ""
    shown = "".join(letter if letter.isprintable() else "?" for letter in shown)
    words = next((told for phrase, told in _PHRASES if phrase in said), "it cannot be read")
    value = shown.partition("=")[2].strip() if re.match(r"[\w\"'. -]+=", shown) else None
    if value is not None and ("Invalid value" in said or "Expected newline" in said):
        hint = next((told for begins, told in _VALUES if re.match(begins, value)), None)
        words = hint or ("its value cannot be read" if "Invalid value" in said else words)
    elif any(sign in shown for sign in _CURLY):
        words = _VALUES[0][1]
    elif "{" in shown and "}" not in shown:
        words = "what { opens is closed by } on the same line"
    quoted = f": `{shown[:60]}{'...' if len(shown) > 60 else ''}`" if shown else ""
    return Told(line, f"it is not TOML{quoted}: {words}")
