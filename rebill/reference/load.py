"""Reference tables are loaded all or nothing, and every version of a row is kept."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from rebill.reference.changes import Changes, TableCounts, starter_rows
from rebill.reference.checks_commissions import check_commissions
from rebill.reference.checks_markups import check_bands
from rebill.reference.checks_periods import check_holes, check_overlap
from rebill.reference.checks_references import check_references
from rebill.reference.checks_rows import check_rows
from rebill.reference.current import contracts, current_frame
from rebill.reference.doubts import doubt_shares
from rebill.reference.faults import Faults, LoadError
from rebill.reference.service_records import inventory_rows, read_records
from rebill.reference.sources import CSR, read_rows, sources_of
from rebill.store.frames import insert_frame
from rebill.store.models import REFERENCE, Load, LoadFile, LoadTable
from rebill.store.record import changing
from rebill.store.shapes import TABLES, USOCS
from rebill.workspace import text_files
from rebill.workspace.settings import ConfigError, Limits, Workspace
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
    faults, limits = Faults(), workspace.settings.limits
    sources = sources_of(paths, faults)
    told = sources.pop(CSR, [])
    if told and any(name in sources for name in RECORDS):
        what = "customer service records make services and service_elements, which are loaded too"
        faults.add(told[0].name, None, what, "load the records by themselves")
        told = []
    rows, lacking = {}, set()
    for name, found in sources.items():
        read = [_read(limits, path, name, faults) for path in found]
        rows[name] = pl.concat([part for part, _ in read])
        lacking |= {name for _, lacks in read if lacks}
    with changing(workspace, "load") as record:
        connection = record.connection
        loading = Changes(workspace, connection, rows, replace)
        loading.lacking |= lacking
        if told:
            loading.rows |= _of_records(connection, told, carrier, loading, faults)
            loading.replace = False  # a record is all of an account, never of a table
        yielding = starter_rows(connection) if "usocs" in rows else None
        result = _apply(loading, "files", given, faults, yielding)
        if result.load_id is not None:
            _note_files(connection, result.load_id, {**sources, CSR: told})
    return result


def _read(limits: Limits, path: Path, name: str, faults: Faults) -> tuple[pl.DataFrame, bool]:
    """Return the rows of a file of a table, and whether it has others that could not be read.

    A row of CSV stays, whatever is wrong with its cells; a contract goes.
    """
    before = faults.total
    rows = read_rows(limits, path, TABLES[name], faults)
    return rows, faults.total > before and (rows.is_empty() or name == "contracts")


def _of_records(
    connection: sa.Connection,
    paths: list[Path],
    carrier: str | None,
    loading: Changes,
    faults: Faults,
) -> dict[str, pl.DataFrame]:
    """Return the rows that customer service records make of the inventory as it stands."""
    csr = read_records(loading.workspace.settings.limits, paths, faults)
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
        loading = Changes(workspace, connection, {"usocs": rows}, False)
        return _apply(loading, "starter", given, Faults())


def _apply(
    load: Changes, kind: str, given: str | None, faults: Faults, yielding: pl.Series | None = None
) -> LoadResult:
    """Check everything, write it if nothing is wrong, and say what was done."""
    for name, rows in load.rows.items():
        check_rows(rows, TABLES[name], faults)
        load.add(name, yielding if name == "usocs" else None)
    for name, change in load.changes.items():
        _check_whole(name, change.after.filter("_ok"), faults)
    check_references(load, faults)
    if faults.total:
        return LoadResult({}, tuple(faults.listed), faults.total)
    counts = {name: change.counts for name, change in load.changes.items()}
    doubts = Faults()
    doubt_shares(load, doubts)
    warnings = tuple(doubts.listed)
    if not any(c.added or c.changed or c.removed for c in counts.values()):
        return LoadResult(counts, warnings=warnings)
    return LoadResult(counts, load_id=_write(load, kind, given, counts), warnings=warnings)


def _check_whole(name: str, after: pl.DataFrame, faults: Faults) -> None:
    """Note what is wrong with a table as it would be after the load."""
    check_overlap(after, TABLES[name], faults)
    check_holes(name, after, faults)
    if name == "tiers" and not after.is_empty():
        check_bands(after, faults)
    if name == "commissions":
        check_commissions(after, faults)


def _write(load: Changes, kind: str, given: str | None, counts: dict[str, TableCounts]) -> int:
    """Write a new version of every table that changes and return the load's id."""
    totals = {
        what: sum(getattr(count, what) for count in counts.values())
        for what in ("added", "changed", "removed")
    }
    load_id = int(
        load.connection.execute(
            sa.insert(Load)
            .values(token=uuid.uuid4().hex, kind=kind, given=given, **totals)
            .returning(Load.id)
        ).scalar_one()
    )
    for name, change in load.changes.items():
        if not (change.insert.height or change.close.len()):
            continue
        count = counts[name]
        load.connection.execute(
            sa.insert(LoadTable).values(load_id=load_id, table_name=name, **vars(count))
        )
        _close(load.connection, REFERENCE[name], change.close, load_id)
        rows = change.insert.with_columns(loaded_in=pl.lit(load_id, dtype=pl.Int64))
        insert_frame(load.connection, REFERENCE[name], rows)
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
