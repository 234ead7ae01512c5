"""What all tests share: hypothesis profiles, databases of both kinds, a fresh workspace."""

from __future__ import annotations

import gc
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import nights
import postgres
import pytest
from hypothesis import HealthCheck, settings
from shell import Call

from rebill import store
from rebill.workspace.settings import SETTINGS_FILE, Workspace, init_workspace, open_workspace

# What was imported is no garbage, and is not looked through for some each time.
gc.freeze()
gc.set_threshold(50_000, 20, 50)

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "test", max_examples=10, deadline=None, derandomize=True, suppress_health_check=_SLOW
)
settings.register_profile(
    "soak", max_examples=2000, deadline=None, suppress_health_check=_SLOW, print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


# No test can pull the plug, so that none needs to wait for the disk itself; `io_faults` counts and
# fails these calls all the same.
os.fsync = lambda handle: None  # type: ignore[assignment]
os.sync = lambda: None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server of the tests' own; without one the tests that need it are skipped.

    In CI they fail instead: there the server must be.
    """
    binaries = postgres.find_binaries()
    if binaries is None:
        reason = "no PostgreSQL here: set REBILL_PG_BINDIR or install it"
        if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
            pytest.fail(reason)
        pytest.skip(reason)
    with postgres.server(binaries) as url:
        yield url


@pytest.fixture(scope="session")
def upgraded_postgres(postgres_server: str) -> Iterator[str]:
    """The name of a database of the newest shape, from which others are copied."""
    with postgres.fresh_database(postgres_server, "upgraded") as url:
        store.migrate(store.make_engine(url))
        yield "upgraded"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'rebill.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    with postgres.fresh_database(server, f"test_{uuid.uuid4().hex}") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of the newest shape, once of each kind."""
    if request.param == "sqlite":
        place = tmp_path / "rebill.db"
        nights.copy_database(place)
        yield f"sqlite:///{place}"
        return
    server = request.getfixturevalue("postgres_server")
    upgraded = request.getfixturevalue("upgraded_postgres")
    with postgres.fresh_database(server, f"test_{uuid.uuid4().hex}", upgraded) as url:
        yield url


@pytest.fixture
def any_workspace(tmp_path: Path, database_url: str) -> Workspace:
    """A fresh workspace, once on a database of each kind."""
    root = tmp_path / "workspace"
    init_workspace(root)
    (root / SETTINGS_FILE).write_text(f'[database]\nurl = "{database_url}"\n')
    workspace = open_workspace(root)
    store.upgrade(workspace)
    return workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A fresh workspace on SQLite."""
    return nights.fresh(tmp_path / "workspace")


@pytest.fixture
def rebill(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run a command as the shell does: exit code, standard output, standard error."""
    from rebill.cli import main

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["rebill", *map(str, words)])
        capfd.readouterr()
        try:
            main.main()
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace that knows two services, named by the environment."""
    workspace = nights.small(tmp_path / "w")
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    return workspace
