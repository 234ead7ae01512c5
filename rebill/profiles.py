"""The profiles of a workspace: its own TOML files below `profiles/`, and those that are shipped."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from invoices.carrier import (
    Profile,
    ProfileError,
    Profiles,
    Source,
    choose,
    fixed,
    parse_profile,
)
from invoices.carrier.flat.draft import NoDraft, draft
from rebill import files
from rebill.files import Fault
from rebill.settings import SETTINGS_FILE, ConfigError, Settings, Workspace, open_workspace

FOLDER = "profiles"
LARGEST = 2**20
"""A profile is a page of text; a larger file is none."""


def profiles_at(root: Path | None) -> Profiles:
    """Return the profiles of the workspace at `root`; without one, those that are shipped."""
    return Profiles(own=_read_folder(root / FOLDER) if root is not None else ())


def workspace_profiles(workspace: Workspace) -> Profiles:
    """Return the profiles of a workspace; raises `ConfigError` where one of its own is faulty."""
    return profiles_at(workspace.root)


def read_profile(path: Path) -> Profile:
    """Return the profile in a file; raises `ConfigError` naming file and faults."""
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError(f"{path}: larger than {LARGEST:,} bytes; a profile is a page of text")
        return parse_profile(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, ProfileError) as fault:
        raise ConfigError(f"{path}: {fault}") from fault


def _read_folder(folder: Path) -> tuple[Profile, ...]:
    if not folder.is_dir():
        return ()
    found: dict[str, Path] = {}
    profiles = []
    for path in sorted(folder.glob("*.toml")):
        profile = read_profile(path)
        if profile.profile in found:
            other = found[profile.profile].name
            raise ConfigError(f"{path}: {other} is called `{profile.profile}` too; rename one")
        found[profile.profile] = path
        profiles.append(profile)
    return tuple(profiles)


LISTED = pl.Schema(
    {
        "profile": pl.String(),
        "format": pl.String(),
        "carrier": pl.String(),
        "where": pl.String(),  # workspace or shipped
        "about": pl.String(),
    }
)


def listing(profiles: Profiles) -> pl.DataFrame:
    """Return the profiles that there are (`LISTED`), by name."""
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
    return pl.DataFrame(rows, schema=LISTED).sort("profile")


def drafted(root: Path, path: Path, name: str | None) -> str:
    """Return a draft of a profile made from an example file; raises `ConfigError` where none can
    be."""
    from rebill.ingest import head_of

    if not path.is_file():
        raise ConfigError(f"{path}: there is no such file; check the path")
    known = (root / SETTINGS_FILE).exists()
    head = head_of(open_workspace(root).settings if known else Settings(), path)
    if isinstance(head, Fault):
        raise ConfigError(f"{path}: {head.what}; {head.remedy}")
    called = re.sub(r"[^a-z0-9._-]+", "-", (name or path.stem).lower()).strip("-._")
    shown = re.sub(r"[^\w .()-]", "?", path.name)
    try:
        return draft(head, called[:64] or "draft", shown)
    except NoDraft as fault:
        raise ConfigError(f"{path}: {fault}") from fault


def check(root: Path, names: list[str]) -> list[str]:
    """Return the faults of the named files or profiles; without a name, of all of the workspace."""
    faults = []
    for name in names:
        path = Path(name)
        if not path.suffix and not path.exists():
            profiles = profiles_at(root)
            if profiles.named(name) is None:
                faults.append(f"no profile is called `{name}`")
            continue
        faults += _faults_of(path)
    if not names:
        for path in sorted((root / FOLDER).glob("*.toml")):
            faults += _faults_of(path)
        if not faults:
            try:
                profiles_at(root)
            except ConfigError as fault:
                faults.append(str(fault))
    return faults


def _faults_of(path: Path) -> list[str]:
    """Return the faults of one file, each by itself."""
    try:
        read_profile(path)
    except ConfigError as fault:
        return [f"{path}: {part}" for part in str(fault).removeprefix(f"{path}: ").split("; ")]
    return []


def cells(path: Path, name: str | None, profiles: Profiles) -> pl.DataFrame:
    """Return every record of a fixed-width file with its cells, as its layout says.

    Raises `ConfigError` for a file of no such profile, or one that is not what its layout says.
    """
    chosen = choose(files.head(path), name, profiles)
    if not isinstance(chosen, Profile):
        raise ConfigError(f"{path}: {chosen[0]}; {chosen[1]}")
    if chosen.format != fixed.NAME:
        raise ConfigError(
            f"{path}: profile {chosen.profile} is of the format {chosen.format}, and"
            " only layouts of fixed width have cells; `rebill describe` shows it"
        )
    source = Source(
        path.name, "", files.head(path), lambda: files.blocks(path), lambda: files.scan_text(path)
    )
    try:
        return fixed.read_cells(source, chosen)
    except fixed.Unreadable as fault:
        place = f"{path} record {fault.row}" if fault.row else str(path)
        raise ConfigError(f"{place}: {fault.what}; {fault.remedy}") from fault
