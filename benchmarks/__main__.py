"""`python -m benchmarks [LINES] [--sizes 1000000 5000000 10000000] [--out PAGE] [--place DIR]`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import cash, papers, selling, x12
from benchmarks.report import page
from benchmarks.run import measure

PAGE = Path(__file__).parents[1] / "docs" / "PERFORMANCE.md"


def main() -> None:
    """Measure, and leave the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("lines", type=int, nargs="?", default=5_000_000, help="lines of (a), (b)")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=[1_000_000, 10_000_000], help="further ones for (c)"
    )
    parser.add_argument("--out", type=Path, default=PAGE, help="where the page goes")
    parser.add_argument("--place", type=Path, help="folder for the data (default: a temporary one)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.place) as place:
        sizes = [
            measure(Path(place), lines, jobs=lines == given.lines)
            for lines in sorted({given.lines, *given.sizes})
        ]
        given.out.write_text(page(sizes), encoding="utf-8")
        cash.put(given.out, cash.measured(Path(place)))
        selling.put(given.out, given.lines, Path(place))
        cash.put(given.out, papers.section(1000, 20_000), papers.HEAD)
        cash.put(given.out, x12.section([100, 1000], 10, 3), x12.HEAD)
    print(given.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
