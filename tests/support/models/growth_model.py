"""Which claim holds which cent of a line, counted cent by cent: what judges the kernel.

Each cent that a filed claim holds of a line stands for one cent that is at stake on it: first for
one of its own finding, then for one of its own reason, then for any. What is left is claimed anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CODES = ("charged_twice", "billed_after_disconnect", "rate_above_contract", "extension_wrong")
"""Some codes in order of precedence."""
REASONS = {
    "charged_twice": "DUP",
    "billed_after_disconnect": "DISC",
    "rate_above_contract": "RATE",
    "extension_wrong": "RATE",
}


def rests(held: dict[str, int], stakes: dict[str, int], waived: set[str]) -> dict[str, int]:
    """Say what of each finding of a line no claim holds; all in cents, by code."""
    spare = [code for code, cents in held.items() for _ in range(cents)]
    open_cents: list[str] = []
    for code in CODES:
        for _ in range(stakes.get(code, 0)):
            if code in spare:
                spare.remove(code)
            elif code not in waived:
                open_cents.append(code)
    for alike in (True, False):
        for code in list(open_cents):
            fits = [c for c in spare if not alike or REASONS[c] == REASONS[code]]
            if fits:
                spare.remove(fits[0])
                open_cents.remove(code)
    return {code: open_cents.count(code) for code in stakes}


@dataclass
class Line:
    """A line, what is wrong with it now, and what claims hold of it."""

    stakes: dict[str, int] = field(default_factory=dict)
    waived: set[str] = field(default_factory=set)
    filed: list[dict[str, int]] = field(default_factory=list)

    def held(self) -> dict[str, int]:
        """Say what filed claims hold of each finding."""
        return {code: sum(one.get(code, 0) for one in self.filed) for code in CODES}

    def unfiled(self) -> dict[str, int]:
        """Say what stands in claims that are not filed yet, by code."""
        found = rests(self.held(), self.stakes, self.waived)
        return {code: cents for code, cents in found.items() if cents}

    def file(self, reason: str) -> None:
        """Let the claim of a reason leave our hands as it is."""
        own = {code: n for code, n in self.unfiled().items() if REASONS[code] == reason}
        if own:
            self.filed.append(own)
