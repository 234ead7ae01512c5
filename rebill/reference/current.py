"""The reference tables as the kernels read them: the current version, typed, as Parquet copies.

The database holds every version of every row; a copy below `lines/reference/` holds the version
that a load left. Its name says which load that was, which shape the table has and what the bytes
of the file come to: a copy that is absent, of another shape or no longer what it was is made again.
`TABLES` says what the tables are.
"""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from invoices.carrier import Known
from invoices.carrier.cells import circuit_key, telephone
from invoices.carrier.source import ACCOUNTS, KINDS, Loaded
from invoices.schema import seal
from rebill.reference.contracts import from_json
from rebill.store.frames import AnySelect, once, read_frame
from rebill.store.models import REFERENCE, Load, LoadTable
from rebill.store.record import Record
from rebill.store.shapes import TABLES
from rebill.workspace import text_files, write
from rebill.workspace.settings import Workspace
from reconcile.contracts import Contract
from reconcile.homes import homes, stays


def load_version(connection: sa.Connection) -> int:
    """Return the id of the last load that changed something; 0 where nothing was ever loaded."""
    return connection.scalar(sa.select(sa.func.max(Load.id))) or 0


def schema_of(name: str) -> pl.Schema:
    """Return the columns of a reference table as they are stored, `row_id` first."""
    return pl.Schema({"row_id": pl.Int64(), **TABLES[name].schema})


def _as_of(name: str, version: int) -> AnySelect:
    """Select the rows of a reference table that the load `version` left current."""
    table = REFERENCE[name]
    gone = table.c.superseded_in
    return (
        sa.select(*(table.c[column] for column in schema_of(name)))
        .where(table.c.loaded_in <= version, sa.or_(gone.is_(None), gone > version))
        .order_by(table.c.row_id)
    )


def stored_rows(connection: sa.Connection, name: str, version: int) -> pl.DataFrame:
    """Return the rows that the load `version` left current, as the database holds them."""
    return read_frame(connection, _as_of(name, version))


def versions(connection: sa.Connection, name: str) -> pl.DataFrame:
    """Return every row a reference table ever had, with the load in which it came (`loaded_in`)
    and the one from which on it is gone (`superseded_in`, null = it stands)."""
    table = REFERENCE[name]
    columns = (*schema_of(name), "loaded_in", "superseded_in")
    rows = sa.select(*(table.c[column] for column in columns)).order_by(table.c.row_id)
    return read_frame(connection, rows)


def _shape_digest(name: str) -> str:
    """Return a digest of a table's columns and their types."""
    said = ",".join(f"{column} {kind}" for column, kind in schema_of(name).items())
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def _copies_of(
    workspace: Workspace, connection: sa.Connection, name: str, version: int
) -> Path | None:
    """Return how the copies of a table are named, but for the digest: a path that they begin with.

    They are named by the last load that changed the table and by its shape.
    """
    last = _last_loads(connection, version).filter(pl.col("table_name") == name)
    if last.is_empty():
        return None
    _, number, token = last.row(0)
    begins = f"{number:08}-{token}-{_shape_digest(name)}"
    return workspace.lines / "reference" / name / begins


def _last_loads(connection: sa.Connection, version: int) -> pl.DataFrame:
    """Return table_name, id and token of the load up to `version` that last changed each table.

    All tables are asked for at once: whoever wants one mostly wants the others too.
    """
    last = (
        sa.select(LoadTable.table_name, sa.func.max(LoadTable.load_id).label("id"))
        .where(LoadTable.load_id <= version)
        .group_by(LoadTable.table_name)
        .subquery()
    )
    loads = sa.select(last.c.table_name, Load.id, Load.token).join(last, last.c.id == Load.id)
    question = ("the last load of each reference table", version)
    tables = Load.__tablename__, LoadTable.__tablename__
    return once(connection, question, lambda: read_frame(connection, loads), *tables)


def _right_copy(connection: sa.Connection, begins: Path) -> Path | None:
    """Return a copy that is still what its name says; it is looked at once in a transaction."""
    transaction = connection.get_transaction()
    of, right = connection.info.get(_RIGHT, (None, set()))
    if of is not transaction:
        # A connection of the pool may serve another transaction later.
        right = set()
        connection.info[_RIGHT] = (transaction, right)
    for path in sorted(begins.parent.glob(f"{begins.name}-*.parquet")):
        if path in right or _is_as_named(path):
            right.add(path)
            return path
    return None


_RIGHT = "copies that are as they were written"


def _is_as_named(path: Path) -> bool:
    try:
        return path.stem.endswith(f"-{text_files.digest(path)[1]}")
    except OSError:
        return False


def _make_copy(begins: Path, rows: pl.DataFrame) -> None:
    """Leave the rows as a copy, whole; a spoilt one of its name is no more."""
    content = io.BytesIO()
    rows.write_parquet(content)
    digest = hashlib.sha256(content.getbuffer()).hexdigest()
    write.write_atomic(begins.with_name(f"{begins.name}-{digest}.parquet"), content.getvalue())


def current_frame(
    workspace: Workspace, connection: sa.Connection, name: str, version: int | None = None
) -> pl.LazyFrame:
    """Return the rows of a reference table that are current, or were after the load `version`.

    Columns as stored, with `row_id`; rows sorted by it.
    """
    if version is None:
        version = load_version(connection)
    begins = _copies_of(workspace, connection, name, version)
    if begins is None:
        return pl.LazyFrame(schema=schema_of(name))
    path = _right_copy(connection, begins)
    if path is None:
        _make_copy(begins, stored_rows(connection, name, version))
        path = _right_copy(connection, begins)
    if path is None:
        raise OSError(f"{begins.parent}: what is written there does not stay as it is")
    return pl.scan_parquet(path, hive_partitioning=False, glob=False)


def table_of(record: Record, name: str) -> pl.DataFrame:
    """Return the rows of a reference table that are current, with `row_id`."""
    return current_frame(record.workspace, record.connection, name).collect()


def reference_frames(
    workspace: Workspace, connection: sa.Connection, version: int | None = None
) -> dict[str, pl.LazyFrame]:
    """Return every reference table but the contracts, typed, with `row_id`.

    Rates, quantities and money are Decimal(18, 6); `*_until` is excluded; null = not given, open
    or any. Services have `wtn` as ten digits and `circuit_key` besides; families are lower case,
    codes and states upper; `markups.cap_retail` says that the cap is the carrier's retail rate.
    """
    if version is None:
        version = load_version(connection)
    frames = {
        name: current_frame(workspace, connection, name, version)
        for name in TABLES
        if name != "contracts"
    }
    return as_kernels_read(frames)


def as_kernels_read(frames: dict[str, pl.LazyFrame]) -> dict[str, pl.LazyFrame]:
    """Return tables as stored as `reference_frames` gives them."""
    services = frames["services"].with_columns(
        wtn=telephone(pl.col("wtn")), circuit_key=circuit_key(pl.col("circuit_id"))
    )
    return {**frames, "services": services}


def current_stays(workspace: Workspace, connection: sa.Connection) -> pl.LazyFrame:
    """Return the services once for each account they were at home on, with the days spent there.

    See `reconcile.homes.stays`; number and circuit as they are stored.
    """
    services, accounts = (
        current_frame(workspace, connection, name) for name in ("services", "service_accounts")
    )
    return stays(homes(services, accounts))


def contracts(connection: sa.Connection, version: int | None = None) -> list[Contract]:
    """Return the contracts that are current, or were after the load `version`, sorted by id."""
    if version is None:
        version = load_version(connection)
    rows = stored_rows(connection, "contracts", version).sort("contract")
    return [from_json(body) for body in rows.get_column("body")]


def known(frames: dict[str, pl.LazyFrame], contracts: list[Contract]) -> Known:
    """Return what a reader of carrier paper may ask: kinds of codes, accounts under contract; and
    the tables that are loaded, which a file may be instead."""
    tables = tuple(
        Loaded(
            table.name,
            frozenset(column.name for column in table.columns),
            frozenset(one.name for one in table.columns if one.required and one.name in table.key),
        )
        for table in TABLES.values()
    )
    return Known(frames["usocs"].pipe(seal, KINDS), account_patterns(contracts), tables)


def account_patterns(contracts: list[Contract]) -> pl.DataFrame:
    """Return `ACCOUNTS`: which account patterns are under contract with which carrier, and when."""
    accounts = [
        (
            contract.carrier,
            account.ban,
            max(filter(None, (contract.effective_from, account.from_))),
            min(filter(None, (contract.effective_until, account.until)), default=None),
        )
        for contract in contracts
        for account in contract.accounts
    ]
    return pl.DataFrame(accounts, schema=ACCOUNTS, orient="row")


def sweep_copies(workspace: Workspace, connection: sa.Connection) -> None:
    """Remove copies that are spoilt or no longer current; they are made again when asked for.

    And folders of tables of which nothing was ever loaded: nobody makes a copy there.
    """
    version, folder = load_version(connection), workspace.lines / "reference"
    named = {name: _copies_of(workspace, connection, name, version) for name in TABLES}
    current = {_right_copy(connection, begins) for begins in named.values() if begins is not None}
    for path in write.walk(folder):
        if path not in current:
            path.unlink()
    for name in (name for name, begins in named.items() if begins is None):
        with suppress(OSError):
            (folder / name).rmdir()
