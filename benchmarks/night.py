"""One night in a process of its own: `python -m benchmarks.night WORKSPACE DATE` prints what each
stage took of the CPU, that of reading processes included, as a line of JSON."""

from __future__ import annotations

import datetime as dt
import io
import json
import resource
import sys
from collections import Counter
from pathlib import Path

from rebill.night import batch
from rebill.night.job import Job, look
from rebill.run import plan
from rebill.workspace.log import Log
from rebill.workspace.settings import open_workspace

NOW = "2026-06-01T02:00:00+00:00"
"""The time that goes on record."""
JUDGED = ("Settle", "Audit", "Price")
"""The stages between reading files and what becomes of what they say."""
PAPERS = "Deliver"


def spent() -> float:
    """Return the CPU seconds of this process and those it waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main(place: Path, day: str) -> None:
    """Run the night of a day."""
    workspace = open_workspace(place)
    stages: Counter[str] = Counter()
    last = [spent()]

    def hook(boundary: str) -> None:
        now = spent()
        stages[boundary] += now - last[0]
        last[0] = now

    job = Job("nightly", plan.plan, dt.date.fromisoformat(day), *look(workspace))
    batch.run(workspace, job, Log(io.StringIO(), terminal=False), lambda: NOW, hook)
    print(json.dumps(stages))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
