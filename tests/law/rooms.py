"""The law of the house for all modules together: the order of rooms, circles, names, sizes.

Each rule takes modules and returns what breaks it, one sentence each. `test_rooms.py` applies them
to the checkout and shows each a small house that breaks it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from graphlib import CycleError, TopologicalSorter

from house import Module, imports

ORDER = {
    "rebill": """door | cli | demo | portal | inquiry | night | judging | selling, intake | outbox
        | books, cash | receivables | quotes | orders | disputes | run | executor | reference
        | store | workspace | pricing, paper""",
    "reconcile": """audit, cash | pulls, claims, orders | findings, window | contracts
        | schema, homes, policies | pull_codes""",
}
"""A room may import those to its right, never one to its left or one that stands beside it."""

STRANGERS = {("inquiry", "night"), ("portal", "store")}
"""The first may not import the second, though it stands to its right."""

FOLDER_MODULES = 20
"""A folder with more has rooms inside that want a name."""

ROLES = {
    "stage": "what a wing does in a night",
    "stages": "the stages of a night: what they are, and who carries them out",
    "tables": "the tables of a wing that go out",
    "report": "what a wing reports of a day",
    "schema": "the columns of the frames that go between rooms",
    "reader": "a carrier's bytes become documents and lines",
    "profile": "what a carrier's own form is like, as the workspace says it",
    "layout": "where in a record the cells stand",
    "lines": "the lines of one document or packet",
    "invoices": "customers' invoices",
    "credits": "what carriers give back",
    "profiles": "the profiles of a workspace",
    "match": "which of ours a thing on a carrier's or a bank's paper is",
}
"""Names that stand in more than one folder of a package, and the one thing they mean there."""

STAGE_LIST = "rebill.night.stages"
"""It alone knows the stages of every wing."""


def room_of(name: str) -> str:
    """Return the folder or module right below its package: `rebill.store.bulk` is in `store`."""
    return (name.split(".") + [""])[1]


def is_package(module: Module) -> bool:
    """Whether the module is the `__init__` of a folder or what runs when it is called."""
    return module.path.endswith(("__init__.py", "__main__.py"))


def order(modules: Sequence[Module]) -> list[str]:
    """Rooms no table has a place for, and imports that do not run from left to right."""
    found = []
    for module in modules:
        rows = [re.findall(r"\w+", row) for row in ORDER.get(module.room, "").split("|")]
        place = {room: number for number, row in enumerate(rows) for room in row}
        here = room_of(module.name)
        if not place or not here:
            continue
        if here not in place:
            found.append(f"{module.path}: {here} has no place in the order of {module.room}")
            continue
        for line, name in imports(module):
            there = room_of(name)
            if name.partition(".")[0] != module.room or there == here or there not in place:
                continue
            if place[there] <= place[here] or (here, there) in STRANGERS:
                found.append(f"{module.path}:{line}: {here} may not import {name}")
    return found


def arrows(modules: Sequence[Module]) -> dict[str, set[str]]:
    """Return for each module those of the others that it imports."""
    names = {module.name for module in modules}
    return {
        module.name: {
            target
            for _, name in imports(module)
            for target in [name if name in names else name.rpartition(".")[0]]
            if target in names and target != module.name
        }
        for module in modules
    }


def circles(modules: Sequence[Module]) -> list[str]:
    """A circle of single files, the first that is met."""
    try:
        TopologicalSorter(arrows(modules)).prepare()
    except CycleError as error:
        return [f"a circle: {' <- '.join(error.args[1])}"]
    return []


def crowded(modules: Sequence[Module]) -> list[str]:
    """Folders with more modules than one takes in at a glance."""
    inside: dict[str, int] = defaultdict(int)
    for module in modules:
        inside[module.path.rpartition("/")[0]] += not is_package(module)
    return [
        f"{folder}: {count} modules, {FOLDER_MODULES} at most"
        for folder, count in inside.items()
        if count > FOLDER_MODULES
    ]


def homonyms(modules: Sequence[Module]) -> dict[str, list[str]]:
    """Return the names that modules in several folders of a package have, with these modules.

    What a person types is called by its noun: a module of `rebill.cli` has the name of the room
    or the module whose commands it holds.
    """
    named: dict[tuple[str, str], list[str]] = defaultdict(list)
    for module in modules:
        if not is_package(module) and not module.name.startswith("rebill.cli."):
            named[module.room, module.name.rpartition(".")[2]].append(module.name)
    return {name: those for (_, name), those in named.items() if len(those) > 1}


def named_twice(modules: Sequence[Module]) -> list[str]:
    """Module names that stand for more than one thing."""
    return [
        f"{name} stands for more than one thing: {', '.join(those)}"
        for name, those in homonyms(modules).items()
        if name not in ROLES
    ]


def stages(modules: Sequence[Module]) -> list[str]:
    """Stages of a wing that the list of stages does not know, or that another wing knows."""
    targets = arrows(modules)
    wings = {name for name in targets if re.fullmatch(r"rebill\.\w+\.stage", name)}
    left_out = wings - targets.get(STAGE_LIST, set()) if wings else set()
    return [
        *(f"{STAGE_LIST} does not list {wing}" for wing in sorted(left_out)),
        *(
            f"{name} imports {wing}; only {STAGE_LIST} does"
            for name, those in targets.items()
            for wing in sorted(those & wings)
            if name != STAGE_LIST and room_of(name) != room_of(wing)
        ),
    ]


def astray(tests: Iterable[str], modules: Sequence[Module]) -> list[str]:
    """Files below `tests/` that stand for no room: neither a folder of the house nor one of ours.

    A file of tests mirrors a folder of code; what tests share is in `support`, what they read in
    `data`, the law in `law`. An `__init__.py` would let a folder shadow the package it mirrors.
    """
    folders = {module.path.rpartition("/")[0] for module in modules}
    found = []
    for path in tests:
        folder, _, name = path.removeprefix("tests/").rpartition("/")
        if name == "__init__.py":
            found.append(f"{path}: no package below tests/")
        elif folder.split("/")[0] in ("data", "law", "support") or path == "tests/conftest.py":
            continue
        elif folder not in folders:
            found.append(f"{path}: there is no room {folder or 'at the top'}")
        elif not re.fullmatch(r"(test_\w+|conftest)\.py", name):
            found.append(f"{path}: what tests share is in tests/support")
    return found


RULES: tuple[Callable[[Sequence[Module]], list[str]], ...] = (
    order,
    circles,
    crowded,
    named_twice,
    stages,
)
"""Every rule that looks at all modules of the house."""
