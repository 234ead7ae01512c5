"""The profiles of a workspace: its own TOML files below `profiles/`, and those that are shipped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from invoices.carrier import Profile, ProfileError, Profiles, parse_profile
from invoices.carrier.draft import Asked, open_questions
from rebill.workspace.settings import ConfigError, Workspace

FOLDER = "profiles"
LARGEST = 2**20
"""A profile is a page of text; a larger file is none."""


@dataclass(frozen=True)
class Unfinished:
    """A draft below `profiles/` that still asks something: it is left aside."""

    path: Path
    name: str
    questions: tuple[Asked, ...]

    def __str__(self) -> str:
        lines = ", ".join(str(asked.line) for asked in self.questions)
        return (
            f"{self.path}: an unfinished draft, left aside; answer line {lines}"
            " (`rebill profiles check` shows what is asked)"
        )


def unfinished_at(root: Path | None) -> list[Unfinished]:
    """Return the drafts below `profiles/` that are left aside, by their names."""
    if root is None or not (root / FOLDER).is_dir():
        return []
    found = (draft_at(path) for path in sorted((root / FOLDER).glob("*.toml")))
    return [draft for draft in found if draft is not None]


def draft_at(path: Path) -> Unfinished | None:
    """Return the unfinished draft in a file; null where it asks nothing, or cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    asked = tuple(open_questions(text))
    name = re.search(r'(?m)^profile *= *"([^"]*)"', text)
    return Unfinished(path, name.group(1) if name else path.stem, asked) if asked else None


def profiles_at(root: Path | None) -> Profiles:
    """Return the profiles of the workspace at `root`; without one, those that are shipped.

    Unfinished drafts are left aside; who starts something says so (`unfinished_at`).
    """
    return Profiles(own=read_folder(root / FOLDER) if root is not None else ())


def workspace_profiles(workspace: Workspace) -> Profiles:
    """Return the profiles of a workspace; raises `ConfigError` where one of its own is faulty."""
    return profiles_at(workspace.root)


def read_profile(path: Path, shown: str = "") -> Profile:
    """Return the profile in a file; raises `ConfigError` naming file, line and faults.

    `shown` is what the file is called there, else its path.
    """
    shown = shown or str(path)
    try:
        if path.stat().st_size > LARGEST:
            what = f"larger than {LARGEST:,} bytes; a profile is a page of text"
            raise ConfigError(f"{shown}: {what}")
        return parse_profile(path.read_text(encoding="utf-8-sig"))
    except ProfileError as fault:
        raise ConfigError(fault.at(shown)) from fault
    except UnicodeDecodeError as fault:
        raise ConfigError(f"{shown}: it is not UTF-8; save it as UTF-8") from fault
    except OSError as fault:
        raise ConfigError(f"{shown}: {fault.strerror}; let this login read it") from fault


def read_folder(folder: Path) -> tuple[Profile, ...]:
    """Return the profiles in a folder; raises `ConfigError` where one is faulty."""
    if not folder.is_dir():
        return ()
    found: dict[str, Path] = {}
    profiles = []
    for path in sorted(folder.glob("*.toml")):
        if draft_at(path) is not None:
            continue
        shown = f"{FOLDER}/{path.name}"
        profile = read_profile(path, shown)
        if profile.profile in found:
            other = found[profile.profile].name
            raise ConfigError(f"{shown}: {other} is called `{profile.profile}` too; rename one")
        found[profile.profile] = path
        profiles.append(profile)
    return tuple(profiles)


LISTED = pl.Schema(
    {
        "profile": pl.String(),
        "format": pl.String(),
        "carrier": pl.String(),
        "where": pl.String(),  # workspace, shipped or unfinished
        "about": pl.String(),
    }
)


def listing(profiles: Profiles, unfinished: Sequence[Unfinished] = ()) -> pl.DataFrame:
    """Return the profiles that there are (`LISTED`) by name, and the drafts left aside."""
    own = {id(profile) for profile in profiles.own}
    rows = [
        {
            "profile": profile.profile,
            "format": profile.format,
            "carrier": profile.carrier,
            "where": "workspace" if id(profile) in own else "shipped",
            "about": profile.about,
        }
        for profile in profiles
    ]
    rows += [
        {"profile": draft.name, "where": "unfinished", "about": _open(draft)}
        for draft in unfinished
    ]
    return pl.DataFrame(rows, schema=LISTED).sort("profile")


def _open(draft: Unfinished) -> str:
    count = len(draft.questions)
    return "1 open question" if count == 1 else f"{count} open questions"
