"""Writes what was measured as `docs/PERFORMANCE.md`, each aim beside its figure."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version

from benchmarks import bank
from benchmarks.run import Size, Taken
from benchmarks.worlds import WORLDS

NAMES = {"ours": "rebill's kernels", "duckdb": "DuckDB, one query", "pandas": "pandas"}
PACKAGES = ("polars", "duckdb", "pandas", "pyarrow", "numpy")
AIM_LINES = 9_000_000
"""What counts as ten million lines: the invented ones come out a little short."""
AIM_PANDAS, AIM_FLOOR, AIM_MIB, LINEAR = 2.5, 6.0, 2048.0, 1.25

_HEAD = """\
# Performance

Written by `make bench`; do not edit. Every measurement runs in a process of its own, after its
imports; loading the reference tables is no part of a night. Up to two million lines the median of
three runs counts. The lines are invented (`benchmarks/data.py`): three months of business lines,
packages and circuits on up to 2,000 accounts for 2,000 customers, about a tenth of them wrong.
"""


def page(sizes: Sequence[Size]) -> str:
    """Return the page; the first of `sizes` that has jobs is the one they were measured at."""
    main = next(size for size in sizes if size.jobs)
    parts = [_HEAD, _machine(), _jobs(main), _floor(main), _growth(sizes), bank.section()]
    return "\n".join(parts)


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
            _verdict(f"no slower than DuckDB (its time is {duckdb:.2f} of ours)", duckdb >= 1)
            + _verdict(
                f"at least {AIM_PANDAS} times as fast as pandas ({pandas:.2f})",
                pandas >= AIM_PANDAS,
            ),
        ]
    )


def _floor(size: Size) -> str:
    """Return the section on the night against plain polars."""
    assert size.floor and size.night
    ratio = size.night.seconds / size.floor.seconds
    rows = [
        ["scan_csv, sink_parquet", *_figures(size.floor), "1.00"],
        ["the whole night", *_figures(size.night), f"{ratio:.2f}"],
    ]
    return "\n".join(
        [
            f"## (b) The whole night: {size.lines:,} lines, {size.megabytes:,.0f} MB of CSV\n",
            _table(["", "time", "CPU", "peak memory", "times the floor"], rows),
            _verdict(f"within {AIM_FLOOR:.0f} times the floor ({ratio:.2f})", ratio <= AIM_FLOOR),
        ]
    )


def _growth(sizes: Sequence[Size]) -> str:
    """Return the section on time and memory as lines grow."""
    rows = []
    each: list[float] = []
    for size in sizes:
        assert size.night
        each.append(size.night.seconds / size.lines * 1e6)
        rows.append([f"{size.lines:,}", *_figures(size.night), f"{each[-1]:.2f} s"])
    peak = max(size.night.mib for size in sizes if size.night)
    worst = each[-1] / each[0]
    largest = max(size.lines for size in sizes)
    if largest < AIM_LINES:
        verdict = (
            f"- linear, and under 2 GiB at {AIM_LINES:,} lines: **not measured** (the largest "
            f"night had {largest:,} lines and took {peak:,.0f} MiB)\n"
        )
    else:
        verdict = _verdict(
            f"linear: a million lines at the largest take {worst:.2f} times those at the "
            f"smallest (at most {LINEAR})",
            worst <= LINEAR,
        ) + _verdict(f"under 2 GiB ({peak:,.0f} MiB)", peak < AIM_MIB)
    return "\n".join(
        [
            "## (c) The night as lines grow\n",
            _table(["lines", "time", "CPU", "peak memory", "a million lines"], rows),
            verdict,
        ]
    )


WORLDS_HEAD = "## Other worlds"


def worlds(sizes: dict[str, Size]) -> str:
    """Return the section on nights of bills that ask for more than the usual ones."""
    rows = []
    for name, size in sizes.items():
        assert size.floor and size.night
        ratio = size.night.cpu / size.floor.cpu
        figures = [f"{size.floor.cpu:.2f} s", *_figures(size.night), f"{ratio:.1f}"]
        rows.append([f"`{name}`: {WORLDS[name].words}", f"{size.lines:,}", *figures])
    head = ["bills", "lines", "CPU of the floor", "time", "CPU", "peak memory", "times the floor"]
    return "\n".join(
        [
            f"{WORLDS_HEAD}\n",
            "Whole nights with their papers; the ratio is that of the CPU.\n",
            _table(head, rows),
        ]
    )
