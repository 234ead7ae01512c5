"""`python -m benchmarks [PART ...] [--lines N] [--months M] [--sizes N ...] [--out PAGE]`.

Without a part all are measured; each leaves its own section on the page and the others alone.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import (
    bank,
    cash,
    commissions,
    disputes,
    flat_feeds,
    history,
    packets,
    papers,
    quotes,
    selling,
    x12,
)
from benchmarks.report import WORLDS_HEAD, page, worlds
from benchmarks.run import Size, measure
from benchmarks.worlds import WORLDS

PAGE = Path(__file__).parents[1] / "docs" / "PERFORMANCE.md"
SHORT = 1_000_000
"""So many lines the short form measures, and no file of a gigabyte."""
OTHERS = re.compile(r"^## (?!\([abc]\) )", re.MULTILINE)
"""The head of a section that is no part of the night's."""


def night(out: Path, place: Path, lines: int, sizes: Sequence[int]) -> None:
    """Leave the sections on kernels and nights at the top of the page, anew after each size."""
    measured = []
    for count in sorted({lines, *sizes}):
        measured.append(measure(place, count, jobs=count <= lines))
        if count < lines:
            continue
        before = out.read_text(encoding="utf-8") if out.exists() else ""
        found = OTHERS.search(before)
        rest = before[found.start() :] if found else ""
        out.write_text(f"{page(measured).rstrip()}\n\n{rest}".rstrip() + "\n", encoding="utf-8")


def _worlds(place: Path, lines: int) -> dict[str, Size]:
    """Measure the nights of each world at about so many lines."""
    return {name: measure(place, lines, False, name) for name in WORLDS}


SECTIONS: dict[str, tuple[str, Callable[[Path, int], str]]] = {
    "bank": (bank.TITLE, lambda place, lines: bank.section()),
    "cash": (cash.HEAD, lambda place, lines: cash.measured(place)),
    "commissions": (commissions.HEAD, lambda place, lines: commissions.section(place)),
    "disputes": (disputes.HEAD, lambda place, lines: disputes.section(disputes.measured())),
    "packets": (packets.HEAD, lambda place, lines: packets.section(20_000)),
    "papers": (papers.HEAD, lambda place, lines: papers.section(1000, 20_000)),
    "quotes": (quotes.HEAD, lambda place, lines: quotes.section()),
    "selling": (
        selling.HEAD,
        lambda place, lines: selling.section(lines, selling.measure(place, lines)),
    ),
    "x12": (
        x12.HEAD,
        lambda place, lines: x12.section([100, 1000] if lines > SHORT else [100], 10, 3),
    ),
    "flat": (flat_feeds.HEAD, lambda place, lines: flat_feeds.section(1_000_000)),
    "worlds": (WORLDS_HEAD, lambda place, lines: worlds(_worlds(place, min(lines, 1_000_000)))),
}


def _history(place: Path, lines: int, months: int) -> str:
    """Measure the nights of so many months of at most a few lines each."""
    lines = min(lines, history.LINES)
    return history.section(lines, history.measured(place, lines, months))


def main() -> None:
    """Measure, and leave the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"night, history, {', '.join(SECTIONS)}"
    )
    parser.add_argument("--lines", type=int, default=5_000_000, help="lines of (a), (b), selling")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=[1_000_000, 10_000_000], help="further ones for (c)"
    )
    parser.add_argument("--months", type=int, default=13, help="bill months of history")
    parser.add_argument("--out", type=Path, default=PAGE, help="where the page goes")
    parser.add_argument("--place", type=Path, help="folder for the data (default: a temporary one)")
    parser.add_argument(
        "--short", action="store_true", help="a million lines, five months: minutes, not an hour"
    )
    given = parser.parse_args()
    if given.short:
        given.lines, given.sizes, given.months = SHORT, [], 5
    sections = SECTIONS | {
        "history": (history.HEAD, lambda place, lines: _history(place, lines, given.months))
    }
    wanted = given.parts or ["night", *sections]
    if unknown := sorted({*wanted} - {"night", *sections}):
        parser.error(f"no part is called {unknown[0]}")
    if len(wanted) > 1:
        # In a process of its own: a child's peak of memory begins with its parent's.
        told = [word for word in sys.argv[1:] if word not in wanted]
        for part in wanted:
            subprocess.run([sys.executable, "-m", "benchmarks", part, *told], check=True)
        return
    with tempfile.TemporaryDirectory(dir=given.place) as place:
        if wanted == ["night"]:
            night(given.out, Path(place), given.lines, given.sizes)
        else:
            head, section = sections[wanted[0]]
            cash.put(given.out, section(Path(place), given.lines), head)
    print(given.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
