"""Customer service records against the inventory and the last bill."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from rebill.reference import current
from rebill.reference.csr.service_records import known_services, placed_rows, read_records
from rebill.reference.faults import Faults
from rebill.store.frames import MONTH
from rebill.store.record import Record
from rebill.workspace.settings import ConfigError
from reconcile.audit.records_compared import by_package, compare
from reconcile.homes import at_home, homes


def difference(
    record: Record, paths: Sequence[Path], carrier: str | None, as_of: dt.date | None
) -> tuple[pl.DataFrame, Faults]:
    """Return records against inventory against the last bill (`records_compared.COMPARED`).

    Only the accounts of the records are compared: the services at home there on the day, and the
    recurring lines of their last loaded bill on or before it.
    """
    faults = Faults()
    csr = read_records(record.workspace.settings.limits, paths, faults)
    frames = current.reference_frames(record.workspace, record.connection)
    contracts = current.contracts(record.connection)
    day = as_of or record.last_as_of()
    if day is None:
        raise ConfigError("what is owned depends on the day: give --as-of")
    known = homes(frames["services"], frames["service_accounts"])
    services = known.filter(at_home(pl.lit(day))).collect()
    rows = placed_rows(csr, carrier, contracts, services, faults)
    accounts = rows.select("carrier", "ban").unique()
    owned = _owned(services, frames, rows, day)
    billed = _billed(record, accounts, day)
    packages = frames["packages"].collect()
    sides = [
        by_package(side, known_services(services), packages)
        for side in (rows.drop("service"), owned, *([] if billed is None else [billed]))
    ]
    return compare(sides[0], sides[1], sides[2] if billed is not None else None), faults


def _owned(
    services: pl.DataFrame, frames: dict[str, pl.LazyFrame], rows: pl.DataFrame, day: dt.date
) -> pl.DataFrame:
    """Return the elements active on the day of the services of the accounts, package ones too."""
    accounts = rows.select("carrier", "ban").unique()
    named = rows.select("service").unique()
    ours = pl.concat(
        [
            services.join(accounts, on=["carrier", "ban"], how="semi"),
            services.join(named, on="service", how="semi"),
        ]
    ).unique("service")
    on = pl.lit(day)
    active = ours.filter(
        pl.col("installed_on").is_null() | (pl.col("installed_on") <= on),
        pl.col("disconnected_on").is_null() | (on < pl.col("disconnected_on")),
    )
    elements = frames["service_elements"].collect().filter(
        pl.col("active_from").is_null() | (pl.col("active_from") <= on),
        pl.col("active_until").is_null() | (on < pl.col("active_until")),
    )  # fmt: skip
    inside = active.join(frames["packages"].collect(), on=["carrier", "package"])
    columns = ["carrier", "ban", "service", "wtn", "circuit_id", "circuit_key", "usoc", "quantity"]
    return pl.concat([active.join(elements, on="service").select(columns), inside.select(columns)])


def _billed(record: Record, accounts: pl.DataFrame, day: dt.date) -> pl.DataFrame | None:
    """Return the recurring lines of the accounts' last bills; null where there is no bill."""
    documents = (
        record.documents()
        .filter(pl.col("status") == "loaded", pl.col("bill_date") <= day)
        .join(accounts, on=["carrier", "ban"], how="semi")
        .sort("bill_date", "invoice_no")
        .unique(["carrier", "ban"], keep="last", maintain_order=True)
    )
    if documents.is_empty():
        return None
    return (
        record.lines(documents.select(MONTH).to_series().unique().to_list())
        .join(documents.lazy().select("document_id"), on="document_id", how="semi")
        .filter(pl.col("charge_class").is_in(("recurring", "surcharge")))
        .select(
            *("carrier", "ban", "wtn", "circuit_id", "circuit_key", "usoc", "quantity", "amount")
        )
        .collect()
    )
