"""Runs one measurement in a process of its own and prints what it took as a line of JSON.

`python -m benchmarks.child NAME FOLDER`: NAME is a job of `JOBS`, or one of the functions below;
FOLDER holds what `benchmarks.data.write` left there. Imports are over when the clock starts.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from functools import partial
from pathlib import Path

import polars as pl

from benchmarks import data
from benchmarks.worlds import WORLDS
from invoices.schema import LINES
from rebill.intake.read import read_file
from rebill.reference import current
from rebill.store import transaction
from rebill.workspace.settings import open_workspace
from rebill.workspace.write import write_parquet
from reconcile.audit.audit import audit
from reconcile.contracts import read_contracts
from reconcile.schema import AUDITED

JOBS = ("ours", "duckdb", "pandas")
TABLES = "tables"
"""The folder of lines and reference tables as Parquet: what jobs and audit read."""


def bills(folder: Path, out: Path) -> None:
    """Make the data: as the name of `folder` says, about so many lines of a world."""
    lines, _, world = folder.name.partition("-")
    data.write(folder, int(lines), WORLDS[world])


def floor(folder: Path, out: Path) -> None:
    """Read the bills as CSV and write them as Parquet, with plain polars and nothing else."""
    paths = sorted((folder / "bills").glob("*.csv"))
    frame = pl.scan_csv(paths, try_parse_dates=True, infer_schema_length=1000)
    frame.sink_parquet(out / "floor.parquet")


def tables(folder: Path, out: Path) -> None:
    """Leave lines, documents and reference tables as Parquet."""
    workspace = open_workspace(folder / "workspace")
    with transaction(workspace) as connection:
        load = current.load_version(connection)
        frames = current.reference_frames(workspace, connection, load)
    paths = sorted((folder / "bills").glob("*.csv"))
    readings = [read_file(workspace.settings, path, path.name, None) for path in paths]
    frames["lines"] = pl.concat([reading.lines for reading in readings]).select(LINES.names())
    frames["documents"] = pl.concat([reading.documents for reading in readings]).lazy()
    for name, frame in frames.items():
        frame.sink_parquet(out / f"{name}.parquet")
    contracts = (folder / "reference" / "contracts.toml").read_text(encoding="utf-8")
    (out / "contracts.toml").write_text(contracts, encoding="utf-8")


def whole_audit(folder: Path, out: Path) -> None:
    """Audit all lines as a night does: every code, findings told, big results kept on disk."""
    place = folder / TABLES
    frames = {path.stem: pl.scan_parquet(path) for path in place.glob("*.parquet")}
    contracts = read_contracts((place / "contracts.toml").read_text(encoding="utf-8"))

    def keep(lines: pl.DataFrame) -> pl.LazyFrame:
        write_parquet(out / "audited.parquet", lines)
        return pl.scan_parquet(out / "audited.parquet")

    result = audit(
        frames.pop("lines"),
        pl.LazyFrame(schema=AUDITED),
        frames.pop("documents").collect(),
        frames,
        contracts,
        keep,
    )
    result.findings.write_parquet(out / "findings.parquet")


def main(name: str, folder: Path) -> None:
    """Do one piece of work and print seconds, CPU seconds, peak MiB, and totals where it has."""
    out = folder / (TABLES if name == "tables" else f"out-{name}")
    out.mkdir(parents=True, exist_ok=True)
    totals = None
    if name in JOBS:
        job = importlib.import_module(f"benchmarks.job_{name}")
        work, totals = partial(job.run, folder / TABLES, out), partial(job.totals, out)
    else:
        chosen = {"bills": bills, "floor": floor, "tables": tables, "audit": whole_audit}[name]
        work = partial(chosen, folder, out)
    start, spent = time.perf_counter(), time.process_time()
    work()
    taken = {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - spent,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "totals": totals() if totals else [],
    }
    print(json.dumps(taken))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
