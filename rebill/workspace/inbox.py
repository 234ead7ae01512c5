"""What lies in the inbox, looked at twice."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from rebill.workspace.text_files import digest

GROWING_SUFFIXES = (".part", ".tmp")


@dataclass(frozen=True)
class Arrived:
    """A carrier file that lies still in the inbox."""

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True)
class Skipped:
    """Something in the inbox that is not read, and why."""

    name: str
    reason: str  # growing, folder, link, hidden, special, vanished, name


def look(inbox: Path, settle_seconds: float) -> tuple[list[Arrived], list[Skipped]]:
    """Return the files that lie still in the inbox and what else is there, both sorted by name.

    The inbox is looked at twice. A file whose size or content differs between the looks is still
    growing, as is one whose name says so; how young it is does not matter.
    """
    first, skipped = _candidates(inbox)
    seen = {name: _digest_or_none(path) for name, path in first.items()}
    if first:
        time.sleep(settle_seconds)
    second, _ = _candidates(inbox)
    arrived = []
    for name, path in first.items():
        now = _digest_or_none(path) if name in second else None
        if now is None:
            skipped.append(Skipped(name, "vanished"))
        elif now != seen[name]:
            skipped.append(Skipped(name, "growing"))
        else:
            arrived.append(Arrived(name, path, *now))
    skipped += [Skipped(name, "growing") for name in second if name not in first]
    return sorted(arrived, key=lambda f: f.name), sorted(skipped, key=lambda s: s.name)


def _digest_or_none(path: Path) -> tuple[int, str] | None:
    try:
        return digest(path)
    except OSError:
        return None


def _candidates(inbox: Path) -> tuple[dict[str, Path], list[Skipped]]:
    """Return the ordinary files of an inbox by name, and what is none with the reason."""
    ordinary, skipped = {}, []
    with os.scandir(inbox) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            reason = _reason_to_skip(entry)
            shown = entry.name.encode("utf-8", "backslashreplace").decode("utf-8")
            if reason:
                skipped.append(Skipped(shown, reason))
            else:
                ordinary[entry.name] = Path(entry.path)
    return ordinary, skipped


def _reason_to_skip(entry: os.DirEntry[str]) -> str | None:
    mode = entry.stat(follow_symlinks=False).st_mode
    if not entry.name.isprintable():
        return "name"
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISDIR(mode):
        return "folder"
    if not stat.S_ISREG(mode):
        return "special"
    if entry.name.startswith("."):
        return "hidden"
    return "growing" if entry.name.lower().endswith(GROWING_SUFFIXES) else None
