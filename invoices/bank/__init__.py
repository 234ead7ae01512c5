"""Readers of bank paper, one module a format: what moved on our account, checked to the last total.

A bank file is read as a whole and is booked as a whole or not at all. Readers take its bytes and
return a `BankReading`; they open nothing and ask for no day but those the file says. They are
imported when one is asked: whoever keeps what banks said needs its columns alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Set
from typing import TYPE_CHECKING

from invoices.bank.schema import ENTRIES, FAULTS, REMITTANCES, BankReading
from invoices.calendar import NONE

if TYPE_CHECKING:
    from invoices.bank.statement import StatementProfile

__all__ = [
    "ENTRIES",
    "FAULTS",
    "HEAD",
    "REMITTANCES",
    "BankReading",
    "identify",
    "read",
]

HEAD = 4096
"""So many first bytes are enough to know a bank file by."""


def identify(head: bytes, profiles: tuple[StatementProfile, ...] = ()) -> str | None:
    """Return the kind of bank file that one beginning with `head` is; null if it is none."""
    from invoices.bank import bai2, nacha, statement

    if nacha.recognises(head):
        return nacha.NAME
    if bai2.recognises(head):
        return bai2.NAME
    return statement.NAME if statement.profile_of(head, profiles) else None


def read(
    content: bytes,
    profiles: tuple[StatementProfile, ...] = (),
    closings: Set[dt.date] = NONE,
) -> BankReading | None:
    """Return what a bank file says; null if it is none.

    `profiles` are the statements declared besides our own, `closings` days without banking besides
    the Federal Reserve's holidays.
    """
    from invoices.bank import bai2, nacha, statement

    head = content[:HEAD]
    if nacha.recognises(head):
        return nacha.read(content, closings)
    if bai2.recognises(head):
        return bai2.read(content)
    profile = statement.profile_of(head, profiles)
    return statement.read(content, profile) if profile else None
