"""The accounts of the books: their names, and how a party's own name is spelled in one."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping

import polars as pl

COST, PAYABLE = "Expenses:Carrier", "Liabilities:Payable"
RECEIVABLE, DISPUTED = "Assets:Receivable:Customers", "Assets:Receivable:Disputed"
CLEARING, BANK = "Assets:Clearing:Ach", "Assets:Bank"
ACCRUALS, COMMISSIONS_OWED = "Liabilities:Accrued", "Liabilities:Commissions"
IN_DISPUTE, ACCRUED_COST = "InDispute", "Accrued"
CLASSES = {
    "recurring": "Recurring",
    "prorated": "Prorated",
    "one_time": "OneTime",
    "usage": "Usage",
    "surcharge": "Surcharges",
    "tax": "Taxes",
    "late_charge": "LateCharges",
    "adjustment": "Adjustments",
}
"""Charge classes as parts of account names."""


def component(name: str) -> str:
    """Return a name as part of an account: letters, digits and dashes, a capital or digit first.

    A name that must be spelled otherwise gets a mark of its own, so that two never become one.
    """
    plain = re.sub("[^A-Za-z0-9]+", "-", name).strip("-")
    spelled = plain[:1].upper() + plain[1:] if plain else "X"
    if spelled == name:
        return name
    return f"{spelled[:60]}-{zlib.crc32(name.encode()):08x}"


def spelled(names: Iterable[pl.Series]) -> dict[str, str]:
    """Return every name of the columns, of whoever is a party, as it is spelled in accounts."""
    known = {name for column in names for name in column.drop_nulls().unique()} | {"Tax"}
    return {name: component(name) for name in known}


def account_name(names: Mapping[str, str]) -> pl.Expr:
    """Return the account of a posting: `top`, the name of `who` as spelled, `what`."""
    who = pl.col("who").replace_strict(dict(names), return_dtype=pl.String)
    return pl.concat_str("top", who, "what", separator=":", ignore_nulls=True)
