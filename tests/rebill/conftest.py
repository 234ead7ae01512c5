"""What the rooms' tests share: workspaces after a night of March."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebill.workspace.settings import Workspace


@pytest.fixture
def march(tmp_path: Path) -> Workspace:
    """A workspace after the night of March: S1 billed 2.00 too much, S2 after its disconnect."""
    from decided import after_march
    from nights import copied

    return copied(tmp_path / "w", after_march)


@pytest.fixture
def billed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with an invoice of brand ACME for two lines, named by the environment."""
    import nights

    workspace = nights.billed(tmp_path / "w")
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    return workspace
