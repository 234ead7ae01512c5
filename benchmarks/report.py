"""Writes what was measured as `docs/PERFORMANCE.md`, each aim beside its figure."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version

from benchmarks.run import Size, Taken
from benchmarks.worlds import WORLDS

NAMES = {"ours": "rebill's kernels", "duckdb": "DuckDB, one query", "pandas": "pandas"}
PACKAGES = ("polars", "duckdb", "pandas", "pyarrow", "numpy")
AIM_LINES = 9_000_000
"""What counts as ten million lines: the invented ones come out a little short."""
AIM_DUCKDB, AIM_PANDAS, LINEAR = 1.2, 3.5, 1.25
"""Our kernels take at most so many times DuckDB's time, and pandas so many times ours; a million
lines of many at most so many times a million of few."""
AIM_JUDGED, AIM_NIGHT = 6.0, 8.0
"""Settling, audit and prices, and a night without papers, in times the CPU of the floor."""
AIM_SMALL, AIM_LARGE = 1_228.8, 2_048.0
"""Peaks in MiB of a night of a million lines, and of ten."""

_HEAD = """\
# Performance

Written by `make bench`; do not edit. Every measurement runs in a process of its own, after its
imports; loading the reference tables is no part of a night. Up to two million lines the median of
three runs counts. The lines are invented (`benchmarks/data.py`): three months of business lines,
packages and circuits on up to 2,000 accounts for 2,000 customers, about a tenth of them wrong.
"""


def page(sizes: Sequence[Size]) -> str:
    """Return the page; the largest of `sizes` that has jobs is that of the night by stages."""
    small = [size for size in sizes if size.jobs]
    return "\n".join([_HEAD, _machine(), *map(_jobs, small), _floor(small[-1]), _growth(sizes)])


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"Machine: {os.cpu_count()} cores, {memory:.0f} GiB of memory. "
        f"Python {platform.python_version()}, {packages}.\n"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _figures(taken: Taken) -> list[str]:
    return [f"{taken.seconds:.2f} s", f"{taken.cpu:.2f} s", f"{taken.mib:,.0f} MiB"]


def _verdict(aim: str, met: bool) -> str:
    return f"- {aim}: {'**met**' if met else '**not met**'}\n"


def _jobs(size: Size) -> str:
    """Return the section on match + rate + variance + markup."""
    ours = size.jobs["ours"]
    rows = [
        [NAMES[name], *_figures(taken), f"{taken.seconds / ours.seconds:.2f}"]
        for name, taken in size.jobs.items()
    ]
    if size.audit:
        rows.append(
            ["the whole audit", *_figures(size.audit), f"{size.audit.seconds / ours.seconds:.2f}"]
        )
    alike = len({taken.totals for taken in size.jobs.values()}) == 1
    expected, stake, price = ours.totals
    said = (
        f"All three agree to the cent: expected {expected}, at stake {stake}, price {price}."
        if alike
        else "**The three do not agree**: "
        + "; ".join(f"{NAMES[name]} {', '.join(t.totals)}" for name, t in size.jobs.items())
    )
    duckdb = size.jobs["duckdb"].seconds / ours.seconds
    pandas = size.jobs["pandas"].seconds / ours.seconds
    return "\n".join(
        [
            f"## (a) Match, rate in force, variance, markup: {size.lines:,} lines\n",
            _table(["", "time", "CPU", "peak memory", "times ours"], rows),
            said
            + " The whole audit (every code, findings in words, results kept on disk) is another, "
            "larger job.\n",
            _verdict(
                f"within {AIM_DUCKDB} times DuckDB's time ({1 / duckdb:.2f})",
                duckdb * AIM_DUCKDB >= 1,
            )
            + _verdict(
                f"at least {AIM_PANDAS} times as fast as pandas ({pandas:.2f})",
                pandas >= AIM_PANDAS,
            ),
        ]
    )


def _floor(size: Size) -> str:
    """Return the section on the night against plain polars."""
    assert size.floor and size.night
    floor, night = size.floor.cpu, size.night
    judged, without = night.judged / floor, night.without_papers / floor
    rows = [
        ["scan_csv, sink_parquet", *_figures(size.floor), "1.0"],
        ["settling, audit and prices", "", f"{night.judged:.2f} s", "", f"{judged:.1f}"],
        [
            *("the night without papers", "", f"{night.without_papers:.2f} s", ""),
            f"{without:.1f}",
        ],
        ["the whole night", *_figures(night), f"{night.cpu / floor:.1f}"],
    ]
    stages = ", ".join(f"{name} {cpu:.1f}" for name, cpu in night.stages.items() if cpu >= 0.05)
    return "\n".join(
        [
            f"## (b) The whole night: {size.lines:,} lines, {size.megabytes:,.0f} MB of CSV\n",
            _table(["", "time", "CPU", "peak memory", "times the floor's CPU"], rows),
            f"CPU seconds by stage: {stages}.\n",
            _verdict(
                f"settling, audit and prices within {AIM_JUDGED:.0f} times the floor"
                f" ({judged:.1f})",
                judged <= AIM_JUDGED,
            )
            + _verdict(
                f"a night without papers within {AIM_NIGHT:.0f} times ({without:.1f})",
                without <= AIM_NIGHT,
            ),
        ]
    )


def _growth(sizes: Sequence[Size]) -> str:
    """Return the section on time and memory as lines grow."""
    rows = []
    each: list[float] = []
    for size in sizes:
        assert size.night and size.floor
        each.append(size.night.cpu / size.lines * 1e6)
        judged = f"{size.night.judged / size.floor.cpu:.1f}"
        rows.append([f"{size.lines:,}", *_figures(size.night), f"{each[-1]:.2f} s", judged])
    head = ["lines", "time", "CPU", "peak memory", "CPU of a million lines"]
    return "\n".join(
        [
            "## (c) The night as lines grow\n",
            _table([*head, "settling, audit, prices: times the floor"], rows),
            _verdict(
                f"linear: the CPU of a million lines of the largest night is"
                f" {each[-1] / each[0]:.2f} times that of the smallest (at most {LINEAR})",
                each[-1] <= LINEAR * each[0],
            )
            + _peaks(sizes),
        ]
    )


def _peaks(sizes: Sequence[Size]) -> str:
    """Return whether the peaks of memory are as low as they are to be."""
    said = ""
    for aim, least, most in ((AIM_SMALL, 0, 1_000_000), (AIM_LARGE, AIM_LINES, 12_000_000)):
        peaks = [size.night.mib for size in sizes if size.night and least <= size.lines <= most]
        words = f"under {aim / 1024:.1f} GiB at {most if least == 0 else AIM_LINES:,} lines"
        if peaks:
            said += _verdict(f"{words} ({max(peaks):,.0f} MiB)", max(peaks) < aim)
        else:
            said += f"- {words}: **not measured**\n"
    return said


WORLDS_HEAD = "## Other worlds"


def worlds(sizes: dict[str, Size]) -> str:
    """Return the section on nights of bills that ask for more than the usual ones."""
    rows = []
    for name, size in sizes.items():
        assert size.floor and size.night
        floor, night = size.floor.cpu, size.night
        times = (night.judged, night.without_papers, night.cpu)
        figures = [f"{floor:.2f} s", *_figures(night), *(f"{cpu / floor:.1f}" for cpu in times)]
        rows.append([f"`{name}`: {WORLDS[name].words}", f"{size.lines:,}", *figures])
    head = ["bills", "lines", "CPU of the floor", "time", "CPU", "peak memory"]
    head += ["settling, audit, prices", "night without papers", "whole night"]
    return "\n".join(
        [
            f"{WORLDS_HEAD}\n",
            "Nights with their papers; the last three in times the CPU of the floor.\n",
            _table(head, rows),
        ]
    )
