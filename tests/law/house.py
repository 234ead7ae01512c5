"""The law of the house for one module: functions of source text, each returns what breaks it.

`test_house.py` applies them to the checkout and, so that none of them passes on nothing, to small
pieces of text that break it. What concerns the modules together is in `rooms`. Only the standard
library is used.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOMS = ("usoc_catalog", "invoices", "reconcile", "rebill", "migrations")
MAY_IMPORT = {
    "usoc_catalog": {"usoc_catalog"},
    "invoices": {"invoices"},
    "reconcile": {"reconcile", "invoices", "usoc_catalog"},
    "rebill": {"rebill", "reconcile", "invoices", "usoc_catalog", "migrations"},
    "migrations": {"migrations", "rebill", "invoices"},
}
"""Imports run down only; the two lowest rooms do not know each other."""

PURE = (
    *("usoc_catalog", "invoices", "reconcile", "rebill.pricing"),
    *("rebill.run.plan", "rebill.run.acts", "rebill.run.stages", "rebill.run.difference"),
    *("rebill.books.accounts", "rebill.books.entries", "rebill.books.journal"),
    *("rebill.books.ledgers", "rebill.paper.charts", "rebill.receivables.collect"),
)
"""Rooms and single modules of which bytes, text, frames and dates are all that goes in and out."""

CLOCK_MODULES = ("rebill.cli.base",)
"""They alone may ask what time it is, for the record of a run; never for a result."""

PURE_IMPORTS = {
    *("__future__", "abc", "ast", "base64", "bisect", "calendar", "codecs", "collections"),
    *("contextlib", "copy", "csv", "dataclasses", "datetime", "decimal", "difflib", "enum"),
    *("fnmatch", "fractions", "functools", "hashlib", "heapq", "html", "importlib.resources"),
    *("io", "itertools", "json", "math", "numbers", "operator", "re", "string", "struct"),
    *("textwrap", "tomllib", "types", "typing", "typing_extensions", "unicodedata", "zlib"),
    *("fastexcel", "xml.etree", "zipfile"),  # given bytes at hand, never a path
    *("polars", "pydantic", "pydantic_core", "jinja2", "markupsafe"),
}
"""What a pure module may import beside its own rooms: nothing here reaches outside the process."""

EFFECT_CALLS = {"open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint"}
EFFECT_NAMES = {"FileIO", "FileSystemLoader", "ModuleLoader", "open_code"}
CLOCK_CALLS = {"now", "today", "utcnow", "fromtimestamp", "localtime", "gmtime", "time_ns"}
FRAME_IO = re.compile(
    r"(read|scan)_(csv|csv_batched|parquet|json|ndjson|ipc|ipc_stream|excel|ods|avro|delta|lines"
    r"|iceberg|database|database_uri|clipboard)|(write|sink)_(csv|parquet|json|ndjson|ipc|excel"
    r"|ipc_stream|avro|delta|iceberg|database|clipboard|batches)"
)
IN_MEMORY = {"BytesIO", "StringIO", "read_bytes", "read_text", "encode", "open_text", "open_binary"}
"""Calls whose result is text or bytes at hand: a frame read from them touches no file."""

FLOAT_NAMES = {"float", "Float32", "Float64"}
FLOAT_METHODS = {"mean", "median", "quantile", "std", "var"}
"""Polars gives a float for these, whatever the column was."""

PRINTERS = {"rebill.paper.text", "rebill.paper.listing", "rebill.workspace.log"}
"""They alone print what they are told, and see that nothing in it is obeyed."""
PRINTED_STRAIGHT = {"dumps", "get_completion_script", "as_json", "as_object", "obeyed_by_none"}
"""What makes the text that may be printed by itself: JSON escapes what a terminal obeys."""

FUNCTION_LINES = 50
FILE_LINES = 400
COLUMNS = 100

FORBIDDEN = {
    "a package registry": r"pypi\.or[g]|pythonhosted\.or[g]|--(extra-)?index-ur[l]",
    "a path of one machine": r"(?<![\w.$}~-])/(wor[k]|roo[t]|hom[e]|User[s]|op[t])/[\w.]",
    "unfinished work": r"\b(TOD[O]|FIXM[E]|XX[X])\b",
    "an issue number": r"\bissues?\s#?\d+\b",
    "a call that panics (see invoices.text)": r"\bpl\.forma[t]\(",
    "how it was written": r"(?i)\b(claud[e]|anthropi[c]|chatgp[t]|copilo[t]|ll[m])\b",
}
"""What stands in no tracked file; each pattern is spelt so that it does not match itself."""


@dataclass(frozen=True)
class Module:
    """One source file of the house: its dotted name, the path shown to people, its text."""

    name: str
    path: str
    text: str

    @property
    def room(self) -> str:
        """The package the module lies in."""
        return self.name.partition(".")[0]

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed text."""
        return ast.parse(self.text, self.path)

    @property
    def pure(self) -> bool:
        """Whether frames, text, bytes and dates are all that may go in and out."""
        return within(self.name, PURE)


def module(path: Path, root: Path) -> Module:
    """Return a source file of the checkout at `root` as a module with its dotted name."""
    shown = path.relative_to(root)
    parts = [*shown.with_suffix("").parts]
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, shown.as_posix(), path.read_text("utf-8"))


@cache
def modules(root: Path, *folders: str) -> tuple[Module, ...]:
    """Return every module of these folders of the checkout at `root`; each is parsed once."""
    paths = (path for folder in folders for path in sorted((root / folder).rglob("*.py")))
    return tuple(module(path, root) for path in paths)


MONEY = (
    *("reconcile", "rebill.pricing", "rebill.selling.tax_engine"),
    *("rebill.books.entries", "rebill.books.journal"),
    *("invoices.money", "invoices.periods", "invoices.footing", "invoices.customer"),
)
"""Rooms and single modules that compute money: a float would be a mistake there."""

CHANCES = ("reconcile.cash.beta",)
"""They compute probabilities, which are no money and are floating point all over the world."""


def is_money(module: Module) -> bool:
    """Whether a float would be a mistake in the module: it computes money."""
    return within(module.name, MONEY) and not within(module.name, CHANCES)


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of every import, relative ones resolved.

    `from a import b` yields `a.b`: whether b is a module or a name is not known from the text.
    """
    package = module.name.split(".")
    if not module.path.endswith("__init__.py"):
        package = package[:-1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def calls(module: Module) -> Iterator[tuple[ast.Call, str, bool]]:
    """Yield every call with the last part of the name called and whether it is an attribute."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node, node.func.id, False
            elif isinstance(node.func, ast.Attribute):
                yield node, node.func.attr, True


def within(name: str, allowed: set[str] | tuple[str, ...]) -> bool:
    """Whether a dotted name is one of `allowed` or lies inside one of them."""
    return any(name == a or name.startswith(a + ".") for a in allowed)


def import_law(module: Module) -> list[str]:
    """Imports that do not run down: rebill, reconcile, then invoices or usoc_catalog."""
    allowed = MAY_IMPORT[module.room]
    house = {*ROOMS, "tests", "benchmarks"}
    return [
        f"{module.path}:{line}: {module.room} may not import {name}"
        for line, name in imports(module)
        if name.partition(".")[0] in house and name.partition(".")[0] not in allowed
    ]


def pure_imports(module: Module) -> list[str]:
    """Imports of a pure module that could reach a file, a database, the clock or chance."""
    allowed = {*PURE_IMPORTS, *PURE, "rebill.__version__"}
    return [
        f"{module.path}:{line}: a pure module imports {name}"
        for line, name in imports(module)
        if module.pure and not within(name, allowed)
    ]


def _is_memory(source: ast.AST, held: set[str]) -> bool:
    """Whether an expression is made of bytes or text at hand, or of a name that holds some."""
    for node in ast.walk(source):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            if called in IN_MEMORY:
                return True
    return isinstance(source, ast.Name) and source.id in held


def _held_in_memory(module: Module) -> set[str]:
    """Return the names that are only ever given bytes or text at hand."""
    given: dict[str, list[bool]] = {}
    for node in ast.walk(module.tree):
        for target in node.targets if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Name) and isinstance(node, ast.Assign):
                given.setdefault(target.id, []).append(_is_memory(node.value, set()))
    return {name for name, memory in given.items() if all(memory)}


def _is_frame_effect(call: ast.Call, name: str, held: set[str]) -> bool:
    """Whether a polars reader or writer is given anything but memory."""
    if not FRAME_IO.fullmatch(name):
        return False
    if name.startswith(("read_", "scan_")):
        return not (call.args and _is_memory(call.args[0], held))
    # `frame.write_csv()` without a target returns the text.
    return bool(call.args) or any(k.arg in {"file", "path", "target", None} for k in call.keywords)


def _asks_the_clock(call: ast.Call, name: str, attribute: bool, imported: set[str]) -> bool:
    """Whether a call is one of `datetime` or `time`; a callable handed in as `now` is not."""
    if attribute:
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        of_time = isinstance(owner, ast.Name) and owner.id == "time"
        return name in CLOCK_CALLS or (name == "time" and of_time)
    return f"time.{name}" in imported


def pure_calls(module: Module) -> list[str]:
    """Calls of a pure module that open, print, ask the clock or let polars touch a file."""
    if not module.pure:
        return []
    held = _held_in_memory(module)
    imported = {name for _, name in imports(module)}
    found = []
    for call, name, attribute in calls(module):
        effect = (
            (name in EFFECT_CALLS and not attribute)
            or (name == "open" and attribute)
            or name in EFFECT_NAMES
            or _asks_the_clock(call, name, attribute, imported)
            or ((attribute or f"polars.{name}" in imported) and _is_frame_effect(call, name, held))
        )
        if effect:
            found.append(f"{module.path}:{call.lineno}: a pure module calls {name}()")
    return found


def clock(module: Module) -> list[str]:
    """Places outside the few named modules where the time of day is asked for."""
    if module.room not in ROOMS or within(module.name, CLOCK_MODULES):
        return []
    imported = {name for _, name in imports(module)}
    return [
        f"{module.path}:{call.lineno}: {name}() asks the clock; the day is an argument"
        for call, name, attribute in calls(module)
        if _asks_the_clock(call, name, attribute, imported)
    ]


def floats(module: Module) -> list[str]:
    """Float literals, types and float-making methods where money is computed."""
    found = []
    for node in ast.walk(module.tree) if is_money(module) else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(f"{module.path}:{node.lineno}: float literal {node.value}")
        elif isinstance(node, ast.Name) and node.id in FLOAT_NAMES:
            found.append(f"{module.path}:{node.lineno}: {node.id}")
        elif isinstance(node, ast.Attribute) and node.attr in FLOAT_NAMES | FLOAT_METHODS:
            found.append(f"{module.path}:{node.lineno}: .{node.attr} gives a float")
    return found


def long_functions(module: Module) -> list[str]:
    """Functions that do not fit on a page."""
    return [
        f"{module.path}:{node.lineno}: {node.name} has {length} lines, {FUNCTION_LINES} at most"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]


def _table_lines(module: Module) -> set[int]:
    """Return the numbers of the lines of a test's tables: text that spans several lines."""
    texts = (node for node in ast.walk(module.tree) if isinstance(node, ast.Constant))
    spans = ((node.lineno, node.end_lineno or node.lineno) for node in texts)
    rows = {row for first, last in spans if last > first for row in range(first, last + 1)}
    return rows if module.room == "tests" else set()


def long_text(module: Module) -> list[str]:
    """Files that are too long and lines that are too wide; the tables of tests may be wide."""
    lines = module.text.splitlines()
    tables = _table_lines(module)
    found = [
        f"{module.path}:{number}: {len(line)} columns, {COLUMNS} at most"
        for number, line in enumerate(lines, 1)
        if len(line) > COLUMNS and number not in tables
    ]
    if len(lines) > FILE_LINES:
        found.append(f"{module.path}: {len(lines)} lines, {FILE_LINES} at most")
    return found


def printed_as_it_is(module: Module) -> list[str]:
    """Words for people go through `say` or `note`: no terminal obeys what came from outside.

    What is printed straight is JSON, or text of the program itself.
    """
    if module.room != "rebill" or module.name in PRINTERS:
        return []
    broken = []
    for call, name, attribute in calls(module):
        if name != "print" or attribute or not call.args:
            continue
        plain = [each for each in call.args if isinstance(each, ast.Constant | ast.Name)]
        made = [each.func for each in call.args if isinstance(each, ast.Call)]
        named = {getattr(func, "attr", None) or getattr(func, "id", "") for func in made}
        if len(plain) + len(made) < len(call.args) or named - PRINTED_STRAIGHT:
            broken.append(f"{module.path}:{call.lineno}: say it with `say` or `note`")
    return broken


def undocumented(module: Module) -> list[str]:
    """Modules, public classes and public functions without a sentence that says what they are."""
    found = [] if ast.get_docstring(module.tree) else [f"{module.path}:1: no docstring"]
    for node in module.tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        first = (ast.get_docstring(node) or "").partition("\n\n")[0]
        if not node.name.startswith("_") and not first.rstrip().endswith((".", ":", "?")):
            found.append(f"{module.path}:{node.lineno}: {node.name} says no full sentence")
    return found


def forbidden(path: str, text: str) -> list[str]:
    """Words that belong in no tracked file."""
    return [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}: names {what}: {match[0]}"
        for what, pattern in FORBIDDEN.items()
        for match in re.finditer(pattern, text)
    ]


RULES: tuple[Callable[[Module], list[str]], ...] = (
    import_law,
    pure_imports,
    pure_calls,
    clock,
    floats,
    printed_as_it_is,
    long_functions,
    long_text,
    undocumented,
)
"""Every rule that looks at one module."""
