"""Where a workspace lies and how it is set: `rebill.toml`, read once and never changed by us."""

from __future__ import annotations

import datetime as dt
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from invoices.setting_faults import faults_of, settings_of
from invoices.toml_text import Places, SettingsFault, Told
from rebill.workspace.secrets import Unusable, looked_up
from rebill.workspace.sections import (
    Approval,
    Bank,
    Books,
    Cash,
    Commissions,
    Contact,
    Debits,
    Dunning,
    Forecast,
    House,
    Invoices,
    Outbox,
    Recovery,
    Section,
    Selling,
)

if TYPE_CHECKING:
    from invoices.bank.statement import StatementProfile

SETTINGS_FILE = "rebill.toml"

TEMPLATE = Path(__file__).with_name("new_settings.toml")
"""What a new `rebill.toml` says: every setting with what it is where nothing is said."""


class ConfigError(Exception):
    """A workspace or its settings cannot be used; the message says which and what to do."""


class WorkspaceBusy(ConfigError):
    """Another command is writing to the workspace at this moment."""


class Failure(Exception):
    """What was asked for cannot be done, by no fault of who asks: the message says why and what
    to do."""


class Database(Section):
    """Where the record is kept."""

    url: str = Field(default="sqlite:///rebill.db", repr=False)
    """A URL, which may hold a password, or `env:NAME` or `file:PATH` of one."""


class Inbox(Section):
    """What is taken from the inbox."""

    max_file_bytes: int = Field(default=8 * 2**30, gt=0)
    settle_seconds: float = Field(default=0.2, ge=0, le=3600)


class Archives(Section):
    """What an archive, and all that lies in it, may at most come to; beyond it is refused whole."""

    max_bytes: int = Field(default=16 * 2**30, gt=0)
    """Bytes that it unpacks to."""
    max_members: int = Field(default=10_000, gt=0)
    max_ratio: int = Field(default=250, gt=1)
    """How many times its packed size a member above 16 MiB may have."""
    max_depth: int = Field(default=3, ge=1, le=16)
    """How deep archives may lie in archives."""


class Limits(Section):
    """What reading one arriving file may take; beyond it that file is refused, and no other."""

    file_seconds: int = Field(default=120, gt=0, le=10**6)
    """Of CPU."""
    file_mebibytes: int = Field(default=1024, gt=0, le=2**24)
    """Of memory. A file above 256 MiB may take more of both in proportion."""


class Warnings(Section):
    """When a person is asked to look."""

    deadline_days: int = Field(default=10, ge=0)
    """Banking days before `file_by`."""


class Calendar(Section):
    """Days the banks are closed beyond the Federal Reserve's holidays."""

    closings: tuple[dt.date, ...] = ()


class Storage(Section):
    """How long what counts no more stays on disk."""

    keep_days: int = Field(default=30, ge=0, le=36_600)


class Settings(Section):
    """Everything `rebill.toml` can say."""

    database: Database = Database()
    inbox: Inbox = Inbox()
    archives: Archives = Archives()
    limits: Limits = Limits()
    storage: Storage = Storage()
    warnings: Warnings = Warnings()
    calendar: Calendar = Calendar()
    bank: Bank = Bank()
    cash: Cash = Cash()
    recovery: Recovery = Recovery()
    forecast: Forecast = Forecast()
    house: House = House()
    books: Books = Books()
    invoices: Invoices = Invoices()
    outbox: Outbox = Outbox()
    selling: Selling = Selling()
    debits: Debits = Debits()
    dunning: Dunning = Dunning()
    approval: Approval = Approval()
    contact: Contact = Contact()
    commissions: Commissions = Commissions()

    @property
    def statements(self) -> tuple[StatementProfile, ...]:
        """The profiles of CSV statements; raises `ConfigError` where one is none."""
        try:
            return statement_profiles(self.bank.statement, Places(""))
        except SettingsFault as fault:
            raise ConfigError(fault.at(SETTINGS_FILE)) from fault

    @property
    def closings(self) -> frozenset[dt.date]:
        """The extra closings, as the calendar takes them."""
        return frozenset(self.calendar.closings)


@dataclass(frozen=True)
class Hand:
    """Who works in a workspace, from where and with what; for the record of runs."""

    who: str | None = None
    """The login."""
    host: str | None = None
    command: str = "library"
    clock: Callable[[], str] | None = None
    """Gives the time as the record keeps it; none: it is not known."""
    patience: float = 0
    """Seconds to wait for another command to end."""


NOBODY = Hand()


@dataclass(frozen=True)
class Workspace:
    """A folder with settings, an inbox, an outbox and the bulk facts."""

    root: Path
    settings: Settings
    hand: Hand = NOBODY
    sound: dict[str, object] = field(default_factory=dict, compare=False, repr=False)
    """Bulk files that were found right while this stands, and how they looked then."""

    @property
    def lines(self) -> Path:
        """Where the immutable Parquet files are."""
        return self.root / "lines"

    @property
    def inbox(self) -> Path:
        """Where carrier files arrive; only ever read."""
        return self.root / "inbox"

    @property
    def outbox(self) -> Path:
        """Where documents for people are left."""
        return self.root / "outbox"

    @property
    def profiles(self) -> Path:
        """Where the workspace's own profiles of carrier paper are."""
        return self.root / "profiles"

    @property
    def lock(self) -> Path:
        """The file whose lock says that a command is writing."""
        return self.root / "rebill.lock"

    @property
    def database_url(self) -> str:
        """The database's URL; a relative SQLite path is taken from the workspace.

        Raises `ConfigError` where it stands elsewhere and cannot be had from there.
        """
        try:
            url = looked_up(self.settings.database.url, self.root)
        except Unusable as fault:
            raise ConfigError(f"[database] url: {fault}") from None
        if not url.startswith("sqlite:///"):
            return url
        return f"sqlite:///{self.root / url.removeprefix('sqlite:///')}"


def read_settings(path: Path) -> Settings:
    """Return the settings of a `rebill.toml`; raise `ConfigError` naming each fault."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        settings = settings_of(Settings, text, exact=False)
        if settings.bank.statement:  # here they have lines that can be named
            statement_profiles(settings.bank.statement, Places(text))
    except SettingsFault as fault:
        raise ConfigError(fault.at(str(path))) from fault
    except UnicodeDecodeError as fault:
        raise ConfigError(f"{path}: it is not UTF-8; save it as UTF-8") from fault
    except OSError as fault:
        raise ConfigError(f"{path}: {fault.strerror}; let this login read it") from fault
    return settings


def statement_profiles(
    said: Sequence[dict[str, Any]], places: Places
) -> tuple[StatementProfile, ...]:
    """Return the profiles of CSV statements; raises `SettingsFault` naming each fault."""
    from invoices.bank.statement import StatementProfile

    found: list[StatementProfile] = []
    told: list[Told] = []
    for number, one in enumerate(said):
        try:
            found.append(StatementProfile.model_validate(one))
        except ValidationError as error:
            at = ("bank", "statement", number)
            told += faults_of(error, StatementProfile, one, places=places, at=at)
    if told:
        raise SettingsFault(told)
    return tuple(found)


def init_workspace(directory: Path) -> Workspace:
    """Leave a workspace at `directory`: settings and folders, nothing that stands overwritten.

    What is made is for this login alone.
    """
    root = directory.resolve()
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in ("lines", "inbox", "outbox", "profiles", "brands"):
            (root / folder).mkdir(mode=0o700, exist_ok=True)
        if not (root / SETTINGS_FILE).exists():
            made = os.open(root / SETTINGS_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(made, "w", encoding="utf-8") as file:
                file.write(TEMPLATE.read_text("utf-8"))
    except OSError as fault:
        raise ConfigError(f"{root} cannot be made a workspace: {fault}") from fault
    return open_workspace(root)


def open_to_others(root: Path) -> str | None:
    """Return what to know of a workspace that other logins can look into; nothing if none can."""
    mode = stat.S_IMODE(root.stat().st_mode)
    if not mode & 0o077:
        return None
    return f"{root} is open to other logins (mode {mode:o}); `chmod -R go= {root}` makes it private"


def open_workspace(directory: Path) -> Workspace:
    """Return the workspace at `directory`; raise `ConfigError` where there is none."""
    root = directory.resolve()
    path = root / SETTINGS_FILE
    if not path.is_file():
        raise ConfigError(
            f"{root} is no workspace: it has no {SETTINGS_FILE}; make one with `rebill init`,"
            " or name another"
        )
    return Workspace(root, read_settings(path))
