"""The tables about cash that go out beside `debits` and `exposure`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from pathlib import Path

import polars as pl

from rebill.cash.as_of import Standing, standing
from rebill.cash.forecast.gaps import GAPS, gaps
from rebill.reference import current
from rebill.reference.cells import Faults
from rebill.reference.contracts import check_accounts, from_json, read_contract_file, to_json
from rebill.store.record import Record
from rebill.workspace.settings import ConfigError
from reconcile.cash.commitments import COMMITMENTS, commitments
from reconcile.cash.position import POSITION
from reconcile.cash.recovery import RECOVERY, WIN_RATES
from reconcile.cash.run_rate import charges
from reconcile.cash.securities import SECURITY, securities
from reconcile.contracts import Contract

TABLES: tuple[tuple[str, str, str, pl.Schema], ...] = (
    (
        "exposure_detail",
        "by carrier and day: what is pending, the days left to file, what is expected and its cost",
        "on carrier",
        POSITION,
    ),
    (
        "recovery",
        "what is waited for, by claim and bill: what is likely to come back, when, and the cost",
        "claim_no document_id",
        RECOVERY,
    ),
    (
        "win_rates",
        "the share each carrier grants of claims of a reason: own history and a prior, with a band",
        "carrier reason",
        WIN_RATES,
    ),
    (
        "pull_gaps",
        "by bill: how long its pull waits for the customers, and what that costs",
        "document_id",
        GAPS,
    ),
    (
        "security",
        "by contract: what secures the carrier, required and held, its headroom and cost a year",
        "contract",
        SECURITY,
    ),
    (
        "commitments",
        "by contract: what was promised for the year, bought, projected, and what will be short",
        "contract",
        COMMITMENTS,
    ),
)
"""Name, what it holds, key and columns of each table."""

_FROM_STANDING: dict[str, Callable[[Standing], pl.DataFrame]] = {
    "exposure_detail": Standing.position,
    "recovery": Standing.recovery,
    "win_rates": lambda known: known.rates,
}


def cash_frame(
    record: Record, name: str, months: Collection[str] | None, as_of: dt.date | None
) -> pl.DataFrame:
    """Return the rows of one of `TABLES`, as they are known on a day; none without one."""
    schema = next(columns for table, _, _, columns in TABLES if table == name)
    if as_of is None:
        return schema.to_frame()
    if name == "pull_gaps":
        own = gaps(record, as_of)
        month = pl.col("bill_date").dt.strftime("%Y-%m")
        return own if months is None else own.filter(month.is_in(list(months)))
    if name in PROMISES:
        return PROMISES[name](record, current.contracts(record.connection), as_of)
    return _FROM_STANDING[name](standing(record, as_of, months))


def security_frame(record: Record, contracts: list[Contract], as_of: dt.date) -> pl.DataFrame:
    """Return how the security of each contract stands, under contracts that may be supposed."""
    deposits = current.current_frame(record.workspace, record.connection, "deposits").collect()
    return securities(charges(record.lines()), record.debits(), deposits, contracts, as_of)


def commitments_frame(record: Record, contracts: list[Contract], as_of: dt.date) -> pl.DataFrame:
    """Return how each commitment stands, under contracts that may be supposed."""
    held = record.documents().filter(pl.col("status") == "held")
    services = current.current_frame(record.workspace, record.connection, "services").collect()
    return commitments(charges(record.lines()), held, services, contracts, as_of)


PROMISES: dict[str, Callable[[Record, list[Contract], dt.date], pl.DataFrame]] = {
    "security": security_frame,
    "commitments": commitments_frame,
}
"""Tables about what we promised carriers: of all months, whatever month is asked for."""


def supposed(record: Record, path: Path) -> list[Contract]:
    """Return the contracts as they would be if a file of contracts were loaded; nothing is stored.

    Raises ConfigError naming every fault of the file, and every pair of patterns that clash.
    """
    faults = Faults()
    rows = read_contract_file(path, faults)
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
