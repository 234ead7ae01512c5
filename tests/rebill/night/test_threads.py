"""Whatever the number of threads, a night says the same, row by row and byte by byte."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from nights import exported, outbox

from rebill.workspace.settings import open_workspace


def _demo(
    root: Path, threads: int, services: int, months: int
) -> tuple[dict[str, str], dict[str, bytes]]:
    command = [sys.executable, "-m", "rebill.cli", "demo", root, "--seed", "5"]
    size = ("--services", str(services), "--months", str(months))
    env = {**os.environ, "POLARS_MAX_THREADS": str(threads)}
    done = subprocess.run([*command, *size], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    workspace = open_workspace(root)
    return exported(workspace), outbox(workspace)


@pytest.mark.soak
@pytest.mark.parametrize("size", [(12, 1), (500, 3)])
def test_one_thread_says_what_many_say(size: tuple[int, int], tmp_path: Path) -> None:
    tables, papers = _demo(tmp_path / "one", 1, *size)
    assert len(papers) > 10
    assert (tables, papers) == _demo(tmp_path / "many", 5, *size)
