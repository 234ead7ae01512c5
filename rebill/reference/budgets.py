"""What reading one reference file may take: a process of its own reads what could be made to break.

A small text does no harm, and is read at once; starting that process takes longer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from rebill.reference.faults import Faults
from rebill.workspace import apart
from rebill.workspace.settings import Limits

T = TypeVar("T")

HARMLESS = {".csv": 2**20, ".toml": 2**14}
"""Bytes of a file that is read in a few seconds whatever stands in it, by how its name ends. Cells
are as many as its commas; a key of TOML takes time and memory by the square of its length."""

HELD = 16
"""A table is held whole to be checked, as a carrier's lines are not: a file of it may take what one
of so many times its size may."""


def in_budget(
    limits: Limits, faults: Faults, work: Callable[..., T], path: Path, *given: object
) -> T | None:
    """Return `work(path, *given, faults)`; null where it took more than a file may, which is noted.

    `work` is a function of a module; what it is given and returns can be pickled.
    """
    size = path.stat().st_size if path.is_file() else 0
    if size <= HARMLESS.get(path.suffix.lower(), 0):
        return work(path, *given, faults)
    budget = apart.budget_of(limits, HELD * size)
    found: tuple[T, Faults] | apart.CameToNothing
    found = apart.done_apart(budget, _noting, work, path.absolute(), *given)
    if isinstance(found, apart.CameToNothing):
        faults.add(path.name, None, found.what, found.remedy)
        return None
    faults.take(found[1])
    return found[0]


def _noting(work: Callable[..., T], path: Path, *given: object) -> tuple[T, Faults]:
    """Return what work gives, and the faults that it notes."""
    faults = Faults()
    return work(path, *given, faults), faults
