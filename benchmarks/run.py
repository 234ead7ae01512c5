"""Makes the data, runs every measurement in a child process, and gathers what they took."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.child import JOBS
from benchmarks.night import JUDGED, PAPERS

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
    stages: dict[str, float] = field(default_factory=dict)
    """CPU seconds of each stage of a night."""

    @property
    def judged(self) -> float:
        """Return the CPU seconds of settling, audit and prices."""
        return sum(self.stages.get(stage, 0.0) for stage in JUDGED)

    @property
    def without_papers(self) -> float:
        """Return the CPU seconds of the night but its papers."""
        return self.cpu - self.stages.get(PAPERS, 0.0)


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
    _, *taken = _run([sys.executable, "-c", code, *arguments])
    return taken[0], taken[1], taken[2]


def _run(command: list[str]) -> tuple[str, float, float, float]:
    """Run a command; return what it prints, its seconds, its CPU seconds with those of processes it
    starts, and the highest peak of them in MiB."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, stdout=told, stderr=said, text=True)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = exit_code = os.waitstatus_to_exitcode(status)
        said.seek(0)
        if exit_code not in (0, 1):
            words = " ".join(command[1:])
            raise SystemExit(f"{words} failed ({exit_code}):\n{said.read()[-2000:]}")
        told.seek(0)
        return told.read(), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _night(place: Path) -> Taken:
    command = [sys.executable, "-m", "benchmarks.night", str(place / "workspace"), AS_OF]
    told, *taken = _run(command)
    stages = json.loads(told.splitlines()[-1])
    night = Taken(*taken, stages=stages)
    by_stage = ", ".join(f"{stage} {cpu:.2f}" for stage, cpu in stages.items() if cpu > 0.1)
    _say(f"  night: {night.seconds:.2f} s, CPU {night.cpu:.2f} s, {night.mib:,.0f} MiB: {by_stage}")
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
