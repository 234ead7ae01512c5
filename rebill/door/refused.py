"""What a program is told that asked for what cannot be done, with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from rebill.reference.faults import LoadError
from rebill.workspace.settings import ConfigError


class ReferenceFaults(ConfigError):
    """Reference tables are wrong, and nothing was done with them: every fault is told at once.

    `faults` are the first ones, each with `file`, `row`, `what` and `remedy`; `total` counts all.
    """

    def __init__(self, faults: Sequence[LoadError], total: int) -> None:
        self.faults, self.total = tuple(faults), total
        more = [f"... and {total - len(self.faults)} more"] * (total > len(self.faults))
        super().__init__("\n".join([*map(str, self.faults), *more]))
