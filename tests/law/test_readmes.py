"""Each folder's README names every module of it, and pages name only modules that are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from checkout import ROOT, links

ROOMS = ("rebill", "reconcile", "invoices", "usoc_catalog")


def parts(folder: Path) -> set[str]:
    """Return the modules of a folder and the packages right below it, by name."""
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    return modules | {path.parent.name for path in folder.glob("*/__init__.py")}


FOLDERS = [
    path.parent
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("__init__.py"))
    if len(parts(path.parent)) > 1
]
PAGES = sorted(
    path
    for path in {*ROOT.glob("*.md"), *ROOT.glob("[!.]*/**/*.md")}
    if path.name != "CHANGELOG.md"
)
CODE = sorted(
    path
    for folder in (*ROOMS, "migrations", "benchmarks", "docs", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if path != Path(__file__)
)


def named(page: str) -> set[str]:
    """Return the last part of every name that stands in backticks: `x`, `x.py`, `x/`, `a.x`."""
    words = re.findall(r"`([\w./]+)`", page)
    return {re.split(r"[./]", word.removesuffix(".py").strip("./"))[-1] for word in words}


def bound(text: str) -> set[str]:
    """Return the names that the text of a module gives to what stands at its top level."""
    names: set[str] = set()
    for node in ast.parse(text).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign() | ast.AnnAssign():
                names |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            case ast.Import() | ast.ImportFrom():
                names |= {alias.asname or alias.name for alias in node.names}
    return names


@cache
def is_there(dotted: str) -> bool:
    """Return whether a dotted name is a module, a package, or a name that one of them gives."""
    words = dotted.split(".")
    for length in range(len(words), 0, -1):
        path = ROOT.joinpath(*words[:length])
        package, module = path / "__init__.py", path.with_suffix(".py")
        body = module if module.is_file() else package
        if body.is_file():
            told = [file for file in (body, body.with_suffix(".pyi")) if file.is_file()]
            names = {name for file in told for name in bound(file.read_text("utf-8"))}
            return length == len(words) or words[length] in names
    return False


def gone(page: str) -> list[str]:
    """Return the dotted names and paths of modules a page shows that are not there."""
    rooms = "|".join((*ROOMS, "benchmarks", "docs", "tests", "migrations"))
    dotted = set(re.findall(rf"`((?:{'|'.join(ROOMS)})(?:\.\w+)+)`", page))
    files = set(re.findall(rf"`((?:{rooms})/[\w/.-]+)`", page))
    no_module = {f"{room}.{end}" for room in ROOMS for end in ("toml", "db", "lock")}
    return [
        *(name for name in sorted(dotted - no_module) if not is_there(name)),
        *(name for name in sorted(files) if not (ROOT / name).exists()),
    ]


def shown(path: Path) -> str:
    """Return a path as it stands in the repository."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("folder", FOLDERS, ids=shown)
def test_the_page_of_a_folder_names_every_module_of_it(folder: Path):
    page = folder / "README.md"
    assert page.is_file(), f"{shown(folder)} has {len(parts(folder))} modules and no README.md"
    text = page.read_text("utf-8")
    assert not parts(folder) - named(text), f"{shown(page)} does not name all of its modules"
    assert len(text.splitlines()) <= 80, "a page is a page"


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_the_modules_that_a_page_names_are_there(page: Path):
    assert not gone(page.read_text("utf-8"))


def test_the_modules_that_code_names_in_words_are_there():
    astray = {shown(path): gone(path.read_text("utf-8")) for path in CODE}
    assert not {path: names for path, names in astray.items() if names}


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_the_links_of_a_page_lead_to_files(page: Path):
    for target in links(page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{shown(page)} links to {target}"


def test_every_reading_that_code_and_pages_cite_by_number_is_there():
    decisions = (ROOT / "docs" / "DECISIONS.md").read_text("utf-8")
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", decisions, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    sources = [*PAGES, *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
    cited = {
        (shown(path), int(number))
        for path in sources
        for one in re.findall(r"DECISIONS\.md`\)? ([\d, and to]+)", path.read_text("utf-8"))
        for number in re.findall(r"\d+", one)
    }
    assert len(cited) >= 15
    assert not {(path, number) for path, number in cited if number not in numbers}


def test_there_are_folders_and_pages_to_look_at():
    assert len(FOLDERS) >= 20
    assert {"rebill", "rebill/store", "reconcile/audit", "invoices"} <= {*map(shown, FOLDERS)}
    assert len(PAGES) >= 30
    assert len(CODE) >= 200


def test_a_name_that_leads_nowhere_is_seen():
    page = "`rebill.plan` and `invoices.money.no_such_thing`, `tests/test_x.py`, `rebill/files.py`"
    assert len(gone(page)) == 4
    assert not gone("`invoices.money.cents`, `rebill.store`, `rebill.toml`, `rebill/run/plan.py`")
    assert named("`a`, `b.py`, `c/`, `rebill.d` and `e f`") == {"a", "b", "c", "d"}
