"""Reference tables are loaded all or nothing, and every version of a row is kept.

A load is an upsert by natural key: rows that a file does not name stay, the same content again
changes nothing, a changed row closes its old version and adds a new one. With `replace` a file is
the whole table.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from invoices.text import filled
from rebill.reference import checks, checks_selling
from rebill.reference.cells import Faults, LoadError, read_cells
from rebill.reference.checks_earning import check_commissions
from rebill.reference.contracts import check_accounts, read_contract_file
from rebill.reference.current import contracts, current_frame, load_version
from rebill.reference.service_records import inventory_rows, is_record, read_records
from rebill.store.columns import TableIn
from rebill.store.engine import transaction
from rebill.store.frames import insert_frame
from rebill.store.models import REFERENCE, Load, LoadFile, LoadTable
from rebill.store.shapes import TABLES, USOCS
from rebill.workspace import lock, text
from rebill.workspace.settings import ConfigError, Workspace
from usoc_catalog.starter import starter_catalogue

STARTER_FILE = "starter catalogue"
CSR = "customer service records"
SUFFIXES = (".csv", ".parquet", ".toml")
RECORDS = ("services", "service_elements")
"""The tables that customer service records speak of."""
_AT_ONCE = 5_000


@dataclass(frozen=True)
class TableCounts:
    """What a load did to one table."""

    rows: int  # read
    added: int
    changed: int
    removed: int


@dataclass(frozen=True)
class LoadResult:
    """What a load did, or why it did nothing."""

    counts: dict[str, TableCounts] = field(default_factory=dict)  # tables that were named
    errors: tuple[LoadError, ...] = ()  # the first ones
    error_total: int = 0
    load_id: int | None = None  # none: nothing changed

    @property
    def ok(self) -> bool:
        """Whether the load was taken."""
        return self.error_total == 0


@dataclass(frozen=True)
class _Change:
    """What would happen to a table: rows to add, versions to close, what is current after it."""

    shape: TableIn
    read: int
    insert: pl.DataFrame  # stored columns
    close: pl.Series  # row_id
    changed: int
    removed: int
    after: pl.DataFrame  # _file and _row are null on rows that were loaded before

    @property
    def counts(self) -> TableCounts:
        added = self.insert.height - self.changed
        return TableCounts(self.read, added, self.changed, self.removed)


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
    faults = Faults()
    sources = _sources(paths, faults)
    told = sources.pop(CSR, [])
    if told and any(name in sources for name in RECORDS):
        what = "customer service records make services and service_elements, which are loaded too"
        faults.add(told[0].name, None, what, "load the records by themselves")
        told = []
    rows = {
        name: pl.concat([_read(path, TABLES[name], faults) for path in found])
        for name, found in sources.items()
    }
    with lock.locked(workspace), transaction(workspace) as connection:
        loading = _Loading(workspace, connection, rows, replace, faults)
        if told:
            loading.rows |= _of_records(connection, told, carrier, loading, faults)
            loading.replace = False  # a record is all of an account, never of a table
        yielding = _starter_rows(connection) if "usocs" in rows else None
        result = loading.apply("files", given, yielding)
        if result.load_id is not None:
            _note_files(connection, result.load_id, {**sources, CSR: told})
    return result


def _of_records(
    connection: sa.Connection,
    paths: list[Path],
    carrier: str | None,
    loading: _Loading,
    faults: Faults,
) -> dict[str, pl.DataFrame]:
    """Return the rows that customer service records make of the inventory as it stands."""
    csr = read_records(paths, faults)
    current = {name: loading.current(name) for name in RECORDS}
    return inventory_rows(csr, carrier, contracts(connection), current, faults)


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
    with lock.locked(workspace), transaction(workspace) as connection:
        known = current_frame(workspace, connection, "usocs").filter(carrier=carrier).collect()
        new = codes.join(known, on="usoc", how="anti", maintain_order="left")
        rows = new.select(
            pl.lit(STARTER_FILE).alias("_file"),
            pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias("_row"),
            pl.lit(True).alias("_ok"),
            pl.lit(carrier.strip()).alias("carrier"),
            *(name for name in USOCS.schema if name != "carrier"),
        )
        return _Loading(workspace, connection, {"usocs": rows}, False, Faults()).apply(
            "starter", given
        )


# --- reading ----------------------------------------------------------------------------------


def _sources(paths: Sequence[Path], faults: Faults) -> dict[str, list[Path]]:
    """Return the files by table, in load order; a file that names no table is an error."""
    found: dict[str, list[Path]] = {name: [] for name in (*TABLES, CSR)}
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
            named = [p for p in inside if p.suffix.lower() in SUFFIXES or is_record(p)]
            if not named:
                faults.add(path.name, None, "the folder holds no table", "put CSV files in it")
        else:
            named = [path]
        for file in named:
            name = CSR if is_record(file) else _table_of(file)
            if not file.is_file():
                faults.add(str(file), None, "there is no such file", "check the path")
            elif name is None:
                tables = ", ".join(t if t != "contracts" else "contracts.toml" for t in TABLES)
                what = "the name is that of no table"
                faults.add(file.name, None, what, f"name it after one of: {tables}")
            elif file not in found[name]:
                found[name].append(file)
    return {name: named for name, named in found.items() if named}


def _table_of(path: Path) -> str | None:
    """Return the table a file is named after, if any; contracts are TOML, all else is not."""
    suffix, stem = path.suffix.lower(), path.stem.lower()
    if suffix == ".toml":
        return "contracts" if stem.startswith("contracts") else None
    return stem if suffix in SUFFIXES and stem in TABLES and stem != "contracts" else None


def _read(path: Path, shape: TableIn, faults: Faults) -> pl.DataFrame:
    if shape.name == "contracts":
        return read_contract_file(path, faults)
    return checks.typed(read_cells(path, shape, faults), shape, faults)


# --- deciding ---------------------------------------------------------------------------------


class _Loading:
    """A load under way: rows by table against what is current, checked, then written."""

    def __init__(
        self,
        workspace: Workspace,
        connection: sa.Connection,
        rows: dict[str, pl.DataFrame],
        replace: bool,
        faults: Faults,
    ) -> None:
        self.workspace, self.connection = workspace, connection
        self.rows, self.replace, self.faults = rows, replace, faults
        self.version = load_version(connection)
        self.changes: dict[str, _Change] = {}
        self._current: dict[str, pl.DataFrame] = {}

    def apply(self, kind: str, given: str | None, yielding: pl.Series | None = None) -> LoadResult:
        """Check everything, write it if nothing is wrong, and say what was done."""
        for name, rows in self.rows.items():
            checks.check_rows(rows, TABLES[name], self.faults)
            extra = yielding if name == "usocs" else None
            self.changes[name] = _change(
                TABLES[name], rows, self.current(name), self.replace, extra
            )
        for name, change in self.changes.items():
            checks.check_overlap(change.after.filter("_ok"), TABLES[name], self.faults)
            checks_selling.check_whole(name, change.after.filter("_ok"), self.faults)
            if name == "commissions":
                check_commissions(change.after.filter("_ok"), self.faults)
        self._check_references()
        if self.faults.total:
            return LoadResult({}, tuple(self.faults.listed), self.faults.total)
        counts = {name: change.counts for name, change in self.changes.items()}
        if not any(c.added or c.changed or c.removed for c in counts.values()):
            return LoadResult(counts)
        return LoadResult(counts, load_id=self._write(kind, given, counts))

    def current(self, name: str) -> pl.DataFrame:
        """The rows of a table before the load, marked as loaded before."""
        if name not in self._current:
            frame = current_frame(self.workspace, self.connection, name, self.version)
            self._current[name] = frame.with_columns(
                pl.lit(None, dtype=pl.String).alias("_file"),
                pl.lit(None, dtype=pl.Int64).alias("_row"),
                pl.lit(True).alias("_ok"),
            ).collect()
        return self._current[name]

    def after(self, name: str) -> pl.DataFrame:
        """The rows of a table that would be current after the load."""
        change = self.changes.get(name)
        return self.current(name) if change is None else change.after

    def asked(self, name: str, *others: str) -> pl.DataFrame:
        """The rows whose references may be broken by this load.

        Those of the files; and all there are where one of the `others` may have lost rows.
        """
        if self.replace and any(other in self.changes for other in others):
            return self.after(name)
        rows = self.rows.get(name)
        return self.after(name).clear() if rows is None else rows.filter("_ok")

    def _check_references(self) -> None:
        for shape in TABLES.values():
            for reference in shape.references:
                rows = self.asked(shape.name, reference.table)
                if rows.height:
                    targets = self.after(reference.table)
                    checks.check_reference(rows, shape, reference, targets, self.faults)
        self._check_rate_packages()
        self._check_carriers()
        for name in checks_selling.OF_A_SERVICE:
            rows = self.asked(name, "services")
            checks_selling.check_owner(name, rows, self.after("services"), self.faults)
        checks_selling.check_tiers(self.asked("markups", "tiers"), self.after("tiers"), self.faults)
        if "contracts" in self.changes:
            check_accounts(self.after("contracts"), self.faults)

    def _check_rate_packages(self) -> None:
        """A package that a buy rate names is one of the carrier its contract is with."""
        rows = self.asked("buy_rates", "packages", "contracts").drop_nulls("package")
        if rows.is_empty():
            return
        held = rows.join(self.after("contracts").select("contract", "carrier"), on="contract")
        known = self.after("packages").select("carrier", "package").unique()
        checks.note_broken(
            held.join(known, on=["carrier", "package"], how="anti"),
            TABLES["buy_rates"],
            filled("package '{}' of {} is not in packages", "package", "carrier"),
            "load it with packages, or correct the name",
            self.faults,
        )

    def _check_carriers(self) -> None:
        """A carrier is one that a contract or the catalogue names, once there are such."""
        known = pl.concat([self.after(name).select("carrier") for name in ("contracts", "usocs")])
        if known.is_empty():
            return
        for name in ("packages", "usoc_rules", "services", "retail_rates"):
            rows = self.asked(name, "contracts", "usocs")
            checks.note_broken(
                rows.join(known.unique(), on="carrier", how="anti"),
                TABLES[name],
                filled("no contract and no catalogue row names carrier '{}'", "carrier"),
                "correct the carrier, or load its contract or its codes",
                self.faults,
            )

    def _write(self, kind: str, given: str | None, counts: dict[str, TableCounts]) -> int:
        """Write a new version of every table that changes and return the load's id."""
        totals = {
            what: sum(getattr(count, what) for count in counts.values())
            for what in ("added", "changed", "removed")
        }
        load_id = int(
            self.connection.execute(
                sa.insert(Load)
                .values(token=uuid.uuid4().hex, kind=kind, given=given, **totals)
                .returning(Load.id)
            ).scalar_one()
        )
        for name, change in self.changes.items():
            if not (change.insert.height or change.close.len()):
                continue
            count = counts[name]
            self.connection.execute(
                sa.insert(LoadTable).values(load_id=load_id, table_name=name, **vars(count))
            )
            _close(self.connection, REFERENCE[name], change.close, load_id)
            rows = change.insert.with_columns(loaded_in=pl.lit(load_id, dtype=pl.Int64))
            insert_frame(self.connection, REFERENCE[name], rows)
        return load_id


def _change(
    shape: TableIn,
    rows: pl.DataFrame,
    current: pl.DataFrame,
    replace: bool,
    yielding: pl.Series | None,
) -> _Change:
    """Compare the rows of files with those that are current, by natural key.

    `yielding` are row_ids of starter rows: they make way for rows of the same carrier and code.
    """
    key, stored = list(shape.key), list(shape.schema)
    rest = [name for name in stored if name not in key]
    new = rows.unique(key, keep="first", maintain_order=True)
    was = current.select("row_id", *key, *(pl.col(name).alias(f"{name}_was") for name in rest))
    met = new.join(was, on=key, how="left", nulls_equal=True, maintain_order="left")
    same = pl.all_horizontal(
        pl.col("row_id").is_not_null(),
        *(pl.col(name).eq_missing(pl.col(f"{name}_was")) for name in rest),
    )
    insert = met.filter(~same)
    changed = insert.get_column("row_id").drop_nulls()
    gone = current.join(new, on=key, how="anti", nulls_equal=True)
    if not replace:
        named = new.select("carrier", "usoc").unique() if yielding is not None else None
        gone = (
            gone.clear()
            if yielding is None or named is None
            else gone.filter(pl.col("row_id").is_in(yielding.implode())).join(
                named, on=["carrier", "usoc"], how="semi"
            )
        )
    close = pl.concat([changed, gone.get_column("row_id")])
    kept = current.filter(~pl.col("row_id").is_in(close.implode()))
    marks = ["_file", "_row", "_ok"]
    after = pl.concat(
        [
            kept.join(new, on=key, how="anti", nulls_equal=True).select(*marks, *stored),
            new.select(*marks, *stored),
        ]
    )
    return _Change(
        shape, rows.height, insert.select(stored), close, changed.len(), gone.height, after
    )


def _starter_rows(connection: sa.Connection) -> pl.Series:
    """Return the row_ids of current catalogue rows that came from the starter catalogue."""
    usocs = REFERENCE["usocs"]
    found = connection.scalars(
        sa.select(usocs.c.row_id)
        .join(Load, Load.id == usocs.c.loaded_in)
        .where(Load.kind == "starter", usocs.c.superseded_in.is_(None))
    )
    return pl.Series("row_id", list(found), pl.Int64)


# --- writing ----------------------------------------------------------------------------------


def _close(connection: sa.Connection, table: sa.Table, row_ids: pl.Series, load_id: int) -> None:
    """Let versions of rows end with this load."""
    for start in range(0, row_ids.len(), _AT_ONCE):
        part = row_ids.slice(start, _AT_ONCE).to_list()
        connection.execute(
            sa.update(table).where(table.c.row_id.in_(part)).values(superseded_in=load_id)
        )


def _note_files(connection: sa.Connection, load_id: int, sources: dict[str, list[Path]]) -> None:
    for path in (path for found in sources.values() for path in found):
        size, sha256 = text.digest(path)
        connection.execute(
            sa.insert(LoadFile).values(load_id=load_id, name=path.name, size=size, sha256=sha256)
        )
