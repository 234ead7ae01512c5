"""Readers of bank paper, one module a format: what moved on our account, checked to the last total.

A bank file is read as a whole and is booked as a whole or not at all. Readers take its bytes and
return a `BankReading`; they open nothing and ask for no day but those the file says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Set

from invoices.bank import nacha
from invoices.bank.schema import ENTRIES, FAULTS, REMITTANCES, BankReading
from invoices.calendar import NONE

__all__ = ["ENTRIES", "FAULTS", "REMITTANCES", "BankReading", "identify", "read"]


def identify(head: bytes) -> str | None:
    """Return the kind of bank file that one beginning with `head` is; null if it is none."""
    return nacha.NAME if nacha.recognises(head) else None


def read(content: bytes, closings: Set[dt.date] = NONE) -> BankReading | None:
    """Return what a bank file says; null if it is none."""
    if identify(content[:4096]) == nacha.NAME:
        return nacha.read(content, closings)
    return None
