"""Files of order activity become events of orders on record, each once.

What a carrier tells again in another file is the same event: who says so, in which words and where
makes no other of it. A file that cannot be read is told and stops no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from invoices.carrier.order_events import SET_ASIDE
from invoices.schema import seal
from rebill.intake.profiles import events
from rebill.reference.checks_rows import RULES
from rebill.reference.current import table_of
from rebill.reference.faults import Faults
from rebill.reference.load import Files, LoadResult, take
from rebill.reference.sources import read_rows
from rebill.store.record import Record
from rebill.store.shapes import TABLES
from rebill.workspace import text_files
from rebill.workspace.settings import ConfigError, Workspace
from reconcile.orders.fold import TOLD, named

SHAPE = TABLES["order_events"]
IMPORTED = pl.Schema(
    {
        "file": pl.String(),
        "events": pl.Int64(),  # that could be read
        "new": pl.Int64(),
        "known": pl.Int64(),  # told before
        "unknown_orders": pl.Int64(),  # of the new ones: kept, and of no order we know
        "set_aside": pl.Int64(),  # rows that could not be read
    }
)


@dataclass(frozen=True)
class Read:
    """What files say of orders, not kept yet."""

    rows: pl.DataFrame
    """The columns of `order_events` with _file, _row and _ok."""
    set_aside: pl.DataFrame
    """`SET_ASIDE`: rows, and whole files, that could not be read."""


def read(workspace: Workspace, paths: Sequence[Path], profile: str | None) -> Read:
    """Return what files of order activity say; a table `order_events` needs no profile."""
    parts = [_read(workspace, path, profile) for path in paths]
    return Read(pl.concat([one.rows for one in parts]), pl.concat([one.set_aside for one in parts]))


def _read(workspace: Workspace, path: Path, profile: str | None) -> Read:
    if profile is None and _is_table(path):
        faults = Faults()
        rows = read_rows(workspace.settings.limits, path, SHAPE, faults)
        named_source = pl.col("source").fill_null(pl.lit(path.name))
        aside = [(one.file, one.row, one.what, one.remedy) for one in faults.listed]
        return _sound(rows.filter("_ok").with_columns(source=named_source), _aside(aside))
    try:
        found = events(workspace.root, path, profile)
    except (ConfigError, OSError) as fault:
        return Read(_none(), _aside([(path.name, None, *_told(fault))]))
    rows = found.events.with_columns(
        pl.col("source_file").alias("source"),
        pl.col("source_file").alias("_file"),
        pl.col("source_row").alias("_row"),
        pl.lit(True).alias("_ok"),
    )
    return _sound(rows.select(_none().columns), found.set_aside)


def _sound(rows: pl.DataFrame, aside: pl.DataFrame) -> Read:
    """Set aside what a load would refuse: it stops none of the others."""
    rules = [(fails, what, remedy) for name, fails, what, remedy in RULES if name == SHAPE.name]
    wrong = pl.any_horizontal(fails.fill_null(False) for fails, _, _ in rules)
    refused = [
        rows.filter(fails.fill_null(False)).select(
            source_file="_file", source_row="_row", reason=what, remedy=pl.lit(remedy)
        )
        for fails, what, remedy in rules
    ]
    return Read(rows.filter(~wrong), pl.concat([aside, pl.concat(refused).pipe(seal, SET_ASIDE)]))


_WRONG = {
    "source_file": pl.String,
    "source_row": pl.Int64,
    "reason": pl.String,
    "remedy": pl.String,
}
_REMEDY = "name its profile with --profile, or give the columns of the table order_events"


def _aside(told: Sequence[tuple[str, int | None, str, str]]) -> pl.DataFrame:
    """Return rows set aside (`SET_ASIDE`): file, row, what is wrong, what to do."""
    return pl.DataFrame(told, schema=_WRONG, orient="row").pipe(seal, SET_ASIDE)


def _told(fault: Exception) -> tuple[str, str]:
    """Return what is wrong with a file of order activity, and what to do about it."""
    return str(fault).partition("; ")[0], _REMEDY


def _none() -> pl.DataFrame:
    """Return no rows of the table, as a load reads them."""
    marks = {"_file": pl.String(), "_row": pl.Int64(), "_ok": pl.Boolean()}
    return pl.DataFrame(schema={**marks, **SHAPE.schema})


def _is_table(path: Path) -> bool:
    """Say whether a file has the header of the table, so that it needs no profile."""
    try:
        first = text_files.head(path).split(b"\n", 1)[0]
    except OSError:
        return False
    names = first.decode("utf-8-sig", "replace").strip().lower().split(",")
    return {"at", "event"} <= {name.strip().strip('"') for name in names}


def keep(record: Record, told: Read, given: str | None) -> tuple[LoadResult, pl.DataFrame]:
    """Add what files say to the record, or nothing; return what the load did and `IMPORTED`."""
    before = table_of(record, SHAPE.name).select(TOLD)
    new = told.rows.unique(TOLD, keep="first", maintain_order=True).join(
        before, on=list(TOLD), how="anti", nulls_equal=True, maintain_order="left"
    )
    done = take(record, Files({}, {SHAPE.name: new}, set(), Faults()), given=given)
    if not done.ok:
        new = new.clear()
    strangers = named(table_of(record, "order_heads"), new).filter(pl.col("of").is_null())
    counts = [
        told.rows.group_by(file="_file").agg(events=pl.len()),
        new.group_by(file="_file").agg(new=pl.len()),
        strangers.group_by(file="_file").agg(unknown_orders=pl.len()),
        told.set_aside.group_by(file="source_file").agg(set_aside=pl.len()),
    ]
    files = pl.concat([each.select("file") for each in counts]).unique().sort("file")
    for each in counts:
        files = files.join(each, on="file", how="left", maintain_order="left")
    files = files.with_columns(pl.exclude("file").fill_null(0).cast(pl.Int64))
    return done, files.with_columns(known=pl.col("events") - pl.col("new")).pipe(seal, IMPORTED)
