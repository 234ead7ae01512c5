"""The nights of a steady world, month after month: what they take as the record grows.

`python -m benchmarks history --lines 40000 --months 13`: about so many lines a month; nothing is
filed and nothing issued. Each night is a process of its own, and its CPU that of all it starts.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import data
from benchmarks.run import made, rebill
from benchmarks.worlds import WORLDS

HEAD = "## History: "
LINES = 40_000
"""So many lines a month are enough to see what grows."""
AIM = 1.3
"""So many times the second night, at most, one a year later takes."""


@dataclass(frozen=True)
class Night:
    """What the night of a bill month took."""

    month: str
    cpu: float
    mib: float
    files: int
    """Parquet files of the bill month, once the night is over."""


def measured(place: Path, lines: int, months: int) -> list[Night]:
    """Feed a world of about so many lines a month to a workspace, a month each night."""
    world = place / "history"
    bills = data.write(world, lines * months, replace(WORLDS["plain"], months=months))
    workspace = made(world)
    nights = []
    for number in range(months):
        first = data.first_of(number)
        last = data.first_of(number + 1) - dt.timedelta(days=1)
        month = f"{first:%Y-%m}"
        for path in bills:
            if f"_{month}_" in path.name:
                os.link(path, workspace / "inbox" / path.name)
        told = ("--workspace", str(workspace), "--as-of", f"{last}", "--yes")
        _, cpu, mib = rebill("nightly", *told)
        files = len(list(workspace.glob(f"lines/*/*/bill_month={month}/*.parquet")))
        nights.append(Night(month, cpu, mib, files))
        print(f"  {month}: CPU {cpu:.2f} s, {mib:,.0f} MiB, {files} files", flush=True)
    return nights


def section(lines: int, nights: Sequence[Night]) -> str:
    """Return the section of the page."""
    second = nights[min(1, len(nights) - 1)].cpu
    rows = [
        f"| {n} | {one.month} | {one.cpu:.2f} s | {one.cpu / second:.2f} | {one.mib:,.0f} MiB |"
        f" {one.files} |"
        for n, one in enumerate(nights, 1)
    ]
    last = nights[-1].cpu / second
    verdict = "met" if last <= AIM else "not met"
    return "\n".join(
        [
            f"{HEAD}{len(nights)} months of {lines:,} lines, a night each\n",
            "Written by `python -m benchmarks history`: nothing is filed, nothing issued; the CPU"
            " is that of all processes of the night.\n",
            "| night | bill month | CPU | times the second | peak memory | files of the month |",
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
            f"- the last night within {AIM} times the second ({last:.2f}): **{verdict}**\n",
        ]
    )
