"""Where what a brand brings is filled in: its own page, its templates, its pictures and fonts.

It is done in processes of their own, under the limits of the workspace, on a copy of the brand's
folder. For brands that bring nothing of the kind all is done as ever, at no cost.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from invoices.customer.brand import BrandFault, compiles, filled_pages
from rebill.paper.typeset import FEW, Sheet, set_all, set_one
from rebill.workspace.apart import Budget, CameToNothing, Child
from rebill.workspace.inside import copy

Given = TypeVar("Given")
_LOGO = '#set page(width: auto, height: auto)\n#image("{}", width: 10pt)'

NOWHERE = "http://127.0.0.1:0"
"""An address at which nobody can listen: what wants to fetch something through it fails at once."""
OFFLINE = {
    **{name: NOWHERE for name in ("http_proxy", "https_proxy", "all_proxy")},
    **{name: NOWHERE for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")},
    **{"no_proxy": "", "NO_PROXY": ""},
}


class OverBudget(Exception):
    """What was asked took more than it may, and was more than one thing."""


class Desk:
    """Fills in what brands bring; to be closed, and of no use after that."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._held = ExitStack()
        self._idle: list[Child] = []
        self._lock = threading.Lock()
        self._copies: dict[str, tuple[str, list[str]]] = {}
        self._spent: dict[str, str] = {}

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def fill(self, source: str, said: Sequence[dict[str, Any]]) -> list[str | BrandFault]:
        """Return a brand's own page, filled in with each of what is said, or what went wrong.

        What takes too much together is tried one by one; a page that took too much alone is not
        tried again.
        """
        try:
            return self._apart(source, filled_pages, source, said, alone=len(said) == 1)
        except OverBudget:
            return [page for one in said for page in self.fill(source, [one])]
        except BrandFault as fault:
            return [fault for _ in said]

    def try_page(self, source: str) -> None:
        """Raise `BrandFault` with what is wrong with a page, before anything is filled in."""
        self._apart(source, compiles, source)

    def try_logo(self, folder: str, name: str) -> None:
        """Raise `BrandFault` where a picture cannot be drawn."""
        drawn = _LOGO.format(name.replace("\\", "\\\\").replace('"', '\\"'))
        _, made = self._set(Sheet(name, {}, drawn, folder))
        if isinstance(made, str):
            raise BrandFault(made.removeprefix(f"{name}: "))

    def set_all(self, sheets: Iterable[Sheet]) -> Iterator[tuple[str, bytes | str]]:
        """Yield name and PDF of each document in order, or name and fault.

        Documents with a folder are set apart from us, the others as `typeset.set_all` does it.
        """
        waiting = list(sheets)
        own = [sheet for sheet in waiting if sheet.folder]
        cores = len(os.sched_getaffinity(0))
        apart: Iterator[tuple[str, bytes | str]]
        with ExitStack() as pool:
            if len(own) <= FEW or cores < 2:
                apart = map(self._set, own)
            else:
                apart = pool.enter_context(ThreadPoolExecutor(cores)).map(self._set, own)
            ours = set_all(sheet for sheet in waiting if not sheet.folder)
            for sheet in waiting:
                yield next(apart if sheet.folder else ours)

    def _set(self, sheet: Sheet) -> tuple[str, bytes | str]:
        folder, left = self._copy(sheet.folder)
        try:
            key = f"{sheet.folder}\0{sheet.template}"
            name, made = self._apart(key, set_one, replace(sheet, folder=folder))
        except BrandFault as fault:
            return sheet.name, f"{sheet.name}: {fault}"
        if isinstance(made, str) and left and "not found" in made:
            made += f"; what leads out of the folder or is too large is not read: {left[0]}"
        return name, made.replace(folder, "") if isinstance(made, str) else made

    def _apart(
        self, key: str, function: Callable[..., Given], *given: Any, alone: bool = True
    ) -> Given:
        """Return what a function gives in a process that no other call is in.

        Raises `BrandFault`; `OverBudget` where what was asked was not one thing alone.
        """
        if key in self._spent:
            raise BrandFault(self._spent[key])
        with self._lock:
            child = self._idle.pop() if self._idle else self._hired()
        try:
            made = child.do(self._budget, function, *given)
        finally:
            with self._lock:
                self._idle.append(child)
        if not isinstance(made, CameToNothing):
            return made
        if made.fault:
            raise BrandFault(made.fault)
        if not alone:
            raise OverBudget
        self._spent[key] = f"{made.what}; see [limits] in rebill.toml"
        raise BrandFault(self._spent[key])

    def _hired(self) -> Child:
        child = Child(OFFLINE)
        self._held.callback(child.end)
        return child

    def _copy(self, folder: str) -> tuple[str, list[str]]:
        with self._lock:
            if folder not in self._copies:
                place = self._held.enter_context(TemporaryDirectory(prefix="rebill-brand-"))
                self._copies[folder] = (place, copy(Path(folder), Path(place)))
            return self._copies[folder]
