"""A bill is a set with its account, its carrier, its id and the document it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import polars as pl

from invoices.carrier.accounts import carrier_of
from invoices.carrier.profiles import Profile
from invoices.carrier.reading import document_id, short_id
from invoices.carrier.source import Known, Source
from invoices.carrier.x12.envelope import KIND, Envelope, Set
from invoices.carrier.x12.heading import Heading, Headings
from invoices.carrier.x12.profile import X12
from invoices.carrier.x12.resolve import Resolver
from invoices.carrier.x12.rules import Fault
from invoices.schema import DOCUMENTS


@dataclass
class Bill:
    """A set and what becomes of it."""

    set: Set
    heading: Heading
    sums: dict[str, Any]
    said: X12
    carrier: str | None = None
    rivals: str | None = None
    """The carriers whose contracts cover its account equally well: it has none then."""
    ban: str | None = None
    document_id: str = ""
    refusing: list[Fault] = field(default_factory=list)
    warning: list[Fault] = field(default_factory=list)

    @property
    def memorandum(self) -> bool:
        return self.heading.kind in self.said.memorandum

    @property
    def loads(self) -> bool:
        return not self.refusing and not self.memorandum


def bills_of(
    envelope: Envelope, headings: Headings, resolver: Resolver, said: X12
) -> dict[int, Bill]:
    """Return the bill of each 811 of an interchange, by the number of its set."""
    sums = {row["set"]: row for frame in resolver.sets for row in frame.iter_rows(named=True)}
    bills = {}
    for own in envelope.sets:
        if own.kind == KIND:
            heading = headings.of(own.number)
            bills[own.number] = Bill(own, heading, sums[own.number], said)
    return bills


def identify(bill: Bill, profile: Profile) -> None:
    """Find the account of a bill, and the carrier that its paper or its profile names."""
    heading, sums = bill.heading, bill.sums
    payer = heading.payer_account or None
    if sums["accounts"] > 1:
        bill.ban = sums["head_ban"] or payer or sums["ban"]
    else:
        bill.ban = sums["ban"] or payer
    named = profile.codes.get("carrier", {}).get(heading.payee, heading.payee) or None
    bill.carrier = profile.carrier or named


def give_carriers(bills: Iterable[Bill], known: Known) -> None:
    """Give bills that name no carrier the one whose contract covers the account, or its rivals."""
    unnamed = [bill for bill in bills if not bill.carrier and bill.ban and bill.heading.bill_date]
    asked = [(bill.ban, bill.heading.bill_date) for bill in unnamed]
    owners = carrier_of(pl.DataFrame(asked, schema=_ASKED, orient="row"), known)
    owner_of = {(ban, day): owner for ban, day, *owner in owners.iter_rows()}
    for bill, question in zip(unnamed, asked, strict=True):
        bill.carrier, bill.rivals = owner_of[question]


_ASKED = {"ban": pl.String, "day": pl.Date}


def name_documents(bills: list[Bill], source: Source) -> None:
    """Give each document its id; where its key stands before in the file, one that says where."""
    origin, taken = source.digest or source.name, set()
    for bill in bills:
        at = str(bill.set.segment)
        if bill.refusing:
            bill.document_id = short_id("refused", origin, at)
            continue
        key = (bill.carrier or "", bill.ban or "", bill.heading.invoice_no)
        first = document_id(*key)
        bill.document_id = document_id(*key, origin, at) if first in taken else first
        taken.add(first)


def _money(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents).scaleb(-2)


def balances(heading: Heading, said: X12) -> dict[str, int | None]:
    """Return the balances of a document in cents, as printed; zeros throughout are none printed."""
    rules = said.balance
    parts = {
        "previous_balance": heading.balance(rules.previous),
        "payments": heading.balance(rules.payments),
        "adjustments": heading.balance((*rules.adjustments, *rules.other)),
        "current_charges": heading.total,
    }
    due = heading.balance(rules.total)
    carried = [value for name, value in parts.items() if name != "current_charges"]
    if not any(carried) and not due:
        return {
            **dict.fromkeys(("previous_balance", "payments", "adjustments")),
            "current_charges": heading.total,
            "total_due": heading.total,
        }
    added = sum(value or 0 for value in parts.values())
    return {**parts, "total_due": added if due is None else due}


def document_of(bill: Bill, source: Source) -> dict[str, Any]:
    """Return the document row (`DOCUMENTS`) of a bill; a refused one has no more than its place."""
    row: dict[str, Any] = dict.fromkeys(DOCUMENTS)
    row |= {
        "document_id": bill.document_id,
        "lines": 0,
        "status": "refused" if bill.refusing else "loaded",
        "source_file": source.name,
        "source_row": bill.set.segment,
    }
    if bill.refusing:
        return row
    heading = bill.heading
    return row | {
        "carrier": bill.carrier,
        "ban": bill.ban,
        "invoice_no": heading.invoice_no,
        "bill_date": heading.bill_date,
        "due_date": heading.due_date or bill.sums["due"],
        "lines": bill.sums["charges"] - (bill.sums["again"] if merges(bill) else 0),
        **{name: _money(value) for name, value in balances(heading, bill.said).items()},
    }


def merges(bill: Bill) -> bool:
    """Whether the set ties with each repeating IT1 merged with its SLN, and not without."""
    cents, total = bill.sums["cents"], bill.heading.total
    repeated = bill.sums["repeated"]
    return bool(repeated) and cents != total and cents - repeated == total


def nowhere(fault: Fault, source: Source) -> dict[str, Any]:
    """Return the refused document of an envelope that holds no set."""
    row: dict[str, Any] = dict.fromkeys(DOCUMENTS)
    return row | {
        "document_id": short_id("refused", source.digest or source.name, str(fault.segment)),
        "lines": 0,
        "status": "refused",
        "source_file": source.name,
        "source_row": fault.segment,
    }
