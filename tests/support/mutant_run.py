"""One process of a mutation run: which tests come by a function, and what lives of the mutants.

The tests are collected once and run in this process. A mutant is compiled and its code put in the
place of the function's own, for as long as its tests run; the constants of a module are made again
and put wherever the old ones were imported. Nothing is written, nothing imported anew: a mutant
costs no more than the tests that see it.
"""

from __future__ import annotations

import argparse
import ast
import functools
import gc
import importlib
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, Phase, settings

sys.path.insert(0, str(Path(__file__).parent))
from mutants import ROOT, Mutant, equal_mutants, mutants

Touched = dict[str, dict[str, float]]  # module:function -> test -> its seconds
CODE = ("invoices", "reconcile", "rebill", "usoc_catalog")
SEEN = "_seen_by_a_test"
MOST_MEMORY = 8 * 2**30
"""A mutant that makes days without end meets this, and dies of it."""


class Stuck(BaseException):
    """The tests of a mutant took longer than a mutant may."""


class Run:
    """What pytest does with the collected tests: find what they touch, or try mutants."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.wrong = 0

    def pytest_configure(self) -> None:
        """Shrink no example: that a mutant dies is enough."""
        settings.register_profile(
            "mutants", max_examples=50, deadline=None, derandomize=True, report_multiple_bugs=False,
            phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do the step asked for in place of running every test once."""
        settings.load_profile("mutants")
        items = {item.nodeid: item for item in session.items}
        if self.options.find:
            self.wrong = find(items, self.options)
        else:
            self.wrong = try_all(items, self.options)
        return True


def passes(item: pytest.Item) -> bool:
    """Run a test with fixtures of its own and say whether it passed (or was skipped).

    What the code of the checkout keeps for later is forgotten; what the tests keep is not its own.
    """
    for kept in [o for o in gc.get_objects() if isinstance(o, functools._lru_cache_wrapper)]:
        if kept.__module__.split(".")[0] in CODE:
            kept.cache_clear()
    item._initrequest()  # type: ignore[attr-defined]
    return all(not report.failed for report in runtestprotocol(item, log=False, nextitem=None))


# ------------------------------------------------------------------------- what each test touches


def find(items: dict[str, pytest.Item], options: argparse.Namespace) -> int:
    """Write which tests come by each function of the modules, with the seconds of each test."""
    seen: set[str] = set()
    for module in options.modules:
        here = loaded(module)
        setattr(here, SEEN, seen)
        put_in_place(here, told_of(module, (ROOT / module).read_text()))
    touched: Touched = {}
    failed = 0
    for name, item in items.items():
        seen.clear()
        began = time.monotonic()
        if not passes(item):
            say(f"fails as it is: {name}")
            failed += 1
            continue
        for function in seen:
            touched.setdefault(function, {})[name] = round(time.monotonic() - began, 3)
    Path(options.find).write_text(json.dumps(touched))
    return failed


def told_of(module: str, source: str) -> CodeType:
    """Compile a module whose functions first tell that they run."""
    tree = ast.parse(source)
    for name, node in functions(tree):
        told = ast.parse(f"{SEEN}.add({module + ':' + name!r})").body[0]
        first = 1 if ast.get_docstring(node, clean=False) is not None else 0
        node.body.insert(first, told)
    return compile(ast.fix_missing_locations(tree), str(ROOT / module), "exec", dont_inherit=True)


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the functions of a module and the methods of its classes, with qualified names."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            methods = [within for within in node.body if isinstance(within, ast.FunctionDef)]
            yield from ((f"{node.name}.{method.name}", method) for method in methods)


# ------------------------------------------------------------------------------ a mutant in place


STANDING: dict[str, dict[str, list[tuple[FunctionType, CodeType]]]] = {}


def loaded(module: str) -> ModuleType:
    """Return a module of the checkout by its path."""
    path = Path(module).with_suffix("")
    parts = path.parts[:-1] if path.name == "__init__" else path.parts
    return importlib.import_module(".".join(parts))


def standing(module: ModuleType) -> dict[str, list[tuple[FunctionType, CodeType]]]:
    """Return the functions of a module by qualified name, wherever they are held, with their code.

    The collector finds them below decorators, properties and classes too. They are looked for once,
    before any of them is changed.
    """
    if module.__name__ in STANDING:
        return STANDING[module.__name__]
    found: dict[str, list[tuple[FunctionType, CodeType]]] = {}
    for held in gc.get_objects():
        if isinstance(held, FunctionType) and held.__module__ == module.__name__:
            found.setdefault(held.__code__.co_qualname, []).append((held, held.__code__))
    STANDING[module.__name__] = found
    return found


def codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code and all codes within it."""
    yield code
    for within in code.co_consts:
        if isinstance(within, CodeType):
            yield from codes(within)


def put_in_place(module: ModuleType, made: CodeType) -> None:
    """Let the functions of a module do what other code of the same names does."""
    for code in codes(made):
        for function, own in standing(module).get(code.co_qualname, []):
            if len(own.co_freevars) == len(code.co_freevars):
                function.__code__ = code


@contextmanager
def in_place(module: ModuleType, mutant: Mutant) -> Iterator[None]:
    """Put a mutant into the running program for a while."""
    made = compile(mutant.source, str(module.__file__), "exec", dont_inherit=True)
    constants = made_again(module, mutant, made)
    try:
        put_in_place(module, made)
        for holder, name, _, wrong in constants:
            setattr(holder, name, wrong)
        yield
    finally:
        for functions_here in standing(module).values():
            for function, own in functions_here:
                function.__code__ = own
        for holder, name, right, _ in constants:
            setattr(holder, name, right)


def made_again(
    module: ModuleType, mutant: Mutant, made: CodeType
) -> list[tuple[ModuleType, str, Any, Any]]:
    """Return (holder, name, right, wrong) of a module's constants, if the mutant is among them."""
    tree = ast.parse(mutant.source)
    at = next(n for n in reversed(tree.body) if n.lineno <= mutant.line)
    if not isinstance(at, ast.Assign | ast.AnnAssign):
        return []
    space = {"__name__": module.__name__, "__file__": module.__file__}
    exec(made, space)
    names = [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    ]
    wrong = {id(getattr(module, name)): (getattr(module, name), space[name]) for name in names}
    return [
        (holder, name, *wrong[id(value)])
        for holder in list(sys.modules.values())
        if isinstance(holder, ModuleType)
        for name, value in list(vars(holder).items())
        if id(value) in wrong
        and not isinstance(value, bool | int | None)
        or (holder is module and name in names)
    ]


# --------------------------------------------------------------------------------- what lives


def try_all(items: dict[str, pytest.Item], options: argparse.Namespace) -> int:
    """Try this process's share of the mutants, say which live, and return how many."""
    touched: Touched = json.loads(Path(options.try_).read_text())
    share, of = map(int, options.share.split("/"))
    first, last = map(int, options.lines.split("-"))
    alive = 0
    killers: dict[str, int] = {}  # what killed others is likely to kill
    for module in options.modules:
        noted = equal_mutants(module)
        every = [m for m in mutants((ROOT / module).read_text()) if first <= m.line <= last]
        mine = [m for m in every[share::of] if (m.before, m.after) not in noted]
        lived = 0
        for mutant in mine:
            tests = tests_of(module, mutant, touched)
            tests.sort(key=lambda test: (-killers.get(test[0], 0) / (test[1] + 0.5), test[1]))
            verdict = tried(items, module, mutant, tests, killers, float(options.budget))
            if verdict:
                lived += 1
                say(f"{module}:{mutant.line}: {verdict}: {mutant.before}  ->  {mutant.after}")
        say(f"{module}: share {options.share}: {len(mine)} mutants, {lived} live")
        alive += lived
    return alive


def tests_of(module: str, mutant: Mutant, touched: Touched) -> list[tuple[str, float]]:
    """Return the tests that come by the place of a mutant, with their seconds.

    A constant is seen by all tests that come by its module.
    """
    inside = [
        name
        for name, node in functions(ast.parse((ROOT / module).read_text()))
        if node.lineno <= mutant.line <= (node.end_lineno or node.lineno)
    ]
    keys = [f"{module}:{name}" for name in inside] or [
        key for key in touched if key.startswith(f"{module}:")
    ]
    return list({t: s for key in keys for t, s in touched.get(key, {}).items()}.items())


def tried(
    items: dict[str, pytest.Item], module: str, mutant: Mutant, tests: list[tuple[str, float]],
    killers: dict[str, int], budget: float,
) -> str:  # fmt: skip
    """Run tests against a mutant: nothing if one fails, else how it lives."""
    began = time.monotonic()
    with in_place(loaded(module), mutant):
        for number, (name, seconds) in enumerate(tests):
            if name not in items:
                continue
            if time.monotonic() - began > budget:
                return f"lives ({len(tests) - number} of {len(tests)} tests not run)"
            signal.alarm(int(20 + 5 * seconds))
            try:
                passed = passes(items[name])
            except Stuck:
                passed = False
            finally:
                signal.alarm(0)
            if not passed:
                killers[name] = killers.get(name, 0) + 1
                return ""
    return f"lives ({len(tests)} tests)"


def stop(*_: object) -> None:
    """End tests that do not end by themselves."""
    raise Stuck


def say(text: str) -> None:
    """Write a line of the report at once, past what pytest holds back."""
    os.write(REPORT, f"{text}\n".encode())


def main() -> int:
    """Do one step of a mutation run; 1 if a mutant lives or a test fails as it is."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--find")
    asked.add_argument("--try", dest="try_")
    asked.add_argument("--share", default="0/1")
    asked.add_argument("--lines", default="1-100000")
    asked.add_argument("--budget", default="60")
    asked.add_argument("--modules", nargs="+")
    asked.add_argument("--tests", nargs="+")
    options = asked.parse_args()
    signal.signal(signal.SIGALRM, stop)
    if options.try_:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    plugin = Run(options)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    words = ["-q", "-p", "no:cacheprovider", "-m", "not soak"]
    code = pytest.main([*words, *options.tests], plugins=[plugin])
    return 1 if plugin.wrong or code not in (0, 5) else 0


REPORT = os.dup(1)
if __name__ == "__main__":
    raise SystemExit(main())
