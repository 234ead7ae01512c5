"""What the rooms' tests share: a workspace after a night of March."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebill.workspace.settings import Workspace


@pytest.fixture
def march(tmp_path: Path) -> Workspace:
    """A workspace after the night of March: S1 billed 2.00 too much, S2 after its disconnect."""
    import nights
    from decided import MARCH

    workspace = nights.small(tmp_path / "w")
    nights.put(workspace, [("march.csv", nights.bill(3, nights.USUAL))])
    nights.night(workspace, MARCH)
    return workspace
