"""Profiles that are drafted from an example file, and checked."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import polars as pl

from invoices.carrier import Known, Profile, Profiles, Source, choose, source_of_bytes, takes
from invoices.carrier.order_events import LAYOUTS, Activity, declares_events, order_events
from invoices.carrier.typed_records.carried import Unreadable, bounded
from invoices.carrier.typed_records.kinds import Layout
from rebill.intake.drafting import Drafted, Unusable, drafted_at
from rebill.workspace import apart, text_files
from rebill.workspace.profiles import FOLDER, draft_at, profiles_at, read_profile, unfinished_at
from rebill.workspace.settings import SETTINGS_FILE, ConfigError, Settings, open_workspace

T = TypeVar("T")


def drafted(root: Path, path: Path, name: str | None, known: Known | None = None) -> Drafted:
    """Return a draft of a profile made from an example file, tried on it; raises `ConfigError`
    where none can be.

    `known` has the kinds of codes that the draft's classes are held against.
    """
    called = re.sub(r"[^a-z0-9._-]+", "-", (name or path.stem).lower()).strip("-._")
    shown = re.sub(r"[^\w .()-]", "?", path.name)
    given = (_settings_at(root), called[:64] or "draft", shown, known or Known())
    with tempfile.TemporaryDirectory(prefix="rebill-") as scratch:
        return _done(root, path, drafted_at, *given, Path(scratch))


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
                drafts = [one.path for one in unfinished_at(root) if one.name == name]
                faults += [fault for draft in drafts for fault in _faults_of(root, draft)]
                faults += [] if drafts else [f"no profile is called `{name}`"]
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
        return _done(root, path, _faults, str(path))
    except ConfigError as fault:
        return [str(fault)]


def _faults(path: Path, shown: str) -> list[str]:
    if draft := draft_at(path):
        return [
            f"{shown} line {one.line}: {one.setting} is not answered: {one.words}"
            for one in draft.questions
        ]
    try:
        read_profile(path, shown)
    except ConfigError as fault:
        return str(fault).splitlines()
    return []


def cells(root: Path, path: Path, name: str | None) -> pl.DataFrame:
    """Return every record of a file of typed records with its cells, as its layout says.

    Raises `ConfigError` for a file of no such profile, or one that is not what its layout says.
    """
    return _done(root, path, _cells, name, profiles_at(root))


def events(root: Path, path: Path, name: str | None) -> Activity:
    """Return the events of orders in a file of order activity, and the rows set aside.

    Raises `ConfigError` for a file of no such profile, or one that is not what its layout says.
    """
    return _done(root, path, _events, name, profiles_at(root))


def _cells(path: Path, name: str | None, profiles: Profiles) -> pl.DataFrame | Unusable:
    chosen = _chosen(path, name, profiles)
    if isinstance(chosen, Unusable):
        return chosen
    if chosen.format not in LAYOUTS:
        return Unusable(
            f"profile {chosen.profile} is of the format {chosen.format}, and only layouts of"
            " records have cells; `rebill describe` shows it"
        )
    try:
        found = LAYOUTS[chosen.format](_source(path, chosen), chosen)
    except Unreadable as fault:
        return Unusable(f"{fault.what}; {fault.remedy}", fault.row)
    return found.cells(chosen.section(Layout))


def _events(path: Path, name: str | None, profiles: Profiles) -> Activity | Unusable:
    chosen = _chosen(path, name, profiles)
    if isinstance(chosen, Unusable):
        return chosen
    if not declares_events(chosen):
        return Unusable(
            f"profile {chosen.profile} says nothing of events of orders; add `events` to the"
            " section of its format, or name another with --profile"
        )
    try:
        return order_events(_source(path, chosen), chosen)
    except Unreadable as fault:
        return Unusable(f"{fault.what}; {fault.remedy}", fault.row)


def _chosen(path: Path, name: str | None, profiles: Profiles) -> Profile | Unusable:
    chosen = choose(text_files.head(path), name, profiles)
    return chosen if isinstance(chosen, Profile) else Unusable(f"{chosen[0]}; {chosen[1]}")


def _source(path: Path, profile: Profile) -> Source:
    """Return a file as the reader of its records wants it; a text is held, as its records are."""
    head = text_files.head(path)
    if takes(profile, head) == "blocks":
        lines = partial(text_files.scan_text, path)
        return Source(path.name, "", head, partial(text_files.blocks, path), lines)
    try:
        content = b"".join(bounded(text_files.blocks(path), profile.limits.memory_bytes))
        text = content.decode(profile.encoding)
    except UnicodeError as fault:
        what = f"the text is not {profile.encoding}"
        raise Unreadable(None, what, "correct `encoding` of the profile, or the file") from fault
    return source_of_bytes(path.name, "", text.encode())
