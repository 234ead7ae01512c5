"""What the package promises by name: few names, always the same, and with their types."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from typing import Any

from checkout import ROOT

import rebill

STUB = ast.parse((ROOT / "rebill" / "__init__.pyi").read_text("utf-8"))
NAMES = {
    *("Audit", "Bill", "ConfigError", "Failure", "House", "ReferenceFaults"),
    *("__version__", "audit", "open", "read"),
}


Parameters = list[tuple[str, int, bool]]
"""Name and kind of each parameter, and whether it may be left out."""
ONLY_INSIDE = {"papers"}
"""What is public among our own modules, and no promise."""


def declared(node: ast.FunctionDef) -> Parameters:
    """Return the parameters of a function in a stub."""
    kinds, given = inspect.Parameter, node.args
    first = len(given.args) - len(given.defaults)
    found: Parameters = [
        (one.arg, kinds.POSITIONAL_OR_KEYWORD, at >= first) for at, one in enumerate(given.args)
    ]
    if given.vararg:
        found.append((given.vararg.arg, kinds.VAR_POSITIONAL, False))
    pairs = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    return found + [(one.arg, kinds.KEYWORD_ONLY, other is not None) for one, other in pairs]


def there(function: Any) -> Parameters:
    """Return the parameters of a function that is there."""
    signature = inspect.signature(function.fget if isinstance(function, property) else function)
    return [
        (name, one.kind, one.default is not one.empty) for name, one in signature.parameters.items()
    ]


def test_the_names_are_those_that_were_promised() -> None:
    assert {*rebill.__all__} == NAMES and {*dir(rebill)} > NAMES
    for name in NAMES - {"__version__"}:
        assert getattr(rebill, name).__doc__, f"{name} says nothing of itself"


def test_what_checks_types_is_told_what_there_is() -> None:
    functions = [node for node in STUB.body if isinstance(node, ast.FunctionDef)]
    for node in functions:
        assert declared(node) == there(getattr(rebill, node.name)), node.name
    classes = [node for node in STUB.body if isinstance(node, ast.ClassDef)]
    for node in classes:
        if node.name.startswith("_") or issubclass(getattr(rebill, node.name), Exception):
            continue
        real = getattr(rebill, node.name)
        fields = {ast.unparse(one.target) for one in node.body if isinstance(one, ast.AnnAssign)}
        methods = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}
        public = {name for name in {*vars(real), *real.__annotations__} if name[0] != "_"}
        assert fields | {*methods} == public - ONLY_INSIDE
        for name, method in methods.items():
            assert declared(method) == there(inspect.getattr_static(real, name)), name
    told = {node.name for node in (*functions, *classes)} | {"__version__"}
    assert told - {"_Fault"} == NAMES


def test_the_package_costs_nothing_to_import() -> None:
    asked = "import sys, rebill; rebill.__version__; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name for name in done.stdout.split() if name.partition(".")[0] == "rebill"}
    assert loaded == {"rebill"} and "polars" not in done.stdout.split()
