"""The workspace of customers who owe, for all that is debited of them and comes back."""

from __future__ import annotations

from pathlib import Path

import nights
import pytest
from owing_world import owing

from rebill.workspace.settings import Workspace


@pytest.fixture
def owed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace whose customers owe an invoice each, named by the environment."""
    workspace = nights.copied(tmp_path / "w", owing)
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    return workspace
