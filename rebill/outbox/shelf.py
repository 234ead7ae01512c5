"""A folder of the outbox and the thousands of papers in it: looked at once, each paper left whole.

What its papers have in common is asked once: which are there, and for whom they are. A folder that
is not there yet is filled aside and renamed when it is full; into one that is there each paper
comes by itself. They are written while the next ones are made, and on disk once whoever leaves
them says `os.sync`.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from rebill.workspace.privacy import make_folder, mode_of_files
from rebill.workspace.write import TEMPORARY, name_the_file, sweep_temporaries

ASIDE = f"{TEMPORARY}papers-"
"""Begins the name of a folder that is being filled."""
AT_ONCE = 4 * 2**20
"""So many bytes are handed on to be written at a time; as many may be made meanwhile."""


def names_in(folder: Path) -> set[str]:
    """Return what lies in a folder; nothing where it cannot be told: then it is written anew."""
    try:
        return set(os.listdir(folder))
    except OSError:
        return set()


def sweep(folder: Path) -> None:
    """Leave nothing in a folder that a writer did not finish: no file, and no folder of papers."""
    sweep_temporaries(folder)
    for name in names_in(folder):
        if name.startswith(ASIDE):
            shutil.rmtree(folder / name, ignore_errors=True)


def remove(folder: Path, names: Iterable[str]) -> int:
    """Leave no paper of these names in a folder; return how many there were."""
    gone = names_in(folder).intersection(names)
    for name in gone:
        os.unlink(folder / name)
    return len(gone)


class Shelf:
    """A folder to leave papers in, as a context: once it is left they stand there.

    What was written before something failed stands too, so that the next time finds it.
    """

    def __init__(self, folder: Path) -> None:
        self.there = names_in(folder)
        self.changed = 0
        """Papers that were written, once the context is left."""
        token = uuid.uuid4().hex
        self._folder = folder
        self._aside = None if os.path.lexists(folder) else folder.with_name(f"{ASIDE}{token}")
        self._into = self._aside or folder
        self._temporary = f"{folder}/{TEMPORARY}{token}"
        self._mode: int | None = None
        self._begun = False
        self._waiting: list[tuple[str, bytes]] = []
        self._size = 0
        self._hand = ThreadPoolExecutor(1, "papers")
        self._writing: Future[None] | None = None

    def __enter__(self) -> Shelf:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._hand_on()
            self._settle()
        finally:
            self._hand.shutdown()
            if self._aside is not None and self._begun:
                os.rename(self._aside, self._folder)

    def leave(self, name: str, content: bytes) -> None:
        """Leave a paper, if it is not there as it is."""
        self._waiting.append((name, content))
        self._size += len(content)
        if self._size >= AT_ONCE:
            self._hand_on()

    def _hand_on(self) -> None:
        """Let what waits be written, once what was handed on before is."""
        self._settle()
        if self._waiting:
            self._writing = self._hand.submit(self._write, self._waiting)
        self._waiting, self._size = [], 0

    def _settle(self) -> None:
        """Wait for what is being written; raises what went wrong with it."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _write(self, papers: list[tuple[str, bytes]]) -> None:
        if not self._begun:
            make_folder(self._into)
            self._mode = mode_of_files(self._into)
            self._begun = True
        for name, content in papers:
            path = f"{self._into}/{name}"
            if name not in self.there or _content(path) != content:
                self._put(path, content)
                self.changed += 1

    def _put(self, path: str, content: bytes) -> None:
        """Write a paper whole or not at all."""
        temporary = path if self._aside is not None else self._temporary
        try:
            with open(temporary, "xb", buffering=0) as file:
                if self._mode is not None:
                    os.fchmod(file.fileno(), self._mode)
                rest = memoryview(content)
                while rest:
                    rest = rest[file.write(rest) :]
            if self._aside is None:
                os.replace(temporary, path)
        except BaseException as error:
            name_the_file(error, path)
            with suppress(OSError):
                os.unlink(temporary)
            raise


def _content(path: str) -> bytes | None:
    """Return what a file holds; nothing where it is gone."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except FileNotFoundError:
        return None
