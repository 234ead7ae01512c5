"""What lies in the inbox, looked at twice."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rebill.workspace.own_copy import stamp
from rebill.workspace.text_files import digest

GROWING_SUFFIXES = (".part", ".tmp")
YOUNG = 2 * 10**9
"""A file that changed so few nanoseconds before it was looked at may change again under the same
stamp: clocks of file systems tick as slowly as that."""


@dataclass(frozen=True)
class Stamped:
    """A file as it was when it was hashed."""

    stamp: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Arrived:
    """A carrier file that lies still in the inbox."""

    name: str
    path: Path
    size: int
    sha256: str | None
    """Null where it is too large to be read."""
    stamp: str = ""
    settled: bool = False
    """Whether the stamp stands for the content from now on."""

    @property
    def stamped(self) -> Stamped | None:
        """What may be said of the file later without reading it again; null = nothing."""
        if self.sha256 is None or not self.settled:
            return None
        return Stamped(self.stamp, self.size, self.sha256)


@dataclass(frozen=True)
class Skipped:
    """Something in the inbox that is not read, and why."""

    name: str
    reason: str  # growing, folder, link, hidden, special, vanished, unreadable, name


@dataclass
class _Look:
    """How files are told from what they were."""

    before: Mapping[str, Stamped]
    is_too_large: Callable[[Path, int], bool]
    begun: int = field(default_factory=lambda: _file_time())
    hashed: dict[str, Arrived] = field(default_factory=dict)

    def at(self, name: str, path: Path) -> Arrived:
        """Return a file as it is now; raises OSError where it cannot be read."""
        status = path.lstat()
        now = stamp(status)
        known = self.before.get(name)
        if known is not None and known.stamp == now:
            return Arrived(name, path, known.size, known.sha256, now, True)
        last = self.hashed.get(name)
        if last is not None and last.stamp == now:
            return last
        if self.is_too_large(path, status.st_size):
            return Arrived(name, path, status.st_size, None, now)
        size, sha256 = digest(path)
        still = stamp(path.lstat()) == now
        settled = still and status.st_ctime_ns + YOUNG < self.begun
        found = Arrived(name, path, size, sha256, now if still else "", settled)
        self.hashed[name] = found
        return found


def look(
    inbox: Path,
    settle_seconds: float,
    before: Mapping[str, Stamped] | None = None,
    is_too_large: Callable[[Path, int], bool] = lambda path, size: False,
) -> tuple[list[Arrived], list[Skipped]]:
    """Return the files that lie still in the inbox and what else is there, both sorted by name.

    The inbox is looked at twice. A file whose size or content differs between the looks is still
    growing, as is one whose name says so; how young it is does not matter. A file is hashed only
    where its entry is not as it was `before`, and never where it is too large to be read.
    """
    first, skipped = _candidates(inbox)
    ask = _Look(before or {}, is_too_large)
    seen = {name: _found(ask, name, path) for name, path in first.items()}
    if first:
        time.sleep(settle_seconds)
    second, _ = _candidates(inbox)
    arrived = []
    for name, path in first.items():
        now = _found(ask, name, path) if name in second else "vanished"
        was = seen[name]
        if isinstance(now, str) or isinstance(was, str):
            skipped.append(Skipped(name, now if isinstance(now, str) else "growing"))
        elif (now.size, now.sha256) != (was.size, was.sha256):
            skipped.append(Skipped(name, "growing"))
        else:
            arrived.append(now)
    skipped += [Skipped(name, "growing") for name in second if name not in first]
    return sorted(arrived, key=lambda f: f.name), sorted(skipped, key=lambda s: s.name)


def _file_time() -> int:
    """Return what a file that is written now is stamped with, in nanoseconds."""
    with tempfile.TemporaryFile() as made:
        made.write(b"now")
        made.flush()
        return os.fstat(made.fileno()).st_mtime_ns


def _found(ask: _Look, name: str, path: Path) -> Arrived | str:
    """Return a file as it is now, or why it cannot be looked at."""
    try:
        return ask.at(name, path)
    except FileNotFoundError:
        return "vanished"
    except OSError:
        return "unreadable"


def _candidates(inbox: Path) -> tuple[dict[str, Path], list[Skipped]]:
    """Return the ordinary files of an inbox by name, and what is none with the reason."""
    ordinary, skipped = {}, []
    with os.scandir(inbox) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            try:
                reason = _reason_to_skip(entry)
            except OSError:
                reason = "vanished"
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
