"""Makes the data, runs every measurement in a child process, and gathers what they took."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.child import JOBS

AS_OF = "2026-05-31"
FEW = 2_000_000
"""Up to so many lines a measurement is taken three times and the median counts."""


@dataclass(frozen=True)
class Taken:
    """What a measurement took: the median of its runs, the highest of their peaks."""

    seconds: float
    cpu: float
    mib: float
    totals: tuple[str, ...] = ()


@dataclass
class Size:
    """Everything measured at one number of lines."""

    lines: int
    megabytes: float
    jobs: dict[str, Taken] = field(default_factory=dict)
    audit: Taken | None = None
    floor: Taken | None = None
    night: Taken | None = None


def measure(place: Path, lines: int, jobs: bool, world: str = "plain") -> Size:
    """Return what night and floor take at about so many lines, and with `jobs` the jobs too.

    `world` is what the bills are like (`benchmarks.worlds`).
    """
    place = place / f"{lines}-{world}"
    shutil.rmtree(place, ignore_errors=True)
    # In a process of its own: a child's peak of memory begins with its parent's.
    _child("bills", place)
    bills = sorted((place / "bills").glob("*.csv"))
    size = Size(_count(bills), sum(path.stat().st_size for path in bills) / 1e6)
    runs = 3 if lines <= FEW else 1
    inbox = made(place) / "inbox"
    for path in bills:
        os.link(path, inbox / path.name)
    _say(f"{size.lines:,} lines, {size.megabytes:,.0f} MB, {world}")
    if jobs:
        _child("tables", place)
        for name in JOBS:
            size.jobs[name] = _best(place, name, runs)
        size.audit = _best(place, "audit", runs)
    size.floor = _best(place, "floor", 3)
    size.night = _night(place)
    shutil.rmtree(place)
    return size


def _count(bills: list[Path]) -> int:
    """Return how many line rows the bills have."""
    count = 0
    for path in bills:
        with path.open("rb") as file:
            count += sum(row.startswith(b"3") and b",line," in row[:64] for row in file)
    return count


def made(place: Path) -> Path:
    """Make the workspace of a world, load its reference tables, and return where it is."""
    workspace = place / "workspace"
    rebill("init", str(workspace))
    rebill("load", str(place / "reference"), "--workspace", str(workspace))
    return workspace


def rebill(*arguments: str) -> tuple[float, float, float]:
    """Run the product's command; return its seconds, CPU seconds and peak MiB."""
    code = "from rebill.cli.main import main; main()"
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    exit_code = os.waitstatus_to_exitcode(status)
    process.returncode = exit_code
    if exit_code not in (0, 1):
        raise SystemExit(f"rebill {arguments[0]} failed ({exit_code}):\n{said[-2000:]}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _night(place: Path) -> Taken:
    workspace = str(place / "workspace")
    night = Taken(*rebill("nightly", "--workspace", workspace, "--as-of", AS_OF))
    _say(f"  night: {night.seconds:.2f} s, CPU {night.cpu:.2f} s, {night.mib:,.0f} MiB")
    return night


def _child(name: str, place: Path) -> Taken:
    found = subprocess.run(
        [sys.executable, "-m", "benchmarks.child", name, str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise SystemExit(f"the measurement {name} failed:\n{found.stderr[-2000:]}")
    taken = json.loads(found.stdout.splitlines()[-1])
    return Taken(taken["seconds"], taken["cpu"], taken["mib"], tuple(taken["totals"]))


def _best(place: Path, name: str, runs: int) -> Taken:
    """Return the median of so many runs of a child."""
    taken = [_child(name, place) for _ in range(runs)]
    middle = Taken(
        statistics.median(one.seconds for one in taken),
        statistics.median(one.cpu for one in taken),
        max(one.mib for one in taken),
        taken[0].totals,
    )
    _say(f"  {name}: {middle.seconds:.2f} s, CPU {middle.cpu:.2f} s, {middle.mib:,.0f} MiB")
    return middle


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
