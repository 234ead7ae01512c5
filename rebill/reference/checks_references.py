"""What a row of one reference table may name of another: it is there, and it is the right one."""

from __future__ import annotations

import polars as pl

from invoices.text import filled
from rebill.reference.changes import Changes
from rebill.reference.checks_cells import in_quotes
from rebill.reference.checks_markups import check_tiers
from rebill.reference.contracts import check_accounts
from rebill.reference.faults import Faults, placed
from rebill.store.columns import Reference, TableIn
from rebill.store.shapes import TABLES

OF_A_SERVICE = ("customer_charges", "tax_jurisdictions")
"""Tables that name a customer and perhaps one of its services."""


def check_references(load: Changes, faults: Faults) -> None:
    """Note whatever would name what is not there after a load."""
    for shape in TABLES.values():
        for reference in shape.references:
            rows = load.asked(shape.name, reference.table)
            if rows.height:
                check_reference(rows, shape, reference, load.after(reference.table), faults)
    _check_rate_packages(load, faults)
    _check_carriers(load, faults)
    for name in OF_A_SERVICE:
        check_owner(name, load.asked(name, "services"), load.after("services"), faults)
    check_tiers(load.asked("markups", "tiers"), load.after("tiers"), faults)
    if "contracts" in load.changes:
        check_accounts(load.after("contracts"), faults)


def check_reference(
    rows: pl.DataFrame, shape: TableIn, reference: Reference, targets: pl.DataFrame, faults: Faults
) -> None:
    """Note rows that name what is not there; `targets` are the rows of the other table."""
    columns, target = list(reference.columns), list(reference.targets)
    named = rows.drop_nulls(columns)
    broken = named.join(
        targets.select(target).unique(), left_on=columns, right_on=target, how="anti"
    )
    shown = filled(
        " ".join(f"{name} {{}}" for name in columns),
        *(in_quotes(pl.col(name)) for name in columns),
    )
    note_broken(
        broken,
        shape,
        filled("{} is not in {}", shown, pl.lit(reference.table)),
        f"load it with {reference.table}, or correct the name",
        faults,
    )


def note_broken(
    broken: pl.DataFrame, shape: TableIn, what: pl.Expr, remedy: str, faults: Faults
) -> None:
    """Note broken references, naming the table where the row was loaded before."""
    faults.add_rows(placed(broken.with_columns(what=what), shape.name), remedy)


def _check_rate_packages(load: Changes, faults: Faults) -> None:
    """Note buy rates whose package is not one of the carrier their contract is with."""
    rows = load.asked("buy_rates", "packages", "contracts").drop_nulls("package")
    if rows.is_empty():
        return
    held = rows.join(load.after("contracts").select("contract", "carrier"), on="contract")
    known = load.after("packages").select("carrier", "package").unique()
    note_broken(
        held.join(known, on=["carrier", "package"], how="anti"),
        TABLES["buy_rates"],
        filled("package '{}' of {} is not in packages", "package", "carrier"),
        "load it with packages, or correct the name",
        faults,
    )


def _check_carriers(load: Changes, faults: Faults) -> None:
    """Note carriers that no contract and no catalogue row names, once there are such."""
    known = pl.concat([load.after(name).select("carrier") for name in ("contracts", "usocs")])
    if known.is_empty():
        return
    for name in ("packages", "usoc_rules", "services", "service_accounts", "retail_rates"):
        rows = load.asked(name, "contracts", "usocs")
        note_broken(
            rows.join(known.unique(), on="carrier", how="anti"),
            TABLES[name],
            filled("no contract and no catalogue row names carrier '{}'", "carrier"),
            "correct the carrier, or load its contract or its codes",
            faults,
        )


def check_owner(name: str, rows: pl.DataFrame, services: pl.DataFrame, faults: Faults) -> None:
    """Note rows for a service that is another customer's."""
    owner = services.select("service", owner="customer")
    wrong = (
        rows.drop_nulls("service")
        .join(owner, on="service")
        .filter(pl.col("owner").ne_missing(pl.col("customer")))
    )
    what = filled(
        "service '{}' is not of customer '{}' but of {}",
        "service",
        "customer",
        pl.col("owner").fill_null("nobody"),
    )
    faults.add_rows(placed(wrong.with_columns(what=what), name), "name the service's own customer")
