"""Nacha files as a bank delivers them: what moved, checked to the last total.

A file is read as a whole, all records of a kind at once. It is refused, with the record and the
field, where a record is out of order, a field holds what it cannot, or a count, hash, total or
check digit does not come out. Nothing of a refused file is booked.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Set

import polars as pl

from invoices.bank import nacha_fields, nacha_totals
from invoices.bank.layout import LENGTH
from invoices.bank.nacha_doubts import doubts
from invoices.bank.nacha_entries import NAME, entries_of, settled_days
from invoices.bank.nacha_parts import parts_of
from invoices.bank.records import decoded, order_faults, records_of
from invoices.bank.remittance import read_remittances
from invoices.bank.schema import BankReading, together
from invoices.calendar import NONE

__all__ = ["NAME", "read", "recognises"]


def recognises(head: bytes) -> bool:
    """Whether a file begins with a Nacha file header."""
    text = decoded(head[: 4 * LENGTH]).lstrip("\r\n ")[:LENGTH]
    # A header that names another size is one all the same: it is refused for that.
    known = text[34:40] == "094101" or (text[3:13].strip() + text[23:29]).isdigit()
    return text[:1] == "1" and text[1:3].isdigit() and text[34:40].isdigit() and known


def read(content: bytes, closings: Set[dt.date] = NONE) -> BankReading:
    """Return what a Nacha file says, or every fault for which it is refused.

    Faults are told stage by stage: of the shape and order of records, then of their fields, then
    of their totals, for the later mean nothing before the earlier are right. `closings` are days
    without banking besides the Federal Reserve's holidays: they move a settlement that the file
    leaves to the operator.
    """
    records, wrong = records_of(content)
    said = records.filter(pl.col("type") != "F")["text"]
    key = hashlib.sha256("".join(said.to_list()).encode()).hexdigest()
    found = wrong if wrong.height else order_faults(records)
    if found.height:
        return BankReading(NAME, key, faults=found)
    parts = parts_of(records)
    for stage in (nacha_fields.fields, nacha_totals.totals):
        found = together([check(parts) for check in stage])
        if found.height:
            return BankReading(NAME, key, faults=found)
    settled = settled_days(parts, closings)
    entries = entries_of(parts, key, settled)
    texts = entries.filter(pl.col("addenda").is_not_null(), pl.col("kind") == "entry").select(
        "entry_id", "amount", row="source_row", text="addenda"
    )
    remittances, found = read_remittances(texts)
    if found.height:
        return BankReading(NAME, key, faults=found)
    return BankReading(NAME, key, entries, remittances, doubts=doubts(parts, settled))
