"""The profiles of a workspace: its own TOML files below `profiles/`, and those that are shipped."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from invoices.carrier import Profile, ProfileError, Profiles, parse_profile
from rebill.workspace.settings import ConfigError, Workspace

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
