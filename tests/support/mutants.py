"""A mutation run: the code is made wrong in one place at a time, and a test must say so.

`python tests/support/mutants.py reconcile/window.py ...` moves the boundary of each comparison,
changes the sign of each sum and each step of one, and runs the tests that come by the place, the
quickest first (`mutant_run.py` says how; `--tests` names where to look for them). What lives is
told with its line, before and after; it is to be killed by a test that states the rule, or noted as
equal in `tests/data/equal_mutants.txt` (module | before | after | reason).
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
EQUAL = ROOT / "tests/data/equal_mutants.txt"
BOUNDARIES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}  # fmt: skip
SIGNS: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add}


@dataclass(frozen=True)
class Mutant:
    """One place of a module made wrong: its line, what stood there, what stands there now."""

    line: int
    before: str
    after: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Yield a module in every wrong way, one place at a time, from the top.

    `a < b` is also tried as `a <= b`, `a + b` as `a - b`, `a + 1` as `a`, and `-a` as `a`::

        day + 1 <= last  ->  day + 1 < last, day - 1 <= last, day <= last
    """
    places = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.expr)]
    for node in sorted(places, key=lambda node: (node.lineno, node.col_offset)):
        for wrong in wrong_ways(node):
            start, end = offset(source, node.lineno, node.col_offset), ending(source, node)
            before, after = " ".join(source[start:end].split()), ast.unparse(wrong)
            whole = f"{source[:start]}({after}){source[end:]}"
            yield Mutant(node.lineno, before, after, whole)


def wrong_ways(node: ast.expr) -> Iterator[ast.expr]:
    """Yield an expression with one of its operators changed, in each way there is."""
    if isinstance(node, ast.Compare):
        for n, op in enumerate(node.ops):
            if type(op) in BOUNDARIES:
                other = copy.deepcopy(node)
                other.ops[n] = BOUNDARIES[type(op)]()
                yield other
    elif isinstance(node, ast.BinOp) and type(node.op) in SIGNS and not is_text(node):
        other_sign = copy.deepcopy(node)
        other_sign.op = SIGNS[type(node.op)]()
        yield other_sign
        if isinstance(node.right, ast.Constant) and node.right.value == 1:
            yield node.left
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand


def is_text(node: ast.BinOp) -> bool:
    """Say whether a sum joins texts or lists: no sign to be changed."""
    joined = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp)
    sides = (node.left, node.right)
    return any(
        isinstance(side, joined) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in sides
    )


def offset(source: str, line: int, column: int) -> int:
    """Return where a line and a column in bytes, as the parser counts, stand in the text."""
    lines = source.splitlines(keepends=True)
    within = lines[line - 1].encode()[:column].decode()
    return sum(map(len, lines[: line - 1])) + len(within)


def ending(source: str, node: ast.expr) -> int:
    """Return where an expression ends in the text."""
    assert node.end_lineno is not None and node.end_col_offset is not None
    return offset(source, node.end_lineno, node.end_col_offset)


# --------------------------------------------------------------------------------------- the run


def equal_mutants(module: str) -> set[tuple[str, str]]:
    """Return the mutants of a module that are noted as equal, before and after."""
    rows = [row.split(" | ") for row in EQUAL.read_text().splitlines() if " | " in row]
    return {(before, after) for name, before, after, _ in rows if name == module}


def modules_of(names: list[str]) -> list[str]:
    """Return the modules of files and folders, by their paths below the checkout."""
    found = [
        sorted((ROOT / name).rglob("*.py")) if (ROOT / name).is_dir() else [ROOT / name]
        for name in names
    ]
    return [str(path.relative_to(ROOT)) for paths in found for path in paths]


def run(step: list[str], names: list[str], options: argparse.Namespace) -> subprocess.Popen[bytes]:
    """Start a process of the run: `mutant_run.py` with its step, the modules, lines and tests."""
    lines, budget = ["--lines", options.lines], ["--budget", options.budget]
    command = [sys.executable, str(Path(__file__).with_name("mutant_run.py")), *step, *lines,
               *budget, "--modules", *names, "--tests", *options.tests]  # fmt: skip
    env = {**os.environ, "POLARS_MAX_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=ROOT, env=env)


def main() -> int:
    """Run the mutants of the modules named; 1 if one lives."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("modules", nargs="+", help="files, or folders for all files in them")
    asked.add_argument("--tests", nargs="+", default=["tests/reconcile", "tests/rebill/pricing"])
    asked.add_argument("--lines", default="1-100000", help="only mutants of these lines, as 20-60")
    asked.add_argument("--budget", default="60", help="seconds of tests against one mutant")
    asked.add_argument("--touched", help="the tests' functions of an earlier run, else found first")
    options = asked.parse_args()
    names = modules_of(options.modules)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        touched = options.touched or str(Path(folder) / "touched.json")
        if not Path(touched).exists() and run(["--find", touched], names, options).wait():
            raise SystemExit("the tests fail on the code as it is")
        workers = os.cpu_count() or 1
        shares = [f"{n}/{workers}" for n in range(workers)]
        started = [run(["--try", touched, "--share", s], names, options) for s in shares]
        return max([process.wait() for process in started])


if __name__ == "__main__":
    raise SystemExit(main())
