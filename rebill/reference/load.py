"""Reference tables are loaded all or nothing, and every version of a row is kept."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from invoices.carrier.csr import Csr
from rebill.reference.changes import Changes, TableCounts
from rebill.reference.checked import check_load, read_files
from rebill.reference.contracts import retold
from rebill.reference.csr.service_records import inventory_rows, read_records
from rebill.reference.current import contracts, current_frame, load_version, stored_rows
from rebill.reference.doubts import doubt_orders, doubt_shares
from rebill.reference.faults import Faults, LoadError
from rebill.reference.sources import CSR, sources_of
from rebill.store.frames import insert_frame, read_frame
from rebill.store.models import REFERENCE, CustomerInvoice, Load, LoadFile, LoadTable
from rebill.store.record import Record, changing
from rebill.store.shapes import USOCS
from rebill.workspace import text_files
from rebill.workspace.settings import ConfigError, Workspace
from usoc_catalog.starter import starter_catalogue

STARTER_FILE = "starter catalogue"
RECORDS = ("services", "service_elements")
"""The tables that customer service records speak of."""
_AT_ONCE = 5_000


@dataclass(frozen=True)
class LoadResult:
    """What a load did, or why it did nothing."""

    counts: dict[str, TableCounts] = field(default_factory=dict)  # tables that were named
    errors: tuple[LoadError, ...] = ()  # the first ones
    error_total: int = 0
    load_id: int | None = None  # none: nothing changed
    warnings: tuple[LoadError, ...] = ()  # what was loaded, and may not be meant

    @property
    def ok(self) -> bool:
        """Whether the load was taken."""
        return self.error_total == 0


def load(
    workspace: Workspace,
    paths: Sequence[Path],
    *,
    replace: bool = False,
    given: str | None = None,
    carrier: str | None = None,
) -> LoadResult:
    """Load the files, and all files of the folders, or nothing; return counts or all errors.

    `given` is when, as text for the record; `carrier` whose the customer service records among the
    files are. Raises `ConfigError` for a workspace that cannot be used; whatever is wrong with the
    files is an error of the result.
    """
    files = gather(workspace, paths)
    with changing(workspace, "load") as record:
        return take(record, files, replace=replace, given=given, carrier=carrier)


@dataclass(frozen=True)
class Files:
    """What files of reference tables hold, read and not yet held against the record."""

    sources: dict[str, list[Path]]  # by table, and those of customer service records
    rows: dict[str, pl.DataFrame]
    lacking: set[str]
    """Tables of which some rows could not be read."""
    faults: Faults


def gather(workspace: Workspace, paths: Sequence[Path]) -> Files:
    """Return the rows of the files, and of all files of the folders, with what is wrong so far."""
    faults, limits = Faults(), workspace.settings.limits
    sources = sources_of(paths, faults)
    if sources.get(CSR) and any(name in sources for name in RECORDS):
        what = "customer service records make services and service_elements, which are loaded too"
        faults.add(sources.pop(CSR)[0].name, None, what, "load the records by themselves")
    tables = {name: found for name, found in sources.items() if name != CSR}
    rows, lacking = read_files(limits, tables, faults)
    return Files(sources, rows, lacking, faults)


def take(
    record: Record,
    files: Files,
    *,
    replace: bool = False,
    given: str | None = None,
    carrier: str | None = None,
) -> LoadResult:
    """Load what was gathered into the record, or nothing; return counts or all errors."""
    connection, faults = record.connection, files.faults
    loading = _changes(record, dict(files.rows), replace)
    loading.lacking |= files.lacking
    if told := files.sources.get(CSR):
        csr = read_records(record.workspace.settings.limits, told, faults)
        loading.rows |= _of_records(connection, csr, carrier, loading, faults)
        loading.replace = False  # a record is all of an account, never of a table
    yielding = _starter_rows(connection) if "usocs" in files.rows else None
    result = _apply(connection, loading, "files", given, faults, yielding)
    if result.load_id is not None:
        _note_files(connection, result.load_id, files.sources)
    return result


def _changes(record: Record, rows: dict[str, pl.DataFrame], replace: bool = False) -> Changes:
    """Return the changes that rows make of the tables on record."""
    workspace, connection = record.workspace, record.connection
    version = load_version(connection)

    def stored(name: str) -> pl.DataFrame:
        if name != "contracts":
            return current_frame(workspace, connection, name, version).collect()
        frame = stored_rows(connection, name, version)  # no kernel reads a copy of them
        told = [retold(body) for body in frame.get_column("body")]
        return frame.with_columns(body=pl.Series(told, dtype=pl.String))

    def billed() -> pl.DataFrame:
        bills = CustomerInvoice
        return read_frame(connection, sa.select(bills.invoice_no, bills.customer.label("billed")))

    return Changes(rows, stored, replace, billed)


def _starter_rows(connection: sa.Connection) -> pl.Series:
    """Return the row_ids of current catalogue rows that came from the starter catalogue."""
    usocs = REFERENCE["usocs"]
    found = connection.scalars(
        sa.select(usocs.c.row_id)
        .join(Load, Load.id == usocs.c.loaded_in)
        .where(Load.kind == "starter", usocs.c.superseded_in.is_(None))
    )
    return pl.Series("row_id", list(found), pl.Int64)


def _of_records(
    connection: sa.Connection,
    csr: Csr,
    carrier: str | None,
    loading: Changes,
    faults: Faults,
) -> dict[str, pl.DataFrame]:
    """Return the rows that customer service records make of the inventory as it stands."""
    inventory = {name: loading.current(name) for name in (*RECORDS, "service_accounts")}
    return inventory_rows(csr, carrier, contracts(connection), inventory, faults)


def load_starter(
    workspace: Workspace, region: str, carrier: str, *, given: str | None = None
) -> LoadResult:
    """Give a carrier the codes of a region of the starter catalogue that it does not have yet.

    Codes the carrier already has stay as they are; its own rows, loaded later, take the place of
    these. Raises `ConfigError` naming the regions where there is no such one.
    """
    if not carrier.strip():
        raise ConfigError("--carrier names the carrier that uses these codes")
    try:
        codes = starter_catalogue(region)
    except ValueError as fault:
        raise ConfigError(str(fault)) from fault
    with changing(workspace, "load") as record:
        connection = record.connection
        known = current_frame(workspace, connection, "usocs").filter(carrier=carrier).collect()
        new = codes.join(known, on="usoc", how="anti", maintain_order="left")
        rows = new.select(
            pl.lit(STARTER_FILE).alias("_file"),
            pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias("_row"),
            pl.lit(True).alias("_ok"),
            pl.lit(carrier.strip()).alias("carrier"),
            *(name for name in USOCS.schema if name != "carrier"),
        )
        loading = _changes(record, {"usocs": rows})
        return _apply(connection, loading, "starter", given, Faults())


def _apply(
    connection: sa.Connection,
    load: Changes,
    kind: str,
    given: str | None,
    faults: Faults,
    yielding: pl.Series | None = None,
) -> LoadResult:
    """Check everything, write it if nothing is wrong, and say what was done."""
    check_load(load, faults, yielding)
    if faults.total:
        return LoadResult({}, tuple(faults.listed), faults.total)
    counts = {name: change.counts for name, change in load.changes.items()}
    doubts = Faults()
    doubt_shares(load, doubts)
    doubt_orders(load, doubts)
    warnings = tuple(doubts.listed)
    if not any(c.added or c.changed or c.removed for c in counts.values()):
        return LoadResult(counts, warnings=warnings)
    return LoadResult(
        counts, load_id=_write(connection, load, kind, given, counts), warnings=warnings
    )


def _write(
    connection: sa.Connection,
    load: Changes,
    kind: str,
    given: str | None,
    counts: dict[str, TableCounts],
) -> int:
    """Write a new version of every table that changes and return the load's id."""
    totals = {
        what: sum(getattr(count, what) for count in counts.values())
        for what in ("added", "changed", "removed")
    }
    load_id = int(
        connection.execute(
            sa.insert(Load)
            .values(token=uuid.uuid4().hex, kind=kind, given=given, **totals)
            .returning(Load.id)
        ).scalar_one()
    )
    for name, change in load.changes.items():
        if not (change.insert.height or change.close.len()):
            continue
        count = counts[name]
        connection.execute(
            sa.insert(LoadTable).values(load_id=load_id, table_name=name, **vars(count))
        )
        _close(connection, REFERENCE[name], change.close, load_id)
        rows = change.insert.with_columns(loaded_in=pl.lit(load_id, dtype=pl.Int64))
        insert_frame(connection, REFERENCE[name], rows)
    return load_id


def _close(connection: sa.Connection, table: sa.Table, row_ids: pl.Series, load_id: int) -> None:
    """Let versions of rows end with this load."""
    for start in range(0, row_ids.len(), _AT_ONCE):
        part = row_ids.slice(start, _AT_ONCE).to_list()
        connection.execute(
            sa.update(table).where(table.c.row_id.in_(part)).values(superseded_in=load_id)
        )


def _note_files(connection: sa.Connection, load_id: int, sources: dict[str, list[Path]]) -> None:
    for path in (path for found in sources.values() for path in found):
        size, sha256 = text_files.digest(path)
        connection.execute(
            sa.insert(LoadFile).values(load_id=load_id, name=path.name, size=size, sha256=sha256)
        )
