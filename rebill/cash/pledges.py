"""What we pledged carriers: the security they hold, and what was promised for the year.

Both can be asked under contracts that are only supposed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl

from rebill.reference import current
from rebill.reference.contracts import check_accounts, from_json, to_json
from rebill.reference.faults import Faults
from rebill.reference.sources import read_rows
from rebill.store.record import Record
from rebill.store.shapes import TABLES
from rebill.workspace.settings import ConfigError
from reconcile.cash.commitments import commitments
from reconcile.cash.run_rate import charges
from reconcile.cash.securities import securities
from reconcile.contracts import Contract


def security_of(record: Record, contracts: list[Contract], as_of: dt.date) -> pl.DataFrame:
    """Return how the security of each contract stands, under contracts that may be supposed."""
    deposits = current.current_frame(record.workspace, record.connection, "deposits").collect()
    return securities(charges(record.lines()), record.debits(), deposits, contracts, as_of)


def commitments_of(record: Record, contracts: list[Contract], as_of: dt.date) -> pl.DataFrame:
    """Return how each commitment stands, under contracts that may be supposed."""
    held = record.documents().filter(pl.col("status") == "held")
    spent = current.current_stays(record.workspace, record.connection).collect()
    return commitments(charges(record.lines()), held, spent, contracts, as_of)


PLEDGES: dict[str, Callable[[Record, list[Contract], dt.date], pl.DataFrame]] = {
    "security": security_of,
    "commitments": commitments_of,
}
"""Tables about what we pledged carriers."""


def supposed(record: Record, path: Path) -> list[Contract]:
    """Return the contracts as they would be if a file of contracts were loaded; nothing is stored.

    Raises ConfigError naming every fault of the file, and every pair of patterns that clash.
    """
    faults = Faults()
    rows = read_rows(record.workspace.settings.limits, path, TABLES["contracts"], faults)
    known = {one.id: one for one in current.contracts(record.connection)}
    known |= {one.id: one for one in (from_json(body) for body in rows["body"])}
    whole = pl.DataFrame(
        [
            {"_file": path.name, "_row": None, "contract": one.id, "body": to_json(one)}
            for one in known.values()
        ],
        schema={"_file": pl.String, "_row": pl.Int64, "contract": pl.String, "body": pl.String},
    )
    check_accounts(whole, faults)
    if faults.total:
        raise ConfigError("; ".join(str(fault) for fault in faults.listed))
    return sorted(known.values(), key=lambda one: one.id)
