"""Where a command works: the workspace that was named, anywhere in it, or the one we stand in."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

HERE = Path()
_NAMED = "rebill.workspace"
"""Where the context of a command says which workspace was named before it."""


def context() -> Any:
    """Return the context of the command that is run; none where none is."""
    # The library brings a click of its own: the one beside it knows of no command.
    from typer.main import get_current_context  # type: ignore[attr-defined]

    return get_current_context(silent=True)


def workspace(given: Path) -> Path:
    """Return the workspace that is named here or before, by the environment, else from here up."""
    here = context()
    source = getattr(here.get_parameter_source("workspace"), "name", "")
    if source == "COMMANDLINE":
        here.meta[_NAMED] = given
    named: Path | None = here.meta.get(_NAMED)
    return named or (given if source == "ENVIRONMENT" else _from_here())


def _from_here() -> Path:
    """Return the workspace we stand in; of a folder that is gone nothing is known."""
    try:
        return upwards(Path.cwd())
    except FileNotFoundError:
        return HERE


def upwards(folder: Path) -> Path:
    """Return the nearest folder from here up that is a workspace; here where there is none.

    What lies above and belongs to another login is passed over: whoever may write to a folder far
    up, as /tmp, would say what all commands below it do.
    """
    if (folder / "rebill.toml").is_file():
        return HERE
    mine = {os.geteuid(), 0}
    for above in folder.parents:
        with suppress(OSError):
            if (above / "rebill.toml").lstat().st_uid in mine:
                return above
    return HERE
