"""A mutation run: the code is made wrong in one place at a time, and a test must say so.

`python tests/support/mutants.py reconcile/window.py ...` moves the boundary of each comparison,
changes the sign of each sum and each step of one, in a copy of the tree, and runs the tests of the
module's room against each mutant (`--tests` names others). What lives is told with its line, before
and after; it is to be killed by a test that states the rule, or noted as equal in
`tests/data/equal_mutants.txt` (module | before | after | reason).
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
EQUAL = ROOT / "tests/data/equal_mutants.txt"
TREES = ("invoices", "reconcile", "rebill", "usoc_catalog", "migrations", "docs", "tests",
         "benchmarks", "pyproject.toml")  # fmt: skip
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


def room_tests(module: str) -> list[str]:
    """Return the tests of a module: the file of its name, else the folder of its room."""
    path = Path(module)
    own = ROOT / "tests" / path.parent / f"test_{path.name}"
    return [str((own if own.exists() else own.parent).relative_to(ROOT))]


def tried(tree: Path, tests: list[str], limit: float | None) -> str:
    """Run tests in a tree: they pass, fail, or do not end within so many seconds."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
               "-m", "not soak", *tests]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=tree, env=env, capture_output=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return "stuck"
    return "passed" if done.returncode == 0 else "failed"


def survivors(tree: Path, module: str, tests: list[str], first: int, last: int) -> list[Mutant]:
    """Return the mutants of a module that its tests let live; say how it goes."""
    source = (ROOT / module).read_text()
    began = time.monotonic()
    if tried(tree, tests, None) != "passed":
        raise SystemExit(f"{module}: its tests fail as it is: {' '.join(tests)}")
    limit = 20 + 4 * (time.monotonic() - began)
    chosen = [m for m in mutants(source) if first <= m.line <= last]
    noted = equal_mutants(module)
    alive = []
    for mutant in chosen:
        (tree / module).write_text(mutant.source)
        lives = tried(tree, tests, limit) == "passed"
        if lives and (mutant.before, mutant.after) not in noted:
            alive.append(mutant)
            say(f"{module}:{mutant.line}: lives: {mutant.before}  ->  {mutant.after}")
    (tree / module).write_text(source)
    say(f"{module}: {len(chosen)} mutants, {len(alive)} live")
    return alive


def equal_mutants(module: str) -> set[tuple[str, str]]:
    """Return the mutants of a module that are noted as equal, before and after."""
    rows = [row.split(" | ") for row in EQUAL.read_text().splitlines() if " | " in row]
    return {(before, after) for name, before, after, _ in rows if name == module}


def say(text: str) -> None:
    """Write a line of the report at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the mutants of the modules named; 1 if one lives."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("modules", nargs="+", help="files, or folders for all files in them")
    asked.add_argument("--tests", nargs="*", help="the tests to run, else those of the room")
    asked.add_argument("--lines", default="1-100000", help="only mutants of these lines, as 20-60")
    options = asked.parse_args()
    first, last = map(int, options.lines.split("-"))
    names = [
        str(path.relative_to(ROOT))
        for name in options.modules
        for path in (sorted((ROOT / name).rglob("*.py")) if (ROOT / name).is_dir()
                     else [ROOT / name])
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder)
        for name in TREES:
            found = ROOT / name
            if found.is_dir():
                shutil.copytree(found, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif found.exists():
                shutil.copy(found, tree / name)
        alive = [
            mutant
            for name in names
            for mutant in survivors(tree, name, options.tests or room_tests(name), first, last)
        ]
    return 1 if alive else 0


if __name__ == "__main__":
    raise SystemExit(main())
