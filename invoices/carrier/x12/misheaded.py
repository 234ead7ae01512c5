"""What is wrong with the header of an interchange: the first cause, told by what stands behind it.

A GS, TA1 or IEA follows an ISA. Where one stands, how many elements are before it, and what is
between the last element and it, says which of ISA16 and terminator is missing or too many.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ELEMENTS = 16
PADDED = 106
"""So many characters an ISA has whose elements are padded."""
FAR = 4
"""So many elements more than an ISA has are another segment's."""
AGAIN = "ask for the file as the carrier's system wrote it"
HEADER = "ask the carrier for an ISA of sixteen elements: ISA16 is one sign, the terminator follows"
LAYOUT = " \t\r\n"
_FOREIGN = (
    (("UNA", "UNB"), "EDIFACT"),
    (("STX=",), "TRADACOMS"),
)


@dataclass(frozen=True)
class Unreadable:
    """Why nothing more of a file can be read, and what to do."""

    what: str
    remedy: str
    segment: int | None = None


def foreign(text: str) -> Unreadable:
    """Say what a text is that begins with no ISA."""
    for beginnings, name in _FOREIGN:
        if text.startswith(beginnings):
            what = f"the file is {name}, which is not read: here stands `{text[:12]}`"
            return Unreadable(what, "ask the carrier for X12 811, or for a flat export")
    what = f"an interchange begins with ISA, here stands `{text[:12]}`"
    return Unreadable(what, AGAIN)


def misheaded(head: str, element: str) -> Unreadable | None:
    """Return what is wrong with an ISA that another segment follows, null where nothing is.

    `head` is the beginning of the interchange, `element` its element separator.
    """
    layout = LAYOUT.replace(element, "")
    next_ = _follows(head, element, layout)
    if next_ is None:
        return None
    count = head.count(element, 0, next_)
    if count > ELEMENTS + FAR:
        return None
    if count != ELEMENTS:
        return _miscounted(head[:next_].rstrip(layout), element, count)
    behind = head[head.rindex(element, 0, next_) + 1 : next_]
    signs = behind.rstrip(layout)
    if not signs or (len(set(signs)) == 1 and len(signs) > 1):
        return _no_16(f"where it belongs stands `{signs[:1]}`" if signs else "nothing stands there")
    if len(signs) == 2 and signs[0] in layout:
        return _no_16("a blank stands there")
    if len(signs) == 1:
        # One sign and a line end: ISA16 before segments that lines end, or a terminator.
        if _ends_segments(head[next_:], element, signs):
            return _no_16(f"where it belongs stands the terminator `{signs}`")
        if behind == signs:
            return Unreadable(f"no segment terminator stands behind ISA16 `{signs}`", HEADER)
    elif len(set(signs[1:])) > 1:
        return Unreadable(f"ISA16 is `{signs[:-1][:12]}`, where one sign belongs", HEADER)
    return _otherwise_ended(head[next_:], element, signs)


def _otherwise_ended(text: str, element: str, signs: str) -> Unreadable | None:
    """Return what is wrong where the segments behind an ISA end with another sign than it does.

    `signs` are ISA16 and the terminator, which is a line end where there is but one.
    """
    found = re.search(rf"([^\w{LAYOUT}])[{LAYOUT}]*(?:ST|GS|IEA){re.escape(element)}", text[3:])
    own = signs[1:2]
    if found is None or found[1] in (element, own) or (own and own in text[: found.end() + 3]):
        return None
    ends = f"the segments behind it end with `{found[1]}`"
    if not own:
        return Unreadable(f"no segment terminator stands behind ISA16 `{signs}`; {ends}", HEADER)
    return Unreadable(f"the ISA ends with `{own}`, {ends}", HEADER)


def missaid(head: str) -> Unreadable | None:
    """Return what is wrong where the character behind ISA is not the one that separates the rest.

    A padded ISA has its second separator as its seventh character.
    """
    element, other = head[3:4], head[6:7]
    isa = head[:PADDED]
    if other.isalnum() or other in (element, *LAYOUT) or isa.count(element) >= ELEMENTS:
        return None
    if isa.count(other) < ELEMENTS - 1:
        return None
    what = f"behind ISA stands `{element}`, where its element separator `{other}` belongs"
    return Unreadable(what, AGAIN)


def _follows(head: str, element: str, layout: str) -> int | None:
    """Return where the segment behind an ISA begins, null where none is found."""
    for found in re.finditer(rf"(?:GS|TA1|IEA){re.escape(element)}", head[3:]):
        at = found.start() + 3
        before = head[:at].rstrip(layout)
        lines = {"\r", "\n"} & set(head[len(before) : at])
        if not before[-1].isalnum() and (before[-1] != element or lines):
            return at
    return None


def _miscounted(head: str, element: str, count: int) -> Unreadable:
    last = head.rsplit(element, 1)[1]
    if count == ELEMENTS - 1 and len(last) == 2 and last[0].isalnum():
        return _no_16(f"behind ISA15 `{last[0]}` stands the terminator `{last[1]}`")
    return Unreadable(f"the ISA has {count} elements, where {ELEMENTS} belong", HEADER)


def _no_16(why: str) -> Unreadable:
    return Unreadable(f"ISA16 is missing, the component separator: {why}", HEADER)


def _ends_segments(text: str, element: str, sign: str) -> bool:
    """Whether a sign ends the first segment of a text: another one begins behind it."""
    _, found, rest = text.partition(sign)
    begins = rf"[{LAYOUT}]*[A-Z][A-Z0-9]{{1,2}}{re.escape(element)}"
    return bool(found and re.match(begins, rest))
