"""Returns and changes: what their codes mean, and until when a debit may be sent back.

An ordinary return must reach the originator's bank by the opening of business of the second banking
day after the debit settled, so our bank sends it on the first. A debit to a consumer account may be
returned until the opening of the banking day after the sixtieth calendar day. A corporate account
that did not authorise a debit returns it as R29, within the ordinary time only; that a bill is
wrong is no reason to return a debit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Set
from dataclasses import dataclass, fields

import polars as pl

from invoices.calendar import NONE, add_banking_days, roll

RETURN_CODES = {
    "R01": "insufficient funds",
    "R02": "account closed",
    "R03": "no account, or the account is another's",
    "R04": "account number is none",
    "R05": "consumer account debited under a corporate code without authorisation",
    "R06": "returned because the originating bank asked for it",
    "R07": "consumer took the authorisation back",
    "R08": "payment stopped",
    "R09": "funds not collected yet",
    "R10": "consumer does not know the originator or did not authorise the debit",
    "R11": "debit not in accordance with the terms the consumer authorised",
    "R12": "account sold to another bank",
    "R13": "routing number does not take ACH",
    "R14": "representative payee is dead or cannot act",
    "R15": "beneficiary or account holder is dead",
    "R16": "account frozen",
    "R17": "fields cannot be processed, or the entry looks fraudulent",
    "R18": "effective entry date is not allowed",
    "R19": "amount field is wrong",
    "R20": "account takes no transactions",
    "R21": "company identification is wrong",
    "R22": "individual identification is wrong",
    "R23": "receiver refused the credit",
    "R24": "entry is a duplicate",
    "R25": "addenda are wrong",
    "R26": "a mandatory field is wrong",
    "R27": "trace number is wrong",
    "R28": "check digit of the routing number is wrong",
    "R29": "corporate customer did not authorise the debit",
    "R30": "bank does not take part in check truncation",
    "R31": "returned late with the consent of the originating bank",
    "R32": "bank does not settle",
    "R33": "destroyed check returned",
    "R34": "bank may take part no longer",
    "R35": "debit of an improper kind",
    "R36": "credit of an improper kind",
    "R37": "source document was presented too",
    "R38": "source document is stopped",
    "R39": "source document is improper",
}
"""Reasons for a return; a code that is not here is passed on as it stands."""

CHANGE_CODES = {
    "C01": "account number",
    "C02": "routing number",
    "C03": "routing and account number",
    "C04": "name",
    "C05": "transaction code",
    "C06": "account number and transaction code",
    "C07": "routing number, account number and transaction code",
    "C08": "receiving bank's identification",
    "C09": "individual identification",
    "C13": "format of the addenda",
    "C14": "standard entry class of the outbound entry",
}
"""What a notification of change asks to be corrected."""


@dataclass(frozen=True)
class ReturnDeadlines:
    """Until when a debit that settled on a day may be returned."""

    send_by: dt.date
    """The last day on which our bank sends an ordinary return."""
    at_originator_by: dt.date
    """The banking day by whose opening it must be there."""
    extended_send_by: dt.date
    extended_until: dt.date
    """The same two for an unauthorised debit to a consumer account, or under a consumer code."""


def return_deadlines(settled_on: dt.date, closings: Set[dt.date] = NONE) -> ReturnDeadlines:
    """Return the deadlines for a debit that settled on a banking day."""
    extended = roll(settled_on + dt.timedelta(days=61), "next", closings)
    return ReturnDeadlines(
        send_by=add_banking_days(settled_on, 1, closings),
        at_originator_by=add_banking_days(settled_on, 2, closings),
        extended_send_by=add_banking_days(extended, -1, closings),
        extended_until=extended,
    )


def with_return_deadlines(frame: pl.DataFrame, closings: Set[dt.date] = NONE) -> pl.DataFrame:
    """Return a frame that has `settled_on` with the columns of `ReturnDeadlines`."""
    days = frame["settled_on"].drop_nulls().unique().to_list()
    rows = [(day, *vars(return_deadlines(day, closings)).values()) for day in days]
    names = ("settled_on", *(field.name for field in fields(ReturnDeadlines)))
    known = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Date), orient="row")
    return frame.join(known, on="settled_on", how="left", maintain_order="left")
