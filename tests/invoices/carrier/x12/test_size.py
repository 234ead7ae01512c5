"""An interchange is read in memory that does not grow with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT

from benchmarks.x12 import write

LIMIT_MIB = 800


@pytest.mark.soak
@pytest.mark.parametrize(
    ("megabytes", "per_set"), [(40, 200_000), (300, 20_000), (300, 10_000_000)]
)
def test_memory_stays_flat_in_one_large_set_and_in_many(
    megabytes: int, per_set: int, tmp_path: Path
) -> None:
    path = tmp_path / "large.x12"
    write(path, megabytes, min(per_set, megabytes * 4600))
    command = [sys.executable, "-m", "benchmarks.x12", "--take", "ours", "--place", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    taken = json.loads(done.stdout.splitlines()[-1])
    assert taken["lines"] >= megabytes * 4000
    assert taken["mib"] < LIMIT_MIB
