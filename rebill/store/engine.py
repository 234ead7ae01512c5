"""The database behind a workspace: opened by URL, brought to the newest shape by migrations."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from rebill.store.frames import forget
from rebill.store.models import Base, Fact
from rebill.workspace.settings import ConfigError, Workspace

BUSY_SECONDS = 30


def make_engine(url: str) -> sa.Engine:
    """Return an engine for a SQLite or PostgreSQL URL; raise `ConfigError` for any other."""
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            engine = sa.create_engine(parsed)
            _prepare_sqlite(engine)
        elif parsed.get_backend_name() == "postgresql":
            engine = sa.create_engine(parsed, connect_args={"client_encoding": "UTF8"})
        else:
            raise ConfigError(
                f"[database] url names {parsed.get_backend_name()!r}:"
                " give sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
            )
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError) as fault:
        raise ConfigError(f"[database] url: {fault}") from fault
    _forget_after_writes(engine)
    return engine


def _forget_after_writes(engine: sa.Engine) -> None:
    """Let a transaction answer the same question once, as long as it writes nothing."""
    sa.event.listen(engine, "begin", forget)

    @sa.event.listens_for(engine, "after_cursor_execute")
    def executed(connection: sa.Connection, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.lstrip()[:6].upper() != "SELECT":
            forget(connection)


def _prepare_sqlite(engine: sa.Engine) -> None:
    """Make SQLite keep foreign keys, and make its transactions hold what they should."""

    @sa.event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        # The driver would begin late and commit before DDL; BEGIN is ours, below.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")


def _migrations() -> Path:
    """Return the folder of the migrations: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_migrations()))
    return config


def migrate(engine: sa.Engine) -> None:
    """Bring the database to the newest shape, in one transaction, and give it its token.

    Raises `ConfigError` where a newer version made it.
    """
    config = _alembic()
    with _connected(engine), engine.begin() as connection:
        _shape_of(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if _token(connection) is None:
            connection.execute(sa.insert(Fact).values(name="token", value=uuid.uuid4().hex))


def upgrade(workspace: Workspace) -> None:
    """Bring the workspace's database to the newest shape; make it where there is none."""
    engine = make_engine(workspace.database_url)
    try:
        migrate(engine)
    finally:
        engine.dispose()


def _token(connection: sa.Connection) -> str | None:
    return connection.scalar(sa.select(Fact.value).where(Fact.name == "token"))


def store_token(connection: sa.Connection) -> str:
    """Return the word that tells this database's files from those of any other."""
    token = _token(connection)
    if token is None:
        raise ConfigError("the database has no token: run `rebill db upgrade`")
    return token


def differences(connection: sa.Connection) -> list[Any]:
    """Return how the database's tables differ from the models; none after `migrate`."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


@cache
def _shapes() -> tuple[str, ...]:
    """Return the shapes that are known, the newest first."""
    scripts = ScriptDirectory.from_config(_alembic())
    return tuple(script.revision for script in scripts.walk_revisions())


def _shape_of(connection: sa.Connection) -> str | None:
    """Return the database's shape, null where it is empty; refuse one that is not known here."""
    shape = MigrationContext.configure(connection).get_current_revision()
    if shape is not None and shape not in _shapes():
        raise ConfigError(
            f"the database has shape {shape}, not {_shapes()[0]}: it was made by a newer version;"
            " install that"
        )
    return shape


def open_engine(workspace: Workspace) -> sa.Engine:
    """Return an engine on the workspace's database, which has the newest shape.

    Raises `ConfigError` where the database cannot be reached, `rebill db upgrade` is due, or a
    newer version made it.
    """
    engine = make_engine(workspace.database_url)
    newest = _shapes()[0]
    with _connected(engine), engine.connect() as connection:
        current = _shape_of(connection)
    if current != newest:
        state = "is empty" if current is None else f"has shape {current}, not {newest}"
        raise ConfigError(f"the database {state}: run `rebill db upgrade`")
    return engine


@contextmanager
def _connected(engine: sa.Engine) -> Iterator[None]:
    """Turn a database that cannot be reached into a `ConfigError`."""
    try:
        yield
    except sa.exc.OperationalError as fault:
        url = engine.url.render_as_string(hide_password=True)
        raise ConfigError(f"the database {url} cannot be used: {fault.orig}") from fault


@contextmanager
def transaction(workspace: Workspace) -> Iterator[sa.Connection]:
    """Give a connection on which everything is kept at the end, or nothing after an exception."""
    engine = open_engine(workspace)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
