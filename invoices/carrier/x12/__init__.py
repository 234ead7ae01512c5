"""X12 811, the consolidated service invoice: interchanges of bills, read segment by segment.

`docs/formats/x12-811.md` says what is read from each segment; `profile.X12` holds what differs
between carriers.
"""

from __future__ import annotations

from invoices.carrier.profiles import Profile
from invoices.carrier.x12.profile import X12
from invoices.carrier.x12.reader import read
from invoices.carrier.x12.separators import BLANKS

NAME = "x12"

__all__ = ["NAME", "X12", "read", "recognises"]


def recognises(head: bytes, profile: Profile) -> int:
    """Return how surely a file begins like an interchange: it does, or it does not.

    What is wrong with its header is said when it is read.
    """
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(BLANKS.encode())
    return 100 if text[:3] == b"ISA" and not text[3:4].isalnum() else 0
