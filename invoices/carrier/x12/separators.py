"""Where elements and segments end: said by the interchange header itself, by position.

Nothing is presumed of the characters: an ISA has sixteen element separators whose character is the
fourth of the interchange; behind the last one stand ISA16, the component separator, and the segment
terminator. So an ISA whose elements are not padded reads like one that is.
"""

from __future__ import annotations

from dataclasses import dataclass

from invoices.carrier.x12.misheaded import AGAIN, ELEMENTS, Unreadable, foreign, misheaded, missaid

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


def find_separators(text: str) -> Separators | Unreadable:
    """Return the separators of an interchange that begins at the first character of `text`."""
    if not text.startswith("ISA") or len(text) < 4:
        return foreign(text)
    element = text[3]
    if element.isalnum() or element in BLANKS.replace("\t", ""):
        return Unreadable(f"the character behind ISA, `{element}`, separates no elements", AGAIN)
    head = text[:LONGEST]
    wrong = missaid(head) or misheaded(head, element)
    if wrong is not None:
        return wrong
    at = 2
    for _ in range(ELEMENTS):
        at = head.find(element, at + 1)
        if at < 0:
            return _cut_short(text, f"the ISA has fewer than {ELEMENTS} elements")
    component, rest = text[at + 1 : at + 2], text[at + 2 : at + 4]
    terminator = "\n" if rest == "\r\n" else rest[:1]
    if not component or not terminator:
        return _cut_short(text, "the file ends inside its ISA")
    if terminator.isalnum() or terminator in " \t" or len({element, component, terminator}) < 3:
        return Unreadable(
            f"behind ISA16 `{component}` stands `{terminator}`, which cannot end a segment",
            "ask the carrier for an ISA of sixteen elements, the last one sign long, and for a "
            "terminator that is no letter, digit or blank",
        )
    return Separators(element, component, terminator)


def _cut_short(text: str, what: str) -> Unreadable:
    """Say of an ISA that does not end whether the file does, or only the header."""
    if len(text) < LONGEST:
        ends = "the file ends inside its ISA"
        return Unreadable(ends if what == ends else f"{ends}: {what}", "ask for the whole file")
    return Unreadable(f"{what} separated by `{text[3]}`", AGAIN)


__all__ = ["BLANKS", "LONGEST", "Separators", "Unreadable", "find_separators"]
