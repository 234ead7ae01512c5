"""A draft of a profile is made of an example file, and tried on it."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from invoices.carrier import ZIP, Known, ProfileError, Profiles, parse_profile
from invoices.carrier.describe import describe
from invoices.carrier.draft import MOST_BYTES, Asked, Draft, NoDraft, Sample, draft_of, sample_of
from invoices.carrier.draft.trial import columns_not_read, report
from rebill.intake import archives
from rebill.intake.read import head_of, read_file
from rebill.workspace import text_files
from rebill.workspace.settings import Settings


@dataclass(frozen=True)
class Unusable:
    """Why a file is not what was asked for, and in which record of it."""

    words: str
    row: int | None = None


@dataclass(frozen=True)
class Drafted:
    """A draft of a profile, and what was found when it was tried."""

    text: str
    report: list[tuple[str, str]]
    """Heading and words."""
    questions: list[Asked]


def drafted_at(
    path: Path, settings: Settings, called: str, shown: str, known: Known, scratch: Path
) -> Drafted | Unusable:
    """Return the draft of a profile that is `called` so, made of the file at `path`, which is
    `shown` so, and tried; what has to be unpacked lies below `scratch`."""
    members = _members(path, settings, shown, scratch)
    if isinstance(members, Unusable):
        return members
    samples: list[Sample] = []
    sampled: list[tuple[Path, str]] = []
    faults: list[str] = []
    for member, name in members:
        try:
            samples.append(_sampled(settings, member, name))
            sampled.append((member, name))
        except NoDraft as fault:
            faults.append(str(fault) if len(members) == 1 else f"{name}: {fault}")
    try:
        if not samples:
            return Unusable("; ".join(faults) or "it holds no file")
        made = draft_of(samples, called, shown)
    except NoDraft as fault:
        return Unusable(str(fault))
    left = [("left out", fault) for fault in faults]
    found = _tried(made, settings, sampled, known, scratch)
    return Drafted(made.text, [*left, *found], made.questions)


def _members(
    path: Path, settings: Settings, shown: str, scratch: Path
) -> list[tuple[Path, str]] | Unusable:
    """Return the files that a draft is made of: the file itself, or the members of an archive."""
    if archives.kind(path) is None:
        return [(path, shown)]
    found = archives.unpack(path, shown, scratch, settings.archives)
    members = [(one.path, one.name.rpartition("!")[2]) for one in found if one.path is not None]
    if members:
        return members
    fault = next((one.fault for one in found if one.fault is not None), None)
    return Unusable(f"{fault.what}; {fault.remedy}" if fault else "the archive holds no file")


def _sampled(settings: Settings, path: Path, name: str) -> Sample:
    """Return the cells of a file; of a text those of its beginning."""
    head = head_of(settings, path)
    if isinstance(head, text_files.Fault):
        raise NoDraft(f"{head.what}; {head.remedy}")
    whole = head.startswith(ZIP)
    content = b"".join(text_files.blocks(path)) if whole else text_files.head(path, MOST_BYTES)
    return sample_of(content, name)


def _tried(
    made: Draft, settings: Settings, members: list[tuple[Path, str]], known: Known, scratch: Path
) -> list[tuple[str, str]]:
    """Return what a draft makes of the files it was made from."""
    if not made.is_tried:
        return list(made.seen)
    try:
        profile = parse_profile(made.trial)
    except ProfileError as fault:
        lacking = dict.fromkeys(re.findall(r"no field (\w+)", str(fault)))
        words = f"not before it is said where {', '.join(lacking)} stand" if lacking else str(fault)
        return [*made.seen, ("not tried", words), *columns_not_read(made.parts)]
    profiles = Profiles((profile,), ())
    readings = [
        read_file(
            settings, path, name, profile.profile,
            profiles=profiles, known=known, scratch=Path(tempfile.mkdtemp(dir=scratch)),
        )
        for path, name in members
    ]  # fmt: skip
    lines = pl.concat([reading.lines for reading in readings])
    return report(made, describe(*readings), lines, known)
