"""Which reference tables files and folders hold, by their names, and the rows of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from rebill.reference.budgets import in_budget
from rebill.reference.cells import no_cells, read_cells
from rebill.reference.checks_cells import typed
from rebill.reference.contracts import ROWS as CONTRACTS
from rebill.reference.contracts import read_contract_file
from rebill.reference.csr.service_records import is_record
from rebill.reference.faults import Faults
from rebill.store.columns import TableIn
from rebill.store.shapes import TABLES
from rebill.workspace.settings import Limits

CSR = "customer service records"
SUFFIXES = (".csv", ".parquet", ".toml")


def sources_of(paths: Sequence[Path], faults: Faults) -> dict[str, list[Path]]:
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


def read_rows(limits: Limits, path: Path, shape: TableIn, faults: Faults) -> pl.DataFrame:
    """Return the rows of one file of a table, typed, and note every fault.

    A file that takes more than `limits` allow is a fault too.
    """
    found = in_budget(limits, faults, _rows, path, shape)
    if found is not None:
        return found
    return (
        CONTRACTS.to_frame() if shape.name == "contracts" else typed(no_cells(shape), shape, faults)
    )


def _rows(path: Path, shape: TableIn, faults: Faults) -> pl.DataFrame:
    if shape.name == "contracts":
        return read_contract_file(path, faults)
    return typed(read_cells(path, shape, faults), shape, faults)
