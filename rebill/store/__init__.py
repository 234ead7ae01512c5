"""Documents, findings, claims, invoices and the runs that made them, kept.

`engine` opens the database and brings it up to date, `models` are its tables, `frames` moves rows
in bulk, `bulk` names the Parquet files that count, `runs` records runs, `numbers` gives numbers.
"""

from rebill.store import models_bank, models_disputes
from rebill.store import models_decisions as _models_decisions
from rebill.store import models_earning as _models_earning
from rebill.store import models_quotes as _models_quotes
from rebill.store import models_selling as _models_selling
from rebill.store.bulk.registry import (
    bulk_amount,
    leave_bulk,
    live_bulk,
    name_bulk,
    scan_bulk,
    scan_files,
    supersede,
    write_bulk,
)
from rebill.store.bulk.sweep import sweep_orphans
from rebill.store.engine import make_engine, migrate, transaction, upgrade
from rebill.store.frames import insert_frame, read_frame, read_table, update_rows, write_rows
from rebill.store.numbers import next_numbers
from rebill.store.runs import finish_run, known_files, note_file, start_run

_CONCERNS = (_models_decisions, _models_earning, _models_quotes, _models_selling)
"""Tables of one concern each, which are part of the models once they are imported."""

__all__ = [
    "bulk_amount",
    "finish_run",
    "insert_frame",
    "known_files",
    "leave_bulk",
    "live_bulk",
    "make_engine",
    "migrate",
    "models_bank",
    "models_disputes",
    "name_bulk",
    "next_numbers",
    "note_file",
    "read_frame",
    "read_table",
    "scan_bulk",
    "scan_files",
    "start_run",
    "supersede",
    "sweep_orphans",
    "transaction",
    "update_rows",
    "upgrade",
    "write_bulk",
    "write_rows",
]
