"""Three bills of one account, February to April."""

from __future__ import annotations

from pathlib import Path

from nights import USUAL, bill, copied, night, put, small

from rebill.workspace.settings import Workspace

BILLS = [(f"b{month}.csv", bill(month, USUAL)) for month in (2, 3, 4)]


def taken_in(root: Path) -> Workspace:
    """Return a workspace whose night took all three in."""
    return copied(root, _taken_in)


def _taken_in(root: Path) -> None:
    workspace = small(root)
    put(workspace, BILLS)
    night(workspace, "2026-04-10")
