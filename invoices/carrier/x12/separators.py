"""Where elements and segments end: said by the interchange header itself, by position.

Nothing is presumed of the characters: an ISA has sixteen element separators whose character is the
fourth of the interchange; behind the last one stand ISA16, the component separator, and the segment
terminator. So an ISA whose elements are not padded reads like one that is.
"""

from __future__ import annotations

from dataclasses import dataclass

ELEMENTS = 16
LONGEST = 600
"""An ISA has 106 characters, or fewer where it is not padded; more than this is none."""
BLANKS = " \t\r\n\ufeff\x1a"
"""What is layout between segments; the last is an old mark of the end of a file."""


@dataclass(frozen=True)
class Separators:
    """The characters that separate an interchange."""

    element: str
    component: str
    terminator: str

    @property
    def blanks(self) -> str:
        """The characters that are no data around an element."""
        return "".join(one for one in " \t" if one not in (self.element, self.terminator))

    @property
    def keeps_line_ends(self) -> bool:
        """Whether a line end is one of the separators, and not just layout."""
        return bool({"\r", "\n"} & {self.element, self.component, self.terminator})


@dataclass(frozen=True)
class Unreadable:
    """Why nothing more of a file can be read, and what to do."""

    what: str
    remedy: str
    segment: int | None = None


def find_separators(text: str) -> Separators | Unreadable:
    """Return the separators of an interchange that begins at the first character of `text`."""
    if not text.startswith("ISA") or len(text) < 4:
        return Unreadable(
            f"an interchange begins with ISA, here stands `{text[:12]}`",
            "ask for the file as the carrier's system wrote it",
        )
    element = text[3]
    if element.isalnum() or element in BLANKS.replace("\t", ""):
        return Unreadable(
            f"the character behind ISA, `{element}`, cannot be an element separator",
            "ask for the file as the carrier's system wrote it",
        )
    at = 2
    for _ in range(ELEMENTS):
        at = text.find(element, at + 1, LONGEST)
        if at < 0:
            return Unreadable(
                f"the ISA has fewer than {ELEMENTS} elements separated by `{element}`",
                "ask the carrier for a whole interchange header",
            )
    component, rest = text[at + 1 : at + 2], text[at + 2 : at + 4]
    terminator = rest[:1]
    if terminator == "\r" and rest == "\r\n":
        terminator = "\n"
    separators = Separators(element, component, terminator)
    if not component or not terminator:
        return Unreadable(
            "the file ends inside its ISA", "ask the carrier for the whole file", None
        )
    if terminator.isalnum() or terminator in " \t" or len({element, component, terminator}) < 3:
        return Unreadable(
            f"behind ISA16 `{component}` stands `{terminator}`, which cannot end a segment",
            "ask the carrier for an ISA whose sixteenth element is one character long",
        )
    return separators
