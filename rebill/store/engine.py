"""The database behind a workspace: opened by URL, brought to the newest shape by migrations.

What runs the migrations is slow to import, and imported where a database is made or upgraded: which
shapes there are is known by the names of the scripts.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import sqlalchemy as sa

from rebill.store.bulk.integrity import Damage, take_digests
from rebill.store.bulk.parts import end_run
from rebill.store.frames import begins, forget, has_written, writes
from rebill.store.models import Base, Fact
from rebill.workspace import lock
from rebill.workspace.breakdown import breakdown
from rebill.workspace.secrets import hidden
from rebill.workspace.settings import ConfigError, Workspace, WorkspaceBusy
from rebill.workspace.write import is_temporary, walk

if TYPE_CHECKING:
    from alembic.config import Config

BUSY_SECONDS = 30
_WRITES = ("INSERT", "UPDATE", "DELETE")
_LOCKED_AWAY = ("it cannot be opened to be written", "make the file and its folder writable")
_KEPT: ContextVar[bool] = ContextVar("kept", default=False)


class DatabaseDown(ConfigError):
    """The settings may be right, and the database cannot be used: it is gone, full or damaged."""


def kept() -> bool:
    """Return whether this process has changed a record for good since `keeps_nothing`."""
    return _KEPT.get()


@contextmanager
def keeps_nothing() -> Iterator[None]:
    """Let what is kept inside not count: it is a word on what happened, or another command."""
    before = _KEPT.set(False)
    try:
        yield
    finally:
        _KEPT.reset(before)


@lru_cache(maxsize=8)
def make_engine(url: str, *, must_exist: bool = False) -> sa.Engine:
    """Return the engine for a SQLite or PostgreSQL URL; raise `ConfigError` for any other.

    SQLite makes a file that is not there, unless it `must_exist`. An engine is kept for what it
    learned of our statements; it holds no connection that nobody uses.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            in_memory = _file(parsed) is None  # it lasts as long as its one connection
            engine = sa.create_engine(
                _there(parsed) if must_exist else parsed,
                poolclass=sa.StaticPool if in_memory else sa.NullPool,
            )
            _prepare_sqlite(engine)
        elif parsed.get_backend_name() == "postgresql":
            # One transaction sees one state, whatever others keep meanwhile.
            engine = sa.create_engine(
                parsed,
                poolclass=sa.NullPool,
                isolation_level="REPEATABLE READ",
                connect_args={"client_encoding": "UTF8", "keepalives_idle": 60},
            )
        else:
            raise ConfigError(
                f"[database] url names {parsed.get_backend_name()!r}:"
                " give sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
            )
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError, ValueError) as fault:
        # The words of a fault may be a piece of the URL, and that of the password.
        raise ConfigError(
            f"[database] url cannot be used ({type(fault).__name__}); give sqlite:///FILE or"
            " postgresql://USER:PASSWORD@HOST/DATABASE, with %40 for an @ in the password"
        ) from None
    _forget_after_writes(engine)
    return engine


def _there(url: sa.URL) -> sa.URL:
    """Return the URL of a SQLite file that is opened only where it is there."""
    path = url.database or ""
    if path in ("", ":memory:") or path.startswith("file:"):
        return url
    query = {**url.query, "mode": "rw", "uri": "true"}
    return url.set(database=f"file:{quote(path)}", query=query)


def _forget_after_writes(engine: sa.Engine) -> None:
    """Let a transaction answer the same question once, as long as it writes nothing to its tables.

    What is said in bare SQL may write anywhere.
    """
    sa.event.listen(engine, "begin", begins)

    @sa.event.listens_for(engine, "after_cursor_execute")
    def executed(
        connection: sa.Connection,
        _cursor: Any,
        statement: str,
        _given: Any,
        context: Any,
        _many: Any,
    ) -> None:
        verb = statement.lstrip()[:6].upper()
        if verb == "SELECT":
            return
        said = getattr(getattr(context, "compiled", None), "statement", None)
        table = getattr(said.table, "name", None) if isinstance(said, sa.UpdateBase) else None
        if verb in _WRITES:
            writes(connection, table)
        else:
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
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_migrations()))
    return config


def migrate(engine: sa.Engine) -> None:
    """Bring the database to the newest shape, in one transaction, and give it its token.

    Raises `ConfigError` where a newer version made it.
    """
    from alembic import command

    config = _alembic()
    with connected(engine), engine.begin() as connection:
        _known(_shape_of(connection))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if _token(connection) is None:
            connection.execute(sa.insert(Fact).values(name="token", value=uuid.uuid4().hex))


def upgrade(workspace: Workspace, *, new: bool = False) -> list[Damage]:
    """Bring the workspace's database to the newest shape; make it where there is none.

    Digests of files that were written before they were kept are taken; returns what is wrong with
    files of which none can be. Raises `ConfigError` where it is not there, or empty, and bulk files
    below `lines/` say that there was one, unless a `new` one is wanted.
    """
    engine = make_engine(workspace.database_url)
    if not new and _has_files(workspace):
        path = _file(engine.url)
        if (path is not None and not path.exists()) or _shape(engine) is None:
            raise ConfigError(_gone(workspace, path))
    migrate(engine)
    with engine.begin() as connection:
        return take_digests(workspace, connection)


def _file(url: sa.URL) -> Path | None:
    """Return the file of a SQLite database; there is none in memory, or of another kind."""
    name = url.database or ""
    own = url.get_backend_name() == "sqlite" and name not in ("", ":memory:")
    return Path(unquote(name.removeprefix("file:"))) if own else None


def _has_files(workspace: Workspace) -> bool:
    """Return whether a database ever named files below `lines/`."""
    lines = workspace.lines
    return any(path.suffix == ".parquet" and not is_temporary(path, lines) for path in walk(lines))


def _gone(workspace: Workspace, path: Path | None) -> str:
    """Say that a database is gone, or another one than that of the bulk files, and what to do."""
    if path is not None and not path.parent.is_dir():
        return f"the folder of the database, {path.parent}, is gone: put it back, or name another"
    name = "the database is empty" if path is None else f"the database {path} is gone"
    if _has_files(workspace):
        return (
            f"{name}, though {workspace.lines} has files of one: restore it, with lines/ of the"
            " same time, from a backup (`rebill db upgrade --new` makes one that knows nothing)"
        )
    return f"{name.replace('is gone', 'is not there')}: `rebill db upgrade` makes it"


def _shape(engine: sa.Engine) -> str | None:
    """Return the revision of a database; an empty one has none."""
    with connected(engine), engine.connect() as connection:
        return _known(_shape_of(connection))


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
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


@cache
def _shapes() -> tuple[str, ...]:
    """Return the shapes that are known, the newest first: a script's name begins with its own."""
    scripts = (_migrations() / "versions").glob("[0-9]*_*.py")
    return tuple(sorted((path.name.partition("_")[0] for path in scripts), reverse=True))


def _shape_of(connection: sa.Connection) -> str | None:
    """Return the shape a database says it has, null where it is empty; it may be none we know."""
    there = sa.inspect(connection).has_table("alembic_version")
    return connection.scalar(_SHAPE) if there else None


_SHAPE = sa.text("SELECT version_num FROM alembic_version")


def _shape_at_once(connection: sa.Connection) -> str | None:
    """Return the same by one question, in a transaction of its own, where it is not empty."""
    try:
        shape: str | None = connection.scalar(_SHAPE)
        return shape
    except (sa.exc.OperationalError, sa.exc.ProgrammingError):
        connection.rollback()
        return _shape_of(connection)
    finally:
        connection.rollback()


def _known(shape: str | None) -> str | None:
    """Return the shape of a database; refuse one that is not known here."""
    if shape is not None and shape not in _shapes():
        raise ConfigError(
            f"the database has shape {shape}, not {_shapes()[0]}: it was made by a newer version;"
            " install that"
        )
    return shape


@contextmanager
def _opened(workspace: Workspace) -> Iterator[sa.Connection]:
    """Give a connection to the workspace's database, which has the newest shape.

    Raises `ConfigError` where the database cannot be reached, `rebill db upgrade` is due, or a
    newer version made it. Another process may upgrade it at any time: each connection asks.
    """
    engine = make_engine(workspace.database_url, must_exist=True)
    path = _file(engine.url)
    if path is not None and not path.exists():
        raise ConfigError(_gone(workspace, path))
    with connected(engine):
        connection = engine.connect()
    with connection:
        with connected(engine):
            current, newest = _known(_shape_at_once(connection)), _shapes()[0]
        if current is None and _has_files(workspace):
            raise ConfigError(_gone(workspace, None))
        if current != newest:
            state = "is empty" if current is None else f"has shape {current}, not {newest}"
            raise ConfigError(f"the database {state}: run `rebill db upgrade`")
        yield connection


@contextmanager
def connected(engine: sa.Engine) -> Iterator[None]:
    """Turn a database that cannot be reached into a `ConfigError`: `DatabaseDown` if it failed."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.Error) as fault:
        whole = engine.url.render_as_string(hide_password=False)
        said = hidden(str(getattr(fault, "orig", fault)).strip(), whole)
        told = breakdown(said)
        path = _file(engine.url)
        shown = engine.url.set(query={}).render_as_string(hide_password=True)
        words = f"the database {path or hidden(shown, whole)} cannot be used: {said}"
        if told is None and path is not None and path.exists():
            told = _LOCKED_AWAY if "unable to open" in said else None
        if told is not None:
            raise DatabaseDown(f"{words}; {told[0]}: {told[1]}") from None
        if not isinstance(fault, sa.exc.OperationalError | sqlite3.OperationalError):
            raise
        raise ConfigError(words) from None


@contextmanager
def transaction(workspace: Workspace) -> Iterator[sa.Connection]:
    """Give a connection on which everything is kept at the end, or nothing after an exception."""
    with _opened(workspace) as connection, connection.begin():
        yield connection
        changed = has_written(connection)
    if changed:
        _KEPT.set(True)


SESSION, WRITER = 0x72656201, 0x72656202
"""What is locked of a PostgreSQL database: the time of a command, and that of its transaction."""


@contextmanager
def alone(workspace: Workspace) -> Iterator[None]:
    """Hold the record alone, on this machine and on all that share its PostgreSQL.

    Raises `WorkspaceBusy` where another command does for longer than the workspace's hand waits.
    """
    with lock.locked(workspace), _session(workspace):
        yield
        end_run(workspace.lines)


@contextmanager
def _session(workspace: Workspace) -> Iterator[None]:
    """Hold the database for as long as a command takes; SQLite lies in the folder, held already."""
    engine = make_engine(workspace.database_url)
    if engine.dialect.name != "postgresql":
        yield
        return
    with connected(engine):
        held = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with held:
        lock.wait_for(workspace, lambda: bool(held.scalar(_asked("pg_try_advisory_lock"))))
        try:
            yield
        finally:
            with suppress(sa.exc.SQLAlchemyError):  # a broken connection holds nothing
                held.scalar(_asked("pg_advisory_unlock"))


def _asked(function: str, what: int = SESSION) -> sa.TextClause:
    return sa.text(f"SELECT {function}({what})")


def fence(connection: sa.Connection) -> None:
    """Let no other writer write until this transaction ends; raise `WorkspaceBusy` where one does.

    A session whose connection broke holds nothing any more: whoever comes after it is told here
    that it still writes.
    """
    if connection.dialect.name != "postgresql":
        return
    if not connection.scalar(_asked("pg_try_advisory_xact_lock", WRITER)):
        raise WorkspaceBusy("another rebill command is writing to the database; wait until it ends")
