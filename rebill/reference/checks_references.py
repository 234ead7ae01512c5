"""What a row of one reference table may name of another: it is there, and it is the right one."""

from __future__ import annotations

import polars as pl

from invoices.schema import among
from invoices.text import filled
from rebill.reference.changes import Changes
from rebill.reference.checks_cells import in_quotes
from rebill.reference.checks_markups import check_tiers
from rebill.reference.contracts import check_accounts, from_json
from rebill.reference.faults import Faults, placed
from rebill.reference.states import STATES
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
    _check_accounts_named(load, faults)
    _check_promises(load, faults)
    _check_exemptions(load, faults)
    _check_payments(load, faults)
    for name in OF_A_SERVICE:
        check_owner(name, load.asked(name, "services"), load.after("services"), faults)
    priced = "markups" if "tiers" not in load.changes else None
    by_tier = load.asked(priced, "tiers") if priced else load.after("markups")
    check_tiers(by_tier, load.after("tiers"), faults)
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
    names = ("packages", "usoc_rules", "services", "service_accounts", "retail_rates")
    for name in (*names, "promised_credits"):
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


def _check_accounts_named(load: Changes, faults: Faults) -> None:
    """Note rates and promised credits for an account that no contract ever holds.

    An account may move from contract to contract, and with a sale from carrier to carrier.
    """
    held = [from_json(body) for body in load.after("contracts")["body"]]
    patterns = [account for one in held for account in one.accounts]
    for name in ("buy_rates", "promised_credits"):
        rows = load.asked(name, "contracts").drop_nulls("ban")
        if not patterns or rows.is_empty():
            continue
        accounts = rows["ban"].unique().to_list()
        known = [ban for ban in accounts if any(pattern.fits(ban) for pattern in patterns)]
        note_broken(
            rows.filter(~pl.col("ban").is_in(known)),
            TABLES[name],
            filled("account '{}' is in the accounts of no contract", "ban"),
            "correct the account, or add it to the contract that holds it",
            faults,
        )


def _check_promises(load: Changes, faults: Faults) -> None:
    """Note credits promised for a service that is another carrier's."""
    owner = load.after("services").select("service", whose="carrier")
    rows = (
        load.asked("promised_credits", "services").drop_nulls("service").join(owner, on="service")
    )
    note_broken(
        rows.filter(pl.col("whose") != pl.col("carrier")),
        TABLES["promised_credits"],
        filled("service '{}' is of carrier '{}', not of '{}'", "service", "whose", "carrier"),
        "name the service's own carrier",
        faults,
    )


def _check_exemptions(load: Changes, faults: Faults) -> None:
    """Note exemptions from what no row of `tax_rates` names, once there are such: they would spare
    nobody anything. An outside engine has names of its own."""
    rates = load.after("tax_rates").select("jurisdiction", "tax")
    own = load.after("customers").filter(pl.col("tax_source") == "table")
    rows = load.asked("tax_exemptions", "tax_rates").join(own, on="customer", how="semi")
    if rates.is_empty() or rows.is_empty():
        return
    taxed = pl.concat([rates["jurisdiction"], load.after("tax_jurisdictions")["jurisdiction"]])
    known = among("jurisdiction", pl.concat([taxed, pl.Series(list(STATES))]))
    shape, remedy = TABLES["tax_exemptions"], "load it with tax_rates, or correct the name"
    what = filled("jurisdiction '{}' is not in tax_rates", "jurisdiction")
    note_broken(rows.filter(~known.fill_null(True)), shape, what, remedy, faults)
    some = rows.drop_nulls("tax")
    any_place = some.filter(pl.col("jurisdiction").is_null() & ~among("tax", rates["tax"]))
    one_place = some.join(rates.select("jurisdiction").unique(), on="jurisdiction", how="semi")
    for broken in (any_place, one_place.join(rates, on=["jurisdiction", "tax"], how="anti")):
        note_broken(broken, shape, filled("tax '{}' is not in tax_rates", "tax"), remedy, faults)


def _check_payments(load: Changes, faults: Faults) -> None:
    """Note payments of an invoice that is not on record, or that is another customer's."""
    rows = load.asked("customer_payments").drop_nulls("invoice_no")
    if rows.is_empty() or load.billed is None:
        return
    met = rows.join(load.billed(), on="invoice_no", how="left")
    shape = TABLES["customer_payments"]
    note_broken(
        met.filter(pl.col("billed").is_null()),
        shape,
        filled("invoice '{}' is not on record", "invoice_no"),
        "name one of `rebill invoices list`, or leave it empty: the oldest open ones are paid then",
        faults,
    )
    note_broken(
        met.filter(pl.col("billed") != pl.col("customer")),
        shape,
        filled("invoice '{}' is of customer '{}', not of '{}'", "invoice_no", "billed", "customer"),
        "name the customer's own invoice, or the customer who was billed",
        faults,
    )
