"""What invented bills can be like: the usual world, and those that ask for more."""

from __future__ import annotations

from dataclasses import dataclass

STATES = ("OH", "IN", "MI", "IL", "WI", "KY", "TN", "GA", "FL", "AL", "NC", "SC")


@dataclass(frozen=True)
class World:
    """How many places rates are told apart by, and what is billed."""

    words: str
    states: int = 5
    zones: int = 3
    terms: int = 3
    everywhere: bool = False
    """Whether each rate names a state, a zone and a term, be it the same in all of them."""
    usage: bool = False
    """Whether a third of the lines are usage, each of an amount of its own."""
    months: int = 3
    files: int | None = None
    """About how many files there are; null = as few as hold `benchmarks.data.AT_ONCE` services."""

    @property
    def lines_per_service(self) -> float:
        """Return how many lines a month a service has: measured."""
        return 8.45 if self.usage else 5.45


WORLDS = {
    "plain": World("business lines, packages and circuits"),
    "rates": World("a rate for each of 12 states, 4 zones and 3 terms", 12, 4, 3, everywhere=True),
    "usage": World("a third of the lines are usage of distinct amounts", usage=True),
    "files": World("a thousand small files", files=1000),
}
