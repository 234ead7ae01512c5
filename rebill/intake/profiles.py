"""Profiles that are drafted from an example file, and checked."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from invoices.carrier import Profile, Profiles, Source, choose, fixed
from invoices.carrier.flat.draft import NoDraft, draft
from rebill.workspace import text_files
from rebill.workspace.profiles import FOLDER, profiles_at, read_profile
from rebill.workspace.settings import SETTINGS_FILE, ConfigError, Settings, open_workspace
from rebill.workspace.text_files import Fault


def drafted(root: Path, path: Path, name: str | None) -> str:
    """Return a draft of a profile made from an example file; raises `ConfigError` where none can
    be."""
    from rebill.intake.read import head_of

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
    chosen = choose(text_files.head(path), name, profiles)
    if not isinstance(chosen, Profile):
        raise ConfigError(f"{path}: {chosen[0]}; {chosen[1]}")
    if chosen.format != fixed.NAME:
        raise ConfigError(
            f"{path}: profile {chosen.profile} is of the format {chosen.format}, and"
            " only layouts of fixed width have cells; `rebill describe` shows it"
        )
    source = Source(
        path.name,
        "",
        text_files.head(path),
        lambda: text_files.blocks(path),
        lambda: text_files.scan_text(path),
    )
    try:
        return fixed.read_cells(source, chosen)
    except fixed.Unreadable as fault:
        place = f"{path} record {fault.row}" if fault.row else str(path)
        raise ConfigError(f"{place}: {fault.what}; {fault.remedy}") from fault
