"""What arrived becomes files to read: archives are opened, parts of unfinished bills come back.

A file with a part of a bill that lacks another part is kept as it came, below `waiting/`, and read
again with whatever new files come, until its bill is whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from rebill.intake import archives
from rebill.intake.archives import Member
from rebill.run.stages import Seen
from rebill.store.models import RunFile
from rebill.workspace import apart, write
from rebill.workspace.settings import Settings, Workspace

FOLDER = "waiting"
WAITING = "waiting"
"""What becomes of a file whose bill is not whole: it is not known yet."""
PARTS, REPEATED = "parts of bills", "repeated"
"""What a file has that goes to the document of another file, and what is there already."""
OPENED = "opened"
"""Why an archive is not read itself: its members are."""


@dataclass(frozen=True)
class Arrivals:
    """The files a run may read, and where each lies."""

    files: tuple[Seen, ...]
    paths: dict[str, Path]


def opened(
    workspace: Workspace,
    arrivals: Arrivals,
    known: Collection[str],
    scratch: Path,
    is_bank: Callable[[Path], bool],
) -> Arrivals:
    """Return the arrivals with the members of every new archive beside it, unpacked to `scratch`.

    An archive whose SHA-256 is known is left unopened, as is one that is too large to be read. One
    that cannot be opened is a file that cannot be read.
    """
    found: list[Seen] = []
    paths = dict(arrivals.paths)
    taken = set(known)
    for seen in arrivals.files:
        path = paths.get(seen.name)
        if seen.left or seen.fault or path is None or seen.sha256 is None or seen.sha256 in taken:
            found.append(seen)
            continue
        if not archives.may_be(path):
            found.append(seen)
            continue
        place = scratch / f"{len(found):06}-{seen.sha256[:12]}"
        members = _members(workspace.settings, seen, path, place)
        if isinstance(members, Seen):
            found.append(members)
            continue
        taken.add(seen.sha256)
        found.append(Seen(seen.name, seen.size, seen.sha256, left=OPENED, stamp=seen.stamp))
        for member in members:
            found.append(_seen(member, is_bank))
            if member.path is not None:
                paths[member.name] = member.path
    return Arrivals(tuple(found), paths)


def _members(settings: Settings, seen: Seen, path: Path, place: Path) -> list[Member] | Seen:
    """Return what an archive holds, or the file as it is to be dealt with instead: as it was seen
    where it is no archive."""
    limits = settings.limits
    budget = apart.budget_of(limits, seen.size)
    opened = apart.done_apart(
        budget, archives.opened, settings.archives, place, path, seen.name, seen.sha256
    )
    if isinstance(opened, apart.CameToNothing):
        shutil.rmtree(place, ignore_errors=True)
        return replace(seen, fault=(opened.what, opened.remedy), again=apart.terms(limits))
    if isinstance(opened, str):
        return Seen(seen.name, seen.size, left=opened)
    return seen if opened is None else opened


def _seen(member: Member, is_bank: Callable[[Path], bool]) -> Seen:
    """Return a member as a file that arrived."""
    if member.left:
        return Seen(member.name, left=member.left)
    fault = None if member.fault is None else (member.fault.what, member.fault.remedy)
    bank = member.path is not None and is_bank(member.path)
    return Seen(member.name, member.size, member.sha256, bank=bank, fault=fault)


# --- parts of bills that are not whole ------------------------------------------------------------


def waiting(workspace: Workspace, connection: sa.Connection) -> Arrivals:
    """Return the files that wait for another part of their bill, under the names they came by."""
    folder = workspace.root / FOLDER
    if not folder.is_dir():
        return Arrivals((), {})
    last = (
        sa.select(RunFile.sha256, sa.func.max(RunFile.id).label("id"))
        .where(RunFile.sha256.is_not(None), RunFile.outcome != "known")
        .group_by(RunFile.sha256)
        .subquery()
    )
    rows = connection.execute(
        sa.select(RunFile.name, RunFile.size, RunFile.sha256)
        .join(last, last.c.id == RunFile.id)
        .where(RunFile.outcome == WAITING)
        .order_by(RunFile.id)
    )
    found, paths = [], {}
    for name, size, sha256 in rows:
        if (path := folder / str(sha256)).is_file():
            found.append(Seen(name, size or 0, sha256, waits=True))
            paths[name] = path
    return Arrivals(tuple(found), paths)


def keep(workspace: Workspace, sha256: str, path: Path) -> None:
    """Leave a copy of a file that waits, whole or not at all."""
    target = workspace.root / FOLDER / sha256
    if target.exists():
        return
    target.parent.mkdir(exist_ok=True)
    temporary = target.with_name(f"{write.TEMPORARY}{sha256}")
    shutil.copyfile(path, temporary)
    temporary.replace(target)


def sweep(workspace: Workspace, still: Collection[str]) -> None:
    """Remove the copies of files that wait no longer."""
    folder = workspace.root / FOLDER
    for path in write.walk(folder) if folder.is_dir() else ():
        if path.name not in still:
            path.unlink()
