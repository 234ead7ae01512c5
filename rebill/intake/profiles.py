"""Profiles that are drafted from an example file, and checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import polars as pl

from invoices.carrier import Profile, Profiles, Source, choose, fixed
from invoices.carrier.flat.draft import NoDraft, draft
from rebill.workspace import apart, text_files
from rebill.workspace.profiles import FOLDER, profiles_at, read_profile
from rebill.workspace.settings import SETTINGS_FILE, ConfigError, Settings, open_workspace
from rebill.workspace.text_files import Fault

T = TypeVar("T")


def drafted(root: Path, path: Path, name: str | None) -> str:
    """Return a draft of a profile made from an example file; raises `ConfigError` where none can
    be."""
    called = re.sub(r"[^a-z0-9._-]+", "-", (name or path.stem).lower()).strip("-._")
    shown = re.sub(r"[^\w .()-]", "?", path.name)
    return _done(root, path, _draft, _settings_at(root), called[:64] or "draft", shown)


def _draft(path: Path, settings: Settings, called: str, shown: str) -> str | Unusable:
    from rebill.intake.read import head_of

    head = head_of(settings, path)
    if isinstance(head, Fault):
        return Unusable(f"{head.what}; {head.remedy}")
    try:
        return draft(head, called, shown)
    except NoDraft as fault:
        return Unusable(str(fault))


@dataclass(frozen=True)
class Unusable:
    """Why a file is not what was asked for, and in which record of it."""

    words: str
    row: int | None = None


def _settings_at(root: Path) -> Settings:
    """Return the settings of the workspace at `root`; without one, what holds everywhere."""
    return open_workspace(root).settings if (root / SETTINGS_FILE).exists() else Settings()


def _done(root: Path, path: Path, work: Callable[..., T | Unusable], *given: object) -> T:
    """Return `work(path, *given)`, done by a process of its own under the limits.

    Raises `ConfigError` where there is no such file, or it is of no use, or takes too much.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such file; check the path")
    budget = apart.budget_of(_settings_at(root).limits, path.stat().st_size)
    found = apart.done_apart(budget, work, path.absolute(), *given)
    if isinstance(found, apart.CameToNothing):
        raise ConfigError(f"{path}: {found.what}; {found.remedy}")
    if isinstance(found, Unusable):
        place = f"{path} record {found.row}" if found.row else str(path)
        raise ConfigError(f"{place}: {found.words}")
    return found


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
        faults += _faults_of(root, path)
    if not names:
        for path in sorted((root / FOLDER).glob("*.toml")):
            faults += _faults_of(root, path)
        if not faults:
            try:
                profiles_at(root)
            except ConfigError as fault:
                faults.append(str(fault))
    return faults


def _faults_of(root: Path, path: Path) -> list[str]:
    """Return the faults of one file, each by itself."""
    try:
        return [f"{path}: {fault}" for fault in _done(root, path, _faults)]
    except ConfigError as fault:
        return [str(fault)]


def _faults(path: Path) -> list[str]:
    try:
        read_profile(path)
    except ConfigError as fault:
        return str(fault).removeprefix(f"{path}: ").split("; ")
    return []


def cells(root: Path, path: Path, name: str | None) -> pl.DataFrame:
    """Return every record of a fixed-width file with its cells, as its layout says.

    Raises `ConfigError` for a file of no such profile, or one that is not what its layout says.
    """
    return _done(root, path, _cells, name, profiles_at(root))


def _cells(path: Path, name: str | None, profiles: Profiles) -> pl.DataFrame | Unusable:
    chosen = choose(text_files.head(path), name, profiles)
    if not isinstance(chosen, Profile):
        return Unusable(f"{chosen[0]}; {chosen[1]}")
    if chosen.format != fixed.NAME:
        return Unusable(
            f"profile {chosen.profile} is of the format {chosen.format}, and only layouts of fixed"
            " width have cells; `rebill describe` shows it"
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
        return Unusable(f"{fault.what}; {fault.remedy}", fault.row)
