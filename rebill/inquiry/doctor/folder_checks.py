"""What is looked at of a workspace as a folder: settings, profiles, brands, disk, lock, rights."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from invoices.customer.brand import Letter
from rebill.disputes.packet.letterhead import sender_of
from rebill.inquiry.doctor.case import Case, Level, Told, fine, named, parted
from rebill.inquiry.doctor.record_checks import session_holder
from rebill.outbox.invoices import desk_of
from rebill.outbox.to_do import counted
from rebill.store.models import BulkFile
from rebill.workspace import lock
from rebill.workspace.brands import read_brands
from rebill.workspace.forms import workspace_forms
from rebill.workspace.profiles import unfinished_at, workspace_profiles
from rebill.workspace.settings import SETTINGS_FILE, ConfigError, open_to_others

LEAST = 256 * 2**20
"""Bytes that are to be free, whatever a night writes."""
NIGHTS = 3
"""The disk should have room for so many nights like the largest."""
INBOX = "inbox"
RIGHTS = {
    "": os.R_OK | os.W_OK | os.X_OK,
    "lines": os.R_OK | os.W_OK | os.X_OK,
    "outbox": os.R_OK | os.W_OK | os.X_OK,
    INBOX: os.R_OK | os.X_OK,
}
"""What a night does in each folder of the workspace; a folder it writes to it makes."""
AHEAD = 5 * 60
"""A file dated so many seconds ahead of this machine's clock is dated by another clock."""


def settings(case: Case) -> Told:
    """`rebill.toml` can be read, and says nothing wrong."""
    if case.settings_fault:
        return Told("fault", case.settings_fault, f"mend {SETTINGS_FILE}")
    return fine(f"{SETTINGS_FILE} is right")


def profiles(case: Case) -> Told:
    """Own profiles of carrier paper and of dispute forms can be read and ask nothing."""
    try:
        own = workspace_profiles(case.workspace).own
        forms = workspace_forms(case.workspace)
    except ConfigError as fault:
        return parted("fault", str(fault), "mend that line, or take the file away")
    if drafts := unfinished_at(case.workspace.root):
        names = named(pl.Series([draft.name for draft in drafts]))
        what = f"{counted(len(drafts), 'draft')} with open questions: {names}"
        first = drafts[0].path.relative_to(case.workspace.root)
        return Told("warning", what, f"rebill profiles check {first}")
    return fine(f"{counted(len(own), 'profile')} of our own, {counted(len(forms), 'form')}")


def brands(case: Case) -> Told:
    """Every brand of a customer can be used, and names its sender, where to pay and whom to ask."""
    names = sorted({name or "" for name in case.table("customers")["brand"]})
    with desk_of(case.known) as desk:
        found = read_brands(case.workspace, names, desk)
    if found.faults:
        name, why = min(found.faults.items())
        return parted("fault", f"brand {name or '(none)'}: {why}", "mend that line of it")
    lacks = {name: lack for name, letter in found.letters.items() if (lack := lacking(letter))}
    if not lacks:
        return fine(f"{counted(len(names), 'brand')} of customers, each with all it needs")
    name, lack = min(lacks.items())
    more = f", and {counted(len(lacks) - 1, 'brand')} more" if len(lacks) > 1 else ""
    what = f"brand {name or '(none)'} has no {', no '.join(lack)}{more}"
    where = f"brands/{name}/brand.toml" if name else SETTINGS_FILE
    return Told("warning", what, f"write it into {where}; [house] stands in where no label is own")


def lacking(letter: Letter) -> list[str]:
    """Return what a customer looks for on an invoice and this letter does not say."""
    return [CALLED.get(name, name) for name in letter.lacks]


CALLED = {"remittance": "remittance address", "phone or email": "phone or e-mail"}
"""What is lacking, where a person calls it otherwise than `brand.toml`."""


def contact(case: Case) -> Told:
    """Dispute letters name who sends them and whom to call."""
    if case.settings_fault:
        return Told("fault", f"{SETTINGS_FILE}, which names it, cannot be read", "mend that first")
    if lacks := sender_of(case.workspace.settings).lacks:
        return Told("warning", f"claim letters lack {lacks}", "fill it in: none is written without")
    return fine("dispute letters name their sender")


def permissions(case: Case) -> Told:
    """This login can work in the workspace's folders, and nobody else can look into them."""
    for name, rights in RIGHTS.items():
        folder = case.workspace.root / name
        if name == INBOX and not folder.is_dir():
            remedy = "make it, or mount the disk it lies on: no night runs without"
            return Told("fault", f"{name}/ is not there", remedy)
        if folder.is_dir() and not os.access(folder, rights):
            may = "read" if name == INBOX else "written"
            return Told("fault", f"{folder} cannot be {may} by this login", "give it the right")
    told = open_to_others(case.workspace.root)
    return fine("for this login alone") if told is None else parted("warning", told)


def disk(case: Case) -> Told:
    """There is room for nights like the largest so far."""
    free = shutil.disk_usage(case.workspace.root).free
    night = 0
    if case.record is not None:
        each = sa.select(sa.func.sum(BulkFile.size)).group_by(BulkFile.run_id)
        night = max((int(size or 0) for size in case.record.connection.scalars(each)), default=0)
    needed = max(LEAST, NIGHTS * night)
    words = f"{size(free)} free; the largest run wrote {size(night)} below lines/"
    if free >= needed:
        return fine(words)
    level: Level = "fault" if free < max(LEAST // NIGHTS, night) else "warning"
    return Told(
        level, words, "free space, or move the workspace; `rebill db prune` removes a little"
    )


def size(count: int) -> str:
    """Return a number of bytes as people say it."""
    for unit, name in ((2**30, "GiB"), (2**20, "MiB")):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{-(-count // 2**10):,} KiB"


def in_use(case: Case) -> Told:
    """No command holds the workspace, or it is said which; that is no warning."""
    holder = lock.holder(case.workspace)
    if holder is None and case.record is not None:
        holder = session_holder(case.record.connection)
    return fine("free" if holder is None else f"in use by {holder}; wait until it has ended")


def times(case: Case) -> Told:
    """The disk dates files as this machine's clock does."""
    ahead, latest = [], case.now.timestamp() + AHEAD
    for path in (*_files(case.workspace.inbox), *_files(case.workspace.root)):
        if path.stat(follow_symlinks=False).st_mtime > latest:
            ahead.append(path.relative_to(case.workspace.root).as_posix())
    if not ahead:
        return fine("no file is dated ahead of the clock")
    what = f"{counted(len(ahead), 'file')} dated ahead of the clock: {named(pl.Series(ahead), 2)}"
    return Told("warning", what, "set the clock of this machine, or of the disk")


def _files(folder: Path) -> list[Path]:
    """Return the plain files of a folder; none where there is no such folder."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return [Path(entry) for entry in entries if entry.is_file(follow_symlinks=False)]
