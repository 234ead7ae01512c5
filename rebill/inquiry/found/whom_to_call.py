"""Whom to call about what was looked up: the carrier, the customer, and who speaks for us."""

from __future__ import annotations

from typing import Any

import polars as pl

from rebill.disputes.packet.letterhead import sender_of
from rebill.inquiry.found.found_rows import Inventory
from rebill.workspace.forms import workspace_forms
from rebill.workspace.settings import ConfigError, Settings, Workspace
from reconcile.claims.forms import FormProfile, form_names, shipped
from reconcile.contracts import Contract

Told = dict[str, Any]
MOST = 5
"""Carriers or customers that are named; of more nobody is to be called."""


def ours(settings: Settings) -> Told:
    """Return who speaks for us: `[contact]`, and where that says nothing `[house]`."""
    us = sender_of(settings)
    return {name: getattr(us, name) or None for name in ("company", "name", "phone", "email")}


def desks(workspace: Workspace, contracts: list[Contract]) -> dict[str, Told]:
    """Return where claims under each contract go: the contract, its form, the carrier's address.

    A form of the workspace that is faulty is told where claims are made; here those shipped do.
    """
    try:
        forms = workspace_forms(workspace)
    except ConfigError:
        forms = shipped()
    names = form_names({c.id: (c.carrier, c.dispute.form) for c in contracts}, forms)
    return {c.id: _desk(c, names[c.id], forms.get(names[c.id])) for c in contracts}


def _desk(contract: Contract, form: str, profile: FormProfile | None) -> Told:
    address = contract.dispute.address or (profile.address if profile else ())
    return {"contract": contract.id, "form": form, "address": list(address)}


def whom_to_call(
    hit: Told, parts: Told, known: Inventory, desks: dict[str, Told], us: Told
) -> Told:
    """Return carriers, customers and ourselves: whom a hit (`find.find`) is about."""
    lists = [parts[name] for name in ("services", "claims", "documents", "lines", "findings")]
    rows = [row for rows in lists for row in rows]
    carriers = {row["carrier"] for row in rows} | {hit["carrier"]}
    under = {row.get("contract") for row in rows}
    customers = {row["customer"] for row in (*parts["services"], *parts["invoices"])}
    if hit["kind"] == "customer":
        customers = {hit["id"]}
    told = []
    for carrier in _few(carriers):
        own = [contract.id for contract in known.contracts if contract.carrier == carrier]
        named = [contract for contract in own if contract in under] or own
        told.append({"carrier": carrier, "contracts": [desks[contract] for contract in named]})
    return {
        "carriers": told,
        "customers": _customers(known.customers, _few(customers)),
        "us": us,
    }


def _few(names: set[str | None]) -> list[str]:
    told = sorted(name for name in names if name)
    return told if len(told) <= MOST else []


def _customers(customers: pl.DataFrame, wanted: list[str]) -> list[Told]:
    """Return name, e-mail and address of customers."""
    own = customers.filter(pl.col("customer").is_in(wanted)).sort("customer")
    return own.select("customer", "name", "email", "address").to_dicts()
