"""Standard input as a file: `-` where a command asks for one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import typer

DASH = "-"
"""Standard input where a file is read, standard output where one is written."""
STEM = "stdin"
FOLDER = "rebill-stdin-"
BLOCK = 2**20
_READ = ("FILE", "PATH")
"""What a parameter that is read is called in the help."""
_BEGINNINGS = ((b"PAR1", ".parquet"), (b"PK\x03\x04", ".zip"), (b"\x1f\x8b", ".gz"))
"""How files begin whose ending should say what they are."""


def is_read(annotation: Any) -> bool:
    """Whether a parameter is a file that is read."""
    return any(not out and any(word in named for word in _READ) for named, out in _told(annotation))


def is_folder(annotation: Any) -> bool:
    """Whether a parameter is a folder that is written to."""
    return any(named in ("DIR", "FOLDER") and out for named, out in _told(annotation))


def _told(annotation: Any) -> Iterator[tuple[str, bool]]:
    """Yield what a parameter is called in the help, and whether it is where to write."""
    for told in getattr(annotation, "__metadata__", ()):
        names = getattr(told, "param_decls", None) or ()
        yield str(getattr(told, "metavar", None) or ""), "--output" in names


@contextmanager
def read_in(given: Mapping[str, Any], files: list[str]) -> Iterator[dict[str, Any]]:
    """Give what was given, standard input as a private file wherever `-` stands for one.

    It is there for as long as the command runs.
    """
    asked = [name for name in files if DASH in map(str, _listed(given.get(name)))]
    if not asked:
        yield dict(given)
        return
    if len(asked) > 1 or sum(str(one) == DASH for one in _listed(given[asked[0]])) > 1:
        raise typer.BadParameter("standard input can be read once: give - once")
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix=FOLDER))
    try:
        path = _copied(folder, given.get("table"), _most(given.get("workspace")))
        value = given[asked[0]]
        there = [path if str(one) == DASH else one for one in _listed(value)]
        if isinstance(value, list | tuple):
            yield {**given, asked[0]: there}
        else:
            yield {**given, asked[0]: type(value)(str(path)) if isinstance(value, str) else path}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_input(path: Path) -> bool:
    """Whether a file is standard input that nobody named."""
    return path.name.startswith(f"{STEM}-") and path.parent.name.startswith(FOLDER)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _most(workspace: Path | None) -> int:
    """Return how many bytes are read: as many as a file of the inbox may have."""
    from rebill.workspace.settings import SETTINGS_FILE, Settings, open_workspace

    there = workspace is not None and (workspace / SETTINGS_FILE).is_file()
    settings = open_workspace(workspace).settings if workspace and there else Settings()
    return settings.inbox.max_file_bytes


def _copied(folder: Path, table: str | None, most: int) -> Path:
    """Leave standard input in a file of the folder; return it, named for what it is."""
    source = sys.stdin.buffer
    if source.isatty():
        print("reading standard input; Ctrl-D ends it", file=sys.stderr)
    copy = folder / STEM
    with copy.open("xb") as target:
        begins, sha256 = _pour(source, target, most)
    kind = next((kind for start, kind in _BEGINNINGS if begins.startswith(start)), "")
    if table is None:
        return copy.rename(folder / f"{STEM}-{sha256[:8]}{kind or '.txt'}")
    return copy.rename(folder / f"{table}{kind or ('.toml' if table == 'contracts' else '.csv')}")


def _pour(source: BinaryIO, target: BinaryIO, most: int) -> tuple[bytes, str]:
    """Copy all there is; return how it begins, and its SHA-256."""
    import hashlib

    sha, begins, size = hashlib.sha256(), b"", 0
    while block := source.read(BLOCK):
        begins = begins or block[:8]
        size += len(block)
        if size > most:
            raise typer.BadParameter(
                f"standard input is larger than {most:,} bytes; raise [inbox] max_file_bytes"
            )
        sha.update(block)
        target.write(block)
    return begins, sha.hexdigest()
