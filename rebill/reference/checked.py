"""Files of reference tables, checked as a whole: for a load, or for an audit that keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rebill.reference.changes import Changes
from rebill.reference.checks_commissions import check_commissions
from rebill.reference.checks_markups import check_bands
from rebill.reference.checks_periods import check_holes, check_overlap
from rebill.reference.checks_references import check_references
from rebill.reference.checks_rows import check_rows
from rebill.reference.contracts import from_json
from rebill.reference.current import as_kernels_read, schema_of
from rebill.reference.doubts import doubt_orders, doubt_shares
from rebill.reference.faults import Faults, LoadError
from rebill.reference.sources import CSR, read_rows, sources_of
from rebill.reference.told_by_orders import follow_orders
from rebill.store.shapes import TABLES
from rebill.workspace.settings import Limits
from reconcile.contracts import Contract


def read_files(
    limits: Limits, sources: dict[str, list[Path]], faults: Faults
) -> tuple[dict[str, pl.DataFrame], set[str]]:
    """Return the rows of files by table, and the tables of which some could not be read."""
    rows, lacking = {}, set()
    for name, found in sources.items():
        read = [_read(limits, path, name, faults) for path in found]
        rows[name] = pl.concat([part for part, _ in read])
        lacking |= {name for _, lacks in read if lacks}
    return rows, lacking


def _read(limits: Limits, path: Path, name: str, faults: Faults) -> tuple[pl.DataFrame, bool]:
    """Return the rows of a file of a table, and whether it has others that could not be read.

    A row of CSV stays, whatever is wrong with its cells; a contract goes.
    """
    before = faults.total
    rows = read_rows(limits, path, TABLES[name], faults)
    return rows, faults.total > before and (rows.is_empty() or name == "contracts")


def check_load(load: Changes, faults: Faults, yielding: pl.Series | None = None) -> None:
    """Note whatever is wrong with the rows of a load, and with the tables as they would be then.

    `yielding` are the rows of the starter catalogue, which make way (`changes.compare`).
    """
    follow_orders(load)
    for name, rows in load.rows.items():
        check_rows(rows, TABLES[name], faults)
        load.add(name, yielding if name == "usocs" else None)
    for name, change in load.changes.items():
        _check_whole(name, change.after.filter("_ok"), faults)
    check_references(load, faults)


def _check_whole(name: str, after: pl.DataFrame, faults: Faults) -> None:
    """Note what is wrong with a table as it would be after the load."""
    check_overlap(after, TABLES[name], faults)
    check_holes(name, after, faults)
    if name == "tiers" and not after.is_empty():
        check_bands(after, faults)
    if name == "commissions":
        check_commissions(after, faults)


# --- without a record -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Tables:
    """Reference tables as the kernels read them, of files that were not loaded."""

    frames: dict[str, pl.LazyFrame]
    """Every table but the contracts, as `current.reference_frames` has it."""
    contracts: list[Contract]
    warnings: tuple[LoadError, ...] = ()
    """What may not be meant."""


def tables_of(paths: Sequence[Path], limits: Limits, faults: Faults) -> Tables | None:
    """Return the tables that files and folders hold as a load into a new record would leave them.

    The checks are those of a load, but that payments name invoices nobody knows. Null where
    anything is wrong: it is noted.
    """
    sources = sources_of(paths, faults)
    for path in sources.pop(CSR, []):
        what = "customer service records are compared with an inventory on record"
        faults.add(path.name, None, what, "take it out, or load it into a workspace")
    rows, lacking = read_files(limits, sources, faults)
    loading = Changes(rows, lambda name: pl.DataFrame(schema=schema_of(name)))
    loading.lacking |= lacking
    check_load(loading, faults)
    if faults.total:
        return None
    doubts = Faults()
    doubt_shares(loading, doubts)
    doubt_orders(loading, doubts)
    kept = {
        name: change.insert.with_row_index("row_id", 1).cast({"row_id": pl.Int64})
        for name, change in loading.changes.items()
    }
    none = {name: pl.DataFrame(schema=schema_of(name)) for name in TABLES}
    frames = {name: kept.get(name, none[name]).select(schema_of(name).names()) for name in TABLES}
    contracts = frames.pop("contracts").sort("contract")["body"]
    return Tables(
        as_kernels_read({name: frame.lazy() for name, frame in frames.items()}),
        [from_json(body) for body in contracts],
        tuple(doubts.listed),
    )
