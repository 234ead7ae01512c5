"""Whatever the number of threads, a night says the same, row by row and byte by byte."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from nights import exported, outbox

from rebill.workspace.settings import open_workspace


def _demo(root: Path, threads: int) -> tuple[dict[str, str], dict[str, bytes]]:
    command = [sys.executable, "-m", "rebill.cli", "demo", root, "--services", "30"]
    env = {**os.environ, "POLARS_MAX_THREADS": str(threads)}
    done = subprocess.run(
        [*command, "--months", "1", "--seed", "5"], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    workspace = open_workspace(root)
    return exported(workspace), outbox(workspace)


def test_one_thread_says_what_many_say(tmp_path: Path) -> None:
    tables, papers = _demo(tmp_path / "one", 1)
    assert len(papers) > 10
    assert (tables, papers) == _demo(tmp_path / "many", 5)
