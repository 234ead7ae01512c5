"""The slow, obvious model of what credits give back of taxes: one line and one cent at a time.

A row of taxes is the sum of what its lines come to, rounded once. What one line bore of it is told
by handing out the cents; what a credit gives back is its share of that, as long as some is left,
and the credit that completes the charge gets whatever is left.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def half_away(amount: Fraction) -> int:
    """Return whole cents, halves away from zero."""
    whole = floor(abs(amount) + Fraction(1, 2))
    return whole if amount >= 0 else -whole


def handed_out(total: int, exact: Mapping[str, Fraction]) -> dict[str, int]:
    """Return what each line bore, in cents: all get their whole cents, and those that are left go
    to the lines that miss most of a cent, in order of their names."""
    given = {name: floor(amount) for name, amount in exact.items()}
    left = total - sum(given.values())
    if not 0 <= left <= len(exact):
        return {name: half_away(amount) for name, amount in exact.items()}
    waiting = sorted(exact, key=lambda name: (given[name] - exact[name], name))
    for name in waiting[:left]:
        given[name] += 1
    return given


def gives_back(
    bore: int, charged: int, credits: Sequence[int], gone: int = 0, credited: int = 0
) -> list[int]:
    """Return what each credit of a charge gives back, in cents, one after the other.

    `gone` was given back before for `credited` cents of the charge.
    """
    left, back = max(bore - gone, 0), []
    for credit in credits:
        credited += credit
        part = min(half_away(Fraction(bore * credit, charged)), left)
        back.append(left if credited >= charged else part)
        left -= back[-1]
    return back
